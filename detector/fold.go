package detector

import (
	"slices"
	"strings"
	"time"

	"fairdial/cases"
)

// fold makes the events that findings add to an organizer's case. Findings come in any
// order and may hold ones that the case has seen already: a row that the case knows at
// its step or a later one adds nothing, so that folding all rows again, or in parts,
// gives the same events. before is the zero Case where there is none.
//
// All rows of one step make one event. Below the score from which a case is opened
// nothing is written; the findings are kept and count when more comes.
func (j scorer) fold(before cases.Case, rows []finding) []cases.Event {
	rows = slices.DeleteFunc(slices.Clone(rows), func(f finding) bool { return f.Outcome != outcomeHit || f.RuleStatus != "live" })
	slices.SortFunc(rows, func(a, b finding) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.ID.String(), b.ID.String())
	})
	var events []cases.Event
	state := before
	state.Findings = slices.Clone(before.Findings)
	for len(rows) > 0 {
		at := rows[0].At
		n := 1
		for n < len(rows) && rows[n].At.Equal(at) {
			n++
		}
		if e, ok := j.step(&state, rows[:n]); ok {
			events = append(events, e)
		}
		rows = rows[n:]
	}
	return events
}

// step takes the findings of one step into a case and says what event that is, if any.
func (j scorer) step(c *cases.Case, rows []finding) (cases.Event, bool) {
	// While it is closed, every closing counts, whenever it was; otherwise those by now.
	isClosed := c.Version > 0 && c.Status == cases.StatusClosed
	by := rows[0].At
	if isClosed && len(c.Closings) > 0 {
		by = slices.MaxFunc(c.Closings, time.Time.Compare)
	}
	_, closed := c.Closing(by)
	fresh, changed := false, false
	findings := slices.Clone(c.Findings)
	for _, r := range rows {
		if isClosed && r.WindowStart.Before(closed) {
			continue // decided with the case
		}
		f := r.told()
		i := slices.IndexFunc(findings, func(x cases.Finding) bool { return x.ID == f.ID })
		switch {
		case i < 0:
			findings, fresh, changed = append(findings, f), true, true
		case findings[i].At.Before(f.At):
			findings[i], changed = f, true
		}
	}
	if !changed {
		return cases.Event{}, false
	}
	at := rows[0].At.UTC()
	slices.SortFunc(findings, byRule)
	c.Findings = findings
	counted := slices.DeleteFunc(slices.Clone(findings), func(f cases.Finding) bool { return !counts(f, at, closed) })
	risk := j.score(counted)
	worse := fresh || risk > c.Score
	kind := cases.KindUpdated
	switch {
	case c.Version == 0 || isClosed:
		if risk < j.open {
			return cases.Event{}, false
		}
		kind = cases.KindOpened
		if isClosed {
			kind = cases.KindReopened
		}
	case worse:
		kind = cases.KindWorsened
	}
	severity, verdict := gravest(counted)
	if kind == cases.KindUpdated && severity == cases.SeverityCritical && c.Severity != severity {
		kind = cases.KindWorsened
	}
	if c.Version == 0 {
		c.TenantID, c.OrganizerID = rows[0].TenantID, rows[0].OrganizerID
		c.ID = cases.ID(c.TenantID, c.OrganizerID)
		c.OpenedAt = at
	}
	if kind == cases.KindOpened || kind == cases.KindReopened {
		c.Status, c.Outcome, c.Cause = cases.StatusOpen, "", ""
		c.RingCase = "" // what is new about one of a ring is looked at by itself
	}
	if worse {
		// What somebody snoozed was not this.
		c.SnoozedUntil = time.Time{}
	}
	c.Score, c.Severity, c.Verdict = risk, severity, verdict
	c.Terms = j.terms
	if kind == cases.KindOpened || kind == cases.KindReopened {
		*c = c.Wait(at)
	} else {
		*c = c.Hurry(at)
	}
	name(c, counted)
	if at.After(c.UpdatedAt) {
		c.UpdatedAt = at
	}
	expose(c, counted)
	c.Version++
	state := *c
	return cases.Event{CaseID: c.ID, Version: c.Version, Kind: kind, Actor: Actor, Reason: why(rows), At: at, State: state}, true
}

// name lists the organizers of a ring that a finding names, in a column members of its rule: those
// of the same tenant.
func name(c *cases.Case, findings []cases.Finding) {
	for _, f := range findings {
		named, _ := f.Facts["members"].([]any)
		for _, m := range named {
			if id, ok := m.(string); ok && id != "" && !slices.Contains(c.Members, id) {
				c.Members = slices.Sorted(slices.Values(append(slices.Clone(c.Members), id)))
			}
		}
		if len(named) > 0 && !slices.Contains(c.Members, c.OrganizerID) {
			c.Members = slices.Sorted(slices.Values(append(slices.Clone(c.Members), c.OrganizerID)))
		}
	}
}

// expose takes over the largest exposure of the findings: their calls overlap, so that
// they cannot be added up.
func expose(c *cases.Case, findings []cases.Finding) {
	for i, f := range findings {
		if i == 0 || f.ExposureAmount.GreaterThan(c.ExposureAmount) {
			c.ExposureAmount, c.Currency = f.ExposureAmount, f.Currency
		}
		if i == 0 || f.ExposureSeconds > c.ExposureSeconds {
			c.ExposureSeconds = f.ExposureSeconds
		}
	}
}

// why is the reason of an event: the gravest of the new rows, as a sentence.
func why(rows []finding) string {
	best := rows[0]
	for _, r := range rows[1:] {
		if r.Weight > best.Weight {
			best = r
		}
	}
	return best.Sentence
}
