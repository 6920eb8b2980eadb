package rating

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/usage"
)

// PoolsRequest says of which pools one wants to know where they stand.
type PoolsRequest struct {
	Month   usage.Month
	Tenants []string // none for all
	// At is the moment whose standing is asked for; calls that begin later are left out.
	// Zero means now.
	At time.Time
	// Top is how many of those who drew most are named; 0 for none.
	Top int
}

// PoolStanding is where a tenant's pool stands at a moment.
type PoolStanding struct {
	TenantID   string    `json:"tenant_id"`
	TenantName string    `json:"tenant_name"`
	Month      string    `json:"month"`
	Pool       string    `json:"pool"` // standard; select is the free subscription's own, for US and Canada
	At         time.Time `json:"at"`   // UTC
	// DataUntil is the start of the newest call of any kind that is known, UTC. Sources
	// are a day or two behind.
	DataUntil     *time.Time `json:"data_until,omitempty"`
	Licences      int64      `json:"licences"`
	LicencesKnown bool       `json:"licences_known"`
	Seconds       int64      `json:"seconds"` // its size
	Used          int64      `json:"used"`    // seconds
	Left          int64      `json:"left"`    // seconds
	// UsedPermille is Used of Seconds in thousandths, rounded down: 1000 is used up and
	// nothing else is.
	UsedPermille int64 `json:"used_permille"`
	// EmptyAt is the start of the call that used it up, UTC; nil while there is some left.
	EmptyAt  *time.Time `json:"empty_at,omitempty"`
	Forecast Forecast   `json:"forecast"`
	// Days are those on which something was drawn, in their order.
	Days      []PoolDay     `json:"days"`
	DrainedBy []PoolDrainer `json:"drained_by"`
	// Shown says of which run of a closed month this is; nil for an open one.
	Shown *Shown `json:"shown,omitempty"`
}

// PoolDay is what was drawn from a pool on a day of the plan's time zone.
type PoolDay struct {
	Day   string `json:"day"`   // YYYY-MM-DD
	Drawn int64  `json:"drawn"` // seconds
}

// PoolDrainer is an organizer who drew on a pool.
type PoolDrainer struct {
	Rank        uint64 `ch:"rank" json:"rank"` // equals share one
	OrganizerID string `ch:"organizer_id" json:"organizer_id"`
	UPN         string `ch:"upn" json:"upn,omitempty"`
	Name        string `ch:"name" json:"name,omitempty"`
	Calls       uint64 `ch:"calls" json:"calls"`
	Drawn       int64  `ch:"drawn" json:"drawn"` // seconds
}

// MonthOf is the month that a moment is billed in, in the plan's time zone.
func (r *Rater) MonthOf(t time.Time) usage.Month { return usage.MonthOf(t, r.plan.Location()) }

type poolKey struct{ tenant, pool string }

// Pools says where the pools of a month stand: by tenant, the tenant's own before that of
// the free subscription. The latter is left out where a tenant has none.
func (r *Rater) Pools(ctx context.Context, req PoolsRequest) ([]PoolStanding, error) {
	all, err := r.pools(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("pools of %s: %w", req.Month, err)
	}
	return all, nil
}

func (r *Rater) pools(ctx context.Context, req PoolsRequest) ([]PoolStanding, error) {
	if req.At.IsZero() {
		req.At = r.now()
	}
	from, to := r.span(req.Month)
	at := req.At
	if at.Before(from) {
		return nil, fmt.Errorf("%s is before the month begins", at.UTC().Format(time.RFC3339))
	}
	if at.After(to) {
		at = to
	}
	read, err := r.settledAt(ctx, at, to)
	if err != nil {
		return nil, err
	}
	tenants := named("tenants", words(req.Tenants))
	var runs []shownRun
	var who []tenant
	var looked map[poolKey]poolDemand
	var known map[string]span
	var drainers map[poolKey][]PoolDrainer
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() (err error) { runs, err = r.runs(ctx, req.Tenants, []usage.Month{req.Month}); return err })
	work.Go(func() (err error) { who, err = query[tenant](ctx, r.conn, "tenants", tenants); return err })
	work.Go(func() (err error) { looked, err = r.poolDays(ctx, req, read); return err })
	work.Go(func() (err error) { known, err = r.dataUntil(ctx, req, from.AddDate(0, -2, 0), read); return err })
	work.Go(func() (err error) { drainers, err = r.drainers(ctx, req, read); return err })
	if err := work.Wait(); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, t := range who {
		names[t.ID] = t.Name
	}
	out := []PoolStanding{}
	byTenant(runs)
	for _, c := range runs {
		s := PoolStanding{
			TenantID: c.TenantID, TenantName: names[c.TenantID], Month: req.Month.String(), Pool: "standard", At: req.At.UTC(),
			Licences: c.PoolLicences, LicencesKnown: c.SKUsAt.Unix() > 0, Seconds: c.PoolSeconds, Shown: c.shown,
		}
		free := s
		free.Pool, free.Licences, free.Seconds = "select", c.SelectLicences, c.SelectPoolSeconds
		for _, s := range []PoolStanding{s, free} {
			k := poolKey{s.TenantID, s.Pool}
			if s.Pool == "select" && s.Seconds == 0 && len(looked[k].days) == 0 {
				continue
			}
			s.stand(looked[k])
			s.DrainedBy = append([]PoolDrainer{}, drainers[k]...)
			if span, ok := known[s.TenantID]; ok && (s.Shown == nil || !s.Shown.Frozen) { // of a closed month the frozen run says which
				s.DataUntil = &span.last
			}
			s.Forecast = r.forecast(s, looked[k], known[s.TenantID], at, to)
			out = append(out, s)
		}
	}
	return out, nil
}

