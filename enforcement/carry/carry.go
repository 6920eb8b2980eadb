// Package carry brings about at the provider what enforcement has decided: a licence taken
// away, a dial-out policy changed, a webhook called. What is to be done follows from the log
// of enforcement and the log of what was done, so that a run can be killed at any point and
// run again. ../README.md states the rules.
package carry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"fairdial/enforcement"
	"fairdial/store/journal"
)

// Order is what an adapter is to bring about for one organizer.
type Order struct {
	// ID is the same for the same order, whoever gives it and however often.
	ID          string              `json:"id"`
	TenantID    string              `json:"tenant_id"`
	OrganizerID string              `json:"organizer_id"`
	Level       enforcement.Level   `json:"level"`
	Limits      *enforcement.Limits `json:"limits,omitempty"`
	Until       time.Time           `json:"until,omitzero"` // UTC
	Reason      string              `json:"reason,omitempty"`
	Actor       string              `json:"actor,omitempty"`
	CaseID      string              `json:"case_id,omitempty"`
	// Version is that of the organizer's enforcement log.
	Version int `json:"version"`
}

// Adapter changes something at the provider.
type Adapter interface {
	// Name is what the log knows the adapter by.
	Name() string
	// Effect says in a sentence what the adapter does at a level, and what that means for calls
	// and their cost; "" for nothing.
	Effect(level enforcement.Level) string
	// Wish is what the adapter would have for an order; "" is to leave, or put back, what was
	// there before. Orders with the same wish are one change.
	Wish(o Order) string
	// Prepare reads what is there before the first change: it is kept until it is put back.
	Prepare(ctx context.Context, o Order) (json.RawMessage, error)
	// Apply brings the wish about, or puts back what Prepare read. Twice is as once.
	Apply(ctx context.Context, o Order, wish string, before json.RawMessage) error
	// Verify reads back whether it is so.
	Verify(ctx context.Context, o Order, wish string, before json.RawMessage) error
}

// For is an adapter that is for some tenants alone; none are all.
type For struct {
	Adapter
	Tenants []string
}

func serves(a Adapter, tenantID string) bool {
	f, limited := a.(For)
	return !limited || len(f.Tenants) == 0 || slices.Contains(f.Tenants, tenantID)
}

// States is what the carrier needs of enforcement.
type States interface {
	States(ctx context.Context) ([]enforcement.State, error)
	Switch(ctx context.Context) (enforcement.Switch, error)
	DryRun() bool
}

// Journal is what the carrier needs of the event log.
type Journal interface {
	Append(ctx context.Context, e journal.Event) error
	Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
}

// Options are what a Carrier needs; all are required but Logger.
type Options struct {
	States   States
	Journal  Journal
	Adapters []Adapter
	Now      func() time.Time
	NewID    func() uuid.UUID
	Logger   *slog.Logger
}

// Carrier carries decisions out.
type Carrier struct {
	opts Options
	run  string
}

// Effects says what is done at the provider at a level, a sentence an adapter of the tenant's.
func (c *Carrier) Effects(tenantID string, level enforcement.Level) []string {
	var out []string
	for _, a := range c.opts.Adapters {
		if text := a.Effect(level); text != "" && serves(a, tenantID) {
			out = append(out, text)
		}
	}
	return out
}

