package detector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"fairdial/cases"
	"fairdial/rules"
)

// BacktestRequest says over what rules are tried out.
type BacktestRequest struct {
	// From and To are the first and the last step, UTC; both are needed.
	From, To time.Time
	// Step is from one step to the next; zero lets the backtest choose by the length.
	Step    time.Duration
	Latency time.Duration
	// Tenants and Rules narrow it; empty is all.
	Tenants, Rules []string
	// Candidate are rules to be set against those in force, on the same data: one of the
	// same id takes the other's place, one of a new id comes beside. Each is taken as if it
	// were live, unless it is deprecated. Nil compares nothing.
	Candidate rules.Pack
}

// variant is one version of a rule in a backtest, and the sides that it is on.
type variant struct {
	rule            rules.Rule
	live, candidate bool
	views           []string
	hits            int
	took            time.Duration
	found           []finding // all rows, in the order of tenants and time
}

// backtest is one run of Backtest.
type backtest struct {
	*pass
	variants []*variant
	named    []string // rules that were asked for by name
	compares bool
	sides    [2]map[who][]cases.Event // of live and candidate
	actual   map[who]cases.Case
	decided  map[who]cases.Outcome
}

// The sides of a backtest.
const (
	sideLive = iota
	sideCandidate
)

// Backtest replays the past for the rules in force and, where there are any, for
// candidates, and says what they would have found. It starts from nothing: neither the
// findings there are nor snoozes count. It writes nothing but working tables, which it
// drops, and sends nothing. progress, which may be nil, is told how many views and rule
// runs are done, and of how many.
func (d *Detector) Backtest(ctx context.Context, req BacktestRequest, progress func(done, total int)) (out Backtest, err error) {
	began := d.o.Now()
	if req.From.IsZero() || req.To.IsZero() {
		return Backtest{}, errors.New("backtest: say from when to when")
	}
	var why string
	req.Step, why = stepOf(req)
	steps, err := Request{From: req.From, To: req.To, Step: req.Step, Latency: req.Latency, Tenants: req.Tenants}.complete(began)
	if err != nil {
		return Backtest{}, err
	}
	if err := d.sweep(ctx); err != nil {
		return Backtest{}, err
	}
	b := &backtest{named: req.Rules, compares: req.Candidate != nil, actual: map[who]cases.Case{}, decided: map[who]cases.Outcome{}}
	for i := range b.sides {
		b.sides[i] = map[who][]cases.Event{}
	}
	base := d.parameters(steps)
	if b.variants, err = d.variants(ctx, req, base); err != nil {
		return Backtest{}, err
	}
	chunks, calls, err := d.chunks(ctx, base, "tenants")
	if err != nil {
		return Backtest{}, err
	}
	out = Backtest{
		From: steps.From, To: steps.To, StepSeconds: steps.Step.Seconds(), StepReason: why,
		Steps: 1 + int64(steps.To.Sub(steps.From)/steps.Step), Calls: calls,
	}
	b.pass = &pass{Detector: d, req: steps, params: base, id: d.o.NewID(), report: &Report{Events: map[string]int{}}, whole: d.workspace(base)}
	defer func() { err = errors.Join(err, b.whole.close(ctx)) }()
	done, total := 0, len(chunks)*(len(b.variants)+b.perChunk())
	b.tick = func() {
		if done++; progress != nil {
			progress(done, total)
		}
	}
	for _, tenants := range chunks {
		out.Tenants += len(tenants)
		if err := b.chunk(ctx, tenants); err != nil {
			return out, err
		}
	}
	b.summarize(&out)
	took := d.o.Now().Sub(began)
	out.TookSeconds = took.Seconds()
	d.o.Logger.InfoContext(ctx, "backtest", "from", out.From, "to", out.To, "step", steps.Step, "steps", out.Steps, "tenants", out.Tenants,
		"calls", out.Calls, "rules", len(out.Rules), "took", took)
	return out, nil
}

// stepOf is how far apart the steps are: an hour, as the daemon's are, up to a hundred
// days; then six hours, and beyond two years a day. The figures that count for a verdict
// are the same; only the times at which findings are first seen are less fine.
func stepOf(req BacktestRequest) (time.Duration, string) {
	const day = 24 * time.Hour
	switch span := req.To.Sub(req.From); {
	case req.Step != 0:
		return req.Step, ""
	case span <= 100*day:
		return time.Hour, ""
	case span <= 2*366*day:
		return 6 * time.Hour, "more than 100 days are judged every six hours; --step says otherwise"
	default:
		return day, "more than two years are judged once a day; --step says otherwise"
	}
}

