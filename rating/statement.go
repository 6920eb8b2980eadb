package rating

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// ErrNotRated: a tenant-month has no rating.
var ErrNotRated = errors.New("not rated")

// Statement is what finance gets for a tenant-month. It holds nothing that changes when
// the same usage is rated again.
type Statement struct {
	TenantID    string `json:"tenant_id"`
	TenantName  string `json:"tenant_name"`
	Month       string `json:"month"`
	PlanVersion string `json:"plan_version"`

	Calls   uint64 `json:"calls"`
	Seconds uint64 `json:"seconds"`
	// Buckets has all four, in the order of the waterfall. A call that crosses the end
	// of the pool is a call of two buckets.
	Buckets []BucketTotal `json:"buckets"`
	// Lines tell why, by bucket and rule.
	Lines []StatementLine `json:"lines"`
	Pools []PoolUse       `json:"pools"`
	Addon AddonOffer      `json:"addon"`
	// Exceptions are what somebody should look at before the statement is used.
	Exceptions []Exception `json:"exceptions"`
	// Adjustments put right what was closed before. They are not in the totals above.
	Adjustments []Adjustment `json:"adjustments,omitempty"`
	// Closed says by whom and when the month was closed; nil while it is open, and of a closed
	// one that is told as it is rated now.
	Closed *Closing `json:"closed,omitempty"`
	// Reopened says that it is open again after it was closed; nil of one that never was, or is.
	Reopened *Reopening `json:"reopened,omitempty"`
	// Shown says of which run of a closed month this is; nil for an open one.
	Shown *Shown `json:"shown,omitempty"`
	// Notes are what finance wrote on it, oldest first, whether it was closed then or not.
	Notes []Note `json:"notes,omitempty"`

	month            usage.Month
	runID, closeID   uuid.UUID // where its entries are
	sequence         uint32    // of the run
	channel, segment string    // of the tenant
}

// BucketTotal is what a bucket paid for.
type BucketTotal struct {
	Bucket usage.Bucket `json:"bucket"`
	// Calls are those that the bucket paid for, in whole or in part; CallsBegun are without
	// those that another bucket paid for first. Over all buckets they add up to the calls.
	Calls      uint64 `json:"calls"`
	CallsBegun uint64 `json:"calls_begun"`
	Seconds    uint64 `json:"seconds"`
	// Amounts are what credits pay, by currency.
	Amounts []Amount `json:"amounts"`
	// Unpriced calls would be paid for by credits, and no rate for them is known.
	UnpricedCalls   uint64 `json:"unpriced_calls"`
	UnpricedSeconds uint64 `json:"unpriced_seconds"`
}

// StatementLine is the calls that one rule put into one bucket.
type StatementLine struct {
	Bucket          usage.Bucket `json:"bucket"`
	Reason          string       `json:"reason"`
	Conferencing    string       `json:"conferencing"` // what the organizers held at call start
	UnfundedBecause string       `json:"unfunded_because,omitempty"`
	Calls           uint64       `json:"calls"`
	CallsBegun      uint64       `json:"calls_begun"` // without those that another line has the beginning of
	Seconds         uint64       `json:"seconds"`
	BilledTenths    uint64       `json:"billed_tenths"` // tenths of a minute
	// Amount is what is known of the sum; nil where no rate is known for any of the calls.
	Amount          *decimal.Decimal `json:"amount"`
	Currency        string           `json:"currency"`
	UnpricedCalls   uint64           `json:"unpriced_calls"`
	UnpricedSeconds uint64           `json:"unpriced_seconds"`
}

// PoolUse is what became of a pool.
type PoolUse struct {
	Pool     string `json:"pool"` // standard, select
	Licences int64  `json:"licences"`
	// LicencesKnown is false where no snapshot of the tenant's SKUs was ever imported:
	// then the pool is empty because nobody knows better.
	LicencesKnown bool  `json:"licences_known"`
	Seconds       int64 `json:"seconds"`
	Used          int64 `json:"used"` // seconds, by the plan's increment
	Left          int64 `json:"left"` // seconds
	// EmptyAt is the start of the call that used it up, UTC; nil while there is some left.
	EmptyAt *time.Time `json:"empty_at,omitempty"`
}

