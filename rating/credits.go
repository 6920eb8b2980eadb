package rating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"fairdial/store/journal"
	"fairdial/usage"
)

// CreditsStream is the stream of the journal that prepaid credits are in: a subject is a
// deposit of a tenant, or the way a tenant is billed.
const CreditsStream = "credits"

// The kinds of its events.
const (
	CreditsDeposited = "deposited"
	CreditsVoided    = "voided" // the deposit was a mistake: it never counted
	CreditsBilled    = "billed" // how the tenant is billed from a moment on
)

// How a tenant pays for Communications Credits.
const (
	Prepaid  = "prepaid"
	PostPaid = "post_paid" // for what was used, afterwards: there is no balance to exhaust
)

// Deposit is money paid into a tenant's Communications Credits.
type Deposit struct {
	ID       string          `json:"deposit_id"` // a tenant's own: an order number, or a random id
	TenantID string          `json:"tenant_id"`
	Amount   decimal.Decimal `json:"amount"`
	Currency string          `json:"currency"` // ISO 4217
	At       time.Time       `json:"at"`       // UTC; from when it can be used
	Expires  time.Time       `json:"expires"`  // UTC; what is left then is lost
	Reason   string          `json:"reason"`
	Actor    string          `json:"actor"`
	Voided   bool            `json:"voided"`
	// VoidedBecause says why.
	VoidedBecause string `json:"voided_because,omitempty"`
}

// CreditsExpireMonths is after how many months the provider takes back what was not used.
// Source: "What are Communications Credits?": funds unused within 12 months of purchase.
const CreditsExpireMonths = 12

// ErrDeposited: a deposit with this id is there.
var ErrDeposited = errors.New("this deposit is there already")

// ErrNoDeposit: there is no deposit with this id, or it was voided before.
var ErrNoDeposit = errors.New("no such deposit")

// ErrBadDeposit: it cannot be booked as it is.
var ErrBadDeposit = errors.New("not a deposit")

// ErrNoTenant: nothing is known of a tenant.
var ErrNoTenant = errors.New("no such tenant")

// CreditsLog is what credits need of the journal.
type CreditsLog interface {
	Append(ctx context.Context, e journal.Event) error
	History(ctx context.Context, stream, subject string) ([]journal.Event, error)
	Events(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
}

func depositSubject(tenantID, id string) string { return "deposit/" + tenantID + "/" + id }

func billingSubject(tenantID string) string { return "billing/" + tenantID }

// Check says what is wrong with a deposit (ErrBadDeposit). Without an expiry it is the
// provider's.
func (d Deposit) Check() error {
	switch {
	case d.Amount.Exponent() > 9:
		return fmt.Errorf("%w: the amount is more than 1,000,000,000", ErrBadDeposit)
	case !d.Amount.IsPositive():
		return fmt.Errorf("%w: an amount of %s is not more than 0", ErrBadDeposit, d.Amount)
	case !d.Amount.Equal(d.Amount.Truncate(6)) || d.Amount.GreaterThan(decimal.NewFromInt(1_000_000_000)):
		return fmt.Errorf("%w: an amount of %s has more than 6 decimals or is more than 1,000,000,000", ErrBadDeposit, d.Amount)
	case !usage.IsCurrency(d.Currency):
		return fmt.Errorf("%w: %q is no currency of ISO 4217: write it as USD", ErrBadDeposit, d.Currency)
	case d.At.IsZero():
		return fmt.Errorf("%w: it does not say from when it can be used", ErrBadDeposit)
	case !d.Expires.IsZero() && !d.Expires.After(d.At):
		return fmt.Errorf("%w: it expires at %s, and not after %s", ErrBadDeposit, moment(d.Expires), moment(d.At))
	case strings.TrimSpace(d.Reason) == "":
		return fmt.Errorf("%w: it has no reason, such as the number of the invoice", ErrBadDeposit)
	}
	return nil
}

// Deposit books a deposit. Without an id it gets a random one; without an expiry the
// provider's twelve months. The same id again is refused, so that a command that was
// killed can be run again.
func (r *Rater) Deposit(ctx context.Context, j CreditsLog, d Deposit) (Deposit, error) {
	d.At = d.At.UTC()
	if d.Expires.IsZero() {
		d.Expires = d.At.AddDate(0, CreditsExpireMonths, 0)
	}
	d.Expires = d.Expires.UTC()
	if d.ID == "" {
		d.ID = r.newID().String()
	}
	if err := d.Check(); err != nil {
		return d, err
	}
	if err := r.knownTenant(ctx, d.TenantID); err != nil {
		return d, err
	}
	body, err := json.Marshal(d)
	if err != nil {
		return d, fmt.Errorf("write down deposit %s: %w", d.ID, err)
	}
	err = j.Append(ctx, journal.Event{
		Stream: CreditsStream, Subject: depositSubject(d.TenantID, d.ID), Version: 1, Kind: CreditsDeposited, TenantID: d.TenantID,
		Actor: d.Actor, At: d.At, Reason: d.Reason, Body: string(body),
	})
	if conflict, ok := errors.AsType[*journal.ConflictError](err); ok {
		return d, fmt.Errorf("deposit %s of tenant %s: %w, by %s", d.ID, d.TenantID, ErrDeposited, conflict.Winner.Actor)
	}
	return d, err
}

// VoidDeposit takes back a deposit that was booked by mistake. It stays in the log.
func (r *Rater) VoidDeposit(ctx context.Context, j CreditsLog, tenantID, id, actor, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("void deposit %s: %w without a reason", id, ErrBadDeposit)
	}
	history, err := j.History(ctx, CreditsStream, depositSubject(tenantID, id))
	if err != nil {
		return err
	}
	if len(history) != 1 {
		return fmt.Errorf("deposit %s of tenant %s: %w, or it was voided before", id, tenantID, ErrNoDeposit)
	}
	return j.Append(ctx, journal.Event{
		Stream: CreditsStream, Subject: depositSubject(tenantID, id), Version: 2, Kind: CreditsVoided, TenantID: tenantID,
		Actor: actor, At: r.now(), Reason: reason,
	})
}

