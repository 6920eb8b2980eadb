package detector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"fairdial/cases"
	"fairdial/rules"
)

// Request says what a pass looks at.
type Request struct {
	// From and To are the first and the last step, UTC. With From zero there is one
	// step, at To; with To zero too, at now.
	From, To time.Time
	// Step is from one step to the next; an hour by default, a second at least.
	Step time.Duration
	// Latency is how long after its end a call is seen.
	Latency time.Duration
	// Tenants narrows the pass; empty is all.
	Tenants []string
	// Rules runs these rules only; findings of rules that are not live open no case, and
	// experimental ones run only with DryRun.
	Rules []string
	// New judges only organizers with something new since the last such pass, where there is
	// much: README.md says how. Every other field but To and Latency must be zero for it.
	New bool
	// DryRun writes nothing and gives the cases that there would be.
	DryRun bool
}

// Report says what a pass did.
type Report struct {
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to"`
	Steps   int64         `json:"steps"`
	Tenants int           `json:"tenants"`
	Calls   int64         `json:"calls"` // about how many were looked at
	Rules   []RuleReport  `json:"rules"`
	Took    time.Duration `json:"took"`
	// Fresh says that only organizers with new records were judged.
	Fresh bool `json:"fresh,omitempty"`
	// Findings counts new rows; a finding that grows or worsens has several.
	Findings int `json:"findings"`
	Snoozed  int `json:"snoozed"`
	// Events counts the events of cases by kind.
	Events map[string]int `json:"events"`
	// Cases is those that have new events, as they stand; with DryRun as they would.
	Cases []cases.Case `json:"cases"`
}

// RuleReport says what one rule did in a pass.
type RuleReport struct {
	ID       string        `json:"id"`
	Version  int           `json:"version"`
	Status   string        `json:"status"`
	Hits     int           `json:"hits"` // rows above a threshold, thinned
	Findings int           `json:"findings"`
	Took     time.Duration `json:"took"`
}

const (
	// history is how much of the past a pass reads before its first step: the last
	// month and this one, and the 56 days after which a callee is new again.
	history = 98 * 24 * time.Hour
	// late is how long after its end a window can still be found out: sources give
	// records up to two days after the call, and one day is for a daemon that was down.
	late = 72 * time.Hour
	// chunkCalls is how many calls the working tables of one chunk of tenants hold,
	// unless one tenant has more.
	chunkCalls = 500_000
)

// Detect runs the rules over every step from From to To as if time had passed, or once.
// Run again over the same time it adds nothing; killed anywhere and run again it ends as
// if it had not been. progress, which may be nil, is told how many rule runs are done,
// and of how many.
func (d *Detector) Detect(ctx context.Context, req Request, progress func(done, total int)) (report Report, err error) {
	began := d.o.Now()
	if req, err = req.complete(began); err != nil {
		return Report{}, err
	}
	pack, err := d.chosen(req)
	if err != nil {
		return Report{}, err
	}
	if err := d.sweep(ctx); err != nil {
		return Report{}, err
	}
	if !req.DryRun {
		if _, err := d.RefreshHours(ctx); err != nil {
			return Report{}, err
		}
	}
	base := d.parameters(req)
	names, err := inspectAll(ctx, d.o.Conn, pack, base)
	if err != nil {
		return Report{}, err
	}
	chunks, calls, err := d.chunks(ctx, base, "tenants")
	if err != nil {
		return Report{}, err
	}
	scope, err := d.scopeOf(ctx, req, pack, base, calls, began)
	if err != nil {
		return Report{}, err
	}
	report = Report{
		From: req.From, To: req.To, Steps: 1 + int64(req.To.Sub(req.From)/req.Step), Calls: calls,
		Events: map[string]int{}, Cases: []cases.Case{}, Rules: make([]RuleReport, len(pack)),
	}
	for i, r := range pack {
		report.Rules[i] = RuleReport{ID: r.ID, Version: r.Version, Status: string(r.Status)}
	}
	p := &pass{Detector: d, req: req, pack: pack, names: names, params: base, id: d.o.NewID(), report: &report, whole: d.workspace(base), scope: scope}
	defer func() { err = errors.Join(err, p.whole.close(ctx)) }()
	if scope.fresh {
		if chunks, report.Calls, err = p.narrow(ctx); err != nil {
			return report, err
		}
		report.Fresh = true
	}
	done, total := 0, len(chunks)*len(p.pack)
	p.tick = func() {
		if done++; progress != nil {
			progress(done, total)
		}
	}
	for _, tenants := range chunks {
		report.Tenants += len(tenants)
		if err := p.chunk(ctx, tenants); err != nil {
			return report, err
		}
	}
	if err := p.mark(ctx); err != nil {
		return report, err
	}
	report.Took = d.o.Now().Sub(began)
	d.o.Logger.InfoContext(ctx, "detection pass", "from", req.From, "to", req.To, "steps", report.Steps, "tenants", report.Tenants,
		"calls", report.Calls, "fresh", report.Fresh, "findings", report.Findings, "snoozed", report.Snoozed, "events", report.Events, "dry_run", req.DryRun, "took", report.Took)
	return report, nil
}

