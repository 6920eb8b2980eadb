package simulate

import "math"

// volumes is abuse by sheer use: one person's licence doing the work of many.
func volumes() []*scenario {
	return []*scenario{
		{
			name: "nailed_up", says: "one to three destinations kept connected most of the day",
			lasts: [2]int{8, 45},
			cast: func(c *casting) {
				for range c.between(1, 3) {
					c.plot.numbers = append(c.plot.numbers, c.atlas.in(c.dice, "US"))
				}
			},
			day: func(p *plot, s *sink) {
				opens := of(p.level, 8.5, 6, 0.3)
				left := min(23.2-opens, of(p.level, 8.0, 14, 22)*s.span(0.9, 1.05)*s.intensity) * 3600
				at := s.today.at(opens + s.span(0, 0.4))
				for left > 0 {
					length := min(left, s.span(1.8, 7.5)*3600)
					p.dial(s, p.conference, at, pick(s.dice, p.numbers), length)
					gap := s.span(15, 240)
					at, left = at+seconds(length+gap), left-length-gap
				}
			},
		},
		{
			name: "resale", says: "minutes sold on: round the clock, ever new callees, several legs at once",
			lasts: [2]int{8, 22},
			day: func(p *plot, s *sink) {
				for range p.count(s, of(p.level, 28.0, 85, 230)) {
					// People call at all hours, though more by day.
					h := s.span(0, 24)
					if s.chance(0.4) {
						h = s.span(8, 22)
					}
					p.dial(s, p.conference, s.today.at(h), s.organizer.tenant.places.northAmerican(s.dice), s.lognormal(6, 0.8)*60)
				}
			},
		},
		{
			name: "concurrency", says: "more simultaneous legs than a person can have; more than 24 hours in a day",
			lasts: [2]int{3, 9},
			day: func(p *plot, s *sink) {
				legs := s.whole(of(p.level, 24.0, 60, 140) * s.intensity)
				start := s.today.at(s.span(0, 22))
				conference := s.conferenceID()
				for i := range max(1, legs) {
					if i%4 == 0 {
						conference = s.conferenceID()
					}
					p.dial(s, conference, start+seconds(s.span(0, 900)), s.organizer.tenant.places.northAmerican(s.dice), s.span(45, 110)*60)
				}
			},
		},
		{
			name: "shared_licence", says: "one licence for a team: separate meetings side by side all day",
			lasts: [2]int{12, 35}, days: onWorkdays,
			cast: func(c *casting) {
				for range 12 * 5 {
					c.plot.numbers = append(c.plot.numbers, c.atlas.northAmerican(c.dice))
				}
			},
			day: func(p *plot, s *sink) {
				lanes := max(2, s.whole(of(p.level, 3.0, 5, 9)*math.Sqrt(s.intensity)))
				for lane := range lanes {
					known := p.numbers[lane*5%len(p.numbers):][:5]
					for h := 8.5 + s.span(0, 1); h < 17.5; {
						length := s.span(0.4, 1.3)
						conference := s.conferenceID()
						for range s.between(1, 2) {
							p.dial(s, conference, s.today.at(h)+seconds(s.exp(60)), pick(s.dice, known), length*3600)
						}
						h += length + s.span(0.02, 0.5)
					}
				}
			},
		},
		{
			name: "gradual_ramp", says: "grows a few per cent a day until it is many times the start",
			day: func(p *plot, s *sink) {
				part := float64(s.today.index-p.from) / float64(max(1, p.to-p.from))
				for range p.count(s, math.Pow(of(p.level, 14.0, 36, 100), part)) {
					p.dial(s, s.conferenceToday(), s.slot(7, 22), s.organizer.tenant.places.northAmerican(s.dice), s.lognormal(21, 0.5)*60)
				}
			},
		},
		{
			name: "long_call", says: "a single call of very many hours, or a very dear one",
			lasts: [2]int{1, 2},
			cast: func(c *casting) {
				a := c.atlas
				to := a.northAmerican(c.dice)
				if c.plot.level == high {
					to = pick(c.dice, []number{a.from(c.dice, a.satellite), a.premium(c.dice), a.in(c.dice, "CU"), a.in(c.dice, "LV")})
				}
				c.plot.numbers = []number{to}
			},
			day: func(p *plot, s *sink) {
				if p.made > 0 && s.today.index != p.to || p.made == 0 && s.chance(0.3) && s.today.index != p.to {
					return
				}
				hours := of(p.level, s.span(9.5, 13), s.span(18, 23.7), s.span(6, 14))
				p.dial(s, p.conference, s.today.at(s.span(6, 20)), p.numbers[0], hours*3600)
			},
		},
		{
			name: "fair_use_excess", says: "ordinary-looking meetings, far more than anybody else has; no fraud",
			cast: func(c *casting) {
				for range 150 {
					n := c.atlas.northAmerican(c.dice)
					if c.chance(0.1) {
						n = c.organizer.stranger(c.dice)
					}
					c.plot.numbers = append(c.plot.numbers, n)
				}
			},
			day: func(p *plot, s *sink) {
				// Minutes of legs in a month: 18,000, 30,000 and 60,000.
				left := of(p.level, 18_000.0, 30_000, 60_000) / 24 * s.span(0.7, 1.3) * s.intensity
				if !s.today.work {
					left *= 0.3
				}
				for left > 0 {
					legs := s.between(2, of(p.level, 4, 5, 7))
					length := s.span(30, 80)
					conference, start := s.conferenceToday(), s.slot(7, 21)
					for range legs {
						p.dial(s, conference, start+seconds(s.exp(90)), p.numbers[s.favourite(len(p.numbers))], length*60*s.span(0.85, 1))
					}
					left -= float64(legs) * length
				}
			},
		},
	}
}

// northAmerican is any number of the US, one in eight of Canada.
func (a *atlas) northAmerican(d *dice) number {
	if d.chance(0.125) {
		return a.in(d, "CA")
	}
	return a.in(d, "US")
}
