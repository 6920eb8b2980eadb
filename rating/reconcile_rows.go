package rating

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// AllRecords is the class of every record, those that match as well.
const AllRecords = "all"

// UnpricedRecords is the class of those that credits pay for and that no rate is known of,
// whatever the source says of them.
const UnpricedRecords = "unpriced"

// Difference is a record, its rating, and what the source says.
type Difference struct {
	TenantID         string           `json:"-"` // said by what the record is in
	Status           string           `ch:"status" json:"status"`
	Cause            string           `ch:"cause" json:"cause,omitempty"`
	UsageID          string           `ch:"usage_id" json:"usage_id"`
	OrganizerID      string           `ch:"organizer_id" json:"organizer_id"`
	StartedAt        time.Time        `ch:"started_at" json:"started_at"` // UTC
	Seconds          uint32           `ch:"seconds" json:"seconds"`
	Country          string           `ch:"destination_country" json:"destination_country"`
	Class            string           `ch:"destination_class" json:"destination_class"`
	Bucket           string           `ch:"bucket" json:"bucket"`
	BucketAfter      string           `ch:"bucket_after" json:"bucket_after,omitempty"` // after the end of the pool
	Reason           string           `ch:"reason" json:"reason"`
	Amount           *decimal.Decimal `ch:"rated_amount" json:"amount"` // nil where no rate is known
	Usage            decimal.Decimal  `ch:"usage_amount" json:"usage"`
	Connection       decimal.Decimal  `ch:"connection" json:"connection"`
	Currency         string           `ch:"currency" json:"currency"`
	Capability       string           `ch:"capability" json:"capability"`
	SourceBucket     string           `ch:"source_bucket" json:"source_bucket"`
	SourceAmount     decimal.Decimal  `ch:"source_amount" json:"source_amount"`
	SourceUsage      decimal.Decimal  `ch:"source_usage" json:"source_usage"`
	SourceConnection decimal.Decimal  `ch:"source_connection" json:"source_connection"`
	SourceCurrency   string           `ch:"source_currency" json:"source_currency"`
}

// Moved is what a record moves of a variance in one currency: charged less rated.
type Moved struct {
	Currency string          `json:"currency"`
	Amount   decimal.Decimal `json:"amount"`
}

// Moves is what the record moves: of one currency, or of the two that it is rated and charged
// in. One that costs nothing on either side moves nothing.
func (d Difference) Moves() []Moved {
	out := []Moved{}
	line := ReconciledBuckets{
		Currency: d.Currency, SourceCurrency: d.SourceCurrency,
		RatedUsage: d.Usage, RatedConnection: d.Connection, SourceUsage: d.SourceUsage, SourceConnection: d.SourceConnection,
	}
	line.sides(func(currency string, ratedUsage, ratedConnection, usage, connection decimal.Decimal) {
		out = append(out, Moved{currency, usage.Add(connection).Sub(ratedUsage).Sub(ratedConnection)})
	})
	return out
}

// Classes are what the records of a reconciliation can be asked for by: a status, a
// cause, all, or those without a rate.
func Classes() []string {
	return append(append(append([]string{AllRecords}, Statuses()...), UnpricedRecords), slices.Sorted(maps.Keys(causes))...)
}

// Differences gives the records of one class, by start, one by one; with no class, those
// that do not match.
func (r *Rater) Differences(ctx context.Context, req ReconcileRequest, class string, each func(Difference) error) error {
	return r.differences(ctx, req, class, false, math.MaxInt64, each)
}

// differences gives at most limit records of one class, by start or those first that are
// furthest apart.
func (r *Rater) differences(ctx context.Context, req ReconcileRequest, class string, furthest bool, limit uint64, each func(Difference) error) error {
	if class != "" && !slices.Contains(Classes(), class) {
		return fmt.Errorf("reconcile: there is no class %q: %s", class, strings.Join(Classes(), ", "))
	}
	fail := func(err error) error { return fmt.Errorf("reconcile %s %s: %w", req.TenantID, req.Month, err) }
	c, err := r.currentRun(ctx, req.Month, req.TenantID)
	if err != nil {
		return fail(err)
	}
	terms, err := r.termsAsRated(ctx, req.Month, c)
	if err != nil {
		return fail(err)
	}
	rows, err := r.compare(ctx, "reconcile_rows", req, c, terms, named("class", class), named("furthest", furthest), named("limit", limit))
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		var d Difference
		if err := rows.ScanStruct(&d); err != nil {
			return fail(err)
		}
		d.TenantID, d.StartedAt = req.TenantID, d.StartedAt.UTC()
		if err := each(d); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	return nil
}

// WriteDifferencesCSV writes records one a row. Amounts are exact, and empty where no rate
// is known; times are UTC.
func WriteDifferencesCSV(w io.Writer, all []Difference) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{
		"tenant_id", "status", "cause", "usage_id", "organizer_id", "started_at", "seconds", "destination_country", "destination_class",
		"bucket", "bucket_after", "reason", "amount", "usage", "connection", "currency",
		"capability", "source_bucket", "source_amount", "source_usage", "source_connection", "source_currency",
	})
	for _, d := range all {
		_ = out.Write([]string{
			Cell(d.TenantID), d.Status, d.Cause, Cell(d.UsageID), Cell(d.OrganizerID), d.StartedAt.Format(time.RFC3339Nano), strconv.FormatUint(uint64(d.Seconds), 10),
			Cell(d.Country), d.Class, d.Bucket, d.BucketAfter, d.Reason, exact(d.Amount), d.Usage.String(), d.Connection.String(), d.Currency,
			Cell(d.Capability), d.SourceBucket, d.SourceAmount.String(), d.SourceUsage.String(), d.SourceConnection.String(), Cell(d.SourceCurrency),
		})
	}
	out.Flush()
	return out.Error() // a csv.Writer keeps its first error
}
