package rating

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// The kinds of movement in a pool's history.
const (
	MovementOpening = "opening"
	MovementSize    = "size" // a licence snapshot showed another size than the one before
	MovementCall    = "call"
	MovementClosing = "closing"
)

// Movement is one line of a pool's history. BalanceBefore is the BalanceAfter of the line
// before it of the same pool, but for the opening; where lines are left out because they
// are not the organizer's, DrawnByOthers is what lies between.
type Movement struct {
	Kind          string    `ch:"kind" json:"kind"`
	Pool          string    `ch:"pool" json:"pool"` // standard, select
	At            time.Time `ch:"at" json:"at"`     // UTC; of a call, its start
	UsageID       string    `ch:"usage_id" json:"usage_id,omitempty"`
	OrganizerID   string    `ch:"organizer_id" json:"organizer_id,omitempty"`
	Seconds       uint32    `ch:"seconds" json:"seconds"` // of the call that the pool paid for
	Drawn         int64     `ch:"drawn" json:"drawn"`     // seconds, by the plan's increment
	BalanceBefore int64     `ch:"balance_before" json:"balance_before"`
	BalanceAfter  int64     `ch:"balance_after" json:"balance_after"`
	DrawnByOthers int64     `ch:"drawn_by_others" json:"drawn_by_others"`
	// Licences and Size are of an opening or a size. The opening's size is the one the
	// whole month was rated with: the provider counts licences once for it.
	Licences    int64 `ch:"licences" json:"licences,omitempty"`
	Size        int64 `ch:"size" json:"size,omitempty"` // seconds
	RatedBefore int64 `ch:"rated_before" json:"-"`      // what the rating said; -1 for none
}

// PoolHistory gives the movements of a tenant's pools in a month, the
// tenant's pool first, each in the order in which it was drawn on. With an organizer, only
// that one's calls.
func (r *Rater) PoolHistory(ctx context.Context, month usage.Month, tenantID, organizerID string, each func(Movement) error) error {
	return r.poolHistory(ctx, month, tenantID, organizerID, 0, math.MaxInt64, each)
}

// PoolHistoryPage gives some of the movements that PoolHistory gives, from a place in their order on.
func (r *Rater) PoolHistoryPage(ctx context.Context, month usage.Month, tenantID, organizerID string, from, limit int) ([]Movement, error) {
	fail := func(err error) ([]Movement, error) {
		return nil, fmt.Errorf("pool history of %s %s: %w", tenantID, month, err)
	}
	run, args, err := r.historyOf(ctx, month, tenantID, organizerID, from, limit)
	if err != nil {
		return fail(err)
	}
	page, err := query[Movement](ctx, r.conn, "pool_history", args...)
	if err != nil {
		return fail(err)
	}
	for i := range page {
		if err := page[i].check(run, month); err != nil {
			return fail(err)
		}
	}
	return append([]Movement{}, page...), nil
}

func (r *Rater) poolHistory(ctx context.Context, month usage.Month, tenantID, organizerID string, place, limit int, each func(Movement) error) error {
	fail := func(err error) error { return fmt.Errorf("pool history of %s %s: %w", tenantID, month, err) }
	run, args, err := r.historyOf(ctx, month, tenantID, organizerID, place, limit)
	if err != nil {
		return fail(err)
	}
	rows, err := r.conn.Query(ctx, statement("pool_history"), args...)
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		var m Movement
		if err := rows.ScanStruct(&m); err != nil {
			return fail(err)
		}
		if err := m.check(run, month); err != nil {
			return fail(err)
		}
		if err := each(m); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	return nil
}

// check holds what the draws leave against what the rating says.
func (m *Movement) check(run uuid.UUID, month usage.Month) error {
	if m.RatedBefore >= 0 && m.RatedBefore != m.BalanceBefore {
		return fmt.Errorf("run %s is not whole: before call %s the draws leave %d s and the rating says %d s; run fairdial rate --force --month %s",
			run, m.UsageID, m.BalanceBefore, m.RatedBefore, month)
	}
	m.At = m.At.UTC()
	return nil
}

