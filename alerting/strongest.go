package alerting

import (
	"cmp"
	"slices"
	"time"

	"fairdial/cases"
)

// lately is how long a finding bears on the risk of a case.
const lately = 45 * 24 * time.Hour

// bearing are the findings that a case rests on now: recent ones, that people have not
// decided on by closing it. Of a closed case it is all.
func bearing(c cases.Case) []cases.Finding {
	var decided, newest time.Time
	for _, at := range c.Closings {
		if at.After(decided) {
			decided = at
		}
	}
	for _, f := range c.Findings {
		if f.At.After(newest) {
			newest = f.At
		}
	}
	found := slices.DeleteFunc(slices.Clone(c.Findings), func(f cases.Finding) bool {
		return f.WindowStart.Before(decided) || newest.Sub(f.At) > lately
	})
	if len(found) == 0 {
		return c.Findings
	}
	return found
}

// episode is the strongest finding of a rule, and how often the rule found something.
type episode struct {
	cases.Finding
	times int
}

// oneEach keeps the first finding of each rule.
func oneEach(findings []cases.Finding) (out []episode) {
	for _, f := range findings {
		i := slices.IndexFunc(out, func(e episode) bool { return e.RuleID == f.RuleID })
		if i < 0 {
			out = append(out, episode{f, 1})
		} else {
			out[i].times++
		}
	}
	return out
}

// strongest orders findings: graver first, then the rule that speaks more strongly for
// abuse, then the one that is further over its threshold.
func strongest(findings []cases.Finding) []cases.Finding {
	over := func(f cases.Finding) float64 {
		if f.Threshold <= 0 {
			return 0
		}
		return f.Value / f.Threshold
	}
	return slices.SortedStableFunc(slices.Values(findings), func(a, b cases.Finding) int {
		return cmp.Or(
			cmp.Compare(rank(b.Severity), rank(a.Severity)), cmp.Compare(b.Weight, a.Weight),
			cmp.Compare(over(b), over(a)), b.At.Compare(a.At), cmp.Compare(a.RuleID, b.RuleID), cmp.Compare(a.ID, b.ID),
		)
	})
}

func rank(s cases.Severity) int {
	switch s {
	case cases.SeverityWarning:
		return 1
	case cases.SeverityCritical:
		return 2
	default:
		return 0
	}
}
