// Package enforcement says what an organizer may still do: flag, throttle, suspend and
// reinstate, each an event with actor, reason, evidence and end. It acts by itself as far
// as the policy allows, and answers what a dial-out gateway asks before a call. README.md
// states the rules.
package enforcement

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"fairdial/cases"
)

// Conn is what enforcement needs of the store beside the journal.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
}

// Cases is what enforcement needs of the case log.
type Cases interface {
	// Changed gives the latest event of each case with an event recorded since; the zero
	// time means of every case.
	Changed(ctx context.Context, since time.Time) ([]cases.Event, error)
	// History and Act are for what the provider did: the cases about it say so.
	History(ctx context.Context, id string) ([]cases.Event, error)
	Act(ctx context.Context, id string, a cases.Action, at time.Time) (cases.Case, error)
}

// Options are what an Enforcer needs; all are required but Apart and Logger.
type Options struct {
	Conn    Conn
	Journal Journal
	Cases   Cases
	Policy  Policy
	// Apart says why the second of two actors is no other person than the first, who asked at a
	// moment, though their names differ; nil goes by names alone.
	Apart  func(ctx context.Context, first, second string, asked time.Time) error
	Now    func() time.Time
	Logger *slog.Logger
}

// Enforcer carries the policy out and answers for it. Safe for concurrent use, in several
// processes too: all state is in the journal.
type Enforcer struct {
	conn    Conn
	journal Journal
	cases   Cases
	policy  Policy
	apart   func(ctx context.Context, first, second string, asked time.Time) error
	clock   func() time.Time
	log     *slog.Logger
}

// New makes an Enforcer; it refuses a policy that contradicts itself.
func New(opts Options) (*Enforcer, error) {
	if opts.Conn == nil || opts.Journal == nil || opts.Cases == nil || opts.Now == nil {
		return nil, errors.New("enforcement needs a store, a journal, the case log and a clock")
	}
	if err := opts.Policy.check(); err != nil {
		return nil, err
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Enforcer{
		conn: opts.Conn, journal: opts.Journal, cases: opts.Cases,
		policy: opts.Policy, apart: opts.Apart, clock: opts.Now, log: opts.Logger,
	}, nil
}

// DryRun says whether nothing is enforced at all, whatever was recorded.
func (e *Enforcer) DryRun() bool { return e.policy.DryRun }

// Terms are what holds for a tenant.
func (e *Enforcer) Terms(tenantID string) Terms { return e.policy.terms(tenantID) }

// now is the moment in the resolution that the journal keeps.
func (e *Enforcer) now() time.Time { return e.clock().UTC().Truncate(time.Millisecond) }

// normal is an organizer's id as the records have it: GUIDs are lower-case.
func normal(id string) string {
	id = strings.TrimSpace(id)
	if len(id) < 32 {
		return id // no GUID: not worth looking closer, a gateway waits for the answer
	}
	if _, err := uuid.Parse(id); err == nil {
		return strings.ToLower(id)
	}
	return id
}
