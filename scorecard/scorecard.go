// Package scorecard measures detection against labels: how many of the cases are right, how
// many abusers have one, how soon, what a risk of ninety means. It scores what others
// found and decides nothing. README.md states each figure.
package scorecard

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"time"
)

// Organizer is one labelled organizer and what detection made of it.
type Organizer struct {
	TenantID    string `json:"tenant_id"`
	OrganizerID string `json:"organizer_id"`
	Abuse       bool   `json:"abuse"`
	Shape       string `json:"shape,omitempty"`     // of the abuse
	Archetype   string `json:"archetype,omitempty"` // of the organizer's honest use
	// TenureDays is from its first call in the store to the end of the usage; -1 without calls.
	TenureDays int `json:"tenure_days"`
	// Score is the highest risk (0 to 100) that its case ever had; 0 where none was opened.
	Score int `json:"score"`
	// Evidence is what its findings added up to at most, 0 to 1, whether or not a case was
	// opened. It ranks the organizers that have none.
	Evidence float64 `json:"evidence,omitempty"`
	// AlertedAt is when that risk first reached the threshold (UTC); zero where it never did.
	AlertedAt time.Time `json:"alerted_at,omitzero"`
	// Rules are those with a finding, whether or not a case was opened.
	Rules []string `json:"rules,omitempty"`
	// FirstAbuse is when the first abusive call began (UTC).
	FirstAbuse time.Time `json:"first_abuse,omitzero"`
	// AbusiveSeconds is what abusive calls add up to, SecondsToCome those of them that
	// began at AlertedAt or later.
	AbusiveSeconds int64 `json:"abusive_seconds,omitempty"`
	SecondsToCome  int64 `json:"seconds_to_come,omitempty"`
}

func (o Organizer) alerted() bool { return !o.AlertedAt.IsZero() }

// Share is a part of a whole.
type Share struct{ Part, Whole int64 }

// Of is the share as a number; false where there is no whole.
func (s Share) Of() (float64, bool) {
	if s.Whole == 0 {
		return 0, false
	}
	return float64(s.Part) / float64(s.Whole), true
}

// MarshalJSON writes part, whole, and the share, which is null where there is no whole.
func (s Share) MarshalJSON() ([]byte, error) {
	out := struct {
		Part  int64    `json:"part"`
		Whole int64    `json:"whole"`
		Share *float64 `json:"share"`
	}{Part: s.Part, Whole: s.Whole}
	if v, ok := s.Of(); ok {
		out.Share = &v
	}
	return json.Marshal(out)
}

func (s *Share) count(in bool) {
	s.Whole++
	if in {
		s.Part++
	}
}

// Card is the measure of detection over labelled organizers.
type Card struct {
	Threshold  int `json:"threshold"` // risk from which a case is an alert
	Organizers int `json:"organizers"`
	Abusers    int `json:"abusers"`
	Alerts     int `json:"alerts"`
	// Precision is the alerts that are abuse, Recall the abusers with an alert.
	Precision Share `json:"precision"`
	Recall    Share `json:"recall"`
	// PRAUC is the area under precision over recall, by the risk of cases and then by the
	// evidence against organizers without one; 0 without abusers.
	PRAUC float64 `json:"pr_auc"`
	// Brier is the mean squared error of the risk of cases as a probability.
	Brier       float64 `json:"brier"`
	Reliability []Band  `json:"reliability"`
	// Delay is hours from the first abusive call to the alert, of abusers with one.
	Delay Delay `json:"delay_hours"`
	// ToCome is the abusive seconds still to come at the alert, of all abusive seconds; those
	// without an alert have none to come.
	ToCome     Share   `json:"seconds_to_come"`
	Shapes     []Shape `json:"shapes"`
	Archetypes []Group `json:"false_positives_by_archetype"`
	Tenures    []Group `json:"false_positives_by_tenure"`
	Rules      []Rule  `json:"rules"`
}

