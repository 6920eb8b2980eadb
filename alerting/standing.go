package alerting

import (
	"fmt"
	"strings"
	"time"

	"fairdial/cases"
	"fairdial/enforcement"
)

func risk(e cases.Event, now time.Time) string {
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
	if !c.AppealedAt.IsZero() {
		text += ", appealed"
		if e.Kind == cases.KindAppealed {
			text += " by " + clean(e.Actor, maxName) + ": " + clean(e.Reason, maxReason)
		}
	}
	if c.Status != cases.StatusClosed && !c.SnoozedUntil.IsZero() {
		text += ", snoozed until " + moment(c.SnoozedUntil)
		if e.Kind == cases.KindSnoozed && e.Reason != "" {
			text += " by " + clean(e.Actor, maxName) + ": " + clean(e.Reason, maxReason)
		}
	}
	if c.Overdue(now) {
		text += ", nobody took it by " + moment(c.DueAt)
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
	switch {
	case about.stopped:
		text += ". The kill switch is on: calls go through"
	case s.DryRun || about.dryRun:
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

// next is what happens next, and when.
func next(s subject) string {
	c, p := s.event.State, s.state.Pending
	switch {
	case p != nil && s.now.Before(p.Until):
		return fmt.Sprintf("%s asked to %s: another person approves or rejects it, or it lapses at %s", by(p.Actor), p.What(), moment(p.Until))
	case c.Status == cases.StatusClosed:
		return "nothing more"
	case !c.AppealedAt.IsZero():
		return "a person answers the appeal; the policy does nothing on this case until then"
	case s.next != "" && s.stopped:
		return fmt.Sprintf("the policy would %s and does nothing: the kill switch is on; a person reviews it", s.next)
	case s.state.Held != nil && s.next != "":
		return fmt.Sprintf("the policy would %s and is held by its guard rail (%s); it looks again in %s, and a person can do it at once",
			s.state.Held.Action, clean(s.state.Held.Reason, maxReason), s.pass())
	case s.next != "" && s.dryRun:
		return fmt.Sprintf("the policy will %s in %s. Dry run: recorded only", s.next, s.pass())
	case s.next != "":
		return fmt.Sprintf("the policy will %s in %s", s.next, s.pass())
	case s.state.InForce(s.now) != enforcement.LevelObserve && !s.state.Until.IsZero():
		return "a person reviews it; what is in force ends by itself at " + moment(s.state.Until)
	default:
		return "a person reviews it; nothing is done by itself"
	}
}

// pass says when the policy comes to it. The time of the next pass itself would be news over
// and over.
func (s subject) pass() string {
	switch minutes := int(s.every.Round(time.Minute) / time.Minute); {
	case s.every <= 0:
		return "its next pass (fairdial enforce run)"
	case minutes == 1 || s.every < time.Minute:
		return "its next pass, within a minute"
	case minutes%60 != 0:
		return fmt.Sprintf("its next pass, within %d minutes", minutes)
	case minutes == 60:
		return "its next pass, within an hour"
	default:
		return fmt.Sprintf("its next pass, within %d hours", minutes/60)
	}
}
