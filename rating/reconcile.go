package rating

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// How a record's rating and what the source says of it compare.
const (
	StatusMatch             = "match"
	StatusOtherBucket       = "other_bucket" // the source says that something else paid
	StatusOtherAmount       = "other_amount"
	StatusOtherCurrency     = "other_currency"     // the source charged in another currency: nothing to compare
	StatusFreeCall          = "free_call"          // the source did not charge, whatever should have paid
	StatusUnknownCapability = "unknown_capability" // a word the plan does not know
	StatusMissingThere      = "missing_there"      // the source does not say what paid, or does not have the call
	StatusMissingHere       = "missing_here"       // the source has the call and we do not; known from its totals alone
	StatusNoRate            = "no_rate"            // no rate is known, so there is no amount to compare
	StatusNotRated          = "not_rated"          // arrived after the rating: rate again
)

// Statuses are all of them.
func Statuses() []string {
	return []string{
		StatusMatch, StatusOtherBucket, StatusOtherAmount, StatusOtherCurrency, StatusFreeCall, StatusUnknownCapability,
		StatusMissingThere, StatusMissingHere, StatusNoRate, StatusNotRated,
	}
}

// Reconciliation sets the rating of a tenant-month against the source's own charges. It
// only tells; nothing is mended. Amounts of different currencies are never added up.
type Reconciliation struct {
	TenantID    string          `json:"tenant_id"`
	Month       string          `json:"month"`
	RunID       uuid.UUID       `json:"run_id"`
	PlanVersion string          `json:"plan_version"`
	Tolerance   decimal.Decimal `json:"tolerance"` // how far the amounts of a call may be apart, in the currency
	// Calls by status; all statuses are there.
	Calls  map[string]uint64   `json:"calls"`
	Totals []Variance          `json:"totals"` // by currency
	Causes []Cause             `json:"causes"` // those that move money first, by currency, the most first; then by seconds
	Lines  []ReconciledBuckets `json:"lines"`
	Report *ReportComparison   `json:"report,omitempty"`
	// Fingerprint is of all of the above but the run: who signs a reconciliation signs this.
	Fingerprint string `json:"fingerprint"`
	// Shown says of which run of a closed month this is; nil for an open one.
	Shown *Shown `json:"shown,omitempty"`
}

// Variance is what the source charged and we rated in one currency. Charged less Rated is
// Total, which is the sum over Components and over Statuses.
type Variance struct {
	Currency   string                     `json:"currency"` // "" where the source names none
	Rated      decimal.Decimal            `json:"rated"`
	Charged    decimal.Decimal            `json:"charged"`
	Total      decimal.Decimal            `json:"variance"`
	Components map[string]decimal.Decimal `json:"components"` // usage, connection
	Statuses   map[string]decimal.Decimal `json:"statuses"`
	// UnpricedCalls are in Charged and cannot be in Rated: no rate for them is known.
	UnpricedCalls uint64 `json:"unpriced_calls"`
}

// Cause is what most likely makes calls differ, in one currency.
type Cause struct {
	Cause    string          `json:"cause"`
	Likely   string          `json:"likely"` // in words
	Status   string          `json:"status"`
	Currency string          `json:"currency"`
	Calls    uint64          `json:"calls"`
	Seconds  uint64          `json:"seconds"`
	Variance decimal.Decimal `json:"variance"` // charged less rated
}

