package rating

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Part is what one component makes of a variance: the calls of a cause, or those that match.
type Part struct {
	Component string `json:"component"` // a cause, or match
	Likely    string `json:"likely"`    // in words
	Calls     uint64 `json:"calls"`
	Seconds   uint64 `json:"seconds"`
	// Variance is charged less rated, by currency; those are left out that it has nothing of.
	Variance map[string]decimal.Decimal `json:"variance"`
}

// most is the largest amount that a part moves, in whichever currency.
func (p Part) most() decimal.Decimal {
	most := decimal.Zero
	for _, v := range p.Variance {
		most = decimal.Max(most, v.Abs())
	}
	return most
}

// Parts are the components of a reconciliation, one of each: what they move adds up to its
// totals, and their calls are all calls. What moves most is first, what matches last.
func (rec Reconciliation) Parts() []Part {
	all := map[string]*Part{}
	for _, l := range rec.Lines {
		name := cmp.Or(l.Cause, StatusMatch)
		p := all[name]
		if p == nil {
			p = &Part{Component: name, Likely: causes[name], Variance: map[string]decimal.Decimal{}}
			if name == StatusMatch {
				p.Likely = "both sides have the same, but for what lies within the tolerance"
			}
			all[name] = p
		}
		p.Calls, p.Seconds = p.Calls+l.Calls, p.Seconds+l.Seconds
		l.sides(func(currency string, ratedUsage, ratedConnection, usage, connection decimal.Decimal) {
			p.Variance[currency] = p.Variance[currency].Add(usage).Add(connection).Sub(ratedUsage).Sub(ratedConnection)
		})
	}
	out := []Part{}
	for _, p := range all {
		out = append(out, *p)
	}
	last := func(p Part) int {
		if p.Component == StatusMatch {
			return 1
		}
		return 0
	}
	slices.SortFunc(out, func(a, b Part) int {
		return firstOf(last(a)-last(b), b.most().Cmp(a.most()), cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Component, b.Component))
	})
	return out
}
