package rating

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// Entry is a line of a statement in detail: what one bucket paid of one organizer's calls
// to one kind of destination, by one rule.
type Entry struct {
	TenantID string `ch:"tenant_id"`
	Month    string `ch:"month"` // of the statement, YYYY-MM
	// OfMonth is the month of the calls: another one than Month where the entry adjusts
	// a month that was closed before. Then numbers can be negative.
	OfMonth            string           `ch:"of_month"`
	OrganizerID        string           `ch:"organizer_id"`
	OrganizerUPN       string           `ch:"organizer_upn"` // as the directory has it now; may be empty
	OrganizerName      string           `ch:"organizer_name"`
	DestinationCountry string           `ch:"destination_country"` // ISO 3166-1 alpha-2; may be empty
	DestinationClass   string           `ch:"destination_class"`
	Bucket             string           `ch:"bucket"`
	Reason             string           `ch:"reason"`
	Conferencing       string           `ch:"conferencing"`
	UnfundedBecause    string           `ch:"unfunded_because"`
	Currency           string           `ch:"currency"` // ISO 4217; empty where nothing is charged
	Calls              int64            `ch:"calls"`
	CallsBegun         int64            `ch:"calls_begun"` // without those that another bucket paid for first
	Seconds            int64            `ch:"seconds"`
	BilledTenths       int64            `ch:"billed_tenths"` // tenths of a minute
	Amount             *decimal.Decimal `ch:"amount"`        // nil where no rate is known for any of the calls
	UnpricedCalls      int64            `ch:"unpriced_calls"`
	UnpricedSeconds    int64            `ch:"unpriced_seconds"`
	// Closing is that of the closed month which the entry adjusts; none for other entries.
	Closing uuid.UUID `ch:"-"`
}

// Adjusts says whether the entry puts right a month that was closed before.
func (e Entry) Adjusts() bool { return e.OfMonth != e.Month }

// entries gives the entries of a tenant's statement one by one, by organizer.
func (r *Rater) entries(ctx context.Context, month usage.Month, tenantID string, run, closeID uuid.UUID, each func(Entry) error) error {
	rows, err := r.conn.Query(ctx, statement("entries"), named("tenant", tenantID), named("month", firstDay(month)),
		named("run", run.String()), named("close", closeID.String()))
	if err != nil {
		return fmt.Errorf("entries of %s %s: %w", tenantID, month, err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		if err := rows.ScanStruct(&e); err != nil {
			return fmt.Errorf("entries of %s %s: %w", tenantID, month, err)
		}
		if err := each(e); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("entries of %s %s: %w", tenantID, month, err)
	}
	return nil
}

// frozenRow is a row of closed_rows, as far as it is hashed.
type frozenRow struct {
	OfMonth            string          `ch:"of_month_text"`
	OrganizerID        string          `ch:"organizer_id"`
	DestinationCountry string          `ch:"destination_country"`
	DestinationClass   string          `ch:"destination_class"`
	Bucket             string          `ch:"bucket"`
	Reason             string          `ch:"reason"`
	Conferencing       string          `ch:"conferencing"`
	UnfundedBecause    string          `ch:"unfunded_because"`
	Currency           string          `ch:"currency"`
	Calls              int64           `ch:"calls"`
	CallsBegun         int64           `ch:"calls_begun"`
	Seconds            int64           `ch:"seconds"`
	BilledTenths       int64           `ch:"billed_tenths"`
	Amount             decimal.Decimal `ch:"amount"` // 0 where none is known: the format of the hashed rows
	UnpricedCalls      int64           `ch:"unpriced_calls"`
	UnpricedSeconds    int64           `ch:"unpriced_seconds"`
}

// writeCanonical writes the frozen rows of a close as CSV, always the same bytes: a header
// of tenant and month, names of columns, and the rows in their order, amounts with seven
// places. It gives each row to see as well.
func (r *Rater) writeCanonical(ctx context.Context, w io.Writer, month usage.Month, tenantID string, closeID uuid.UUID, see func(frozenRow)) (int, error) {
	rows, err := r.conn.Query(ctx, statement("frozen_rows"), named("tenant", tenantID), named("month", firstDay(month)), named("close", closeID.String()))
	if err != nil {
		return 0, fmt.Errorf("frozen rows of %s %s: %w", tenantID, month, err)
	}
	defer rows.Close()
	out := csv.NewWriter(w)
	_ = out.Write([]string{"fairdial statement 1", tenantID, month.String()})
	_ = out.Write([]string{
		"of_month", "organizer_id", "destination_country", "destination_class", "bucket", "reason", "conferencing", "unfunded_because",
		"currency", "calls", "calls_begun", "seconds", "billed_tenths", "amount", "unpriced_calls", "unpriced_seconds",
	})
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	n := 0
	for rows.Next() {
		var f frozenRow
		if err := rows.ScanStruct(&f); err != nil {
			return n, fmt.Errorf("frozen rows of %s %s: %w", tenantID, month, err)
		}
		_ = out.Write([]string{
			f.OfMonth, f.OrganizerID, f.DestinationCountry, f.DestinationClass, f.Bucket, f.Reason, f.Conferencing, f.UnfundedBecause,
			f.Currency, number(f.Calls), number(f.CallsBegun), number(f.Seconds), number(f.BilledTenths), f.Amount.StringFixed(7),
			number(f.UnpricedCalls), number(f.UnpricedSeconds),
		})
		see(f)
		n++
	}
	if err := rows.Err(); err != nil {
		return n, fmt.Errorf("frozen rows of %s %s: %w", tenantID, month, err)
	}
	out.Flush()
	return n, out.Error() // a csv.Writer keeps its first error
}