// causes in words: what to look at.
var causes = map[string]string{
	"rate_again":             "the records arrived or were corrected after the rating: rate again",
	"source_silent":          "the source does not say what paid",
	"source_did_not_price":   "the source could not price the calls and gave them for nothing",
	"new_capability":         "the source names a capability that the plan does not know: add it to reconciliation.capabilities",
	"rate_missing":           "no rate is known for the destination: import the rate sheet",
	"currency":               "the source charged in another currency than the tenant's credits are in",
	"other_service":          "the source charged a service that is no conference dial-out, such as a calling plan",
	"addon_licence":          "the add-on's licence: its service plan is not named in licences.addon, or it was assigned or taken away at another time than the directory says",
	"destination":            "the destination: the source takes it for Zone A, and the plan or the numbering does not",
	"conferencing_licence":   "the conferencing licence: the source knows another one at call start",
	"pool_size":              "the pool ended at another call: other licences are counted, calls are missing, or it is drawn on in other steps",
	"credits_unknown":        "credits paid there: the tenant's record or the organizer's licence does not say so here",
	"no_seconds":             "the calls have no seconds: nothing is drawn or charged for them, and either side can put them anywhere",
	"unpaid":                 "nothing pays for the calls here, and the source names the pool and charged nothing: it let them through, counts a larger pool, or takes the destination for Zone A",
	"not_charged":            "the source did not charge",
	"charged_though_covered": "the source charged for what add-on or pool cover",
	"connection_charge":      "the connection charge alone differs: the sheet's, or whether a call that crosses the end of the pool pays it",
	"rounding":               "the source bills whole minutes, and the plan tenths",
	"rate":                   "another rate: the sheet is not the one in force, or another prefix was taken",
	"unexplained":            "not known",
}

// ReconciledBuckets is how many calls that we put in one bucket the source has in another.
type ReconciledBuckets struct {
	Status           string          `ch:"status" json:"status"`
	Cause            string          `ch:"cause" json:"cause,omitempty"`
	SignedCause      string          `ch:"signed_cause" json:"-"` // the cause as it was told when the first were signed
	Bucket           string          `ch:"bucket" json:"bucket"`
	SourceBucket     string          `ch:"source_bucket" json:"source_bucket"`
	Currency         string          `ch:"currency" json:"currency"` // of what is rated; "" where credits pay nothing
	SourceCurrency   string          `ch:"source_currency" json:"source_currency"`
	Calls            uint64          `ch:"calls" json:"calls"`
	Seconds          uint64          `ch:"seconds" json:"seconds"`
	UnpricedCalls    uint64          `ch:"unpriced_calls" json:"unpriced_calls"`
	RatedUsage       decimal.Decimal `ch:"rated_usage" json:"rated_usage"`
	RatedConnection  decimal.Decimal `ch:"rated_connection" json:"rated_connection"`
	SourceUsage      decimal.Decimal `ch:"source_usage" json:"source_usage"`
	SourceConnection decimal.Decimal `ch:"source_connection" json:"source_connection"`
}

// ReconcileRequest says what is to be compared, and how.
type ReconcileRequest struct {
	Month    usage.Month
	TenantID string
	// Tolerance replaces the plan's; nil leaves it.
	Tolerance *decimal.Decimal
	// Report is the provider's own totals by organizer; nil for none.
	Report []ReportRow
}

// Reconcile compares every record of a tenant-month with what the source says paid for it.
func (r *Rater) Reconcile(ctx context.Context, req ReconcileRequest) (Reconciliation, error) {
	fail := func(err error) (Reconciliation, error) {
		return Reconciliation{}, fmt.Errorf("reconcile %s %s: %w", req.TenantID, req.Month, err)
	}
	c, err := r.currentRun(ctx, req.Month, req.TenantID)
	if err != nil {
		return fail(err)
	}
	terms, err := r.termsAsRated(ctx, req.Month, c)
	if err != nil {
		return fail(err)
	}
	out := Reconciliation{
		TenantID: req.TenantID, Month: req.Month.String(), RunID: c.RunID, PlanVersion: c.PlanVersion, Tolerance: tolerance(req, terms), Shown: c.shown,
		Calls: map[string]uint64{}, Totals: []Variance{}, Causes: []Cause{}, Lines: []ReconciledBuckets{},
	}
	for _, s := range Statuses() {
		out.Calls[s] = 0
	}
	if out.Lines, err = r.compareCounts(ctx, req, c, terms); err != nil {
		return fail(err)
	}
	for _, l := range out.Lines {
		out.Calls[l.Status] += l.Calls
	}
	out.Totals, out.Causes = totals(out.Lines), ranked(out.Lines)
	if req.Report != nil {
		report, err := r.compareReport(ctx, req, c, terms)
		if err != nil {
			return fail(err)
		}
		out.Report = &report
		out.Calls[StatusMissingHere] = report.MissingHere // what is missing there has a status as a record
	}
	if out.Fingerprint, err = fingerprint(out); err != nil {
		return fail(err)
	}
	return out, nil
}

