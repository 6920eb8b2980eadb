package detector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"fairdial/rules"
)

// TestResult is the outcome of one unit test of a rule.
type TestResult struct {
	Rule     string        `json:"rule"`
	Test     string        `json:"test"`
	Passed   bool          `json:"passed"`
	Problems []string      `json:"problems,omitempty"` // what was expected and is not so
	Took     time.Duration `json:"took"`
}

// RunTests runs the unit tests that rules carry, on the engine: the calls of a test take
// the place of the usage, everything else is the SQL of a pass. Nothing stays in the
// store.
func RunTests(ctx context.Context, conn Conn, pack rules.Pack) ([]TestResult, error) {
	d := tester(conn, pack)
	trials, err := d.trials(ctx, pack)
	if err != nil {
		return nil, err
	}
	for _, group := range together(trials) {
		if err := d.try(ctx, group, nil); err != nil {
			return nil, err
		}
	}
	var results []TestResult
	for _, t := range trials {
		problems := judge(t.test, t.found)
		results = append(results, TestResult{t.rule.ID, t.test.Name, len(problems) == 0, problems, t.took})
	}
	return results, nil
}

// tester is a detector that runs tests alone.
func tester(conn Conn, pack rules.Pack) *Detector {
	return &Detector{o: Options{
		Conn: conn, Pack: pack, AddonPlans: []string{testAddon}, Rates: DefaultRates(),
		Now: time.Now, NewID: uuid.New, Logger: slog.New(slog.DiscardHandler),
	}}
}

// testAddon is the service plan that is the add-on in tests.
const testAddon = "addon"

// testPlan is another one, which everybody has who is licensed in tests.
const testPlan = "licence"

// trial is one test of one rule. Its tenants are its own: their names begin with it.
type trial struct {
	rule     rules.Rule
	test     rules.Test
	views    []string
	calls    []rules.Call
	from, to time.Time
	step     time.Duration
	prefix   string
	found    []finding
	took     time.Duration
}

