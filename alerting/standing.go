package alerting

import (
	"fmt"
	"strings"

	"fairdial/cases"
	"fairdial/enforcement"
)

func risk(e cases.Event) string {
	c := e.State
	text := fmt.Sprintf("%d of 100", c.Score)
	switch c.Status {
	case cases.StatusAcknowledged:
		text += ", acknowledged"
		if e.Kind == cases.KindAcknowledged {
			text += " by " + clean(e.Actor, maxName)
		}
	case cases.StatusClosed:
		text += ", closed"
		if person(e.Actor) {
			text += " by " + clean(e.Actor, maxName)
		}
		if e.Reason != "" && person(e.Actor) {
			text += ": " + clean(e.Reason, maxReason)
		}
	}
	if c.Status != cases.StatusClosed && !c.SnoozedUntil.IsZero() {
		text += ", snoozed until " + moment(c.SnoozedUntil)
		if e.Kind == cases.KindSnoozed && e.Reason != "" {
			text += " by " + clean(e.Actor, maxName) + ": " + clean(e.Reason, maxReason)
		}
	}
	if c.Assignee != "" {
		text += ", with " + clean(c.Assignee, maxName)
	}
	return text
}

func person(actor string) bool { return actor != "" && !strings.HasPrefix(actor, "system:") }

func exposure(c cases.Case) string {
	text := minutes(c.ExposureSeconds)
	if c.Currency != "" {
		text += ", " + c.ExposureAmount.StringFixed(2) + " " + clean(c.Currency, 10)
	} else {
		text += ", amount unknown"
	}
	var largest cases.Finding
	for _, f := range bearing(c) {
		if f.ExposureSeconds > largest.ExposureSeconds {
			largest = f
		}
	}
	switch {
	case largest.Calls == 1:
		text += ", 1 call"
	case largest.Calls > 1:
		text += ", " + number(float64(largest.Calls)) + " calls"
	}
	return text
}

// buckets in the order of the waterfall, as people call them.
var buckets = []row{{"addon", "add-on"}, {"pool", "pool"}, {"credits", "Communications Credits"}, {"unfunded", "nobody (unfunded)"}}

func paidBy(seconds map[string]int64) string {
	var parts []string
	for _, b := range buckets {
		if s := seconds[b.label]; s > 0 {
			parts = append(parts, b.text+" "+minutes(s))
		}
	}
	if len(parts) == 0 {
		return "not rated yet"
	}
	return strings.Join(parts, ", ") + " in the months of the findings"
}

func inForce(about subject) string {
	s := about.state
	level := s.InForce(about.now)
	if level == enforcement.LevelObserve {
		return "nothing (observe)"
	}
	text := string(level)
	if s.Limits != nil && level == enforcement.LevelThrottle {
		text += fmt.Sprintf(" to %d minutes an hour and %d calls at the same time", s.Limits.MinutesPerHour, s.Limits.Legs)
	}
	if about.accused > 1 {
		text += fmt.Sprintf(" on %d of %d organizers,", about.under, about.accused)
	}
	text += " by " + by(s.Actor)
	if s.ApprovedBy != "" {
		text += ", approved by " + clean(s.ApprovedBy, maxName)
	}
	if !s.Until.IsZero() {
		text += ", until " + moment(s.Until)
	}
	if s.DryRun || about.dryRun {
		text += ". Dry run: recorded only, calls go through"
	}
	return text
}

func by(actor string) string {
	if actor == enforcement.Actor {
		return "the policy"
	}
	return clean(actor, maxName)
}

func next(s subject) string {
	c := s.event.State
	switch {
	case s.state.Pending != nil && s.now.Before(s.state.Pending.Until):
		return fmt.Sprintf("%s asked to %s: another person approves or rejects it", by(s.state.Pending.Actor), s.state.Pending.What())
	case c.Status == cases.StatusClosed:
		return "nothing more"
	case s.state.Held != nil && s.next != "":
		return fmt.Sprintf("the policy would %s and is held by its guard rail (%s); a person can do it",
			s.state.Held.Action, clean(s.state.Held.Reason, maxReason))
	case s.next != "" && s.dryRun:
		return fmt.Sprintf("the policy will %s in its next pass. Dry run: recorded only", s.next)
	case s.next != "":
		return fmt.Sprintf("the policy will %s in its next pass", s.next)
	case s.state.InForce(s.now) != enforcement.LevelObserve && !s.state.Until.IsZero():
		return "a person reviews it; what is in force ends by itself"
	default:
		return "a person reviews it; nothing is done by itself"
	}
}
