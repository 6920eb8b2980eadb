package simulate

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// overlap is how far a month's poll reaches back into the month before, as
// records appear late: rows of that time can come again, or corrected.
const overlap = 72 * hour

// The mean shares of rows that come again at random, late, or corrected.
const (
	shareAgain     = 0.0015
	shareLate      = 0.03
	shareOverlap   = 0.05  // of the overlap's rows, again in the next file
	shareCorrected = 0.004 // of the overlap's rated rows
	shareBroken    = 0.0002
)

// ledger counts the rows of a tenant as the product must.
type ledger struct {
	read, accepted, duplicate, ignored, rejected int64
	corrected                                    int64 // part of accepted
	confOut                                      int64 // distinct rated records
}

// tally is what an abuser did, as the feed shows it.
type tally struct {
	first, last tick
	calls       int64
	seconds     int64
}

// broken is a malformed row and where it is.
type broken struct {
	file     string
	position int
	kind     fault
	id       guid
}

// slip is a row in which the source strays from the rules.
type slip struct {
	id   guid
	kind string
}

// delivery is a row on its way into a file.
type delivery struct {
	at      tick // when the source gives it
	order   uint64
	call    call
	fault   fault
	again   bool
	correct bool
}

// feed makes one tenant's usage, day by day, so that memory holds a few days only.
type feed struct {
	options  Options
	tenant   *tenant
	provider *provider
	dice     *dice
	source   source
	month    int  // of the file being written
	settled  tick // start of the last call that was charged
	pending  []call
	outbox   []delivery
	order    uint64
	// owed lists the broken rows that are sure to come, by when.
	owed []debt

	ledger  ledger
	tallies map[*organizer]*tally
	abusive []guid
	broken  []broken
	slips   []slip
	seconds int64 // rated, all
	pool    int64 // the pool of one month
}

type debt struct {
	at   tick
	kind fault
}

func newFeed(o Options, t *tenant) *feed {
	f := &feed{
		options: o, tenant: t, provider: newProvider(t, o.Seed), dice: newDice(o.Seed, streamFeed, uint64(t.index)),
		month: -1, tallies: map[*organizer]*tally{}, pool: t.poolSeconds(),
	}
	for _, m := range t.hours {
		for kind := negativeDuration; kind <= truncated; kind++ {
			f.owed = append(f.owed, debt{m.start + tick(float64(m.end-m.start)*f.dice.span(0.05, 0.9)), kind})
		}
	}
	slices.SortFunc(f.owed, func(a, b debt) int { return cmp.Compare(a.at, b.at) })
	return f
}

// run writes the tenant's usage files into dir, calling each day with the number
// of organizer-days made.
func (f *feed) run(ctx context.Context, dir string, day func(int)) error {
	t := f.tenant
	dir = filepath.Join(dir, t.id.String())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create the tenant's folder: %w", err)
	}
	f.source = openSource(dir, t, f.dice)
	begin, end := t.hours[0].start, t.hours[len(t.hours)-1].end
	s := &sink{
		dice: newDice(0), volume: f.options.Volume * t.volume, intensity: f.options.Intensity,
		begin: begin, end: end, calls: &f.pending,
	}
	days := int((end - begin) / (24 * hour))
	// A day before the first and one after the last: it is not the same day everywhere.
	for i := -1; i <= days; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		date := begin.time().AddDate(0, 0, i)
		for _, o := range t.organizers {
			s.nextDay(o, dayAt(i, date, o.site.loc, o.site.country))
			s.reseed(f.options.Seed, streamHonest, uint64(t.index), uint64(o.index), uint64(i+1))
			o.honest(s)
			s.reseed(f.options.Seed, streamAbuse, uint64(t.index), uint64(o.index), uint64(i+1))
			o.abuse(s)
			s.closeDay()
		}
		// No call of a later day starts before that day does in the first of all time
		// zones, less the hours by which a traveller can be ahead: a day is enough.
		if err := f.flush(tickOf(date)); err != nil {
			return err
		}
		day(len(t.organizers))
	}
	if err := f.flush(forever); err != nil {
		return err
	}
	return f.source.close()
}