// AddonOffer says whether the tenant can have bought the add-on at all.
type AddonOffer struct {
	Eligible bool   `json:"eligible"`
	Note     string `json:"note,omitempty"`
}

type lineRow struct {
	TenantID        string           `ch:"tenant_id"`
	Bucket          string           `ch:"bucket"`
	Reason          string           `ch:"reason"`
	Conferencing    string           `ch:"conferencing"`
	UnfundedBecause string           `ch:"unfunded_because"`
	Pool            string           `ch:"pool"`
	Currency        string           `ch:"currency"`
	Calls           uint64           `ch:"calls"`
	CallsBegun      uint64           `ch:"calls_begun"`
	Seconds         uint64           `ch:"seconds"`
	BilledTenths    uint64           `ch:"billed_tenths"`
	Amount          *decimal.Decimal `ch:"amount"`
	UnpricedCalls   uint64           `ch:"unpriced_calls"`
	UnpricedSeconds uint64           `ch:"unpriced_seconds"`
	PoolLeft        int64            `ch:"pool_left"`
	PoolEmptyAt     time.Time        `ch:"pool_empty_at"`
	PoolEmpty       bool             `ch:"pool_empty"`
}

// Statement is the statement of one tenant-month, as it is rated now.
func (r *Rater) Statement(ctx context.Context, month usage.Month, tenantID string) (Statement, error) {
	all, err := r.Statements(ctx, month, []string{tenantID})
	if err != nil {
		return Statement{}, err
	}
	if len(all) == 0 {
		return Statement{}, fmt.Errorf("%s %s: %w; run fairdial rate --month %s", tenantID, month, ErrNotRated, month)
	}
	return all[0], nil
}

// Statements are the statements of a month, by tenant id; without tenants, of all that
// are rated.
func (r *Rater) Statements(ctx context.Context, month usage.Month, tenants []string) ([]Statement, error) {
	wanted := named("tenants", words(tenants))
	runs, err := r.runs(ctx, tenants, []usage.Month{month})
	if err != nil {
		return nil, fmt.Errorf("statements of %s: %w", month, err)
	}
	who, err := query[tenant](ctx, r.conn, "tenants", wanted)
	if err != nil {
		return nil, fmt.Errorf("statements of %s: %w", month, err)
	}
	byID := map[string]tenant{}
	for _, t := range who {
		byID[t.ID] = t
	}
	own := map[string][]lineRow{}
	slices.SortFunc(runs, func(a, b shownRun) int { return strings.Compare(a.TenantID, b.TenantID) })
	for chunk := range slices.Chunk(runs, tenantsInStatement) {
		tenants, ids := make([]string, len(chunk)), make([]string, len(chunk))
		for i, c := range chunk {
			tenants[i], ids[i] = c.TenantID, c.RunID.String()
		}
		// By run: a rating that ends meanwhile must not mix with what was read of the runs.
		lines, err := query[lineRow](ctx, r.conn, "statement_lines", named("tenants", tenants), named("runs", ids), named("month", firstDay(month)))
		if err != nil {
			return nil, fmt.Errorf("statements of %s: %w", month, err)
		}
		for _, l := range lines {
			own[l.TenantID] = append(own[l.TenantID], l)
		}
	}
	out := make([]Statement, len(runs))
	for i, c := range runs {
		out[i] = r.statementOf(month, c.run, byID[c.TenantID], own[c.TenantID])
	}
	return out, nil
}

