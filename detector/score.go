package detector

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"fairdial/cases"
)

// memory is how long a finding counts in the score after the step that last saw it grow:
// two weak signs months apart are no pattern.
const memory = 45 * 24 * time.Hour

// counts says whether a finding bears on the risk at a time: it is fresh, and people
// have not decided on it since.
func counts(f cases.Finding, at, closed time.Time) bool {
	return f.Outcome == outcomeHit && at.Sub(f.At) <= memory && f.WindowStart.Compare(closed) >= 0
}

// scorer says what findings amount to.
type scorer struct {
	open  int // the risk from which a case is opened
	means calibration
	terms cases.Terms
}

// score is the risk of findings, 0 to 100: of a hundred cases with findings that add up
// to as much, so many are abuse.
func (j scorer) score(findings []cases.Finding) int {
	return int(math.Round(100 * j.means.risk(addedUp(findings))))
}

// addedUp is one minus the chance that none of the families is right, each as sure as its
// surest finding. Rules of a family see the same thing and do not count twice; that families
// see the same thing too is left to the calibration.
func addedUp(findings []cases.Finding) float64 {
	sure := map[string]float64{}
	for _, f := range findings {
		sure[f.Family] = max(sure[f.Family], f.Weight)
	}
	honest := 1.0
	// In a fixed order: a product of floats depends on it.
	for _, family := range slices.Sorted(maps.Keys(sure)) {
		honest *= 1 - min(max(sure[family], 0), 1)
	}
	return 1 - honest
}

// gravest is the severity of a case, and the verdict of its surest family; fraud when
// two are equally sure.
func gravest(findings []cases.Finding) (cases.Severity, cases.Verdict) {
	severity, verdict, surest := cases.SeverityWarning, cases.VerdictFairUse, -1.0
	for _, f := range findings {
		if f.Severity == cases.SeverityCritical {
			severity = cases.SeverityCritical
		}
		if f.Weight > surest || f.Weight == surest && f.Verdict == cases.VerdictFraud {
			surest, verdict = f.Weight, f.Verdict
		}
	}
	return severity, verdict
}

func byRule(a, b cases.Finding) int {
	if a.RuleID != b.RuleID {
		return strings.Compare(a.RuleID, b.RuleID)
	}
	return a.WindowStart.Compare(b.WindowStart)
}
