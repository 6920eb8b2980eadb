package detector

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"fairdial/cases"
	"fairdial/rules"
)

// Backtest says what rules would have found, against what people decided.
type Backtest struct {
	From        time.Time `json:"from"` // UTC
	To          time.Time `json:"to"`   // UTC
	StepSeconds float64   `json:"step_seconds"`
	StepReason  string    `json:"step_reason,omitempty"` // why the steps are coarser than an hour
	Steps       int64     `json:"steps"`
	Tenants     int       `json:"tenants"`
	Calls       int64     `json:"calls"` // about how many were looked at
	TookSeconds float64   `json:"took_seconds"`
	// Rules is one entry a version of a rule.
	Rules []RuleTrial `json:"rules"`
	Live  Side        `json:"live"`
	// Candidate and Difference are there when candidates were given.
	Candidate  *Side       `json:"candidate,omitempty"`
	Difference *Difference `json:"difference,omitempty"`
}

// Reviewed counts organizers, or cases, by what people decided on their cases.
type Reviewed struct {
	Confirmed int `json:"confirmed"`
	Dismissed int `json:"dismissed"` // false positives, and what was expected
	Undecided int `json:"undecided"` // there is a case, and no decision
	NoCase    int `json:"no_case"`   // there is no case at all
	// Precision is the confirmed part of what was decided; nil where nothing was.
	Precision *float64 `json:"precision"`
}

func (r *Reviewed) add(outcome cases.Outcome, there bool) {
	switch {
	case outcome == cases.OutcomeConfirmed:
		r.Confirmed++
	case outcome != "":
		r.Dismissed++
	case there:
		r.Undecided++
	default:
		r.NoCase++
	}
	if n := r.Confirmed + r.Dismissed; n > 0 {
		p := float64(r.Confirmed) / float64(n)
		r.Precision = &p
	}
}

// RuleTrial says what one version of a rule would have found.
type RuleTrial struct {
	ID          string   `json:"id"`
	Version     int      `json:"version"`
	Status      string   `json:"status"`
	On          string   `json:"on"` // live, candidate, both
	Hits        int      `json:"hits"`
	Findings    int      `json:"findings"` // a rule, an organizer and a month each
	Critical    int      `json:"critical"` // of them
	Organizers  int      `json:"organizers"`
	Cases       int      `json:"cases"` // that it is part of; of the candidate side where it is on both
	Reviewed    Reviewed `json:"reviewed"`
	TookSeconds float64  `json:"took_seconds"`
}

// Side is one set of rules in a backtest: those in force, or those with the candidates.
type Side struct {
	Findings int            `json:"findings"` // that count, newest rows
	Events   map[string]int `json:"events"`   // of cases, by kind
	Reviewed Reviewed       `json:"reviewed"` // the would-be cases
	// Missed are confirmed cases with a finding in the time that would not be there;
	// Avoided are dismissed ones.
	Missed  int           `json:"missed"`
	Avoided int           `json:"avoided"`
	Cases   []WouldBeCase `json:"cases"` // the highest risk first
	// Log is the events that would have been written, in the order of their times.
	Log []cases.Event `json:"-"`
}

// WouldBeCase is a case that a side would have opened.
type WouldBeCase struct {
	TenantID      string         `json:"tenant_id"`
	OrganizerID   string         `json:"organizer_id"`
	OrganizerName string         `json:"organizer_name"`
	Score         int            `json:"score"`
	Severity      cases.Severity `json:"severity"`
	Verdict       cases.Verdict  `json:"verdict"`
	OpenedAt      time.Time      `json:"opened_at"`         // UTC
	Rules         []string       `json:"rules"`             // id@version
	Decided       cases.Outcome  `json:"decided,omitempty"` // by people, on the case that there is
}

// Difference sets the candidates against what is in force.
type Difference struct {
	Findings Split `json:"findings"`
	Cases    Split `json:"cases"`
	// Changed are the findings that only one side has, those of rules whose versions differ;
	// Both is not listed.
	Changed []ChangedFinding `json:"changed"`
}

// Split counts what only one side has, and what both have.
type Split struct {
	OnlyLive      int `json:"only_live"`
	OnlyCandidate int `json:"only_candidate"`
	Both          int `json:"both"`
}

// ChangedFinding is a finding that only one side has.
type ChangedFinding struct {
	On          string         `json:"on"` // live or candidate
	RuleID      string         `json:"rule_id"`
	RuleVersion int            `json:"rule_version"`
	TenantID    string         `json:"tenant_id"`
	OrganizerID string         `json:"organizer_id"`
	Month       string         `json:"month"` // UTC, of the window's end
	Severity    cases.Severity `json:"severity"`
	Value       float64        `json:"value"`
	Sentence    string         `json:"sentence"`
	Decided     cases.Outcome  `json:"decided,omitempty"`
}

func (b *backtest) summarize(out *Backtest) {
	out.Live = b.side(sideLive)
	if b.compares {
		side := b.side(sideCandidate)
		out.Candidate, out.Difference = &side, b.difference()
	}
	out.Rules = []RuleTrial{}
	for _, v := range b.variants {
		out.Rules = append(out.Rules, b.trial(v))
	}
}

