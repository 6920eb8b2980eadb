package cases

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Action is what a person does to a case.
type Action struct {
	Kind     string // acknowledged, assigned, snoozed, expected, confirmed, dismissed, noted, reopened
	Actor    string
	Reason   string
	Until    time.Time // of a snooze
	Assignee string
	// Version is that of the case as the person saw it; 0 means as it stands.
	Version int
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
	base := c.Version
	if a.Version != 0 {
		base = a.Version
	}
	next, err := c.after(a, at)
	if err != nil {
		return Case{}, err
	}
	event, err := encode(Event{CaseID: id, Version: base + 1, Kind: a.Kind, Actor: a.Actor, Reason: a.Reason, At: at, State: next})
	if err != nil {
		return Case{}, err
	}
	if err := l.journal.Append(ctx, event); err != nil {
		return Case{}, err
	}
	next.Version = base + 1
	return next, nil
}

// after is the case after an action.
func (c Case) after(a Action, at time.Time) (Case, error) {
	refuse := func(format string, args ...any) (Case, error) {
		return Case{}, fmt.Errorf("%s: %w: %s", c.ID, ErrAction, fmt.Sprintf(format, args...))
	}
	closed := c.Status == StatusClosed
	if closed && a.Kind != KindReopened && a.Kind != KindNoted {
		return refuse("it is closed (%s); reopen it first", c.Outcome)
	}
	needsReason := a.Kind == KindExpected || a.Kind == KindConfirmed || a.Kind == KindDismissed || a.Kind == KindNoted || a.Kind == KindReopened || a.Kind == KindSnoozed
	if needsReason && strings.TrimSpace(a.Reason) == "" {
		return refuse("%s needs a reason", a.Kind)
	}
	c.UpdatedAt = at.UTC()
	switch a.Kind {
	case KindAcknowledged:
		c.Status = StatusAcknowledged
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
	case KindExpected:
		c.Status, c.Outcome = StatusClosed, OutcomeExpected
	case KindConfirmed:
		c.Status, c.Outcome = StatusClosed, OutcomeConfirmed
	case KindDismissed:
		c.Status, c.Outcome = StatusClosed, OutcomeFalsePositive
	case KindReopened:
		if !closed {
			return refuse("it is not closed")
		}
		c.Status, c.Outcome = StatusOpen, ""
	case KindNoted:
	default:
		return refuse("there is no action %q", a.Kind)
	}
	return c, nil
}
