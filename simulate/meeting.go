package simulate

// kind is a call type of the feed.
type kind uint8

const (
	confOut kind = iota
	confIn
	userOut
	userIn
	userTransfer
	botIn
	botOut
)

func (k kind) String() string {
	return [...]string{"conf_out", "conf_in", "user_out", "user_in", "user_out_transfer", "ucap_in", "ucap_out"}[k]
}

func (k kind) outbound() bool { return k != confIn && k != userIn && k != botIn }

// call is one usage record before it takes a source's form.
type call struct {
	id        guid
	organizer *organizer // of a bot: only where it lives
	start     tick
	seconds   int32
	kind      kind
	abusive   bool
	// far is the other party: the number dialled, or the one that called in.
	far        number
	conference uint32
	verdict    verdict
}

func (c *call) end() tick { return c.start + tick(c.seconds)*second }

// sink takes one organizer's calls of one day.
type sink struct {
	*dice
	organizer *organizer
	today     today
	volume    float64 // factor on honest traffic
	intensity float64 // factor on abusive traffic
	abusive   bool
	taken     []span // the honest meetings of the day so far
	begin     tick   // calls outside [begin, end) are not in the run's months
	end       tick
	calls     *[]call
}

func (s *sink) put(k kind, conference uint32, at tick, far number, secs float64) {
	at += tick(s.Int64N(int64(second)))
	id := s.guid()
	if at < s.begin || at >= s.end {
		return
	}
	*s.calls = append(*s.calls, call{
		id: id, organizer: s.organizer, start: at, seconds: int32(min(max(secs, 0), 86_300)),
		kind: k, abusive: s.abusive, far: far, conference: conference,
	})
}

// dial is a leg out of the conferencing bridge.
func (s *sink) dial(conference uint32, at tick, far number, secs float64) {
	s.put(confOut, conference, at, far, secs)
}

// conferenceToday is the id of the next meeting: mostly one of its own, sometimes
// the organizer's standing one.
func (s *sink) conferenceToday() uint32 {
	if s.chance(0.2) {
		return s.organizer.conference
	}
	return s.conferenceID()
}

// meet is one meeting: its legs are dialled near its start and hang up near its
// end; some come late, leave early, do not answer or drop and are dialled again.
// Length is in seconds.
func (s *sink) meet(start tick, length float64, legs int, callee func(*dice) number) {
	conference := s.conferenceToday()
	for i := range legs {
		late := s.exp(50)
		switch {
		case i > 0 && s.chance(0.1):
			late = s.span(0, length*0.5)
		case i > 0:
			late = s.exp(150)
		}
		late = min(late, length*0.8)
		stay := length - late + s.span(-20, 20)
		if s.chance(0.15) {
			stay *= s.span(0.15, 0.85)
		}
		far := callee(s.dice)
		switch {
		case s.chance(0.035): // nobody answered, or a machine did
			stay = s.exp(4)
		case s.chance(0.02) && stay > 120:
			first := s.span(10, stay/2)
			s.dial(conference, start+seconds(late), far, first)
			again := first + s.span(8, 40)
			late, stay = late+again, stay-again
		}
		s.dial(conference, start+seconds(late), far, max(stay, 4*s.Float64()))
	}
	for range s.poisson(float64(legs) * 0.2) {
		late := s.exp(120)
		s.put(confIn, conference, start+seconds(late), s.organizer.callee(s.dice), max(length-late, 30))
	}
}

// length draws how long a meeting of the organizer's profile lasts, in seconds.
func (s *sink) length() float64 {
	p := s.organizer.profile
	return min(s.lognormal(p.minutes, p.sigma), p.longest) * 60
}

// slot is when a meeting starts: on the half hour or the hour more often than not.
func (s *sink) slot(opens, closes float64) tick {
	h := s.span(opens, closes)
	if s.chance(0.65) {
		h = float64(int(h*2)) / 2
	}
	return s.today.at(h) + seconds(s.span(-40, 200))
}

// meetings holds mean meetings between two local hours, by the profile's legs
// and lengths. One for which no free time is found is not held.
func (s *sink) meetings(mean, opens, closes float64) {
	p := s.organizer.profile
	for range s.poisson(mean * s.volume * s.organizer.thrift) {
		legs := 1 + s.poisson(p.legs-1)
		for range 4 {
			start, length := s.slot(opens, closes), s.length()
			if p.shared || s.free(start, length) {
				s.meet(start, length, legs, s.organizer.callee)
				break
			}
		}
	}
}

// span is the time of one meeting.
type span struct{ from, to tick }

// free says whether the organizer has nothing else then, and takes the time.
func (s *sink) free(start tick, length float64) bool {
	x := span{start - minute, start + seconds(length) + minute}
	if x.from < s.organizer.until {
		return false
	}
	for _, other := range s.taken {
		if x.from < other.to && other.from < x.to {
			return false
		}
	}
	s.taken = append(s.taken, x)
	return true
}

// nextDay turns to an organizer's day.
func (s *sink) nextDay(o *organizer, t today) {
	s.organizer, s.today = o, t
	s.taken = s.taken[:0]
}

// closeDay notes when the day's last meeting ends.
func (s *sink) closeDay() {
	for _, x := range s.taken {
		s.organizer.until = max(s.organizer.until, x.to)
	}
}

// desk is the organizer's own calling, which the product keeps and does not rate.
func (s *sink) desk() {
	mean := 0.17
	if !s.today.work {
		mean = 0.02
	}
	o := s.organizer
	for range s.poisson(mean * s.volume) {
		k := userOut
		switch u := s.Float64(); {
		case u < 0.4:
			k = userIn
		case u < 0.45:
			k = userTransfer
		case u < 0.52:
			k = botOut
		case u < 0.56:
			k = botIn
		}
		s.put(k, 0, s.slot(8, 18), o.callee(s.dice), s.lognormal(140, 1.1))
	}
}
