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
	because, err := b.unready(ctx, req.Month, req.TenantID)
	if err != nil {
		return Closing{}, err
	}
	if len(because) > 0 && !req.Force {
		return Closing{}, &NotReadyError{req.TenantID, req.Month.String(), because}
	}
	f, err := b.freeze(ctx, req)
	if err != nil {
		return Closing{}, err
	}
	f.Forced, f.Account = because, req.Account
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

// unready says what speaks against closing a tenant-month.
func (b *Books) unready(ctx context.Context, month usage.Month, tenantID string) ([]string, error) {
	because := []string{}
	from, to := b.rater.span(month)
	if ready := to.Add(b.latency); b.rater.now().Before(ready) {
		because = append(because, fmt.Sprintf("records may arrive until %s (finance.latency)", ready.UTC().Format("2006-01-02 15:04Z")))
	}
	quarantined, err := query[struct {
		Rows uint64 `ch:"rows"`
	}](ctx, b.rater.conn, "quarantined", named("tenant", tenantID),
		named("first", from.AddDate(0, 0, -1).Format(time.DateOnly)), named("last", to.AddDate(0, 0, 1).Format(time.DateOnly)))
	if err != nil {
		return nil, err
	}
	if n := quarantined[0].Rows; n > 0 {
		because = append(because, fmt.Sprintf("%s waiting for a decision (fairdial quarantine list --tenant %s)", plural(n, "rejected row"), tenantID))
	}
	all, err := b.heads(ctx, journal.Filter{TenantID: tenantID})
	if err != nil {
		return nil, err
	}
	months := []usage.Month{month}
	for _, f := range all[tenantID] {
		if f.State == Closed && f.month.Start(time.UTC).Before(month.Start(time.UTC)) {
			months = append(months, f.month)
		}
	}
	stale, err := b.rater.Stale(ctx, months, []string{tenantID})
	if err != nil {
		return nil, err
	}
	for _, s := range stale {
		if s.Month == month.String() {
			because = append(because, fmt.Sprintf("usage or licences changed since it was rated (fairdial rate --month %s)", month))
			continue
		}
		because = append(because, fmt.Sprintf("what came for %s, which is closed, is not rated yet and would not be among the adjustments (fairdial rate --month %s)", s.Month, s.Month))
	}
	return because, nil
}

// notes says what somebody should know of a statement that is closed: money that is not in
// it, and whether its reconciliation was signed.
func (b *Books) notes(ctx context.Context, s Statement) ([]string, error) {
	var notes []string
	if n := s.Buckets[2].UnpricedCalls; n > 0 {
		notes = append(notes, fmt.Sprintf("%s that credits pay for have no rate: what they cost is not in the amounts", plural(n, "call")))
	}
	history, err := b.log.History(ctx, ReconciliationStream, reconciliationSubject(s.TenantID, s.Month))
	if err != nil {
		return nil, err
	}
	if len(history) == 0 {
		if s.Calls > 0 {
			notes = append(notes, "nobody signed its reconciliation")
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

// Reopen makes a closed month an open one, so that its statement follows the rating again.
// Another person than the one who closed it must do it, and a month stays closed while a
// later closed one has adjustments of it.
func (b *Books) Reopen(ctx context.Context, month usage.Month, tenantID, actor, account, reason string) (Closing, error) {
	actor, err := journal.Actor(actor)
	if err != nil {
		return Closing{}, err
	}
	if reason == "" {
		return Closing{}, fmt.Errorf("reopen %s of tenant %s: %w", month, tenantID, ErrNoReason)
	}
	all, err := b.heads(ctx, journal.Filter{TenantID: tenantID})
	if err != nil {
		return Closing{}, err
	}
	own := all[tenantID]
	i := slices.IndexFunc(own, func(f frozen) bool { return f.month == month })
	if i < 0 || own[i].State != Closed {
		return Closing{}, fmt.Errorf("reopen %s of tenant %s: %w", month, tenantID, ErrNotClosed)
	}
	f := own[i]
	if journal.SamePerson(f.Actor, actor) {
		return Closing{}, fmt.Errorf("reopen %s of tenant %s as %s: %w", month, tenantID, actor, ErrSamePerson)
	}
	if b.apart != nil {
		err := b.apart(ctx, f.Actor, actor, f.At)
		if _, one := errors.AsType[*journal.OneHandError](err); one {
			return Closing{}, fmt.Errorf("reopen %s of tenant %s: %w: %w", month, tenantID, ErrSamePerson, err)
		}
		if err != nil {
			return Closing{}, err
		}
	}
	for _, later := range own {
		if _, adjusts := later.Adjusts[month.String()]; adjusts && later.State == Closed {
			return Closing{}, fmt.Errorf("reopen %s of tenant %s: %s is closed with adjustments of it; reopen %s first", month, tenantID, later.Month, later.Month)
		}
	}
	f.Version++
	f.Account, f.Notes = account, nil
	body, err := json.Marshal(f)
	if err != nil {
		return Closing{}, err
	}
	err = b.log.Append(ctx, journal.Event{
		Stream: CloseStream, Subject: subjectOf(month, tenantID), Version: f.Version, Kind: Reopened,
		TenantID: tenantID, Actor: actor, At: b.rater.now().UTC(), Reason: reason, Body: string(body),
	})
	if err != nil {
		return Closing{}, err
	}
	f.State, f.Actor, f.Reason, f.At = Reopened, actor, reason, b.rater.now().UTC()
	return f.Closing, nil
}
