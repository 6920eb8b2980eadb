package detector

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"fairdial/rules"
)

// Coverage says what the tests of rules do not test.
type Coverage struct {
	Rules []RuleCoverage `json:"rules"`
	// Unread are the columns of feature views that no rule with tests reads, by view.
	Unread map[string][]string `json:"unread_columns"`
}

// RuleCoverage is that of one rule.
type RuleCoverage struct {
	ID     string `json:"id"`
	Finds  int    `json:"finds"` // tests that expect a finding
	Quiet  int    `json:"quiet"` // tests that expect none
	Parts  int    `json:"parts"` // parameters, thresholds and conditions
	Tested int    `json:"tested"`
	// Untested are the parts that could be changed without any test failing: a parameter or a
	// threshold halved or doubled, a condition left out.
	Untested []string `json:"untested"`
}

// Enough says whether a rule has the tests that it must have: one that finds something and
// two that must not.
func (c RuleCoverage) Enough() bool { return c.Finds >= 1 && c.Quiet >= 2 }

// Cover runs the tests of rules, and each again with one part of its rule changed
// after the other: a part is tested when some test fails then. A change that the engine
// refuses is left out. progress, which may be nil, is told how many changed rules were
// run, and of how many.
func Cover(ctx context.Context, conn Conn, pack rules.Pack, progress func(done, total int)) (Coverage, error) {
	d := tester(conn, pack)
	trials, err := d.trials(ctx, pack)
	if err != nil {
		return Coverage{}, err
	}
	groups := together(trials)
	done, total := 0, 0
	for _, group := range groups {
		counted := map[string]bool{}
		for _, t := range group {
			if !counted[t.rule.ID] {
				counted[t.rule.ID] = true
				total += len(mutants(t.rule))
			}
		}
	}
	tested, possible := map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, r := range pack {
		tested[r.ID], possible[r.ID] = map[string]bool{}, map[string]bool{}
	}
	also := func(ctx context.Context, w *workspace, r rules.Rule, own []*trial) error {
		for _, m := range mutants(r) {
			if done++; progress != nil {
				progress(done, total)
			}
			if tested[r.ID][m.part] {
				continue
			}
			caught, ran, err := d.catches(ctx, w, m, own)
			if err != nil {
				return err
			}
			possible[r.ID][m.part] = possible[r.ID][m.part] || ran
			tested[r.ID][m.part] = caught
		}
		return nil
	}
	for _, group := range groups {
		if err := d.try(ctx, group, also); err != nil {
			return Coverage{}, err
		}
	}
	out := Coverage{Rules: []RuleCoverage{}}
	for _, r := range pack {
		c := RuleCoverage{ID: r.ID, Untested: []string{}}
		for _, t := range r.Tests {
			if len(t.Expect) > 0 {
				c.Finds++
			} else {
				c.Quiet++
			}
		}
		for _, part := range parts(r) {
			switch {
			case tested[r.ID][part]:
				c.Tested++
			case possible[r.ID][part] || len(r.Tests) == 0:
				c.Untested = append(c.Untested, part)
			}
		}
		c.Parts = c.Tested + len(c.Untested)
		out.Rules = append(out.Rules, c)
	}
	out.Unread, err = d.unread(ctx, pack)
	return out, err
}

// catches says whether some test fails with a changed rule; ran is false where the engine
// refuses it.
func (d *Detector) catches(ctx context.Context, w *workspace, m mutant, own []*trial) (caught, ran bool, err error) {
	for _, x := range own {
		if overridden(m.part, x.test) {
			return true, true, nil
		}
	}
	found, err := d.results(ctx, w, m.rule, own)
	if err != nil {
		return false, false, ctx.Err()
	}
	for i, x := range own {
		if len(judge(x.test, x.found)) == 0 && len(judge(x.test, found[i])) > 0 {
			return true, true, nil
		}
	}
	return false, true, nil
}

// unread is the columns of the views that no tested rule's SQL or evidence names.
func (d *Detector) unread(ctx context.Context, pack rules.Pack) (out map[string][]string, err error) {
	w := d.workspace(d.parameters(Request{Step: time.Hour}))
	if err := w.load(ctx, nil); err != nil {
		return nil, err
	}
	defer func() {
		if closing := w.close(ctx); err == nil {
			err = closing
		}
	}()
	if err := w.make(ctx, Views()); err != nil {
		return nil, err
	}
	named := map[string]map[string]bool{} // words by view
	for _, r := range pack {
		names, err := inspect(ctx, d.o.Conn, r, w.params)
		if err != nil || len(r.Tests) == 0 {
			continue
		}
		for _, view := range names {
			if named[view] == nil {
				named[view] = map[string]bool{}
			}
			for _, word := range plainWord.FindAllString(r.SQL+"\n"+r.Evidence, -1) {
				named[view][word] = true
			}
		}
	}
	out = map[string][]string{}
	for _, view := range Views() {
		var columns []struct {
			Name string `ch:"name"`
		}
		if err := d.o.Conn.Select(params{"table": w.made[view]}.on(ctx, nil), &columns, sqlText("columns")); err != nil {
			return nil, fmt.Errorf("read the columns of %s: %w", view, err)
		}
		for _, c := range columns {
			if !named[view][c.Name] && !slices.Contains([]string{"tenant_id", "organizer_id"}, c.Name) {
				out[view] = append(out[view], c.Name)
			}
		}
	}
	return out, nil
}

var plainWord = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
