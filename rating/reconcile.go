package rating

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// How a record's rating and what the source says of it compare.
const (
	StatusMatch             = "match"
	StatusOtherBucket       = "other_bucket" // the source says that something else paid
	StatusOtherAmount       = "other_amount"
	StatusFreeCall          = "free_call"          // the source did not charge, whatever should have paid
	StatusUnknownCapability = "unknown_capability" // a word the plan does not know
	StatusMissing           = "missing"            // the source does not say what paid
	StatusNoRate            = "no_rate"            // no rate is known, so there is no amount to compare
	StatusNotRated          = "not_rated"          // arrived after the rating: rate again
)

// Reconciliation sets the rating of a tenant-month against the source's own charges.
type Reconciliation struct {
	TenantID string              `json:"tenant_id"`
	Month    string              `json:"month"`
	Calls    map[string]uint64   `json:"calls"` // by status; all statuses are there
	Lines    []ReconciledBuckets `json:"lines"`
}

// ReconciledBuckets is how many calls that we put in one bucket the source has in another.
type ReconciledBuckets struct {
	Status       string          `ch:"status" json:"status"`
	Bucket       string          `ch:"bucket" json:"bucket"`
	SourceBucket string          `ch:"source_bucket" json:"source_bucket"`
	Currency     string          `ch:"currency" json:"currency"`
	Calls        uint64          `ch:"calls" json:"calls"`
	Seconds      uint64          `ch:"seconds" json:"seconds"`
	Amount       decimal.Decimal `ch:"amount" json:"amount"`
	SourceAmount decimal.Decimal `ch:"source_amount" json:"source_amount"` // charge and connection charge
}

// Difference is a record whose rating is not what the source says.
type Difference struct {
	Status         string           `ch:"status" json:"status"`
	UsageID        string           `ch:"usage_id" json:"usage_id"`
	OrganizerID    string           `ch:"organizer_id" json:"organizer_id"`
	StartedAt      time.Time        `ch:"started_at" json:"started_at"` // UTC
	Seconds        uint32           `ch:"seconds" json:"seconds"`
	Bucket         string           `ch:"bucket" json:"bucket"`
	BucketAfter    string           `ch:"bucket_after" json:"bucket_after,omitempty"` // after the end of the pool
	Reason         string           `ch:"reason" json:"reason"`
	Amount         *decimal.Decimal `ch:"amount" json:"amount"` // nil where no rate is known
	Currency       string           `ch:"currency" json:"currency"`
	Capability     string           `ch:"capability" json:"capability"`
	SourceBucket   string           `ch:"source_bucket" json:"source_bucket"`
	SourceAmount   decimal.Decimal  `ch:"source_amount" json:"source_amount"`
	SourceCurrency string           `ch:"source_currency" json:"source_currency"`
}

// Reconcile compares every record of a tenant-month with what the source says paid for
// it, and counts.
func (r *Rater) Reconcile(ctx context.Context, month usage.Month, tenantID string) (Reconciliation, error) {
	out := Reconciliation{TenantID: tenantID, Month: month.String(), Lines: []ReconciledBuckets{}, Calls: map[string]uint64{
		StatusMatch: 0, StatusOtherBucket: 0, StatusOtherAmount: 0, StatusFreeCall: 0, StatusUnknownCapability: 0, StatusMissing: 0,
		StatusNoRate: 0, StatusNotRated: 0,
	}}
	rows, err := r.compare(ctx, "reconcile_counts", month, tenantID)
	if err != nil {
		return out, err
	}
	defer rows.Close()
	for rows.Next() {
		var l ReconciledBuckets
		if err := rows.ScanStruct(&l); err != nil {
			return out, fmt.Errorf("reconcile %s %s: %w", tenantID, month, err)
		}
		out.Lines = append(out.Lines, l)
		out.Calls[l.Status] += l.Calls
	}
	if err := rows.Err(); err != nil {
		return out, fmt.Errorf("reconcile %s %s: %w", tenantID, month, err)
	}
	return out, nil
}

// Differences gives the records of a tenant-month that do not match, by start, one by one.
func (r *Rater) Differences(ctx context.Context, month usage.Month, tenantID string, each func(Difference) error) error {
	rows, err := r.compare(ctx, "reconcile_rows", month, tenantID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var d Difference
		if err := rows.ScanStruct(&d); err != nil {
			return fmt.Errorf("reconcile %s %s: %w", tenantID, month, err)
		}
		if err := each(d); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reconcile %s %s: %w", tenantID, month, err)
	}
	return nil
}

// compare runs a query over compared.sql.
func (r *Rater) compare(ctx context.Context, name string, month usage.Month, tenantID string) (driver.Rows, error) {
	runs, err := query[run](ctx, r.conn, "current_runs", named("tenants", []string{tenantID}), named("months", []string{firstDay(month)}))
	if err != nil {
		return nil, fmt.Errorf("reconcile %s %s: %w", tenantID, month, err)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("reconcile %s %s: %w; run fairdial rate --month %s", tenantID, month, ErrNotRated, month)
	}
	from, to := r.span(month)
	says := r.plan.InForce(month).Reconciliation
	rows, err := r.conn.Query(ctx, statement("compared")+statement(name),
		named("tenant", tenantID), named("month", firstDay(month)), named("run", runs[0].RunID.String()),
		named("month_from", instant(from)), named("month_to", instant(to)),
		named("addon", upper(says.Capabilities.Addon)), named("pool", upper(says.Capabilities.Pool)),
		named("credits", upper(says.Capabilities.Credits)), named("free_call", upper(says.Capabilities.FreeCall)),
		named("other", upper(says.Capabilities.Other)), named("tolerance", says.Tolerance.String()))
	if err != nil {
		return nil, fmt.Errorf("reconcile %s %s: %w", tenantID, month, err)
	}
	return rows, nil
}

func upper(names []plan.Name) []string {
	out := words(names)
	for i := range out {
		out[i] = strings.ToUpper(out[i])
	}
	return out
}
