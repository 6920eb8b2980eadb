package rating

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// Adjustment is what a statement puts right of a month that was closed before: the
// difference between what that month would say now and what has been billed of it.
type Adjustment struct {
	OfMonth         string           `ch:"of_month" json:"of_month"`
	CloseID         uuid.UUID        `json:"close_id"` // of the closed month
	OrganizerID     string           `ch:"organizer_id" json:"organizer_id"`
	OrganizerUPN    string           `ch:"organizer_upn" json:"organizer_upn,omitempty"` // as the directory has it now; may be empty
	Bucket          string           `ch:"bucket" json:"bucket"`
	Currency        string           `ch:"currency" json:"currency"`
	Calls           int64            `ch:"calls" json:"calls"`
	CallsBegun      int64            `ch:"calls_begun" json:"calls_begun"`
	Seconds         int64            `ch:"seconds" json:"seconds"`
	BilledTenths    int64            `ch:"billed_tenths" json:"billed_tenths"`
	Amount          *decimal.Decimal `ch:"amount" json:"amount"` // nil where no rate is known for any of the calls
	UnpricedCalls   int64            `ch:"unpriced_calls" json:"unpriced_calls"`
	UnpricedSeconds int64            `ch:"unpriced_seconds" json:"unpriced_seconds"`
}

func (e Entry) adjustment(closeOf map[string]uuid.UUID) Adjustment {
	return Adjustment{
		OfMonth: e.OfMonth, CloseID: closeOf[e.OfMonth], OrganizerID: e.OrganizerID, OrganizerUPN: e.OrganizerUPN, Bucket: e.Bucket, Currency: e.Currency,
		Calls: e.Calls, CallsBegun: e.CallsBegun, Seconds: e.Seconds, BilledTenths: e.BilledTenths, Amount: e.Amount,
		UnpricedCalls: e.UnpricedCalls, UnpricedSeconds: e.UnpricedSeconds,
	}
}

// due is what a tenant's closed months would say now beyond what has been billed of them,
// as far as this month, being open, is the next open one after them.
func (b *Books) due(ctx context.Context, month usage.Month, tenantID string, own []frozen) ([]Adjustment, error) {
	closedMonths := map[usage.Month]frozen{}
	var closes []string
	for _, f := range own {
		if f.State == Closed {
			closedMonths[f.month] = f
			closes = append(closes, f.CloseID.String())
		}
	}
	var of []usage.Month
	for m := range closedMonths {
		next := m.Next()
		for _, more := closedMonths[next]; more; _, more = closedMonths[next] {
			next = next.Next()
		}
		if next == month {
			of = append(of, m)
		}
	}
	out := []Adjustment{}
	if len(of) == 0 {
		return out, nil
	}
	current, err := query[run](ctx, b.rater.conn, "current_runs", named("tenants", []string{tenantID}), named("months", firstDays(of)))
	if err != nil {
		return nil, fmt.Errorf("adjustments of %s %s: %w", tenantID, month, err)
	}
	runs, moved := []string{}, false
	for _, f := range closedMonths {
		for _, m := range of {
			_, adjusted := f.Adjusts[m.String()]
			moved = moved || adjusted
		}
	}
	for _, c := range current {
		runs = append(runs, c.RunID.String())
		moved = moved || closedMonths[monthOf(c.Month)].RunID != c.RunID
	}
	if !moved {
		return out, nil
	}
	rows, err := query[Adjustment](ctx, b.rater.conn, "adjustments", named("tenant", tenantID), named("months", firstDays(of)),
		named("runs", runs), named("closes", closes))
	if err != nil {
		return nil, fmt.Errorf("adjustments of %s %s: %w", tenantID, month, err)
	}
	for _, a := range rows {
		m, err := usage.ParseMonth(a.OfMonth)
		if err != nil {
			return nil, err
		}
		a.CloseID, a.Amount = closedMonths[m].CloseID, unknownIf(a.Amount, a.Calls, a.UnpricedCalls)
		out = append(out, a)
	}
	return out, nil
}

func (a Adjustment) entry(s Statement) Entry {
	return Entry{
		TenantID: s.TenantID, Month: s.Month, OfMonth: a.OfMonth, OrganizerID: a.OrganizerID, OrganizerUPN: a.OrganizerUPN, Bucket: a.Bucket, Reason: "adjustment",
		Currency: a.Currency, Calls: a.Calls, CallsBegun: a.CallsBegun, Seconds: a.Seconds, BilledTenths: a.BilledTenths, Amount: a.Amount,
		UnpricedCalls: a.UnpricedCalls, UnpricedSeconds: a.UnpricedSeconds, Closing: a.CloseID,
	}
}

// Adjusted is a statement's adjustments without organizers: by month, bucket and currency.
func (s Statement) Adjusted() []Adjustment {
	out := []Adjustment{}
	for _, a := range s.Adjustments {
		i := slices.IndexFunc(out, func(o Adjustment) bool {
			return o.OfMonth == a.OfMonth && o.Bucket == a.Bucket && o.Currency == a.Currency
		})
		if i < 0 {
			a.OrganizerID, a.OrganizerUPN = "", ""
			out = append(out, a)
			continue
		}
		o := &out[i]
		o.Calls, o.CallsBegun, o.Seconds = o.Calls+a.Calls, o.CallsBegun+a.CallsBegun, o.Seconds+a.Seconds
		o.BilledTenths, o.Amount = o.BilledTenths+a.BilledTenths, Plus(o.Amount, a.Amount)
		o.UnpricedCalls, o.UnpricedSeconds = o.UnpricedCalls+a.UnpricedCalls, o.UnpricedSeconds+a.UnpricedSeconds
	}
	return out
}
