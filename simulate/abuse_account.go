package simulate

import "time"

// accounts is abuse of an identity or of a licence.
func accounts() []*scenario {
	return []*scenario{
		{
			name: "account_takeover", says: "a quiet organizer whose account calls new places at night and at weekends",
			quiet: true, lasts: [2]int{2, 5},
			cast: func(c *casting) {
				a := c.atlas
				far := []string{"CU", "LV", "SO", "TN", "BA", "EE", "JM", "DO", "ZW", "MV"}
				for range c.between(6, 20) {
					n := a.in(c.dice, pick(c.dice, far))
					if c.chance(0.5) {
						n = a.block(c.dice, pick(c.dice, a.highCost))
					}
					c.plot.numbers = append(c.plot.numbers, n)
				}
			},
			day: func(p *plot, s *sink) {
				opens, closes := 0.2, 5.5
				if wd := s.today.date.Weekday(); wd == time.Saturday || wd == time.Sunday {
					closes = 24
				}
				conference := s.conferenceID()
				for range p.count(s, of(p.level, 14.0, 45, 130)) {
					p.dial(s, conference, s.today.at(s.span(opens, closes)), pick(s.dice, p.numbers), s.lognormal(15, 0.6)*60)
				}
			},
		},
		{
			name: "new_licence_burst", says: "heavy use within hours of getting the add-on, then silence",
			lasts: [2]int{4, 7},
			cast: func(c *casting) {
				c.licence()
				c.organizer.take(skuAddon)
				c.organizer.give(skuAddon, c.instant(c.plot.from, 8), forever)
			},
			day: func(p *plot, s *sink) {
				opens := 7.0
				if s.today.index == p.from {
					opens = 11
				}
				for range p.count(s, of(p.level, 18.0, 55, 150)) {
					p.dial(s, s.conferenceToday(), s.today.at(s.span(opens, 23)), s.organizer.tenant.places.northAmerican(s.dice), s.lognormal(28, 0.4)*60)
				}
			},
		},
		{
			name: "after_removal", says: "goes on as before after the add-on is taken away",
			cast: func(c *casting) {
				c.licence()
				c.organizer.take(skuAddon)
				since := c.begin - seconds(c.span(20, 200)*86400)
				c.organizer.give(skuAddon, since-since%second, c.instant(c.plot.from, 0))
			},
			day: unlicensed,
		},
		{
			name: "before_assignment", says: "uses the add-on's destinations heavily before it is assigned",
			lasts: [2]int{10, 30},
			cast: func(c *casting) {
				// The assignment must show in the last snapshot.
				if over := c.plot.to + 4 - c.days; over > 0 {
					c.plot.to = max(0, c.plot.to-over)
					c.plot.from = min(c.plot.from, c.plot.to)
				}
				c.licence()
				c.organizer.take(skuAddon)
				c.organizer.give(skuAddon, c.instant(c.plot.to+1, 9), forever)
			},
			day: unlicensed,
		},
	}
}

func unlicensed(p *plot, s *sink) {
	for range p.count(s, of(p.level, 3.0, 9, 26)) {
		p.dial(s, s.conferenceToday(), s.slot(8, 20), s.organizer.tenant.places.northAmerican(s.dice), s.lognormal(25, 0.5)*60)
	}
}

// licence makes sure of Audio Conferencing, without which an add-on gives nothing.
func (c *casting) licence() {
	o := c.organizer
	if !o.conferenced(c.begin) {
		from := c.begin - 30*24*hour
		o.give(o.tenant.standard, from, forever)
	}
}

// instant is a local clock hour of a day of the run, on a whole second.
func (c *casting) instant(day int, hours float64) tick {
	t := c.dayAt(day).at(hours)
	return t - t%second
}
