package rating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"fairdial/store/journal"
	"fairdial/usage"
)

// Reopening says that a month that is open now was closed before, and who opened it again.
type Reopening struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"` // UTC
	Reason string    `json:"reason"`
	// By whom, when and why it was closed before.
	ClosedBy     string    `json:"closed_by"`
	ClosedAt     time.Time `json:"closed_at"` // UTC
	ClosedReason string    `json:"closed_reason,omitempty"`
}

// reopened says that a month was closed before, of the event that opened it again.
func (f frozen) reopened() *Reopening {
	if f.State != Reopened {
		return nil
	}
	return &Reopening{By: f.Actor, At: f.At.UTC(), Reason: f.Reason, ClosedBy: f.was.Actor, ClosedAt: f.was.At.UTC(), ClosedReason: f.was.Reason}
}

// AdjustedLaterError refuses to open a month again whose adjustments stand in a closed one.
type AdjustedLaterError struct{ Month string }

func (e *AdjustedLaterError) Error() string {
	return fmt.Sprintf("%s is closed with adjustments of it; reopen %s first", e.Month, e.Month)
}

// MayReopen says why somebody cannot open a closed month again; nil where they can.
func (b *Books) MayReopen(ctx context.Context, month usage.Month, tenantID, actor string) error {
	_, err := b.reopenable(ctx, month, tenantID, actor)
	return err
}

// reopenable is the closing of a month that somebody may open again.
func (b *Books) reopenable(ctx context.Context, month usage.Month, tenantID, actor string) (frozen, error) {
	all, err := b.heads(ctx, journal.Filter{TenantID: tenantID})
	if err != nil {
		return frozen{}, err
	}
	own := all[tenantID]
	i := slices.IndexFunc(own, func(f frozen) bool { return f.month == month })
	if i < 0 || own[i].State != Closed {
		return frozen{}, fmt.Errorf("reopen %s of tenant %s: %w", month, tenantID, ErrNotClosed)
	}
	if journal.SamePerson(own[i].Actor, actor) {
		return frozen{}, fmt.Errorf("reopen %s of tenant %s as %s: %w", month, tenantID, actor, ErrSamePerson)
	}
	if b.apart != nil {
		err := b.apart(ctx, own[i].Actor, actor, own[i].At)
		if _, one := errors.AsType[*journal.OneHandError](err); one {
			return frozen{}, fmt.Errorf("reopen %s of tenant %s: %w: %w", month, tenantID, ErrSamePerson, err)
		}
		if err != nil {
			return frozen{}, err
		}
	}
	for _, later := range own {
		if _, adjusts := later.Adjusts[month.String()]; adjusts && later.State == Closed {
			return frozen{}, fmt.Errorf("reopen %s of tenant %s: %w", month, tenantID, &AdjustedLaterError{later.Month})
		}
	}
	return own[i], nil
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
	f, err := b.reopenable(ctx, month, tenantID, actor)
	if err != nil {
		return Closing{}, err
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
