package alerting

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// notice is what the digest says.
func (d Digest) notice(baseURL string) notice {
	headline, what := "Storm · %s new cases", "%s cases have opened since %s."
	if d.Worse > 0 {
		headline, what = "Storm · %s cases", "%s cases have opened or got worse since %s."
	}
	if d.Late > 0 {
		what = "%s cases have opened, got worse or were not taken in time since %s."
	}
	n := notice{
		caseID:   d.ID,
		headline: fmt.Sprintf(headline, number(float64(d.Cases))),
		sentence: fmt.Sprintf(what, number(float64(d.Cases)), moment(d.Began)) +
			" They are told here together; each is told by itself when it gets worse.",
		rows: []row{
			{"By severity", counts(d.Severity)},
			{"By tenant", counts(d.Tenants)},
			{"By rule", counts(d.Rules)},
			{"All of them", "fairdial cases list, or the console"},
		},
		digest: true,
	}
	if d.Late > 0 {
		n.rows = append(n.rows, row{"Overdue", number(float64(d.Late))})
	}
	if baseURL != "" {
		n.link = strings.TrimRight(baseURL, "/") + "/"
	}
	var names []string
	for _, g := range d.Gravest {
		names = append(names, fmt.Sprintf("%s (risk %d, %s)", g.Who, g.Score, caseID(g.CaseID)))
	}
	n.also = names
	return n
}

// counts names the largest and counts the rest.
func counts(by map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(by), func(x, y string) int { return cmp.Or(cmp.Compare(by[y], by[x]), cmp.Compare(x, y)) })
	var parts []string
	rest := 0
	for i, k := range keys {
		if i < digestCounts {
			parts = append(parts, k+" "+number(float64(by[k])))
		} else {
			rest += by[k]
		}
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("others %s", number(float64(rest))))
	}
	if len(parts) == 0 {
		return "–"
	}
	return strings.Join(parts, ", ")
}
