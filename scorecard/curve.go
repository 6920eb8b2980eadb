package scorecard

import (
	"cmp"
	"math"
	"slices"
)

// averagePrecision is the area under the curve of precision over recall, with a step at
// each rank that occurs: the sum of precision times what recall gains. Organizers of one
// rank come in together, so that their order cannot flatter.
func averagePrecision(organizers []Organizer) float64 {
	byScore := slices.Clone(organizers)
	slices.SortFunc(byScore, func(a, b Organizer) int { return b.rank(a) })
	abusers := 0
	for _, o := range byScore {
		if o.Abuse {
			abusers++
		}
	}
	if abusers == 0 {
		return 0
	}
	area, hits, before := 0.0, 0, 0
	for i, o := range byScore {
		if o.Abuse {
			hits++
		}
		if i+1 < len(byScore) && byScore[i+1].rank(o) == 0 {
			continue
		}
		area += float64(hits-before) / float64(abusers) * float64(hits) / float64(i+1)
		before = hits
	}
	return area
}

// rank compares organizers: by the risk of their cases, and those without one by what is
// against them.
func (o Organizer) rank(other Organizer) int {
	if o.Score > 0 || other.Score > 0 {
		return cmp.Compare(o.Score, other.Score)
	}
	return cmp.Compare(o.Evidence, other.Evidence)
}

// Band is the cases whose risk lies in a range.
type Band struct {
	From  int   `json:"from"`
	To    int   `json:"to"` // included
	Abuse Share `json:"abuse"`
	// Mean is the mean risk as a probability: what the share of abuse should be.
	Mean float64 `json:"mean_risk"`
	// Low and High bound the share of abuse with 95 % confidence (Wilson's interval).
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// bands are the ranges of risk in a reliability table.
func bands() []Band {
	return []Band{{From: 1, To: 49}, {From: 50, To: 59}, {From: 60, To: 69}, {From: 70, To: 79}, {From: 80, To: 89}, {From: 90, To: 94}, {From: 95, To: 100}}
}

// reliability sets the risk of cases against how many are abuse, by bands of risk, and
// gives the Brier score. Organizers without a case have no risk to be held to.
func reliability(organizers []Organizer) (out []Band, brier float64) {
	out = []Band{}
	n, squares := 0, 0.0
	for _, b := range bands() {
		sum := 0.0
		for _, o := range organizers {
			if o.Score < b.From || o.Score > b.To {
				continue
			}
			p, truth := float64(o.Score)/100, 0.0
			if o.Abuse {
				truth = 1
			}
			b.Abuse.count(o.Abuse)
			sum += p
			squares += (p - truth) * (p - truth)
			n++
		}
		if b.Abuse.Whole == 0 {
			continue
		}
		b.Mean = sum / float64(b.Abuse.Whole)
		b.Low, b.High = wilson(b.Abuse)
		out = append(out, b)
	}
	if n > 0 {
		brier = squares / float64(n)
	}
	return out, brier
}

// wilson is the interval that holds a share's true value in 95 of 100 cases (E. B.
// Wilson, 1927); unlike the usual one it is sound for few cases and for shares near one.
func wilson(s Share) (low, high float64) {
	const z = 1.959964
	n := float64(s.Whole)
	p := float64(s.Part) / n
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}
