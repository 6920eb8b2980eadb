package simulate

// diallers is abuse by machines that place calls: what counts is how many.
func diallers() []*scenario {
	return []*scenario{
		{
			name: "call_centre", says: "telemarketing: many short calls to ever new people in working hours",
			lasts: [2]int{8, 22}, days: onWorkdays,
			cast: func(c *casting) {
				for range 3 { // a campaign works through a few area codes
					c.plot.numbers = append(c.plot.numbers, c.atlas.northAmerican(c.dice))
				}
			},
			day: func(p *plot, s *sink) {
				for range p.count(s, of(p.level, 55.0, 140, 330)) {
					p.dial(s, p.conference, s.today.at(s.span(9, 18)), p.sameArea(s), s.pitch())
				}
			},
		},
		{
			name: "autodialler", says: "bursts of dozens of calls within minutes",
			lasts: [2]int{3, 12},
			day: func(p *plot, s *sink) {
				for range of(p.level, 1, 2, 4) {
					conference, start := s.conferenceID(), s.today.at(s.span(8, 21))
					for range p.count(s, of(p.level, 26.0, 55, 110)) {
						p.dial(s, conference, start+seconds(s.span(0, 330)), s.organizer.tenant.places.northAmerican(s.dice), s.exp(11))
					}
				}
			},
		},
		{
			name: "scanning", says: "number after number, to learn which ones answer",
			lasts: [2]int{2, 7},
			cast: func(c *casting) {
				c.plot.numbers = []number{c.atlas.northAmerican(c.dice)}
				c.plot.hour = c.span(0, 20)
			},
			day: func(p *plot, s *sink) {
				next := &p.numbers[0]
				at := s.today.at(p.hour)
				for range max(1, s.whole(of(p.level, 35.0, 110, 380)*s.intensity)) {
					// Seven digits of subscriber number; stay within the area code.
					next.digits = next.digits/1e7*1e7 + (next.digits+1)%1e7
					p.dial(s, p.conference, at, *next, s.exp(3))
					at += seconds(s.span(5, of(p.level, 90.0, 30, 9)))
				}
			},
		},
		{
			name: "wangiri", says: "calls of a second or two that hope to be called back",
			lasts: [2]int{2, 8},
			day: func(p *plot, s *sink) {
				for range p.count(s, of(p.level, 35.0, 130, 380)) {
					p.dial(s, p.conference, s.today.at(s.span(7, 22)), s.organizer.tenant.places.northAmerican(s.dice), s.span(0, 3))
				}
			},
		},
	}
}

// sameArea is a new number in one of the plot's area codes.
func (p *plot) sameArea(s *sink) number {
	near := pick(s.dice, p.numbers)
	a := s.organizer.tenant.places
	return a.local(s.dice, a.places[near.place].iso, uint16(near.digits/1e7%1e3))
}

// pitch is how long a cold call lasts, in seconds: most people hang up.
func (s *sink) pitch() float64 {
	switch u := s.Float64(); {
	case u < 0.25:
		return s.span(0, 6)
	case u < 0.85:
		return s.lognormal(38, 0.6)
	}
	return s.span(120, 420)
}