// New makes a Carrier.
func New(opts Options) (*Carrier, error) {
	if opts.States == nil || opts.Journal == nil || opts.Now == nil || opts.NewID == nil {
		return nil, errors.New("carrying decisions out needs enforcement, a journal, a clock and a source of ids")
	}
	names := map[string]bool{}
	for _, a := range opts.Adapters {
		if names[a.Name()] {
			return nil, fmt.Errorf("two adapters are named %q", a.Name())
		}
		names[a.Name()] = true
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Carrier{opts: opts, run: opts.NewID().String()}, nil
}

// Stream is the journal's stream of what was carried out; a subject is tenant "/" organizer
// "/" adapter, and the body of an event the [Carried] after it.
const Stream = "carry"

// Actor is who carries out.
const Actor = "system:carry"

// The kinds of event.
const (
	KindAnnounced = "announced" // about to be changed
	KindDone      = "done"      // changed, and read back
	KindFailed    = "failed"    // refused, not answered, or not found to be so
)

// Carried is where an adapter stands for an organizer.
type Carried struct {
	TenantID    string `json:"tenant_id"`
	OrganizerID string `json:"organizer_id"`
	Adapter     string `json:"adapter"`
	Version     int    `json:"version"`
	// Wish holds at the provider; "" is what was there before.
	Wish string `json:"wish,omitempty"`
	// Before is what was there, kept until it is put back.
	Before  json.RawMessage `json:"before,omitempty"`
	Attempt *Attempt        `json:"attempt,omitempty"`
	Failure *Failure        `json:"failure,omitempty"`
}

// Attempt is a change on its way.
type Attempt struct {
	Wish string    `json:"wish"`
	Run  string    `json:"run"`
	At   time.Time `json:"at"` // UTC
}

// Failure says why a change could not be made.
type Failure struct {
	Detail    string    `json:"detail"`
	Tries     int       `json:"tries"`
	NotBefore time.Time `json:"not_before"` // UTC
}

// Report says what one pass did.
type Report struct {
	Changed int    `json:"changed"`
	Failed  int    `json:"failed"`
	Waiting int    `json:"waiting"` // failed before, and not yet tried again
	Problem string `json:"problem,omitempty"`
}

// lease is how long a change is left to the run that announced it; each call must be over by
// then.
const lease = time.Minute

var space = uuid.MustParse("7d0f4a4e-1f0e-4bde-9d6c-3f3f0c2c9a41")

// Run is one pass: it changes at the provider what differs from what is decided. Adapters
// that fail are in the report and tried again later; the error is about the store.
func (c *Carrier) Run(ctx context.Context) (Report, error) {
	var report Report
	if len(c.opts.Adapters) == 0 {
		return report, nil
	}
	fail := func(err error) (Report, error) { return report, fmt.Errorf("carry out: %w", err) }
	heads, err := c.opts.Journal.Heads(ctx, Stream, journal.Filter{})
	if err != nil {
		return fail(err)
	}
	known := map[string]Carried{}
	for _, head := range heads {
		var was Carried
		if err := json.Unmarshal([]byte(head.Body), &was); err != nil {
			return fail(fmt.Errorf("event %d of %s cannot be read: %w", head.Version, head.Subject, err))
		}
		was.Version = int(head.Version)
		known[head.Subject] = was
	}
	orders, err := c.orders(ctx)
	if err != nil {
		return fail(err)
	}
	for _, o := range orders {
		for _, a := range c.opts.Adapters {
			if !serves(a, o.TenantID) {
				continue
			}
			was, found := known[subject(o, a)]
			if !found {
				was = Carried{TenantID: o.TenantID, OrganizerID: o.OrganizerID, Adapter: a.Name()}
			}
			if err := c.change(ctx, a, o, was, &report); err != nil {
				return fail(err)
			}
		}
	}
	return report, nil
}

// orders are what is to hold for each organizer now: nothing while all is a dry run, or the
// kill switch is on.
func (c *Carrier) orders(ctx context.Context) ([]Order, error) {
	states, err := c.opts.States.States(ctx)
	if err != nil {
		return nil, err
	}
	stop, err := c.opts.States.Switch(ctx)
	if err != nil {
		return nil, err
	}
	now := c.opts.Now()
	var out []Order
	for _, s := range states {
		o := Order{
			TenantID: s.TenantID, OrganizerID: s.OrganizerID, Level: s.InForce(now), Version: s.Version,
			Reason: s.Reason, Actor: s.Actor, CaseID: s.Evidence.CaseID,
		}
		if s.DryRun || c.opts.States.DryRun() || stop.Stopped {
			o.Level = enforcement.LevelObserve
		}
		if o.Level != enforcement.LevelObserve {
			o.Until, o.Limits = s.Until, s.Limits
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(x, y Order) int {
		return cmp.Or(cmp.Compare(x.TenantID, y.TenantID), cmp.Compare(x.OrganizerID, y.OrganizerID))
	})
	return out, nil
}

func subject(o Order, a Adapter) string { return o.TenantID + "/" + o.OrganizerID + "/" + a.Name() }

// change brings one adapter to where it should be.
func (c *Carrier) change(ctx context.Context, a Adapter, o Order, was Carried, report *Report) error {
	wish := a.Wish(o)
	now := c.opts.Now().UTC().Truncate(time.Millisecond)
	switch {
	case wish == was.Wish && was.Attempt == nil:
		return nil
	case was.Failure != nil && now.Before(was.Failure.NotBefore):
		report.Waiting++
		return nil
	case was.Failure == nil && was.Attempt != nil && was.Attempt.Run != c.run && now.Before(was.Attempt.At.Add(lease)):
		report.Waiting++ // another run is at it
		return nil
	}
	o.ID = uuid.NewSHA1(space, fmt.Appendf(nil, "%s\n%d\n%s", subject(o, a), o.Version, wish)).String()
	bounded, cancel := context.WithTimeout(ctx, lease*3/4)
	defer cancel()
	err := c.carry(bounded, a, o, wish, &was, now)
	if _, beaten := errors.AsType[*journal.ConflictError](err); beaten {
		report.Waiting++
		return nil
	}
	if _, stored := errors.AsType[*storeError](err); stored {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	kind := KindDone
	if err != nil {
		tries := 1
		if was.Failure != nil {
			tries = was.Failure.Tries + 1
		}
		was.Failure = &Failure{Detail: err.Error(), Tries: tries, NotBefore: now.Add(pauseAfter(tries))}
		kind = KindFailed
		report.Failed++
		report.Problem = err.Error()
		c.opts.Logger.LogAttrs(ctx, slog.LevelError, "a decision could not be carried out", slog.String("adapter", a.Name()),
			slog.String("tenant_id", o.TenantID), slog.String("organizer_id", o.OrganizerID), slog.String("error", err.Error()))
	} else {
		was.Wish, was.Attempt, was.Failure = wish, nil, nil
		if wish == "" {
			was.Before = nil
		}
		report.Changed++
	}
	err = c.record(context.WithoutCancel(ctx), &was, kind, o)
	if _, beaten := errors.AsType[*journal.ConflictError](err); beaten {
		return nil
	}
	return err
}

// carry announces the change, makes it, and reads it back.
func (c *Carrier) carry(ctx context.Context, a Adapter, o Order, wish string, was *Carried, now time.Time) error {
	if was.Before == nil && wish != "" {
		before, err := a.Prepare(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: read what is there: %w", a.Name(), err)
		}
		if before == nil {
			before = json.RawMessage("{}")
		}
		was.Before = before
	}
	was.Attempt = &Attempt{Wish: wish, Run: c.run, At: now}
	if err := c.record(ctx, was, KindAnnounced, o); err != nil {
		return err
	}
	if err := a.Apply(ctx, o, wish, was.Before); err != nil {
		return fmt.Errorf("%s: %w", a.Name(), err)
	}
	if err := a.Verify(ctx, o, wish, was.Before); err != nil {
		return fmt.Errorf("%s: read back: %w", a.Name(), err)
	}
	return nil
}

// pauseAfter is how long a change that failed n times in a row waits: twice as long each
// time, up to an hour, with jitter.
func pauseAfter(n int) time.Duration {
	pause := min(15*time.Second<<min(n-1, 10), time.Hour)
	return pause + time.Duration(rand.Int64N(int64(pause/5))) //nolint:gosec // no secret: it only spreads the tries
}

type storeError struct{ error }

func (e *storeError) Unwrap() error { return e.error }

func (c *Carrier) record(ctx context.Context, was *Carried, kind string, o Order) error {
	was.Version++
	body, err := json.Marshal(was)
	if err != nil {
		return &storeError{err}
	}
	reason := fmt.Sprintf("%s by version %d of the organizer's log", cmp.Or(string(o.Level), "observe"), o.Version)
	if was.Failure != nil && kind == KindFailed {
		reason = was.Failure.Detail
	}
	err = c.opts.Journal.Append(ctx, journal.Event{
		Stream: Stream, Subject: was.TenantID + "/" + was.OrganizerID + "/" + was.Adapter, Version: uint32(was.Version), Kind: kind,
		TenantID: was.TenantID, OrganizerID: was.OrganizerID, Actor: Actor, At: c.opts.Now(), Reason: reason, Body: string(body),
	})
	if _, beaten := errors.AsType[*journal.ConflictError](err); err != nil && !beaten {
		return &storeError{fmt.Errorf("record what was carried out: %w", err)}
	}
	return err
}