// sides of a line: what is rated in one currency, and what is charged, maybe in another.
func (l ReconciledBuckets) sides(each func(currency string, ratedUsage, ratedConnection, usage, connection decimal.Decimal)) {
	rated := l.Currency != ""
	switch {
	case rated && l.SourceCurrency == l.Currency:
		each(l.Currency, l.RatedUsage, l.RatedConnection, l.SourceUsage, l.SourceConnection)
		return
	case rated:
		each(l.Currency, l.RatedUsage, l.RatedConnection, decimal.Zero, decimal.Zero)
	}
	if !l.SourceUsage.IsZero() || !l.SourceConnection.IsZero() {
		each(l.SourceCurrency, decimal.Zero, decimal.Zero, l.SourceUsage, l.SourceConnection)
	}
}

// totals are by currency, in order of its code.
func totals(lines []ReconciledBuckets) []Variance {
	byCurrency := map[string]*Variance{}
	for _, l := range lines {
		l.sides(func(currency string, ratedUsage, ratedConnection, usage, connection decimal.Decimal) {
			v := byCurrency[currency]
			if v == nil {
				v = &Variance{Currency: currency, Components: map[string]decimal.Decimal{}, Statuses: map[string]decimal.Decimal{}}
				byCurrency[currency] = v
			}
			v.Rated = v.Rated.Add(ratedUsage).Add(ratedConnection)
			v.Charged = v.Charged.Add(usage).Add(connection)
			v.Components["usage"] = v.Components["usage"].Add(usage.Sub(ratedUsage))
			v.Components["connection"] = v.Components["connection"].Add(connection.Sub(ratedConnection))
			v.Statuses[l.Status] = v.Statuses[l.Status].Add(usage.Add(connection).Sub(ratedUsage).Sub(ratedConnection))
			if currency == l.Currency {
				v.UnpricedCalls += l.UnpricedCalls
			}
		})
	}
	out := []Variance{}
	for _, v := range byCurrency {
		v.Total = v.Charged.Sub(v.Rated)
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b Variance) int { return strings.Compare(a.Currency, b.Currency) })
	return out
}

func tolerance(req ReconcileRequest, terms plan.Terms) decimal.Decimal {
	if req.Tolerance != nil {
		return *req.Tolerance
	}
	return terms.Reconciliation.Tolerance
}

// compare runs a query over compared.sql. Of a closed month those revisions of records are
// compared that were rated; what arrived since is not of it.
func (r *Rater) compare(ctx context.Context, name string, req ReconcileRequest, c shownRun, terms plan.Terms, args ...any) (driver.Rows, error) {
	return r.conn.Query(ctx, statement("compared")+statement(name), append(r.comparing(req, c, terms), args...)...)
}

// comparing is what compared.sql is given.
func (r *Rater) comparing(req ReconcileRequest, c shownRun, terms plan.Terms) []any {
	from, to := r.span(req.Month)
	says := terms.Reconciliation
	return []any{
		named("tenant", req.TenantID), named("month", firstDay(req.Month)), named("run", c.RunID.String()), named("frozen", c.shown != nil && c.shown.Frozen),
		named("month_from", instant(from)), named("month_to", instant(to)),
		named("addon", upper(says.Capabilities.Addon)), named("pool", upper(says.Capabilities.Pool)),
		named("credits", upper(says.Capabilities.Credits)), named("free_call", upper(says.Capabilities.FreeCall)),
		named("other", upper(says.Capabilities.Other)), named("tolerance", tolerance(req, terms).String()),
	}
}

func upper(names []plan.Name) []string {
	out := words(names)
	for i := range out {
		out[i] = strings.ToUpper(out[i])
	}
	return out
}
