package rating

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"fairdial/store/journal"
	"fairdial/usage"
)

// Why a month is not closed or opened again.
var (
	ErrAlreadyClosed = errors.New("the month is closed")
	ErrNotClosed     = errors.New("the month is not closed")
	ErrSamePerson    = errors.New("who closed a month cannot open it again; another person must")
	ErrNoReason      = errors.New("a reason is missing")
)

// NotReadyError refuses to close a month that may still change.
type NotReadyError struct {
	TenantID string
	Month    string
	Because  []string
	// Obstacles are the same, to be told in other words.
	Obstacles []Obstacle
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("%s of tenant %s is not ready to be closed: %s", e.Month, e.TenantID, strings.Join(e.Because, "; "))
}

// CloseRequest says what to close.
type CloseRequest struct {
	Month    usage.Month
	TenantID string
	Actor    string
	Account  string // that the actor used, for the record
	Reason   string // required with Force
	// Force closes whatever speaks against it; what it was is kept with the closing.
	Force bool
}

// Close freezes the statement of a tenant-month: its rows first, then one event of the
// journal that makes them count. It may be killed at any moment and run again; of two who
// close at once, one is told that the other has (ErrAlreadyClosed).
//
// What is rated anew afterwards does not change the closed statement. The difference is an
// adjustment in the next month that is open.
func (b *Books) Close(ctx context.Context, req CloseRequest) (Closing, error) {
	var err error
	if req.Actor, err = journal.Actor(req.Actor); err != nil {
		return Closing{}, err
	}
	if req.Force && req.Reason == "" {
		return Closing{}, fmt.Errorf("close %s by force: %w", req.Month, ErrNoReason)
	}
	history, err := b.log.History(ctx, CloseStream, subjectOf(req.Month, req.TenantID))
	if err != nil {
		return Closing{}, err
	}
	if n := len(history); n > 0 && history[n-1].Kind == Closed {
		return Closing{}, alreadyClosed(req, history[n-1])
	}
	tenant := []string{req.TenantID}
	stale, err := b.rater.Stale(ctx, []usage.Month{req.Month}, tenant)
	if err != nil {
		return Closing{}, err
	}
	earlier, err := b.staleBefore(ctx, req.Month, tenant)
	if err != nil {
		return Closing{}, err
	}
	unready, err := b.unready(ctx, req.Month, tenant)
	if err != nil {
		return Closing{}, err
	}
	addStale(unready, req.Month, append(stale, earlier...))
	obstacles, because, forced := unready[req.TenantID], []string{}, []string{}
	for _, o := range obstacles {
		because, forced = append(because, o.String()), append(forced, o.Text)
	}
	if len(because) > 0 && !req.Force {
		return Closing{}, &NotReadyError{req.TenantID, req.Month.String(), because, obstacles}
	}
	f, err := b.freeze(ctx, req)
	if err != nil {
		return Closing{}, err
	}
	f.Forced, f.Account = forced, req.Account
	if f.Notes, err = b.notes(ctx, f.Statement); err != nil {
		return Closing{}, fmt.Errorf("close %s of tenant %s: %w", req.Month, req.TenantID, err)
	}
	f.Version = uint32(len(history)) + 1
	body, err := json.Marshal(f)
	if err != nil {
		return Closing{}, err
	}
	err = b.log.Append(ctx, journal.Event{
		Stream: CloseStream, Subject: subjectOf(req.Month, req.TenantID), Version: f.Version, EventID: f.CloseID, Kind: Closed,
		TenantID: req.TenantID, Actor: req.Actor, At: f.At, Reason: req.Reason, Body: string(body),
	})
	if conflict, ok := errors.AsType[*journal.ConflictError](err); ok {
		return Closing{}, alreadyClosed(req, conflict.Winner)
	}
	if err != nil {
		return Closing{}, err
	}
	return f.Closing, nil
}

func alreadyClosed(req CloseRequest, by journal.Event) error {
	return fmt.Errorf("%s of tenant %s: %w; %s did at %s", req.Month, req.TenantID, ErrAlreadyClosed, by.Actor, by.At.Format(time.RFC3339))
}