// Shape is how one shape of abuse fares.
type Shape struct {
	Name   string `json:"name"`
	Recall Share  `json:"recall"`
	Delay  Delay  `json:"delay_hours"`
	ToCome Share  `json:"seconds_to_come"`
}

// Group is the honest organizers of one kind, and how many of them have an alert.
type Group struct {
	Name           string `json:"name"`
	FalsePositives Share  `json:"false_positives"`
}

// Rule is how often what a rule finds is abuse, by organizers.
type Rule struct {
	ID        string `json:"id"`
	Precision Share  `json:"precision"`
	// Alone is the same over organizers whom no other rule finds.
	Alone Share `json:"alone"`
}

// New measures organizers. threshold is the risk from which a case is an alert.
func New(organizers []Organizer, threshold int) Card {
	c := Card{Threshold: threshold, Organizers: len(organizers)}
	shapes, archetypes, tenures, rules := map[string]*shape{}, map[string]*Share{}, map[string]*Share{}, map[string]*Rule{}
	var delays []float64
	for _, o := range organizers {
		for _, id := range o.Rules {
			r := at(rules, id)
			r.Precision.count(o.Abuse)
			if len(o.Rules) == 1 {
				r.Alone.count(o.Abuse)
			}
		}
		if o.alerted() {
			c.Alerts++
			c.Precision.count(o.Abuse)
		}
		if !o.Abuse {
			at(archetypes, o.Archetype).count(o.alerted())
			at(tenures, tenure(o.TenureDays)).count(o.alerted())
			continue
		}
		c.Abusers++
		s := at(shapes, o.Shape)
		c.Recall.count(o.alerted())
		s.Recall.count(o.alerted())
		c.ToCome.add(o.SecondsToCome, o.AbusiveSeconds)
		s.ToCome.add(o.SecondsToCome, o.AbusiveSeconds)
		if o.alerted() && !o.FirstAbuse.IsZero() {
			hours := max(0, o.AlertedAt.Sub(o.FirstAbuse).Hours())
			delays, s.delays = append(delays, hours), append(s.delays, hours)
		}
	}
	c.PRAUC = averagePrecision(organizers)
	c.Reliability, c.Brier = reliability(organizers)
	c.Delay = delay(delays)
	c.Shapes = []Shape{}
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		s := shapes[name]
		s.Name, s.Delay = name, delay(s.delays)
		c.Shapes = append(c.Shapes, s.Shape)
	}
	c.Archetypes, c.Tenures = groups(archetypes), groups(tenures)
	c.Rules = []Rule{}
	for id, r := range rules {
		r.ID = id
		c.Rules = append(c.Rules, *r)
	}
	slices.SortFunc(c.Rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	return c
}

type shape struct {
	Shape
	delays []float64
}

func (s *Share) add(part, whole int64) {
	s.Part += part
	s.Whole += whole
}

func at[T any](m map[string]*T, key string) *T {
	if m[key] == nil {
		m[key] = new(T)
	}
	return m[key]
}

func groups(m map[string]*Share) []Group {
	out := []Group{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, Group{name, *m[name]})
	}
	return out
}

// tenure is the band of an organizer's history in days. A baseline needs two weeks and
// looks back six.
func tenure(days int) string {
	switch {
	case days < 0:
		return "no calls"
	case days < 14:
		return "under 14 days"
	case days < 42:
		return "14 to 41 days"
	}
	return "42 days and more"
}

// Delay is quantiles in hours.
type Delay struct {
	Count  int     `json:"count"`
	Median float64 `json:"median"`
	P90    float64 `json:"p90"`
}

func delay(hours []float64) Delay {
	slices.Sort(hours)
	return Delay{len(hours), quantile(hours, 0.5), quantile(hours, 0.9)}
}

// quantile is by linear interpolation between the two nearest of sorted values; 0 of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	x := q * float64(len(sorted)-1)
	i := int(math.Floor(x))
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (x-float64(i))*(sorted[i+1]-sorted[i])
}
