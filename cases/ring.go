package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fairdial/store/journal"
)

// carried are the actions on a ring's case that are done to the case of each member too: what is
// decided about one is decided about all.
var carried = []string{KindAcknowledged, KindAssigned, KindSnoozed, KindExpected, KindConfirmed, KindDismissed, KindReopened}

// merge makes a case that of a ring: it lists each organizer of the ring, and theirs point to it.
// The cases are of one tenant: who sees one of them may see all. Members that are there already
// stay, so that a merge that was cut short is done again.
func (l *Log) merge(ctx context.Context, c Case, a Action, at time.Time) (Case, error) {
	if len(a.Cases) == 0 {
		return Case{}, fmt.Errorf("%s: %w: no case is named to merge into it", c.ID, ErrAction)
	}
	next, err := c.after(a, at)
	if err != nil {
		return Case{}, err
	}
	next.Members = union(c.Members, c.OrganizerID)
	var joining []Case
	for _, id := range a.Cases {
		other, err := l.Get(ctx, id)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && other.TenantID != c.TenantID:
			return Case{}, fmt.Errorf("%s: %w: its tenant has no case %s; a ring's case is of one tenant", c.ID, ErrAction, id)
		case err != nil:
			return Case{}, err
		case other.ID == c.ID:
			return Case{}, fmt.Errorf("%s: %w: it cannot be merged into itself", c.ID, ErrAction)
		case other.RingCase != "" && other.RingCase != c.ID:
			return Case{}, fmt.Errorf("%s: %w: %s is part of the ring's case %s", c.ID, ErrAction, id, other.RingCase)
		case other.RingCase == "" && len(other.Members) > 1:
			return Case{}, fmt.Errorf("%s: %w: %s is a ring's case itself; merge this one into it", c.ID, ErrAction, id)
		}
		next.Members = union(next.Members, other.OrganizerID)
		if other.RingCase == "" {
			joining = append(joining, other)
		}
	}
	if next, err = l.put(ctx, c, next, a, at); err != nil {
		return Case{}, err
	}
	for _, other := range joining {
		joined := other
		joined.RingCase, joined.UpdatedAt = c.ID, at.UTC()
		if _, err := l.put(ctx, other, joined, Action{Kind: KindJoined, Actor: a.Actor, Reason: a.Reason}, at); err != nil {
			return Case{}, fmt.Errorf("merge %s into %s, which has not been done: %w; merge again", other.ID, c.ID, err)
		}
	}
	return next, nil
}

// leave takes a case out of its ring.
func (l *Log) leave(ctx context.Context, c Case, a Action, at time.Time) (Case, error) {
	if c.RingCase == "" {
		return Case{}, fmt.Errorf("%s: %w: it is part of no ring's case", c.ID, ErrAction)
	}
	ring, err := l.Get(ctx, c.RingCase)
	if err != nil {
		return Case{}, err
	}
	less := ring
	less.Members = slices.DeleteFunc(slices.Clone(ring.Members), func(id string) bool { return id == c.OrganizerID })
	if len(less.Members) == 1 {
		less.Members = nil
	}
	less.UpdatedAt = at.UTC()
	if slices.Contains(ring.Members, c.OrganizerID) {
		if _, err := l.put(ctx, ring, less, Action{Kind: KindLeft, Actor: a.Actor, Reason: c.ID + ": " + a.Reason}, at); err != nil {
			return Case{}, err
		}
	}
	alone := c
	alone.RingCase, alone.UpdatedAt = "", at.UTC()
	return l.put(ctx, c, alone, a, at)
}

// carry does an action to the cases of a ring's members, before it is done to the ring's own:
// cut short, it is done again.
func (l *Log) carry(ctx context.Context, c Case, a Action, at time.Time) error {
	if !slices.Contains(carried, a.Kind) {
		return nil
	}
	reason := fmt.Sprintf("with the ring's case %s: %s", c.ID, a.Reason)
	for _, organizer := range c.Members {
		id := ID(c.TenantID, organizer)
		if id == c.ID {
			continue
		}
		const tries = 5 // the detector may add to it meanwhile
		for try := 1; ; try++ {
			other, err := l.Get(ctx, id)
			if errors.Is(err, ErrNotFound) || err == nil && other.RingCase != c.ID {
				break // named by a rule alone, or on its own again
			}
			if err != nil {
				return err
			}
			own := Action{Kind: a.Kind, Actor: a.Actor, Reason: reason, Until: a.Until, Rules: a.Rules, Assignee: a.Assignee, Cause: a.Cause, carried: true}
			next, err := other.after(own, at)
			if errors.Is(err, ErrAction) {
				break // it is so already
			}
			if err != nil {
				return err
			}
			_, err = l.put(ctx, other, next, own, at)
			if err == nil {
				break
			}
			if _, lost := errors.AsType[*journal.ConflictError](err); !lost || try == tries {
				return fmt.Errorf("the same to %s, of the ring: %w", id, err)
			}
		}
	}
	return nil
}

// put appends what an action made of a case.
func (l *Log) put(ctx context.Context, before, next Case, a Action, at time.Time) (Case, error) {
	base := before.Version
	if a.Version != 0 {
		base = a.Version
	}
	event, err := encode(Event{CaseID: before.ID, Version: base + 1, Kind: a.Kind, Actor: a.Actor, Reason: a.Reason, At: at, State: next})
	if err != nil {
		return Case{}, err
	}
	if err := l.journal.Append(ctx, event); err != nil {
		return Case{}, err
	}
	next.Version = base + 1
	return next, nil
}

// union is a sorted list with some more in it, each once.
func union(list []string, more ...string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(list, more))))
}