// unused is the statement of a tenant-month in which nothing was used.
func (r *Rater) unused(ctx context.Context, month usage.Month, tenantID string) (Statement, error) {
	key := tenantMonth{tenantID, month}
	all, err := r.gather(ctx, []tenantMonth{key}, []string{tenantID})
	if err != nil {
		return Statement{}, fmt.Errorf("statement of %s: %w", month, err)
	}
	in := all[key]
	return r.statementOf(month, run{
		TenantID: tenantID, PlanVersion: in.terms.ID, PoolLicences: in.licences.Pool, PoolSeconds: in.pool,
		SelectLicences: in.licences.Select, SelectPoolSeconds: in.free, SKUsAt: in.licences.SKUsAt,
	}, in.tenant, nil), nil
}

func (r *Rater) statementOf(month usage.Month, c run, who tenant, lines []lineRow) Statement {
	s := Statement{
		TenantID: c.TenantID, TenantName: who.Name, Month: month.String(), PlanVersion: c.PlanVersion,
		Buckets: []BucketTotal{{Bucket: usage.BucketAddon}, {Bucket: usage.BucketPool}, {Bucket: usage.BucketCredits}, {Bucket: usage.BucketUnfunded}},
		Lines:   []StatementLine{}, Exceptions: []Exception{}, month: month, runID: c.RunID, sequence: c.Sequence, channel: who.Channel, segment: who.Segment,
	}
	s.Addon.Eligible, s.Addon.Note = r.plan.InForce(month).Addon.Eligible(who.Channel, who.Segment)
	known := c.SKUsAt.Unix() > 0
	standard := PoolUse{Pool: "standard", Licences: c.PoolLicences, LicencesKnown: known, Seconds: c.PoolSeconds, Left: c.PoolSeconds}
	free := PoolUse{Pool: "select", Licences: c.SelectLicences, LicencesKnown: known, Seconds: c.SelectPoolSeconds, Left: c.SelectPoolSeconds}
	for _, l := range lines {
		s.Calls += l.CallsBegun
		s.Seconds += l.Seconds
		for i := range s.Buckets {
			if b := &s.Buckets[i]; string(b.Bucket) == l.Bucket {
				b.add(l)
			}
		}
		switch l.Pool {
		case standard.Pool:
			standard.add(l)
		case free.Pool:
			free.add(l)
		}
		s.addLine(l)
	}
	s.Pools = []PoolUse{standard}
	if free.Licences > 0 || free.Used > 0 {
		s.Pools = append(s.Pools, free)
	}
	for i := range s.Pools {
		s.Pools[i].Used = s.Pools[i].Seconds - s.Pools[i].Left
	}
	s.totalled()
	return s
}

func (b *BucketTotal) add(l lineRow) {
	b.Calls += l.Calls
	b.CallsBegun += l.CallsBegun
	b.Seconds += l.Seconds
	b.UnpricedCalls += l.UnpricedCalls
	b.UnpricedSeconds += l.UnpricedSeconds
}

func (p *PoolUse) add(l lineRow) {
	p.Left = min(p.Left, l.PoolLeft)
	if l.PoolEmpty && (p.EmptyAt == nil || l.PoolEmptyAt.Before(*p.EmptyAt)) {
		at := l.PoolEmptyAt.UTC()
		p.EmptyAt = &at
	}
}

// addLine leaves the pools apart out of the lines: the rule says which one it was.
func (s *Statement) addLine(l lineRow) {
	line := StatementLine{
		Bucket: usage.Bucket(l.Bucket), Reason: l.Reason, Conferencing: l.Conferencing, UnfundedBecause: l.UnfundedBecause,
		Calls: l.Calls, CallsBegun: l.CallsBegun, Seconds: l.Seconds, BilledTenths: l.BilledTenths, Amount: l.Amount, Currency: l.Currency,
		UnpricedCalls: l.UnpricedCalls, UnpricedSeconds: l.UnpricedSeconds,
	}
	s.Lines = append(s.Lines, line)
	order := []usage.Bucket{usage.BucketAddon, usage.BucketPool, usage.BucketCredits, usage.BucketUnfunded}
	slices.SortStableFunc(s.Lines, func(a, b StatementLine) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Bucket), slices.Index(order, b.Bucket)), strings.Compare(a.Reason, b.Reason))
	})
}

