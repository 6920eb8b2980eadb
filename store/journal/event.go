// Package journal is the append-only log that all state of Fairdial is derived from:
// cases, enforcement, deliveries, job runs, quarantine resolutions.
package journal

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Event is one entry of the log of one subject.
type Event struct {
	Stream  string `ch:"stream"`  // what kind of subject: case, enforcement, delivery, job, …
	Subject string `ch:"subject"` // whose log it is
	// Version is the subject's version after this event: one more than that of the
	// event it builds on, 1 for the first.
	Version     uint32    `ch:"version"`
	EventID     uuid.UUID `ch:"event_id"` // given by Append where it is zero
	Kind        string    `ch:"kind"`
	TenantID    string    `ch:"tenant_id"`
	OrganizerID string    `ch:"organizer_id"`
	Actor       string    `ch:"actor"`       // who did it; system jobs name themselves
	At          time.Time `ch:"at"`          // UTC; when it holds, the replayed time in a replay
	RecordedAt  time.Time `ch:"recorded_at"` // UTC; set by Append
	Reason      string    `ch:"reason"`
	Body        string    `ch:"body"` // JSON
}

// ErrNoActor refuses an event of which nobody says who did it.
var ErrNoActor = errors.New("an event without an actor is refused")

// ErrNoVersion refuses an event that does not say what it builds on.
var ErrNoVersion = errors.New("an event without a version is refused")

// ConflictError tells the writer of an event that another one stands at its version.
type ConflictError struct {
	Lost   Event
	Winner Event
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s %s was changed meanwhile: %s by %s is its version %d",
		e.Winner.Stream, e.Winner.Subject, e.Winner.Kind, e.Winner.Actor, e.Winner.Version)
}

func (e Event) check() error {
	switch {
	case e.Actor == "":
		return fmt.Errorf("%s %s, %s: %w", e.Stream, e.Subject, e.Kind, ErrNoActor)
	case e.Version == 0:
		return fmt.Errorf("%s %s, %s: %w", e.Stream, e.Subject, e.Kind, ErrNoVersion)
	default:
		return nil
	}
}
