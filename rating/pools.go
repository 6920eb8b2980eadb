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
	newest, err := r.newestCalls(ctx, req.Tenants)
	if err != nil {
		return nil, err
	}
	read := settledAt(newest, at, to)
	before := usage.MonthOf(req.Month.Start(time.UTC).AddDate(0, -1, 0), time.UTC)
	months := []usage.Month{usage.MonthOf(before.Start(time.UTC).AddDate(0, -1, 0), time.UTC), before, req.Month}
	all, err := r.runs(ctx, req.Tenants, months)
	if err != nil {
		return nil, err
	}
	byTenant(all)
	runs := slices.DeleteFunc(slices.Clone(all), func(c shownRun) bool { return monthOf(c.Month) != req.Month })
	var who []tenant
	var looked map[poolKey]poolDemand
	var known map[string]span
	var drainers map[poolKey][]PoolDrainer
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() (err error) {
		who, err = query[tenant](ctx, r.conn, "tenants", named("tenants", words(req.Tenants)))
		return err
	})
	work.Go(func() (err error) { looked, err = r.poolDays(ctx, all, months, read); return err })
	work.Go(func() (err error) {
		known, err = r.dataUntil(ctx, req.Tenants, newest, from.AddDate(0, -2, 0), read)
		return err
	})
	work.Go(func() (err error) {
		drainers, err = r.drainers(ctx, runs, req, read, read.Before(to) && !read.After(last(newest)))
		return err
	})
	if err := work.Wait(); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, t := range who {
		names[t.ID] = t.Name
	}
	out := []PoolStanding{}
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

// NewestMonth is the newest month with a rating, of all tenants or of those named; false where
// nothing is rated.
func (r *Rater) NewestMonth(ctx context.Context, tenants ...string) (usage.Month, bool, error) {
	rows, err := query[struct {
		Month time.Time `ch:"month"`
		Runs  uint64    `ch:"runs"`
	}](ctx, r.conn, "newest_month", named("tenants", append([]string{}, tenants...)))
	if err != nil || len(rows) == 0 || rows[0].Runs == 0 {
		return usage.Month{}, false, err
	}
	return monthOf(rows[0].Month), true, nil
}

func byTenant(runs []shownRun) {
	slices.SortFunc(runs, func(a, b shownRun) int { return strings.Compare(a.TenantID, b.TenantID) })
}
