package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairdial/store/journal"
)

// Action is what a person does to a case.
type Action struct {
	Kind     string // acknowledged, assigned, snoozed, expected, confirmed, dismissed, noted, reopened, appealed, merged, left
	Actor    string
	Reason   string
	Until    time.Time // of a snooze, or of what is expected; for the latter 90 days by default
	Rules    []string  // that a snooze, or what is expected, is about; by default all that have findings in the case
	Assignee string
	Cases    []string // that are merged into it
	Cause    Cause    // of a dismissal; other by default
	// Version is that of the case as the person saw it; 0 means as it stands.
	Version int
	carried bool // comes from the ring's case
}

// ErrAction: the action cannot be done to the case as it stands.
var ErrAction = errors.New("that cannot be done to this case")

// Act appends an action. If the case has changed since the version that the actor saw,
// the error is a *journal.ConflictError that tells who changed it.
func (l *Log) Act(ctx context.Context, id string, a Action, at time.Time) (Case, error) {
	c, err := l.Get(ctx, id)
	if err != nil {
		return Case{}, err
	}
	switch {
	case a.LacksReason():
		return Case{}, fmt.Errorf("%s: %w: %s needs a reason", c.ID, ErrAction, a.Kind)
	case a.Kind == KindMerged:
		return l.merge(ctx, c, a, at)
	case a.Kind == KindLeft:
		return l.leave(ctx, c, a, at)
	}
	next, err := c.after(a, at)
	if err != nil {
		return Case{}, err
	}
	if a.Version == 0 || a.Version == c.Version { // otherwise somebody else was first
		if err := l.carry(ctx, c, a, at); err != nil {
			return Case{}, err
		}
	}
	return l.put(ctx, c, next, a, at)
}

// LacksReason says whether the action is one that a person must account for, and it does not.
func (a Action) LacksReason() bool {
	switch a.Kind {
	case KindExpected, KindConfirmed, KindDismissed, KindNoted, KindReopened, KindSnoozed, KindAppealed, KindMerged, KindLeft:
		return strings.TrimSpace(a.Reason) == ""
	default:
		return false
	}
}

// after is the case after an action.
func (c Case) after(a Action, at time.Time) (Case, error) {
	refuse := func(format string, args ...any) (Case, error) {
		return Case{}, fmt.Errorf("%s: %w: %s", c.ID, ErrAction, fmt.Sprintf(format, args...))
	}
	closed := c.Status == StatusClosed
	if closed && a.Kind != KindReopened && a.Kind != KindNoted && a.Kind != KindAppealed {
		return refuse("it is closed (%s); reopen it first", c.Outcome)
	}
	if a.Cause != "" && a.Kind != KindDismissed {
		return refuse("%s has no cause; a dismissal has", a.Kind)
	}
	if a.LacksReason() {
		return refuse("%s needs a reason", a.Kind)
	}
	if c.RingCase != "" && a.Kind != KindNoted && a.Kind != KindAppealed && !a.carried {
		return refuse("it is part of the ring's case %s; act there, or let it leave the ring", c.RingCase)
	}
	c.UpdatedAt = at.UTC()
	switch a.Kind {
	case KindMerged:
		if c.RingCase != "" {
			return refuse("it is part of the ring's case %s", c.RingCase)
		}
	case KindAcknowledged:
		c.Status = StatusAcknowledged
		if c.Assignee == "" { // who looks at it has taken it
			c.Assignee = journal.Name(a.Actor)
		}
		c = c.respond(at)
	case KindAssigned:
		if a.Assignee == "" {
			return refuse("nobody is named to assign it to")
		}
		c.Assignee = a.Assignee
	case KindSnoozed:
		if !a.Until.After(at) {
			return refuse("a snooze must end later than now")
		}
		c.SnoozedUntil = a.Until.UTC()
		c = c.snooze(a, at, a.Until)
	case KindExpected:
		until := a.Until
		if until.IsZero() {
			until = at.Add(expectedFor)
		}
		if !until.After(at) {
			return refuse("what is expected must be so for some time to come")
		}
		c = c.close(OutcomeExpected, at).snooze(a, at, until)
	case KindConfirmed:
		c = c.close(OutcomeConfirmed, at)
	case KindDismissed:
		if a.Cause == "" {
			a.Cause = CauseOther
		}
		if !slices.Contains(Causes(), a.Cause) {
			return refuse("%q is no cause of a false alarm, but one of %v", a.Cause, Causes())
		}
		c = c.close(OutcomeFalsePositive, at)
		c.Cause = a.Cause
	case KindReopened:
		if !closed {
			return refuse("it is not closed")
		}
		c.Status, c.Outcome, c.Cause = StatusOpen, "", ""
		c = c.Wait(at)
	case KindAppealed:
		c.Status, c.Outcome, c.Cause, c.AppealedAt = StatusOpen, "", "", at.UTC()
		c = c.Wait(at)
	case KindNoted:
	default:
		return refuse("there is no action %q", a.Kind)
	}
	return c, nil
}

// expectedFor is how long a use that was called expected stays so unless somebody says.
// It must end some time: roles change.
const expectedFor = 90 * 24 * time.Hour

func (c Case) close(outcome Outcome, at time.Time) Case {
	c.Status, c.Outcome, c.AppealedAt = StatusClosed, outcome, time.Time{}
	c.Closings = append(slices.Clone(c.Closings), at.UTC())
	return c.respond(at)
}

// snooze adds a snooze of each rule that the action is about.
func (c Case) snooze(a Action, at, until time.Time) Case {
	about := a.Rules
	if len(about) == 0 {
		for _, f := range c.Findings {
			if !slices.Contains(about, f.RuleID) {
				about = append(about, f.RuleID)
			}
		}
	}
	c.Snoozes = slices.DeleteFunc(slices.Clone(c.Snoozes), func(s Snooze) bool { return !s.Until.After(at) })
	for _, id := range about {
		c.Snoozes = append(c.Snoozes, Snooze{RuleID: id, From: at.UTC(), Until: until.UTC(), Actor: a.Actor, Reason: a.Reason})
	}
	return c
}