// historyOf is the run that a history is of, and what the statement is asked with.
func (r *Rater) historyOf(ctx context.Context, month usage.Month, tenantID, organizerID string, place, limit int) (uuid.UUID, []any, error) {
	c, err := r.currentRun(ctx, month, tenantID)
	if err != nil {
		return uuid.Nil, nil, err
	}
	sizes, err := r.sizesSeen(ctx, month, c.run)
	if err != nil {
		return uuid.Nil, nil, err
	}
	pools, licences, seconds := []string{"standard"}, []int64{c.PoolLicences}, []int64{c.PoolSeconds}
	hasSelect := c.SelectLicences > 0 || slices.ContainsFunc(sizes, func(s sizeSeen) bool { return s.pool == "select" })
	if hasSelect {
		pools, licences, seconds = append(pools, "select"), append(licences, c.SelectLicences), append(seconds, c.SelectPoolSeconds)
	}
	from, to := r.span(month)
	at, ofPools, counts, sizeSeconds := []string{}, []string{}, []int64{}, []int64{}
	for _, s := range sizes {
		at, ofPools = append(at, s.at.UTC().Format("2006-01-02 15:04:05.000")), append(ofPools, s.pool)
		counts, sizeSeconds = append(counts, s.licences), append(sizeSeconds, s.seconds)
	}
	return c.RunID, []any{
		named("tenant", tenantID), named("month", firstDay(month)), named("run", c.RunID.String()), named("organizer", organizerID),
		named("from", uint64(max(place, 0))), named("limit", uint64(max(limit, 0))),
		named("month_from", instant(from)), named("month_to", instant(to)),
		named("pools", pools), named("licences", licences), named("sizes", seconds),
		named("size_at", at), named("size_pools", ofPools), named("size_licences", counts), named("size_seconds", sizeSeconds),
	}, nil
}

type sizeSeen struct {
	at                time.Time
	pool              string
	licences, seconds int64
}

// sizesSeen are the sizes that the licence snapshots of a month show, where one differs
// from the one before.
func (r *Rater) sizesSeen(ctx context.Context, month usage.Month, c run) ([]sizeSeen, error) {
	from, to := r.span(month)
	shots, err := query[struct {
		At time.Time `ch:"snapshot_at"`
	}](ctx, r.conn, "sku_snapshots", named("tenant", c.TenantID), named("from", instant(from)), named("to", instant(to)))
	if err != nil || len(shots) == 0 {
		return nil, err
	}
	terms, country, err := r.ratedUnder(ctx, month, c)
	if err != nil {
		return nil, err
	}
	// The size the month opened with, then that of each snapshot.
	days, ends := []string{firstDay(month)}, []string{instant(from)}
	for _, s := range shots {
		days, ends = append(days, firstDay(month)), append(ends, s.At.UTC().Add(time.Millisecond).Format("2006-01-02 15:04:05.000"))
	}
	counts, err := r.countLicences(ctx, terms, []string{c.TenantID}, days, ends)
	if err != nil {
		return nil, err
	}
	return changes(counts, terms, country), nil
}

// ratedUnder are the terms and the tenant's country that a run was made with, and those
// of today where they were not kept.
func (r *Rater) ratedUnder(ctx context.Context, month usage.Month, c run) (plan.Terms, string, error) {
	terms, known, err := r.termsOf(ctx, c.PlanVersion)
	if err != nil {
		return plan.Terms{}, "", err
	}
	if !known {
		all, err := r.terms(ctx, []tenantMonth{{c.TenantID, month}})
		if err != nil {
			return plan.Terms{}, "", err
		}
		terms = all[month]
	}
	attempts, err := query[attempt](ctx, r.conn, "explain_attempt", named("tenant", c.TenantID), named("month", firstDay(month)), named("run", c.RunID.String()))
	if err != nil || len(attempts) == 0 {
		return terms, "", err
	}
	return terms, attempts[0].TenantCountry, nil
}

// changes leaves of the counts those that differ from the one before.
func changes(counts []licenceCount, terms plan.Terms, country string) []sizeSeen {
	slices.SortFunc(counts, func(a, b licenceCount) int { return a.SKUsAt.Compare(b.SKUsAt) })
	var out []sizeSeen
	for i, c := range counts {
		if i == 0 {
			continue
		}
		before := counts[i-1]
		wasPool, wasFree := before.seconds(terms, country)
		pool, free := c.seconds(terms, country)
		if c.Pool != before.Pool || pool != wasPool {
			out = append(out, sizeSeen{c.SKUsAt, "standard", c.Pool, pool})
		}
		if c.Select != before.Select || free != wasFree {
			out = append(out, sizeSeen{c.SKUsAt, "select", c.Select, free})
		}
	}
	return out
}
