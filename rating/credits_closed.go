package rating

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fairdial/store/journal"
)

// ErrInClosedMonth refuses to book something of credits from a moment on whose month, or a
// later one, is closed: it would change what the closed months say was left.
var ErrInClosedMonth = errors.New("a month it bears on is closed")

// Deposit books a deposit, unless it could be used in a month that is closed.
func (b *Books) Deposit(ctx context.Context, j CreditsLog, d Deposit) (Deposit, error) {
	if err := b.openFrom(ctx, d.TenantID, d.At); err != nil {
		return d, fmt.Errorf("deposit of tenant %s: %w", d.TenantID, err)
	}
	return b.rater.Deposit(ctx, j, d)
}

// VoidDeposit takes back a deposit, unless it could be used in a month that is closed.
func (b *Books) VoidDeposit(ctx context.Context, j CreditsLog, tenantID, id, actor, reason string) error {
	booked, err := readCredits(ctx, j, tenantID)
	if err != nil {
		return err
	}
	if own := booked[tenantID]; own != nil {
		for _, d := range own.deposits {
			if d.ID != id || d.Voided {
				continue
			}
			if err := b.openFrom(ctx, tenantID, d.At); err != nil {
				return fmt.Errorf("void deposit %s of tenant %s: %w", id, tenantID, err)
			}
		}
	}
	return b.rater.VoidDeposit(ctx, j, tenantID, id, actor, reason)
}

// BillCredits says how a tenant pays from a moment on, unless that is in a month that is
// closed.
func (b *Books) BillCredits(ctx context.Context, j CreditsLog, tenantID string, how Billing, actor, reason string) error {
	if err := b.openFrom(ctx, tenantID, how.From); err != nil {
		return fmt.Errorf("billing of tenant %s: %w", tenantID, err)
	}
	return b.rater.BillCredits(ctx, j, tenantID, how, actor, reason)
}

// openFrom refuses a moment before the end of a tenant's last closed month.
func (b *Books) openFrom(ctx context.Context, tenantID string, at time.Time) error {
	all, err := b.heads(ctx, journal.Filter{TenantID: tenantID})
	if err != nil {
		return err
	}
	for _, f := range all[tenantID] {
		_, end := b.rater.span(f.month)
		if f.State == Closed && at.Before(end) {
			return fmt.Errorf("%w: %s was closed by %s; date it %s or later, or let another person open the month again (fairdial reopen)",
				ErrInClosedMonth, f.Month, f.Actor, moment(end))
		}
	}
	return nil
}