func (d *Detector) trials(ctx context.Context, pack rules.Pack) ([]*trial, error) {
	var out []*trial
	for _, r := range pack {
		names, err := inspect(ctx, d.o.Conn, r, d.parameters(Request{Step: time.Hour}))
		if err != nil {
			return nil, err
		}
		for _, t := range r.Tests {
			x := &trial{rule: r, test: t, views: names, calls: t.Calls(), prefix: fmt.Sprintf("test %d: ", len(out)+1)}
			x.from, x.to, x.step = t.Steps()
			for i := range x.calls {
				x.calls[i].Tenant = x.prefix + x.calls[i].Tenant
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// together groups tests that can share their feature views. Those of a single step can:
// each ends after the last of its calls, so that a step later than that sees the same.
func together(trials []*trial) [][]*trial {
	var shared []*trial
	var groups [][]*trial
	for _, t := range trials {
		if t.from.Equal(t.to) && t.test.To.IsZero() && t.test.Latency.Duration == 0 && len(t.test.Parameters) == 0 && !readsWhole(t.views) {
			shared = append(shared, t)
		} else {
			groups = append(groups, []*trial{t})
		}
	}
	slices.SortStableFunc(shared, func(a, b *trial) int { return a.to.Compare(b.to) })
	for len(shared) > 0 {
		n := 1
		for n < len(shared) && shared[n].to.Sub(shared[0].to) < history/4 {
			n++
		}
		groups, shared = append(groups, shared[:n]), shared[n:]
	}
	return groups
}

// try runs the tests of one group, each with its own rule. also, which may be nil, is called
// for each rule of the group, with its tests, while the views are there.
func (d *Detector) try(ctx context.Context, group []*trial, also func(context.Context, *workspace, rules.Rule, []*trial) error) (err error) {
	first, last := group[0], group[len(group)-1]
	var tenants, names, since []string
	var calls []rules.Call
	for _, t := range group {
		calls = append(calls, t.calls...)
		names = append(names, t.views...)
		for _, c := range t.calls {
			if !slices.Contains(tenants, c.Tenant) {
				tenants = append(tenants, c.Tenant)
				since = append(since, strconv.FormatInt(t.from.Add(-late).UnixMilli(), 10))
			}
		}
	}
	from := last.to
	if len(group) == 1 {
		from = first.from
	}
	p := d.parameters(Request{From: from, To: last.to, Step: first.step, Latency: first.test.Latency.Duration, Tenants: tenants})
	p["own_tenants"], p["own_since_ms"] = texts(tenants), "["+strings.Join(since, ",")+"]"
	w := d.workspace(p)
	defer func() { err = errors.Join(err, w.close(ctx)) }()
	if err := w.load(ctx, calls); err != nil {
		return err
	}
	if err := w.make(ctx, names); err != nil {
		return err
	}
	done := map[string]bool{}
	for _, t := range group {
		if done[t.rule.ID] {
			continue
		}
		done[t.rule.ID] = true
		var own []*trial
		for _, x := range group {
			if x.rule.ID == t.rule.ID {
				own = append(own, x)
			}
		}
		began := time.Now()
		found, err := d.results(ctx, w, t.rule, own)
		if err != nil {
			return mistake(ctx, t.rule, "sql", err)
		}
		for i, x := range own {
			x.found, x.took = found[i], time.Since(began)
		}
		if also != nil {
			if err := also(ctx, w, t.rule, own); err != nil {
				return err
			}
		}
	}
	return nil
}

// results is what a rule, or a changed form of it, finds in each of some tests of one group.
func (d *Detector) results(ctx context.Context, w *workspace, r rules.Rule, own []*trial) ([][]finding, error) {
	hits, cols, err := find(ctx, w, r, own[0].test.Parameters)
	if err != nil {
		return nil, err
	}
	out := make([][]finding, len(own))
	for i, x := range own {
		var his []hit
		for _, h := range hits {
			if strings.HasPrefix(h.tenantID, x.prefix) {
				his = append(his, h)
			}
		}
		if out[i], err = d.tell(r, cols, his, map[uuid.UUID]finding{}, nil, uuid.Nil, x.to); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// load makes the usage and the licences of a workspace from the calls of a test.
func (w *workspace) load(ctx context.Context, calls []rules.Call) error {
	for name, file := range map[string]string{"usage": "test_usage", "licences": "test_licences"} {
		table := w.prefix + name
		if err := w.conn.Exec(params{"table": table}.on(ctx, nil), sqlText(file)); err != nil {
			return fmt.Errorf("make the test's %s: %w", name, err)
		}
		w.made[name] = table
		w.params = w.params.and(name, table)
	}
	w.params = w.params.and("revisions", w.made["usage"])
	err := w.insert(ctx, "usage", func(b driver.Batch) error {
		for _, c := range calls {
			masked := strings.Contains(c.Number, "*")
			if err := b.Append(c.Tenant, c.Organizer, c.ID, c.Conference, c.Number, c.Country, c.Class, c.NPANXX, c.HighCost, masked, c.Start, c.End, uint32(c.Seconds), true, c.Region); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// An organizer holds the add-on from an hour before its first call that has it to the
	// first one after that has not.
	return w.insert(ctx, "licences", func(b driver.Batch) error {
		forever := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, l := range holdings(calls) {
			if l.until.IsZero() {
				l.until = forever
			}
			if err := b.Append(l.tenantID, l.organizerID, testAddon, l.from, l.until); err != nil {
				return err
			}
		}
		for _, c := range calls {
			if c.Licensed.IsZero() {
				continue
			}
			if err := b.Append(c.Tenant, c.Organizer, testPlan, c.Licensed, forever); err != nil {
				return err
			}
		}
		return nil
	})
}

// holding is a time in which an organizer of a test holds the add-on.
type holding struct {
	who
	from, until time.Time
}

// holdings derives from calls, in the order of their starts, when the add-on was held.
func holdings(calls []rules.Call) []holding {
	byWho := map[who][]rules.Call{}
	var order []who
	for _, c := range calls {
		o := who{c.Tenant, c.Organizer}
		if byWho[o] == nil {
			order = append(order, o)
		}
		byWho[o] = append(byWho[o], c)
	}
	var out []holding
	for _, o := range order {
		own := byWho[o]
		slices.SortStableFunc(own, func(a, b rules.Call) int { return a.Start.Compare(b.Start) })
		open := -1
		for _, c := range own {
			switch {
			case c.Addon && open < 0:
				out = append(out, holding{who: o, from: c.Start.Add(-time.Hour)})
				open = len(out) - 1
			case !c.Addon && open >= 0:
				out[open].until = c.Start
				open = -1
			}
		}
	}
	return out
}

func (w *workspace) insert(ctx context.Context, name string, fill func(driver.Batch) error) error {
	// The name is a constant prefix and hexadecimal digits; INSERT takes no parameter.
	batch, err := w.conn.PrepareBatch(ctx, "INSERT INTO "+w.table(name))
	if err == nil {
		err = fill(batch)
	}
	if err == nil {
		err = batch.Send()
	}
	if err != nil {
		return fmt.Errorf("write the test's %s: %w", name, err)
	}
	return nil
}

// judge compares what a test found with what it expects.
func judge(t rules.Test, found []finding) []string {
	first, newest := map[string]finding{}, map[string]finding{}
	var order []string
	for _, f := range found {
		if _, ok := newest[f.OrganizerID]; !ok {
			order = append(order, f.OrganizerID)
			first[f.OrganizerID] = f
		}
		newest[f.OrganizerID] = f
	}
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	expected := map[string]bool{}
	for _, e := range t.Expect {
		name := e.Organizer
		if name == "" {
			name = "someone"
		}
		expected[name] = true
		f, ok := newest[name]
		if !ok {
			add("nothing was found about %s", name)
			continue
		}
		if f.Severity != string(e.Severity) {
			add("%s: the severity is %s (value %.4g), not %s", name, f.Severity, f.Value, e.Severity)
		}
		if !e.First.IsZero() && !first[name].At.Equal(e.First.Time) {
			add("%s: first seen at %s, not %s", name, first[name].At.Format("2006-01-02 15:04"), e.First.Format("2006-01-02 15:04"))
		}
		if f.Value < e.AtLeast || e.AtMost > 0 && f.Value > e.AtMost {
			add("%s: the value is %.6g, not from %.6g to %.6g", name, f.Value, e.AtLeast, e.AtMost)
		}
		if e.Calls > 0 && f.Calls != e.Calls {
			add("%s: %d calls prove it, not %d", name, f.Calls, e.Calls)
		}
		if !strings.Contains(f.Sentence, e.Sentence) {
			add("%s: the sentence is %q", name, f.Sentence)
		}
		if f.Calls == 0 {
			add("%s: no call proves it", name)
		}
		if n := len(f.Sentence); n > rules.LongestSentence {
			add("%s: the sentence has %d letters, and may have %d", name, n, rules.LongestSentence)
		}
	}
	for _, name := range order {
		if f := newest[name]; !expected[name] {
			add("%s was found (%s, value %.4g): %s", name, f.Severity, f.Value, f.Sentence)
		}
	}
	return problems
}

// Failed is an error that says what failed; nil when nothing did.
func Failed(results []TestResult) error {
	var wrong []error
	for _, r := range results {
		if !r.Passed {
			wrong = append(wrong, fmt.Errorf("rule %s, test %q: %s", r.Rule, r.Test, strings.Join(r.Problems, "; ")))
		}
	}
	return errors.Join(wrong...)
}
