package detector

import (
	"slices"
	"strings"

	"fairdial/rules"
)

// mutant is a rule with one thing about it changed: some test of the rule should fail.
type mutant struct {
	part string // what was changed: "parameter share", "threshold warning", "condition x > 2"
	rule rules.Rule
}

// mutants are all that are tried: each parameter and threshold halved and doubled (other
// parameters emptied or turned round), and each condition left out.
func mutants(r rules.Rule) []mutant {
	var out []mutant
	add := func(part string, change func(*rules.Rule)) {
		m := r
		m.Parameters = slices.Clone(r.Parameters)
		change(&m)
		out = append(out, mutant{part, m})
	}
	for _, f := range []float64{0.5, 2} {
		add("threshold warning", func(m *rules.Rule) { m.Thresholds.Warning *= f })
		add("threshold critical", func(m *rules.Rule) { m.Thresholds.Critical *= f })
	}
	for i, p := range r.Parameters {
		for _, v := range others(p.Default) {
			add("parameter "+p.Name, func(m *rules.Rule) { m.Parameters[i].Default = v })
		}
	}
	if r.When != "" {
		add("when "+strings.Join(strings.Fields(r.When), " "), func(m *rules.Rule) { m.When = "true" })
	}
	for _, c := range conditions(r.SQL) {
		add("condition "+c.shown(r.SQL), func(m *rules.Rule) { m.SQL = c.without(r.SQL) })
	}
	return out
}

// others are values that a parameter might have instead.
func others(v any) []any {
	switch x := v.(type) {
	case int:
		return slices.DeleteFunc([]any{x / 2, x*2 + max(0, 1-x)}, func(o any) bool { return o == v })
	case float64:
		if x == 0 {
			return []any{1.0}
		}
		return []any{x / 2, x * 2}
	case bool:
		return []any{!x}
	case string:
		return []any{x + "-"}
	case []any:
		if len(x) == 0 {
			return nil
		}
		return []any{[]any{}}
	}
	return nil
}

// parts are what can be tested about a rule, in the order of the file.
func parts(r rules.Rule) []string {
	var out []string
	for _, m := range mutants(r) {
		if !slices.Contains(out, m.part) {
			out = append(out, m.part)
		}
	}
	return out
}

// overridden says whether a test sets a parameter itself: it is about it, whatever the
// default is.
func overridden(part string, t rules.Test) bool {
	name, ok := strings.CutPrefix(part, "parameter ")
	_, set := t.Parameters[name]
	return ok && set
}
