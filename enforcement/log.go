package enforcement

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"fairdial/store/journal"
)

// Stream is the journal's stream of enforcement; the subject is tenant id "/" organizer id
// and the body of an event the [State] after it.
const Stream = "enforcement"

// Actor is who the policy's own actions are by.
const Actor = "system:enforcement"

// The kinds of event in an organizer's log.
const (
	KindFlagged    = "flagged"
	KindThrottled  = "throttled"
	KindRequested  = "suspension_requested"
	KindAsked      = "throttle_requested"
	KindDeclined   = "throttle_rejected"
	KindSuspended  = "suspended"
	KindRejected   = "suspension_rejected"
	KindApproved   = "approved" // by one person, where it takes another one still
	KindReinstated = "reinstated"
	KindExpired    = "expired" // a reinstatement because the time was over
	KindHeld       = "held"    // the guard rail stopped an automatic action
)

// The guard rail's ledger is one subject of a stream of its own.
const (
	railStream  = "guard_rail"
	railSubject = "automatic_actions"
	kindClaimed = "claimed"
)

// Journal is what enforcement needs of the event log.
type Journal interface {
	Append(ctx context.Context, e journal.Event) error
	AppendBatch(ctx context.Context, events []journal.Event) ([]*journal.ConflictError, error)
	Latest(ctx context.Context, stream, subject string) (journal.Event, bool, error)
	History(ctx context.Context, stream, subject string) ([]journal.Event, error)
	Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
}

// Event is one entry of an organizer's log.
type Event struct {
	Version int       `json:"version"`
	Kind    string    `json:"kind"`
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"` // UTC
	Reason  string    `json:"reason"`
	State   State     `json:"state"` // after the event
}

func subject(tenantID, organizerID string) string { return tenantID + "/" + organizerID }

// event makes the log entry that leads to a state.
func event(after State, kind, actor, reason string, at time.Time) (journal.Event, error) {
	body, err := json.Marshal(after)
	if err != nil {
		return journal.Event{}, fmt.Errorf("enforcement of organizer %s: %w", after.OrganizerID, err)
	}
	return journal.Event{
		Stream: Stream, Subject: subject(after.TenantID, after.OrganizerID), Version: uint32(after.Version),
		Kind: kind, TenantID: after.TenantID, OrganizerID: after.OrganizerID,
		Actor: actor, At: at, Reason: reason, Body: string(body),
	}, nil
}

func stateOf(e journal.Event) (State, error) {
	var s State
	if err := json.Unmarshal([]byte(e.Body), &s); err != nil {
		return State{}, fmt.Errorf("enforcement event %d of %s cannot be read: %w", e.Version, e.Subject, err)
	}
	s.Version = int(e.Version)
	return s, nil
}

// State is where enforcement stands for an organizer; for one on whom nothing was ever
// done it is version 0 at observe.
func (e *Enforcer) State(ctx context.Context, tenantID, organizerID string) (State, error) {
	organizerID = normal(organizerID)
	head, found, err := e.journal.Latest(ctx, Stream, subject(tenantID, organizerID))
	if err != nil {
		return State{}, fmt.Errorf("enforcement state of organizer %s: %w", organizerID, err)
	}
	if !found {
		return State{TenantID: tenantID, OrganizerID: organizerID, Level: LevelObserve}, nil
	}
	return stateOf(head)
}

// States are the states of all organizers on whom anything was ever done.
func (e *Enforcer) States(ctx context.Context) ([]State, error) {
	heads, err := e.journal.Heads(ctx, Stream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("enforcement states: %w", err)
	}
	states := make([]State, len(heads))
	for i, head := range heads {
		if states[i], err = stateOf(head); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// Waiting are the states in which a step waits for people now, the one asked for first at the head.
func (e *Enforcer) Waiting(ctx context.Context) ([]State, error) {
	all, err := e.States(ctx)
	if err != nil {
		return nil, err
	}
	now := e.now()
	all = slices.DeleteFunc(all, func(s State) bool { return s.Pending == nil || !now.Before(s.Pending.Until) })
	slices.SortStableFunc(all, func(a, b State) int { return a.Pending.At.Compare(b.Pending.At) })
	return all, nil
}

// History is all that was done to an organizer, oldest first.
func (e *Enforcer) History(ctx context.Context, tenantID, organizerID string) ([]Event, error) {
	log, err := e.journal.History(ctx, Stream, subject(tenantID, normal(organizerID)))
	if err != nil {
		return nil, fmt.Errorf("enforcement history of organizer %s: %w", organizerID, err)
	}
	events := make([]Event, len(log))
	for i, entry := range log {
		s, err := stateOf(entry)
		if err != nil {
			return nil, err
		}
		events[i] = Event{
			Version: int(entry.Version), Kind: entry.Kind, Actor: entry.Actor, At: entry.At, Reason: entry.Reason, State: s,
		}
	}
	return events, nil
}

// readLedger gives the guard rail's ledger and its version.
func (e *Enforcer) readLedger(ctx context.Context) (ledger, uint32, error) {
	head, found, err := e.journal.Latest(ctx, railStream, railSubject)
	if err != nil || !found {
		return ledger{}, 0, err
	}
	var l ledger
	if err := json.Unmarshal([]byte(head.Body), &l); err != nil {
		return ledger{}, 0, fmt.Errorf("the guard rail's ledger cannot be read at version %d: %w", head.Version, err)
	}
	return l, head.Version, nil
}

// claim writes the ledger that lets actions through. It says false when another run wrote
// one first: what that one decided stands, and nothing may be done on this one.
func (e *Enforcer) claim(ctx context.Context, l ledger, version uint32, actions int, now time.Time) (bool, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return false, fmt.Errorf("the guard rail's ledger: %w", err)
	}
	err = e.journal.Append(ctx, journal.Event{
		Stream: railStream, Subject: railSubject, Version: version, Kind: kindClaimed, Actor: Actor, At: now,
		Reason: fmt.Sprintf("%d automatic actions let through", actions), Body: string(body),
	})
	if _, lost := errors.AsType[*journal.ConflictError](err); lost {
		return false, nil
	}
	return err == nil, err
}
