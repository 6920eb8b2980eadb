package simulate

import (
	"math"
	"slices"
)

// level is how hard an abuser goes at it.
type level int

const (
	low    level = iota // low and slow: hides among honest heavy users
	medium              // plain to a person who looks
	high                // without restraint
)

func (l level) String() string { return [...]string{"low", "medium", "high"}[l] }

// of takes one of three figures by the level.
func of[T any](l level, atLow, atMedium, atHigh T) T { return [...]T{atLow, atMedium, atHigh}[l] }

// scenario is one way to abuse dial-out.
type scenario struct {
	name string
	says string
	// together is how many organizers act in one plot, least and most.
	together [2]int
	// apart says that they belong to different tenants where there are several.
	apart bool
	// funded says that only a tenant with credits pays for it, so that it is
	// worth doing there.
	funded bool
	// quiet says that it befalls organizers who hardly call.
	quiet bool
	// lasts is how many days it goes on, least and most; zero means to the end.
	lasts [2]int
	// days says on which days it happens; nil for all.
	days func(today) bool
	// cast draws what one organizer's plot keeps; nil for nothing.
	cast func(*casting)
	// day makes the abusive calls of one day.
	day func(*plot, *sink)
}

func onWorkdays(t today) bool { return t.work }

func scenarios() []*scenario {
	var all []*scenario
	for _, family := range [][]*scenario{pumping(), volumes(), diallers(), accounts(), groups()} {
		all = append(all, family...)
	}
	return all
}

// plot is one organizer's part in a scenario.
type plot struct {
	scenario   *scenario
	level      level
	from, to   int // day indexes of the abusive period, both included
	numbers    []number
	conference uint32
	// group numbers the organizers who act together, from 1; 0 for one alone.
	group int
	// limit is a ceiling of minutes a calendar month, where the plot keeps under one.
	limit float64
	// vigour multiplies how much it does a day, stretch how long its calls last.
	vigour, stretch float64
	// hour is a local hour of the day the plot turns around.
	hour float64
	// made counts its calls so far, spent its minutes in the calendar month
	// numbered by period.
	made   int
	spent  float64
	period int
}

// count is how many calls of mean to make today. A plot that has made none by its
// last day makes one: every label stands for something that happened.
func (p *plot) count(s *sink, mean float64) int {
	n := s.poisson(mean * s.intensity)
	if n == 0 && p.made == 0 && s.today.index == p.to {
		n = 1
	}
	return n
}

// dial is one abusive leg.
func (p *plot) dial(s *sink, conference uint32, at tick, far number, secs float64) {
	p.made++
	s.dial(conference, at, far, max(secs*p.stretch, 1))
}

// abuse makes the day's abusive calls, where the plot is on.
func (o *organizer) abuse(s *sink) {
	p := o.plot
	if p == nil || s.today.index < p.from || s.today.index > p.to {
		return
	}
	if p.scenario.days != nil && !p.scenario.days(s.today) {
		return
	}
	all := s.intensity
	s.abusive, s.intensity = true, all*p.vigour
	p.scenario.day(p, s)
	s.abusive, s.intensity = false, all
}

// casting is one scenario being given to organizers.
type casting struct {
	*dice
	atlas     *atlas
	organizer *organizer
	plot      *plot
	position  int // among those who act together
	// shared is what all of them have in common, drawn with the first.
	shared     []number
	days       int // of the run
	begin, end tick
}

// dayAt is the civil day by index, where the organizer is.
func (c *casting) dayAt(index int) today {
	o := c.organizer
	date := c.begin.time().AddDate(0, 0, index)
	return dayAt(index, date, o.site.loc, o.site.country)
}

// schedule sets the period of a plot: mostly later than the start, so that there
// is a time of honest calling before it, and with a day on which it can happen.
func (c *casting) schedule() {
	s, last := c.plot.scenario, max(0, c.days-2)
	at := func(part float64) int { return int(part * float64(last)) }
	from := c.between(at(0.22), at(0.75))
	if c.chance(0.07) {
		from = 0
	}
	to := last
	if s.lasts[1] > 0 {
		length := c.between(s.lasts[0], s.lasts[1])
		from = max(0, min(from, last-length))
		to = min(last, from+length-1)
	}
	c.plot.from, c.plot.to = from, to
	c.settle(s)
}

// settle moves the last day of a plot back, or else forward, to one on which the
// scenario happens.
func (c *casting) settle(s *scenario) {
	if s.days == nil {
		return
	}
	p := c.plot
	for i := p.to; i >= p.from; i-- {
		if s.days(c.dayAt(i)) {
			p.to = i
			return
		}
	}
	for i := p.from; i < c.days; i++ {
		if s.days(c.dayAt(i)) {
			p.to = i
			return
		}
	}
	for i := p.from; i >= 0; i-- {
		if s.days(c.dayAt(i)) {
			p.from, p.to = i, i
			return
		}
	}
}