// settledAt is a moment at which all that is known is the same as at another, and which stays the
// same as time goes by: what was read of the store then need not be read again each time. Where
// calls are known that begin later it is that moment itself.
func (r *Rater) settledAt(ctx context.Context, at, end time.Time) (time.Time, error) {
	rows, err := query[struct {
		Last time.Time `ch:"last"`
	}](ctx, r.conn, "newest_call")
	if err != nil || len(rows) == 0 || !rows[0].Last.Before(at) {
		return at, err
	}
	settled := rows[0].Last.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	if settled.After(end) {
		return end, nil
	}
	return settled, nil
}

// poolDemand is what calls asked of a pool, by day, and what it gave in the month.
type poolDemand struct {
	days    map[time.Time]int64 // midnight UTC of the day in the plan's time zone: seconds
	drawn   int64
	by      []PoolDay // what was drawn
	emptyAt *time.Time
}

func (s *PoolStanding) stand(d poolDemand) {
	s.Used, s.Left, s.EmptyAt, s.Days = d.drawn, s.Seconds-d.drawn, d.emptyAt, append([]PoolDay{}, d.by...)
	if s.Seconds > 0 {
		s.UsedPermille = s.Used * 1000 / s.Seconds
	}
}

// poolDays reads the demand of the month and the two before it.
func (r *Rater) poolDays(ctx context.Context, req PoolsRequest, at time.Time) (map[poolKey]poolDemand, error) {
	before := usage.MonthOf(req.Month.Start(time.UTC).AddDate(0, -1, 0), time.UTC)
	months := []usage.Month{usage.MonthOf(before.Start(time.UTC).AddDate(0, -1, 0), time.UTC), before, req.Month}
	frozen, err := r.elsewhere(ctx, req.Tenants, months)
	if err != nil {
		return nil, err
	}
	rows, err := query[struct {
		TenantID string    `ch:"tenant_id"`
		Pool     string    `ch:"pool"`
		Day      time.Time `ch:"day"`
		Asked    int64     `ch:"asked"`
		Drawn    int64     `ch:"drawn"`
		EmptyAt  time.Time `ch:"empty_at"`
		Emptied  uint64    `ch:"emptied"`
	}](ctx, r.conn, "pool_days", named("tenants", words(req.Tenants)), named("months", firstDays(months)),
		named("month", firstDay(req.Month)), named("zone", r.plan.Location().String()), named("at", moment7(at)), named("frozen", frozen))
	if err != nil {
		return nil, err
	}
	out := map[poolKey]poolDemand{}
	for _, row := range rows {
		k := poolKey{row.TenantID, row.Pool}
		d := out[k]
		if d.days == nil {
			d.days = map[time.Time]int64{}
		}
		d.days[row.Day.UTC()] += row.Asked
		d.drawn += row.Drawn
		if row.Drawn > 0 {
			d.by = append(d.by, PoolDay{row.Day.UTC().Format(time.DateOnly), row.Drawn})
		}
		if row.Emptied > 0 {
			at := row.EmptyAt.UTC()
			d.emptyAt = &at
		}
		out[k] = d
	}
	return out, nil
}

// moment7 is a moment as exactly as calls begin.
func moment7(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.0000000") }

type span struct{ first, last time.Time }

func (r *Rater) dataUntil(ctx context.Context, req PoolsRequest, from, at time.Time) (map[string]span, error) {
	rows, err := query[struct {
		TenantID string    `ch:"tenant_id"`
		First    time.Time `ch:"first"`
		Last     time.Time `ch:"last"`
	}](ctx, r.conn, "pool_data_until", named("tenants", words(req.Tenants)), named("from", instant(from)), named("at", moment7(at)))
	if err != nil {
		return nil, err
	}
	out := map[string]span{}
	for _, row := range rows {
		out[row.TenantID] = span{row.First.UTC(), row.Last.UTC()}
	}
	return out, nil
}

func (r *Rater) drainers(ctx context.Context, req PoolsRequest, at time.Time) (map[poolKey][]PoolDrainer, error) {
	out := map[poolKey][]PoolDrainer{}
	if req.Top <= 0 {
		return out, nil
	}
	frozen, err := r.elsewhere(ctx, req.Tenants, []usage.Month{req.Month})
	if err != nil {
		return nil, err
	}
	rows, err := query[struct {
		TenantID string `ch:"tenant_id"`
		Pool     string `ch:"pool"`
		PoolDrainer
	}](ctx, r.conn, "pool_drainers", named("tenants", words(req.Tenants)), named("month", firstDay(req.Month)),
		named("at", moment7(at)), named("top", req.Top), named("frozen", frozen))
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		k := poolKey{row.TenantID, row.Pool}
		out[k] = append(out[k], row.PoolDrainer)
	}
	return out, nil
}

// NewestMonth is the newest month with a rating; false where nothing is rated.
func (r *Rater) NewestMonth(ctx context.Context) (usage.Month, bool, error) {
	rows, err := query[struct {
		Month time.Time `ch:"month"`
		Runs  uint64    `ch:"runs"`
	}](ctx, r.conn, "newest_month")
	if err != nil || len(rows) == 0 || rows[0].Runs == 0 {
		return usage.Month{}, false, err
	}
	return monthOf(rows[0].Month), true, nil
}

func byTenant(runs []shownRun) {
	slices.SortFunc(runs, func(a, b shownRun) int { return strings.Compare(a.TenantID, b.TenantID) })
}
