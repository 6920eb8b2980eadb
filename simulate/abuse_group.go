package simulate

import "time"

// groups is abuse by several organizers together.
func groups() []*scenario {
	return []*scenario{
		{
			name: "splitting", says: "one load spread over accounts of a tenant, each kept just under a limit",
			together: [2]int{3, 6}, days: onWorkdays,
			cast: func(c *casting) {
				if c.position == 0 {
					for range c.between(15, 40) {
						c.shared = append(c.shared, c.atlas.northAmerican(c.dice))
					}
				}
				c.plot.numbers = c.shared
				// Round figures that people write into policies, in minutes a month.
				c.plot.limit = of(c.plot.level, 1_500.0, 3_000, 6_000) * c.span(0.955, 0.995)
			},
			day: underLimit,
		},
		{
			name: "ring", says: "organizers of different tenants who share a set of destinations nobody else calls",
			together: [2]int{4, 6}, apart: true,
			cast: func(c *casting) {
				if c.position == 0 {
					for range c.between(7, 12) {
						c.shared = append(c.shared, c.atlas.in(c.dice, "US"))
					}
				}
				c.plot.numbers = c.shared
			},
			day: func(p *plot, s *sink) {
				for range p.count(s, of(p.level, 1.4, 4, 10)) {
					p.dial(s, s.conferenceToday(), s.slot(8, 22), pick(s.dice, p.numbers), s.lognormal(19, 0.5)*60)
				}
			},
		},
	}
}

// underLimit spends the month's limit evenly over its working days and never more.
func underLimit(p *plot, s *sink) {
	d := s.today.date
	if period := d.Year()*12 + int(d.Month()); period != p.period {
		p.period, p.spent = period, 0
	}
	gone, all := 0, 0
	for x := time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC); x.Month() == d.Month(); x = x.AddDate(0, 0, 1) {
		if workday(s.organizer.site.country, x) {
			all++
			if !x.After(d) {
				gone++
			}
		}
	}
	limit := p.limit * s.intensity
	target := limit * float64(gone) / float64(max(all, 1))
	// A plot that starts in mid-month does not catch up at once.
	for n := 0; p.spent < target && n < of(p.level, 8, 14, 26); n++ {
		length := min(s.span(12, 48), limit-p.spent)
		if length < 1 {
			return
		}
		p.dial(s, s.conferenceToday(), s.slot(8, 18), pick(s.dice, p.numbers), length*60)
		p.spent += length
	}
}