// flush settles and writes what starts, and then what is given, before an instant.
func (f *feed) flush(before tick) error {
	slices.SortFunc(f.pending, func(a, b call) int {
		return cmp.Or(cmp.Compare(a.start, b.start), slices.Compare(a.id[:], b.id[:]))
	})
	n := 0
	for ; n < len(f.pending) && f.pending[n].start < before; n++ {
		c := &f.pending[n]
		if c.start < f.settled {
			return fmt.Errorf("tenant %s: a call of %s came up after %s was settled: the days are out of order", f.tenant.id, c.start, f.settled)
		}
		f.settled = c.start
		verdict, through := f.provider.settle(c)
		if !through {
			continue
		}
		c.verdict = verdict
		f.deliver(c)
	}
	f.pending = slices.Delete(f.pending, 0, n)

	slices.SortFunc(f.outbox, func(a, b delivery) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
	n = 0
	for ; n < len(f.outbox) && f.outbox[n].at < before; n++ {
		if err := f.write(&f.outbox[n]); err != nil {
			return err
		}
	}
	f.outbox = slices.Delete(f.outbox, 0, n)
	return nil
}

// deliver decides when the source gives a record, and whether it gives it again,
// corrected or broken.
func (f *feed) deliver(c *call) {
	d := f.dice
	at := c.start
	if d.chance(shareLate) {
		at += seconds(d.span(600, 48*3600))
	}
	f.post(delivery{at: at, call: *c})

	m := f.monthOf(c.start)
	months := f.tenant.hours
	last := m == len(months)-1
	switch {
	case c.start < months[m].end-overlap:
		if d.chance(shareAgain) {
			f.post(delivery{at: at + seconds(d.span(60, 40*3600)), call: *c, again: true})
		}
	case !last:
		// The next month's file covers these days once more.
		corrected := f.correct(c, max(at, months[m].end)+seconds(d.span(60, 3600)))
		if !corrected && d.chance(shareOverlap) {
			f.post(delivery{at: max(at, months[m].end) + seconds(d.span(60, 3600)), call: *c, again: true})
		}
	default:
		f.correct(c, at+seconds(d.span(6*3600, 40*3600)))
	}

	for len(f.owed) > 0 && f.owed[0].at <= c.start && c.kind == confOut {
		f.breakRow(c, at, f.owed[0].kind)
		f.owed = f.owed[1:]
	}
	if d.chance(shareBroken) {
		f.breakRow(c, at, fault(d.between(int(negativeDuration), int(truncated))))
	}
}

// correct gives the record again with another duration. Abusive calls are left as
// they are, so that the labels say what the feed says.
func (f *feed) correct(c *call, at tick) bool {
	if c.kind != confOut || c.abusive || c.seconds < 60 || !f.dice.chance(shareCorrected) {
		return false
	}
	again := *c
	again.seconds = int32(float64(c.seconds) * f.dice.span(0.5, 0.97))
	if v := &again.verdict; v.charge > 0 {
		v.charge = f.provider.price(&f.tenant.places.places[c.far.place], int64(again.seconds))
	}
	f.post(delivery{at: at, call: again, correct: true})
	return true
}

// breakRow gives a row that looks like the record under another id and is malformed.
func (f *feed) breakRow(c *call, at tick, kind fault) {
	b := *c
	b.id, b.abusive = f.dice.guid(), false
	f.post(delivery{at: at + seconds(f.dice.span(1, 3600)), call: b, fault: kind})
}

func (f *feed) post(d delivery) {
	f.order++
	d.order = f.order
	f.outbox = append(f.outbox, d)
}

func (f *feed) monthOf(t tick) int {
	for i, m := range f.tenant.hours {
		if t < m.end {
			return i
		}
	}
	return len(f.tenant.hours) - 1
}

// write puts a row into the file of the month it is given in, and counts it.
func (f *feed) write(d *delivery) error {
	for m := f.monthOf(d.at); f.month < m; {
		f.month++
		if err := f.source.month(f.tenant.hours[f.month]); err != nil {
			return err
		}
	}
	file, position, err := f.source.write(&d.call, d.fault)
	if err != nil {
		return fmt.Errorf("tenant %s: %w", f.tenant.id, err)
	}
	l, c := &f.ledger, &d.call
	l.read++
	switch {
	case d.fault != sound:
		l.rejected++
		f.broken = append(f.broken, broken{file, position, d.fault, c.id})
		return nil
	case d.again:
		l.duplicate++
		return nil
	case d.correct:
		l.accepted++
		l.corrected++
		return nil
	case c.kind != confOut:
		l.ignored++
		return nil
	}
	l.accepted++
	l.confOut++
	f.seconds += int64(c.seconds)
	if c.verdict.slip != "" {
		f.slips = append(f.slips, slip{c.id, c.verdict.slip})
	}
	if c.abusive {
		f.blame(c)
	}
	return nil
}

func (f *feed) blame(c *call) {
	f.abusive = append(f.abusive, c.id)
	t := f.tallies[c.organizer]
	if t == nil {
		t = &tally{first: c.start, last: c.start}
		f.tallies[c.organizer] = t
	}
	t.first, t.last = min(t.first, c.start), max(t.last, c.start)
	t.calls++
	t.seconds += int64(c.seconds)
}

func (l ledger) row(t *tenant) []string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return []string{t.id.String(), n(l.read), n(l.accepted), n(l.duplicate), n(l.ignored), n(l.rejected)}
}