// Billing is how a tenant is billed from a moment on.
type Billing struct {
	Mode string    `json:"mode"` // prepaid, post_paid
	From time.Time `json:"from"` // UTC
}

// Check says what is wrong with a change of billing (ErrBadDeposit).
func (b Billing) Check(reason string) error {
	if b.Mode != Prepaid && b.Mode != PostPaid {
		return fmt.Errorf("%w: a tenant is billed %s or %s, not %q", ErrBadDeposit, Prepaid, PostPaid, b.Mode)
	}
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("%w: a change of billing has no reason", ErrBadDeposit)
	}
	return nil
}

// BillCredits says how a tenant pays from a moment on; calls that begin before are as they were.
func (r *Rater) BillCredits(ctx context.Context, j CreditsLog, tenantID string, b Billing, actor, reason string) error {
	if err := b.Check(reason); err != nil {
		return err
	}
	if err := r.knownTenant(ctx, tenantID); err != nil {
		return err
	}
	b.From = b.From.UTC()
	body, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("write down billing of %s: %w", tenantID, err)
	}
	history, err := j.History(ctx, CreditsStream, billingSubject(tenantID))
	if err != nil {
		return err
	}
	return j.Append(ctx, journal.Event{
		Stream: CreditsStream, Subject: billingSubject(tenantID), Version: uint32(len(history)) + 1, Kind: CreditsBilled, TenantID: tenantID,
		Actor: actor, At: b.From, Reason: reason, Body: string(body),
	})
}

func (r *Rater) knownTenant(ctx context.Context, id string) error {
	known, err := query[tenant](ctx, r.conn, "tenants", named("tenants", []string{id}))
	if err != nil {
		return err
	}
	if id == "" || len(known) == 0 {
		return fmt.Errorf("%w: %q; bring it in with fairdial tenants import", ErrNoTenant, id)
	}
	return nil
}

// credited is what the journal says of prepaid credits, by tenant.
type credited struct {
	deposits []Deposit
	billing  []Billing // by moment; of equal ones the one booked last is last
}

func readCredits(ctx context.Context, j CreditsLog, tenantID string) (map[string]*credited, error) {
	events, err := j.Events(ctx, CreditsStream, journal.Filter{TenantID: tenantID})
	if err != nil {
		return nil, err
	}
	out := map[string]*credited{}
	for _, e := range events {
		c := out[e.TenantID]
		if c == nil {
			c = &credited{}
			out[e.TenantID] = c
		}
		switch e.Kind {
		case CreditsDeposited:
			var d Deposit
			if err := json.Unmarshal([]byte(e.Body), &d); err != nil {
				return nil, fmt.Errorf("read %s: %w", e.Subject, err)
			}
			d.Actor = e.Actor
			c.deposits = append(c.deposits, d)
		case CreditsVoided:
			for i := range c.deposits {
				if d := &c.deposits[i]; depositSubject(d.TenantID, d.ID) == e.Subject {
					d.Voided, d.VoidedBecause = true, e.Reason
				}
			}
		case CreditsBilled:
			var b Billing
			if err := json.Unmarshal([]byte(e.Body), &b); err != nil {
				return nil, fmt.Errorf("read %s: %w", e.Subject, err)
			}
			c.billing = append(c.billing, b)
		}
	}
	for _, c := range out {
		// First in, first out; of two from the same moment the one that expires first.
		slices.SortStableFunc(c.deposits, func(a, b Deposit) int {
			return firstOf(a.At.Compare(b.At), a.Expires.Compare(b.Expires), strings.Compare(a.ID, b.ID))
		})
		slices.SortStableFunc(c.billing, func(a, b Billing) int { return a.From.Compare(b.From) })
	}
	return out, nil
}

func firstOf(orders ...int) int {
	for _, o := range orders {
		if o != 0 {
			return o
		}
	}
	return 0
}

// postPaid says whether calls that begin at a moment are billed afterwards.
func (c *credited) postPaid(at time.Time) bool {
	mode := Prepaid
	for _, b := range c.billing {
		if !b.From.After(at) {
			mode = b.Mode
		}
	}
	return mode == PostPaid
}
