package simulate

// pumping is abuse that earns money from where the calls end: the terminating
// carrier pays its partner for every minute that arrives.
func pumping() []*scenario {
	return []*scenario{
		{
			name: "pumping_fast", says: "bursts of simultaneous legs into one high-cost rural block, for days",
			lasts: [2]int{3, 8},
			cast:  func(c *casting) { c.highCost(c.between(6, 20)) },
			day: func(p *plot, s *sink) {
				for range s.between(1, 3) {
					conference, start := s.conferenceID(), s.today.at(s.span(0, 23))
					for range p.count(s, of(p.level, 9.0, 28, 75)) {
						p.dial(s, conference, start+seconds(s.span(0, 600)), pick(s.dice, p.numbers), s.span(8, 45)*60)
					}
				}
			},
		},
		{
			name: "pumping_slow", says: "a few calls a day into one high-cost rural block, for weeks",
			cast: func(c *casting) { c.highCost(c.between(2, 4)) },
			day: func(p *plot, s *sink) {
				for range p.count(s, of(p.level, 1.6, 4, 9)) {
					p.dial(s, s.conferenceToday(), s.slot(8, 21), pick(s.dice, p.numbers), s.lognormal(26, 0.4)*60)
				}
			},
		},
		{
			name: "toll_free_pumping", says: "long calls to toll-free numbers, whose owners pay for each",
			lasts: [2]int{8, 30},
			cast: func(c *casting) {
				for range c.between(3, 10) {
					c.plot.numbers = append(c.plot.numbers, c.atlas.tollFree(c.dice))
				}
			},
			day: func(p *plot, s *sink) {
				for range p.count(s, of(p.level, 9.0, 30, 90)) {
					p.dial(s, p.conference, s.today.at(s.span(0, 24)), pick(s.dice, p.numbers), s.lognormal(7, 0.5)*60)
				}
			},
		},
		{
			name: "offshore_plus_one", says: "calls to +1 numbers outside the US and Canada, such as Jamaica 876",
			funded: true, lasts: [2]int{6, 40},
			cast: func(c *casting) {
				all := c.atlas.offshoreISO()
				home := pick(c.dice, []string{"JM", "DO", pick(c.dice, all)})
				for range c.between(3, 12) {
					iso := home
					if c.chance(0.2) {
						iso = pick(c.dice, all)
					}
					c.plot.numbers = append(c.plot.numbers, c.atlas.offshore(c.dice, iso))
				}
			},
			day: func(p *plot, s *sink) {
				for range p.count(s, of(p.level, 3.0, 10, 32)) {
					p.dial(s, s.conferenceToday(), s.today.at(s.span(7, 26)), pick(s.dice, p.numbers), s.lognormal(12, 0.6)*60)
				}
			},
		},
		{
			name: "premium_900", says: "calls to +1 900 numbers, which charge the caller",
			funded: true, lasts: [2]int{5, 30},
			cast: func(c *casting) {
				for range c.between(2, 5) {
					c.plot.numbers = append(c.plot.numbers, c.atlas.premium(c.dice))
				}
			},
			day: func(p *plot, s *sink) {
				for range p.count(s, of(p.level, 1.5, 6, 20)) {
					p.dial(s, s.conferenceToday(), s.today.at(s.span(9, 25)), pick(s.dice, p.numbers), s.lognormal(11, 0.5)*60)
				}
			},
		},
	}
}

// highCost draws n numbers of one or two of the known blocks.
func (c *casting) highCost(n int) {
	blocks := []string{pick(c.dice, c.atlas.highCost)}
	if n > 5 {
		blocks = append(blocks, pick(c.dice, c.atlas.highCost))
	}
	for range n {
		c.plot.numbers = append(c.plot.numbers, c.atlas.block(c.dice, pick(c.dice, blocks)))
	}
}
