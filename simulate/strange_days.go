package simulate

import "math"

// lot is a number in [0, n) that is the organizer's own for a purpose, the same each day.
func (o *organizer) lot(purpose, n int) int {
	return int(mix(uint64(o.index)<<32^uint64(o.conference)^uint64(purpose)<<56) % uint64(n))
}

// calledDay travels one week in three. Away, every meeting has a leg to where the
// traveller stays: a number or two in a country that it may never have called.
func calledDay(o *organizer, s *sink) {
	trip := (s.today.index + 7) / 7
	if (trip+o.lot(1, 3))%3 != 0 || s.today.index < 0 {
		ordinaryDay(o, s)
		return
	}
	d := newDice(uint64(o.conference), uint64(trip))
	iso := pick(d, append([]string{"GB", "DE", "JP", "BR", "IN", "MX"}, pick(d, o.tenant.places.restISO)))
	hotel, mobile := o.tenant.places.in(d, iso), o.tenant.places.in(d, iso)
	away := d.span(-8, 9)
	mean := o.profile.meetings * 1.3 * s.today.busy
	if !s.today.work {
		mean *= 0.1
	}
	for range s.poisson(mean * s.volume) {
		start, length := s.slot(8+away, 18+away), s.length()
		if !s.free(start, length) {
			continue
		}
		own := hotel
		if s.chance(0.4) {
			own = mobile
		}
		first := true
		s.meet(start, length, 1+s.poisson(o.profile.legs), func(d *dice) number {
			if first {
				first = false
				return own
			}
			return o.callee(d)
		})
	}
}

// warDay keeps one bridge open for one to two weeks of the run, day and night.
func warDay(o *organizer, s *sink) {
	from := 12 + o.lot(2, 60)
	if s.today.index < from || s.today.index > from+6+o.lot(3, 8) {
		ordinaryDay(o, s)
		return
	}
	for hour := 0.0; hour < 24; {
		shift := s.span(1.5, 4)
		for range s.between(2, 5) {
			s.dial(o.conference, s.today.at(hour)+seconds(s.exp(500)), o.callee(s.dice), max(60, (shift*3600+s.span(-900, 600))*s.span(0.5, 1)))
		}
		hour += shift
	}
}

// plantDay meets one plant for an hour and more at each end of the day.
func plantDay(o *organizer, s *sink) {
	ordinaryDay(o, s)
	if !s.today.work {
		return
	}
	plant := o.contacts[:min(2, len(o.contacts))]
	for _, at := range []float64{7, 16.5} {
		start, length := s.today.at(at)+seconds(s.span(-60, 400)), s.span(45, 85)*60
		if s.free(start, length) {
			s.meet(start, length, 1, func(d *dice) number { return pick(d, plant) })
		}
	}
}

// townDay has hundreds in one meeting twice a month.
func townDay(o *organizer, s *sink) {
	ordinaryDay(o, s)
	d := s.today.date
	if week := (d.Day() - 1) / 7; d.Weekday() != o.weekday() || week != 0 && week != 2 {
		return
	}
	legs := int(float64(s.between(120, 350)) * math.Sqrt(s.volume))
	s.meet(s.today.at(float64(9+o.index%6)), s.span(45, 75)*60, legs, o.callee)
}

// ruralDay turns a third of the legs to farms.
func ruralDay(o *organizer, s *sink) {
	ordinaryDay(o, s)
	if !s.today.work {
		return
	}
	d := newDice(uint64(o.conference))
	farms := make([]number, 30)
	for i := range farms {
		farms[i] = o.tenant.places.block(d, pick(d, o.tenant.places.highCost))
	}
	for range s.poisson(1.4 * s.volume) {
		if start, length := s.slot(7, 18), s.length(); s.free(start, length) {
			s.meet(start, length, 1, func(d *dice) number { return pick(d, farms) })
		}
	}
}

// islandDay has one meeting in five with the colleague.
func islandDay(o *organizer, s *sink) {
	ordinaryDay(o, s)
	if !s.today.work || !s.chance(0.35) {
		return
	}
	colleague := o.tenant.places.offshore(newDice(uint64(o.conference)), "JM")
	if start, length := s.slot(9, 17), s.length(); s.free(start, length) {
		s.meet(start, length, 1, func(*dice) number { return colleague })
	}
}

// resultsDay has several big calls on two days that follow each other, once a quarter.
func resultsDay(o *organizer, s *sink) {
	ordinaryDay(o, s)
	d := s.today.date
	day := 12 + o.lot(4, 14)
	if int(d.Month())%3 != 1+o.lot(5, 2) || d.Day() != day && d.Day() != day+1 {
		return
	}
	for _, at := range []float64{8, 11, 15}[:1+o.lot(6, 3)] {
		s.crowd(s.today.at(at), s.span(55, 100)*60, int(float64(s.between(120, 400))*math.Sqrt(s.volume)))
	}
}