func (b *backtest) trial(v *variant) RuleTrial {
	t := RuleTrial{
		ID: v.rule.ID, Version: v.rule.Version, Status: string(v.rule.Status), On: "live", Hits: v.hits, TookSeconds: v.took.Seconds(),
	}
	side := sideLive
	switch {
	case v.live && v.candidate:
		t.On = "both"
		side = sideCandidate
	case v.candidate:
		t.On = "candidate"
		side = sideCandidate
	}
	organizers := map[who]bool{}
	for _, f := range v.newest() {
		t.Findings++
		if f.Severity == string(cases.SeverityCritical) {
			t.Critical++
		}
		organizers[f.who()] = true
	}
	t.Organizers = len(organizers)
	for o := range organizers {
		_, there := b.actual[o]
		t.Reviewed.add(b.decided[o], there)
		if events := b.sides[side][o]; len(events) > 0 &&
			slices.ContainsFunc(events[len(events)-1].State.Findings, func(f cases.Finding) bool {
				return f.RuleID == v.rule.ID && f.RuleVersion == v.rule.Version
			}) {
			t.Cases++
		}
	}
	return t
}

func (b *backtest) side(n int) Side {
	s := Side{Events: map[string]int{}, Cases: []WouldBeCase{}, Log: []cases.Event{}}
	for _, v := range b.variants {
		if on := [2]bool{v.live, v.candidate}; on[n] && v.counted(n, b.named) {
			s.Findings += len(v.newest())
		}
	}
	for _, o := range slices.SortedFunc(maps.Keys(b.sides[n]), byName) {
		events := b.sides[n][o]
		for _, e := range events {
			s.Events[e.Kind]++
		}
		s.Log = append(s.Log, events...)
		c := events[len(events)-1].State
		_, there := b.actual[o]
		s.Reviewed.add(b.decided[o], there)
		w := WouldBeCase{
			TenantID: c.TenantID, OrganizerID: c.OrganizerID, OrganizerName: c.OrganizerName, Score: c.Score, Severity: c.Severity,
			Verdict: c.Verdict, OpenedAt: c.OpenedAt, Decided: b.decided[o],
		}
		for _, f := range c.Findings {
			key := rules.Rule{ID: f.RuleID, Version: f.RuleVersion}.Key()
			if !slices.Contains(w.Rules, key) {
				w.Rules = append(w.Rules, key)
			}
		}
		s.Cases = append(s.Cases, w)
	}
	for o, outcome := range b.decided {
		if len(b.sides[n][o]) > 0 || !b.inTime(b.actual[o]) {
			continue
		}
		if outcome == cases.OutcomeConfirmed {
			s.Missed++
		} else {
			s.Avoided++
		}
	}
	slices.SortStableFunc(s.Cases, func(x, y WouldBeCase) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), x.OpenedAt.Compare(y.OpenedAt))
	})
	slices.SortStableFunc(s.Log, func(x, y cases.Event) int { return cmp.Or(x.At.Compare(y.At), strings.Compare(x.CaseID, y.CaseID)) })
	return s
}

// inTime says whether a case has a finding that was seen in the time of the backtest.
func (b *backtest) inTime(c cases.Case) bool {
	return slices.ContainsFunc(c.Findings, func(f cases.Finding) bool {
		return !f.At.Before(b.req.From) && !f.At.After(b.req.To)
	})
}

// difference compares findings by rule, organizer and month, whatever the version.
func (b *backtest) difference() *Difference {
	d := &Difference{Changed: []ChangedFinding{}}
	var all [2]map[uuid.UUID]finding
	for n := range all {
		all[n] = map[uuid.UUID]finding{}
		for _, v := range b.variants {
			if on := [2]bool{v.live, v.candidate}; on[n] && v.counted(n, b.named) {
				maps.Copy(all[n], v.newest())
			}
		}
	}
	only := func(n int, name string) (count int) {
		for id, f := range all[n] {
			if _, both := all[1-n][id]; both {
				continue
			}
			count++
			d.Changed = append(d.Changed, ChangedFinding{
				On: name, RuleID: f.RuleID, RuleVersion: int(f.RuleVersion), TenantID: f.TenantID, OrganizerID: f.OrganizerID,
				Month: f.WindowEnd.Add(-time.Millisecond).UTC().Format("2006-01"), Severity: cases.Severity(f.Severity),
				Value: f.Value, Sentence: f.Sentence, Decided: b.decided[f.who()],
			})
		}
		return count
	}
	d.Findings.OnlyLive, d.Findings.OnlyCandidate = only(sideLive, "live"), only(sideCandidate, "candidate")
	d.Findings.Both = len(all[sideLive]) - d.Findings.OnlyLive
	for o := range b.sides[sideLive] {
		if _, both := b.sides[sideCandidate][o]; both {
			d.Cases.Both++
		}
	}
	d.Cases.OnlyLive = len(b.sides[sideLive]) - d.Cases.Both
	d.Cases.OnlyCandidate = len(b.sides[sideCandidate]) - d.Cases.Both
	slices.SortFunc(d.Changed, func(x, y ChangedFinding) int {
		return cmp.Or(strings.Compare(x.On, y.On), strings.Compare(x.RuleID, y.RuleID), strings.Compare(string(x.Severity), string(y.Severity)),
			cmp.Compare(y.Value, x.Value), strings.Compare(x.TenantID, y.TenantID), strings.Compare(x.OrganizerID, y.OrganizerID), strings.Compare(x.Month, y.Month))
	})
	return d
}