// notes says what somebody should know of a statement that is closed: money that is not in
// it, and whether its reconciliation was signed.
func (b *Books) notes(ctx context.Context, s Statement) ([]string, error) {
	var notes []string
	if n := s.Buckets[2].UnpricedCalls; n > 0 {
		notes = append(notes, unpricedText(n))
	}
	history, err := b.log.History(ctx, ReconciliationStream, reconciliationSubject(s.TenantID, s.Month))
	if err != nil {
		return nil, err
	}
	if len(history) == 0 {
		if s.Calls > 0 {
			notes = append(notes, unsignedText)
		}
		return notes, nil
	}
	now, err := b.rater.Reconcile(ctx, ReconcileRequest{Month: s.month, TenantID: s.TenantID})
	if err != nil {
		return nil, err
	}
	signed, err := b.rater.Signatures(ctx, b.log, now)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(signed, func(s Signature) bool { return s.Current }) {
		notes = append(notes, "its reconciliation was signed with other figures than it has now")
	}
	return notes, nil
}

// freeze writes the rows of a closing. Nobody sees them before the event.
func (b *Books) freeze(ctx context.Context, req CloseRequest) (frozen, error) {
	all, err := b.Statements(ctx, req.Month, []string{req.TenantID})
	if err != nil {
		return frozen{}, err
	}
	if len(all) == 0 || all[0].runID == uuid.Nil && len(all[0].Adjustments) == 0 {
		return frozen{}, fmt.Errorf("close %s of tenant %s: %w; run fairdial rate --month %s", req.Month, req.TenantID, ErrNotRated, req.Month)
	}
	s := all[0]
	if s.Closed != nil {
		return frozen{}, fmt.Errorf("%s of tenant %s: %w; %s did meanwhile", req.Month, req.TenantID, ErrAlreadyClosed, s.Closed.Actor)
	}
	now := b.rater.now().UTC()
	f := frozen{Statement: s}
	f.TenantID, f.Month, f.month, f.State, f.Actor, f.Reason, f.At = req.TenantID, req.Month.String(), req.Month, Closed, req.Actor, req.Reason, now
	f.CloseID, f.RunID, f.Sequence = b.rater.newID(), s.runID, s.sequence
	err = b.rater.conn.Exec(ctx, statement("freeze"), named("close", f.CloseID.String()), named("run", f.RunID.String()),
		named("tenant", req.TenantID), named("month", firstDay(req.Month)), named("stored_at", now.Format("2006-01-02 15:04:05.000000")))
	if err != nil {
		return frozen{}, fmt.Errorf("freeze %s of tenant %s: %w", req.Month, req.TenantID, err)
	}
	sum := sha256.New()
	nothing := func(frozenRow) {}
	n, err := b.rater.writeCanonical(ctx, sum, req.Month, req.TenantID, f.CloseID, nothing)
	if err != nil {
		return frozen{}, err
	}
	if len(s.Adjustments) > 0 {
		if err := b.freezeAdjustments(ctx, &f, s, n, now); err != nil {
			return frozen{}, err
		}
		sum.Reset()
		if n, err = b.rater.writeCanonical(ctx, sum, req.Month, req.TenantID, f.CloseID, nothing); err != nil {
			return frozen{}, err
		}
	}
	f.Rows, f.SHA256 = n, hex.EncodeToString(sum.Sum(nil))
	f.Statement.Adjustments = nil // they are in the rows
	f.Statement.Notes = nil       // they have a log of their own, and may be written later too
	f.Statement.Reopened = nil    // it is in the log of closings
	return f, nil
}

func (b *Books) freezeAdjustments(ctx context.Context, f *frozen, s Statement, rows int, now time.Time) error {
	f.Adjusts = map[string]uuid.UUID{}
	batch, err := b.rater.conn.PrepareBatch(ctx, statement("insert_closed_rows"))
	if err != nil {
		return fmt.Errorf("freeze adjustments: %w", err)
	}
	defer batch.Close()
	for i, a := range s.Adjustments {
		f.Adjusts[a.OfMonth] = a.CloseID
		of, err := usage.ParseMonth(a.OfMonth)
		if err != nil {
			return err
		}
		e := a.entry(s)
		err = batch.Append(f.CloseID, f.RunID, s.TenantID, f.month.Start(time.UTC), of.Start(time.UTC), uint64(rows+i+1), e.OrganizerID,
			e.DestinationCountry, e.DestinationClass, e.Bucket, e.Reason, e.Conferencing, e.UnfundedBecause, e.Currency,
			e.Calls, e.CallsBegun, e.Seconds, e.BilledTenths, known(e.Amount), e.UnpricedCalls, e.UnpricedSeconds, now)
		if err != nil {
			return fmt.Errorf("freeze adjustments: %w", err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("freeze adjustments: %w", err)
	}
	return nil
}