// cast gives scenarios to organizers until the wanted number abuses. Each round
// gives every scenario once, at a level that moves on with the round.
func cast(o Options, a *atlas, all []*tenant, odd strange) {
	wanted := int(math.Round(o.AbuserShare * float64(o.Organizers)))
	if o.AbuserShare > 0 {
		wanted = max(wanted, 1)
	}
	d := newDice(o.Seed, streamCast)
	first, last := all[0].hours[0], all[0].hours[len(all[0].hours)-1]
	stage := newStage(d, all)
	list := odd.mixture(scenarios())
	order := d.Perm(len(list))
	groups := 0
	for round := 0; wanted > 0; round++ {
		given := 0
		for i, k := range order {
			s := list[k]
			size := max(1, d.between(s.together[0], s.together[1]))
			if wanted == 0 {
				break
			}
			players := stage.find(s, min(size, wanted))
			if len(players) > 1 {
				groups++
			}
			var shared []number
			conference := d.conferenceID()
			var from, to int
			var vigour, stretch float64 // who acts together acts alike
			for n, player := range players {
				c := &casting{
					dice: d, atlas: a, organizer: player, position: n, shared: shared, begin: first.start, end: last.end,
					days: int((last.end - first.start) / (24 * hour)),
				}
				c.plot = &plot{scenario: s, level: level((round + i) % 3), conference: conference, period: -1}
				if n == 0 {
					odd.vary(c.plot)
					vigour, stretch = c.plot.vigour, c.plot.stretch
				}
				c.plot.vigour, c.plot.stretch = vigour, stretch
				c.schedule()
				if n > 0 { // who acts together acts at the same time
					c.plot.from, c.plot.to = from, to
					c.settle(s)
				}
				from, to = c.plot.from, c.plot.to
				c.equip()
				if s.cast != nil {
					s.cast(c)
				}
				shared = c.shared
				if len(players) > 1 {
					c.plot.group = groups
				}
				player.plot = c.plot
			}
			wanted -= len(players)
			given += len(players)
		}
		if given == 0 {
			return // nobody is left to play
		}
	}
}

// stage holds the organizers who can still get a part.
type stage struct {
	dice    *dice
	tenants []*tenant
	free    map[*tenant][]*organizer
}

// newStage leaves those out whose archetype is a story of its own: an abuser is
// somebody whose ordinary traffic is ordinary.
func newStage(d *dice, all []*tenant) *stage {
	s := &stage{d, all, map[*tenant][]*organizer{}}
	for _, t := range all {
		for _, o := range t.organizers {
			switch o.profile.archetype {
			case archRegular, archLight, archTraveller:
				s.free[t] = append(s.free[t], o)
			}
		}
		d.Shuffle(len(s.free[t]), func(i, j int) { f := s.free[t]; f[i], f[j] = f[j], f[i] })
	}
	return s
}

// equip sees to it that most abusers hold the add-on: "unlimited" is what draws
// them. Scenarios about the licence itself change that afterwards.
func (c *casting) equip() {
	if !c.chance(0.92) {
		return
	}
	c.licence()
	o := c.organizer
	if !o.holds(planAddon, c.begin) || !o.holds(planAddon, c.end-1) {
		o.take(skuAddon)
		since := c.begin - seconds(c.span(20, 200)*86400)
		o.give(skuAddon, since-since%second, forever)
	}
}

// find takes up to n organizers for a scenario; of one tenant, or of different ones.
func (s *stage) find(sc *scenario, n int) []*organizer {
	tenants := slices.Clone(s.tenants)
	s.dice.Shuffle(len(tenants), func(i, j int) { tenants[i], tenants[j] = tenants[j], tenants[i] })
	var out []*organizer
	if sc.apart {
		for len(out) < n {
			before := len(out)
			for _, t := range tenants {
				if len(out) < n {
					out = append(out, s.take(t, sc, 1)...)
				}
			}
			if len(out) == before {
				return out
			}
		}
		return out
	}
	// Bigger tenants have more abusers: the draw is by organizer, not by tenant.
	if home := s.draw(sc, n); home != nil {
		return s.take(home, sc, n)
	}
	for _, t := range tenants {
		if out = s.take(t, sc, n); len(out) > 0 {
			return out
		}
	}
	return nil
}

func (s *stage) draw(sc *scenario, n int) *tenant {
	var weights []int
	sum := 0
	for _, t := range s.tenants {
		w := len(s.free[t])
		if w < n || sc.funded && !t.funded {
			w = 0
		}
		sum += w
		weights = append(weights, w)
	}
	if sum == 0 {
		return nil
	}
	u := s.dice.IntN(sum)
	for i, w := range weights {
		if u -= w; u < 0 {
			return s.tenants[i]
		}
	}
	return nil
}

// take removes up to n organizers of a tenant, quiet ones where it is wanted.
func (s *stage) take(t *tenant, sc *scenario, n int) []*organizer {
	var out, rest []*organizer
	for _, quiet := range []bool{true, false} {
		rest = nil
		for _, o := range s.free[t] {
			fits := !sc.quiet || !quiet || o.profile.archetype == archLight
			if len(out) < n && fits {
				out = append(out, o)
			} else {
				rest = append(rest, o)
			}
		}
		s.free[t] = rest
	}
	return out
}