// WriteStatementsJSON writes statements as one JSON list.
func WriteStatementsJSON(w io.Writer, all []Statement) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(all)
}

// WriteStatementsCSV writes the lines of statements, one a row. Amounts are exact, and
// empty where no rate is known for any of a row's calls. A call
// that crosses the end of a pool is a call of two rows; calls_begun counts it once. Rows
// that name a month in `adjusts` put that month right, whose closing they name; their numbers can
// be negative.
func WriteStatementsCSV(w io.Writer, all []Statement) error {
	out := csv.NewWriter(w)
	err := out.Write([]string{
		"month", "tenant_id", "tenant_name", "bucket", "reason", "conferencing", "unfunded_because", "calls", "calls_begun", "seconds",
		"billed_tenths_of_minute", "amount", "currency", "unpriced_calls", "unpriced_seconds", "adjusts", "closing",
	})
	if err != nil {
		return err
	}
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	signed := func(n int64) string { return strconv.FormatInt(n, 10) }
	for _, s := range all {
		for _, l := range s.Lines {
			err := out.Write([]string{
				s.Month, Cell(s.TenantID), Cell(s.TenantName), string(l.Bucket), l.Reason, l.Conferencing, l.UnfundedBecause, number(l.Calls),
				number(l.CallsBegun), number(l.Seconds), number(l.BilledTenths), exact(l.Amount), l.Currency, number(l.UnpricedCalls), number(l.UnpricedSeconds), "", "",
			})
			if err != nil {
				return err
			}
		}
		for _, a := range s.Adjusted() {
			err := out.Write([]string{
				s.Month, Cell(s.TenantID), Cell(s.TenantName), a.Bucket, "adjustment", "", "", signed(a.Calls), signed(a.CallsBegun), signed(a.Seconds),
				signed(a.BilledTenths), exact(a.Amount), a.Currency, signed(a.UnpricedCalls), signed(a.UnpricedSeconds), a.OfMonth, a.CloseID.String(),
			})
			if err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// Cell keeps a text that comes from outside from being run as a formula by the
// spreadsheet that finance opens the file with.
func Cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Balance is where a tenant stands in a month, in short.
type Balance struct {
	TenantID        string    `json:"tenant_id"`
	TenantName      string    `json:"tenant_name"`
	Month           string    `json:"month"`
	AddonSeconds    uint64    `json:"addon_seconds"`
	Pools           []PoolUse `json:"pools"`
	CreditsSeconds  uint64    `json:"credits_seconds"`
	Credits         []Amount  `json:"credits"`
	UnpricedCalls   uint64    `json:"unpriced_calls"`
	UnpricedSeconds uint64    `json:"unpriced_seconds"`
	UnfundedSeconds uint64    `json:"unfunded_seconds"`
}

// Balance is where every tenant that is rated stands in a month, by tenant id.
func (r *Rater) Balance(ctx context.Context, month usage.Month) ([]Balance, error) {
	all, err := r.Statements(ctx, month, nil)
	if err != nil {
		return nil, err
	}
	out := make([]Balance, len(all))
	for i, s := range all {
		out[i] = Balance{
			TenantID: s.TenantID, TenantName: s.TenantName, Month: s.Month, Pools: s.Pools,
			AddonSeconds: s.Buckets[0].Seconds, CreditsSeconds: s.Buckets[2].Seconds, Credits: s.Buckets[2].Amounts,
			UnpricedCalls: s.Buckets[2].UnpricedCalls, UnpricedSeconds: s.Buckets[2].UnpricedSeconds, UnfundedSeconds: s.Buckets[3].Seconds,
		}
	}
	return out, nil
}
