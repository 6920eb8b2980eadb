package simulate

import (
	"math"
	"time"
)

// honest makes the day of an organizer as the archetype has it.
func (o *organizer) honest(s *sink) {
	if s.today.index < o.starts {
		return
	}
	s.desk()
	if o.profile.day != nil {
		o.profile.day(o, s)
		return
	}
	ordinaryDay(o, s)
}

func ordinaryDay(o *organizer, s *sink) {
	p := o.profile
	mean := p.meetings * s.today.busy
	if !s.today.work {
		mean = p.meetings * p.rest
	}
	s.meetings(mean, p.opens, p.closes)
}

// travellerDay shifts the working hours by where the traveller is this week. The
// destinations stay at home: travel alone is no sign of anything.
func travellerDay(o *organizer, s *sink) {
	week := (s.today.index + 7) / 7
	away := int(mix(uint64(week)^uint64(o.index)<<20^uint64(o.conference))%25) - 12
	p := o.profile
	mean := p.meetings * s.today.busy
	if !s.today.work {
		mean *= p.rest
	}
	s.meetings(mean, 8+float64(away), 19+float64(away))
}

// investorDay has one conference a quarter, in the fourth week of the quarter's
// first month: hundreds of legs at once, nearly all for the whole two hours.
func investorDay(o *organizer, s *sink) {
	ordinaryDay(o, s)
	d := s.today.date
	if d.Month()%3 != 1 || d.Weekday() != o.weekday() || (d.Day()-1)/7 != 3 {
		return
	}
	legs := int(float64(s.between(150, 280)) * math.Sqrt(s.volume))
	start := s.today.at([]float64{8, 9, 10, 14, 16}[o.index%5])
	s.crowd(start, s.span(105, 130)*60, legs)
}

// weekday is the organizer's own fixed day of the week, Tuesday to Thursday.
func (o *organizer) weekday() time.Weekday { return time.Tuesday + time.Weekday(o.index%3) }

// crowd dials everybody the organizer knows, each once, within minutes.
func (s *sink) crowd(start tick, length float64, legs int) {
	known := s.organizer.contacts
	next := s.IntN(max(1, len(known)))
	s.meet(start, length, legs, func(d *dice) number {
		if len(known) == 0 {
			return s.organizer.stranger(d)
		}
		next++
		return known[next%len(known)]
	})
}

// allHandsDay has a big meeting on the second week's fixed day of every month.
func allHandsDay(o *organizer, s *sink) {
	ordinaryDay(o, s)
	d := s.today.date
	if d.Weekday() != o.weekday() || (d.Day()-1)/7 != 1+o.index%2 {
		return
	}
	legs := int(float64(s.between(70, 150)) * math.Sqrt(s.volume))
	s.crowd(s.today.at(float64(10+o.index%6)), s.span(45, 62)*60, legs)
}

// incidentDay opens a bridge at any hour. Engineers come and go in shifts, so
// that the same few numbers are dialled again and again.
func incidentDay(o *organizer, s *sink) {
	s.meetings(0.1, 8, 18)
	for range s.poisson(o.profile.meetings * s.volume) {
		start, left := s.slot(0, 24), s.length()
		conference := s.conferenceID()
		for shift := tick(0); left > 600; shift++ {
			span := min(left, s.span(90, 240)*60)
			for range s.between(2, 5) {
				late := s.exp(240)
				s.dial(conference, start+seconds(late), o.callee(s.dice), max(span-late+s.span(-60, 300), 60))
			}
			start, left = start+seconds(span), left-span
		}
	}
}

// assistantDay works for several people, whose meetings can overlap a little.
func assistantDay(o *organizer, s *sink) {
	ordinaryDay(o, s)
	if s.today.work && s.chance(0.25) {
		at := s.slot(9, 16)
		s.meet(at, s.length(), 2, o.callee)
		s.meet(at+seconds(s.span(300, 1500)), s.length(), 2, o.callee)
	}
}

// rotaDay is on duty one week in four, day and night.
func rotaDay(o *organizer, s *sink) {
	if ((s.today.index+28)/7+o.index)%4 != 0 {
		s.meetings(0.15*boolean(s.today.work), 8, 18)
		return
	}
	s.meetings(o.profile.meetings*0.65, 7, 19)
	s.meetings(o.profile.meetings*0.35, 19, 31)
}

// trainingDay has a class on two days of the week.
func trainingDay(o *organizer, s *sink) {
	p := o.profile
	wd := s.today.date.Weekday()
	if !s.today.work || wd != o.weekday() && wd != o.weekday()+1 {
		s.meetings(p.meetings*boolean(s.today.work)*0.4, 9, 16)
		return
	}
	legs := max(3, s.poisson(p.legs))
	s.crowd(s.today.at([]float64{9, 10, 13, 14}[o.index%4])+seconds(s.span(0, 120)), s.length(), s.whole(float64(legs)*math.Sqrt(s.volume)))
}

// holidayDay is the ordinary day upside down.
func holidayDay(o *organizer, s *sink) {
	p := o.profile
	if s.today.work {
		s.meetings(p.meetings*0.15, p.opens, p.closes)
		return
	}
	s.meetings(p.meetings*1.6, p.opens, p.closes)
}

// starterDay grows from nothing to the whole job over five weeks.
func starterDay(o *organizer, s *sink) {
	p := o.profile
	if !s.today.work {
		return
	}
	grown := min(1, 0.08+float64(s.today.index-o.starts)/35)
	s.meetings(p.meetings*grown*s.today.busy, p.opens, p.closes)
}

// closerDay is busy from three days before the end of a month to five days after.
func closerDay(o *organizer, s *sink) {
	p := o.profile
	d := s.today.date
	last := time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	if d.Day() > 5 && d.Day() <= last-3 {
		s.meetings(0.15*boolean(s.today.work), 8.5, 17.5)
		return
	}
	mean := p.meetings
	if !s.today.work {
		mean *= p.rest
	}
	s.meetings(mean, p.opens, p.closes)
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