// complete fills in defaults. Steps are on whole milliseconds, as times in the store are.
func (r Request) complete(now time.Time) (Request, error) {
	if r.To.IsZero() {
		r.To = now
	}
	if r.From.IsZero() {
		r.From = r.To
	}
	if r.Step == 0 {
		r.Step = time.Hour
	}
	r.From, r.To = r.From.UTC().Truncate(time.Millisecond), r.To.UTC().Truncate(time.Millisecond)
	switch {
	case r.From.After(r.To):
		return r, fmt.Errorf("detect: from %s is after to %s", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	case r.Step < time.Second || r.Step%time.Millisecond != 0:
		return r, fmt.Errorf("detect: step %s: want a second or more, in whole milliseconds", r.Step)
	case r.Latency < 0:
		return r, errors.New("detect: latency cannot be negative")
	}
	return r, nil
}

// chosen is the rules of a pass. An experimental rule runs where nothing is written.
func (d *Detector) chosen(req Request) (rules.Pack, error) {
	if len(req.Rules) == 0 {
		return d.o.Pack.Only(func(r rules.Rule) bool {
			return r.Status == rules.StatusLive || r.Status == rules.StatusShadow || r.Status == rules.StatusExperimental && req.DryRun
		}), nil
	}
	for _, id := range req.Rules {
		r, ok := d.o.Pack.Rule(id)
		switch {
		case !ok:
			return nil, fmt.Errorf("there is no rule %q; see `fairdial rules list`", id)
		case r.Status == rules.StatusExperimental && !req.DryRun:
			return nil, fmt.Errorf("rule %s is experimental: it runs in a dry run or a backtest, until its status is shadow or live", id)
		}
	}
	return d.o.Pack.Only(func(r rules.Rule) bool { return slices.Contains(req.Rules, r.ID) }), nil
}

// parameters are those of all queries of a pass.
func (d *Detector) parameters(req Request) params {
	ms := func(v int64) string { return strconv.FormatInt(v, 10) }
	from := req.From.Add(-history)
	return params{
		"from": moment(req.From), "to": moment(req.To), "since": moment(req.From.Add(-late)), "history": moment(from),
		"from_ms": ms(req.From.UnixMilli()), "to_ms": ms(req.To.UnixMilli()), "step_ms": ms(req.Step.Milliseconds()),
		"latency_ms": ms(req.Latency.Milliseconds()), "history_ms": ms(from.UnixMilli()),
		"tenants": texts(req.Tenants), "addon_plans": texts(d.o.AddonPlans), "usage": "usage", "revisions": "usage_revisions", "licences": "licences",
		"own_tenants": "[]", "own_since_ms": "[]",
	}.with(d.o.Rates.parameters())
}

func inspectAll(ctx context.Context, conn Conn, pack rules.Pack, p params) ([]string, error) {
	var names []string
	var wrong []rules.Problem
	for _, r := range pack {
		read, err := inspect(ctx, conn, r, p)
		if mistakes, ok := errors.AsType[*rules.Error](err); ok {
			wrong = append(wrong, mistakes.Problems...)
		} else if err != nil {
			return nil, err
		}
		names = append(names, read...)
	}
	slices.Sort(names)
	return slices.Compact(names), rules.Failed(wrong)
}

// chunks groups tenants so that the working tables of a group stay within bounds.
func (d *Detector) chunks(ctx context.Context, p params, query string) (chunks [][]string, calls int64, err error) {
	var tenants []struct {
		ID    string `ch:"tenant_id"`
		Calls uint64 `ch:"calls"`
	}
	if err := d.o.Conn.Select(p.on(ctx, nil), &tenants, sqlText(query)); err != nil {
		return nil, 0, fmt.Errorf("list the tenants to look at: %w", err)
	}
	room := int64(0)
	for _, t := range tenants {
		n := int64(t.Calls)
		if calls += n; n > room {
			chunks, room = append(chunks, nil), chunkCalls
		}
		chunks[len(chunks)-1] = append(chunks[len(chunks)-1], t.ID)
		room -= n
	}
	return chunks, calls, nil
}

// sweep drops the working tables of passes that were killed.
func (d *Detector) sweep(ctx context.Context) error {
	var left []struct {
		Name string `ch:"name"`
	}
	if err := d.o.Conn.Select(params{"prefix": workPrefix}.on(ctx, nil), &left, sqlText("leftovers")); err != nil {
		return fmt.Errorf("look for working tables left behind: %w", err)
	}
	for _, t := range left {
		if err := d.o.Conn.Exec(params{"table": t.Name}.on(ctx, nil), "DROP TABLE IF EXISTS {table:Identifier} SYNC"); err != nil {
			return fmt.Errorf("drop the working table %s: %w", t.Name, err)
		}
	}
	return nil
}

// pass is one run of Detect.
type pass struct {
	*Detector
	req    Request
	pack   rules.Pack
	names  []string
	params params
	whole  *workspace // the views of all tenants
	id     uuid.UUID
	report *Report
	tick   func()
	scope  scope
}