// variants are the versions of rules to be run. A rule whose candidate says the same is
// run once for both sides.
func (d *Detector) variants(ctx context.Context, req BacktestRequest, p params) ([]*variant, error) {
	both := d.o.Pack.With(req.Candidate)
	for _, id := range req.Rules {
		if _, ok := both.Rule(id); !ok {
			return nil, fmt.Errorf("there is no rule %q; see `fairdial rules list`", id)
		}
	}
	var out []*variant
	add := func(r rules.Rule, live, candidate bool) {
		named := slices.Contains(req.Rules, r.ID)
		if named || len(req.Rules) == 0 && r.Status != rules.StatusDeprecated {
			out = append(out, &variant{rule: r, live: live, candidate: candidate})
		}
	}
	for _, r := range both {
		now, there := d.o.Pack.Rule(r.ID)
		next, other := req.Candidate.Rule(r.ID)
		switch {
		case !other:
			add(now, true, req.Candidate != nil)
		case there && now.Hash() == next.Hash():
			add(now, true, true)
		case there:
			add(now, true, false)
			add(next, false, true)
		default:
			add(next, false, true)
		}
	}
	for _, v := range out {
		names, err := inspect(ctx, d.o.Conn, v.rule, p)
		if err != nil {
			return nil, err
		}
		v.views = names
	}
	return out, nil
}

// counted says whether a version's findings open cases on a side: what is live does, and
// what is tried out is taken as if it were.
func (v *variant) counted(side int, named []string) bool {
	switch {
	case v.rule.Status == rules.StatusLive, slices.Contains(named, v.rule.ID):
		return true
	case side == sideCandidate:
		return !v.live && v.rule.Status != rules.StatusDeprecated
	}
	return false
}

// chunk runs all versions over some tenants.
func (b *backtest) chunk(ctx context.Context, tenants []string) (err error) {
	w := b.workspace(b.params.and("tenants", texts(tenants)))
	w.pass, w.tick = b.whole, b.tick
	defer func() { err = errors.Join(err, w.close(ctx)) }()
	if err := w.make(ctx, b.views()); err != nil {
		return err
	}
	if err := b.people(ctx, tenants); err != nil {
		return err
	}
	var rows [2]map[who][]finding
	for i := range rows {
		rows[i] = map[who][]finding{}
	}
	var all []rules.Rule
	for _, v := range b.variants {
		all = append(all, v.rule)
	}
	found, err := b.findAll(ctx, w, all, b.tick)
	if err != nil {
		return err
	}
	for i, v := range b.variants {
		told, err := b.tell(v.rule, found[i].cols, found[i].hits, map[uuid.UUID]finding{}, nil, b.id, b.o.Now())
		if err != nil {
			return err
		}
		v.hits += len(found[i].hits)
		v.found = append(v.found, told...)
		v.took += found[i].took
		for side, on := range [2]bool{v.live, v.candidate} {
			if !on || !v.counted(side, b.named) {
				continue
			}
			for _, f := range told {
				f.RuleStatus = string(rules.StatusLive)
				rows[side][f.who()] = append(rows[side][f.who()], f)
			}
		}
	}
	for side := range rows {
		pending := map[who][]cases.Event{}
		for o, found := range rows[side] {
			if events := b.scorer.fold(cases.Case{}, found); len(events) > 0 {
				pending[o] = events
			}
		}
		if err := b.introduce(ctx, tenants, pending); err != nil {
			return err
		}
		maps.Copy(b.sides[side], pending)
	}
	return nil
}

// views are those that any version reads.
func (b *backtest) views() []string {
	var names []string
	for _, v := range b.variants {
		names = append(names, v.views...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// perChunk is how many views are made for each portion of tenants.
func (b *backtest) perChunk() int {
	return len(slices.DeleteFunc(needed(b.views()), func(v view) bool { return v.whole }))
}

// people reads the cases that there are, and what was decided on them.
func (b *backtest) people(ctx context.Context, tenants []string) error {
	about, err := b.open(ctx, tenants)
	if err != nil {
		return err
	}
	maps.Copy(b.actual, about)
	decided, err := b.decisions(ctx, slices.Collect(maps.Values(about)))
	maps.Copy(b.decided, decided)
	return err
}

// newest are the findings of a version as their last rows have them, by id.
func (v *variant) newest() map[uuid.UUID]finding {
	out := map[uuid.UUID]finding{}
	for _, f := range v.found {
		out[f.ID] = f // they come by time
	}
	return out
}
