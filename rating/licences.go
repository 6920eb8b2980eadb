package rating

import (
	"context"
	"slices"
	"strings"
	"time"

	"fairdial/rules/plan"
)

// licenceCount is how many licences make a tenant's pools in a month.
type licenceCount struct {
	TenantID string
	Month    time.Time
	SKUsAt   time.Time
	Pool     int64
	Select   int64
	// Those among them that add minutes of their own, by SKU, and how many in all.
	PoolOwn          int64
	PoolOwnMinutes   int64
	SelectOwn        int64
	SelectOwnMinutes int64
}

// seconds are the sizes of a tenant's pools.
func (c licenceCount) seconds(t plan.Terms, country string) (pool, free int64) {
	return t.Pool.PoolSeconds(c.Pool-c.PoolOwn, country) + 60*c.PoolOwnMinutes,
		t.SelectPool.PoolSeconds(c.Select-c.SelectOwn, country) + 60*c.SelectOwnMinutes
}

// licencedSKU is what a tenant had of a SKU when a snapshot was taken; names are in lower case.
type licencedSKU struct {
	SnapshotID string   `ch:"snapshot_id"`
	Part       string   `ch:"part"`
	Plans      []string `ch:"plans"`
	Purchased  int64    `ch:"purchased"` // enabled, and warning while in grace
	Assigned   int64    `ch:"assigned"`
}

// counting is how the licences of one of the pools are counted.
type counting struct {
	plans, parts []string // that SKUs of the pool have or are
	units        plan.Counting
	bySKU        map[string]plan.Counting
	minutes      map[string]int64 // a licence adds, of SKUs that add minutes of their own
}

func countingOf(p plan.Pool, of plan.Identity) counting {
	c := counting{plans: words(of.ServicePlans), parts: lower(of.SKUPartNumbers), units: p.Units, bySKU: map[string]plan.Counting{}, minutes: map[string]int64{}}
	for name, how := range p.UnitsBySKU {
		c.bySKU[strings.ToLower(string(name))] = how
	}
	parts, minutes := p.SKUMinutes()
	for i, part := range parts {
		c.minutes[part] = minutes[i]
	}
	return c
}

func (c counting) takes(s licencedSKU) bool {
	return slices.Contains(c.parts, s.Part) || slices.ContainsFunc(s.Plans, func(p string) bool { return slices.Contains(c.plans, p) })
}

// add counts a SKU's licences, and among them those that add minutes of their own.
func (c counting) add(s licencedSKU, all, own, minutes *int64) {
	how, said := c.bySKU[s.Part]
	if !said {
		how = c.units
	}
	n := max(s.Purchased, 0)
	if how == plan.Assigned {
		n = max(s.Assigned, 0)
	}
	*all += n
	if each, adds := c.minutes[s.Part]; adds {
		*own += n
		*minutes += n * each
	}
}

// countLicences counts by the newest snapshot before each end; days say what month each
// end is of. A SKU that could be of both pools is of the first.
func (r *Rater) countLicences(ctx context.Context, t plan.Terms, tenants, days, ends []string) ([]licenceCount, error) {
	chosen, err := query[struct {
		TenantID   string    `ch:"tenant_id"`
		Month      time.Time `ch:"month"`
		SKUsAt     time.Time `ch:"skus_at"`
		SnapshotID string    `ch:"snapshot_id"`
	}](ctx, r.conn, "licence_snapshots", named("tenants", words(tenants)), named("months", days), named("ends", ends))
	if err != nil || len(chosen) == 0 {
		return nil, err
	}
	ids := make([]string, len(chosen))
	for i, s := range chosen {
		ids[i] = s.SnapshotID
	}
	slices.Sort(ids)
	skus, err := query[licencedSKU](ctx, r.conn, "licence_skus", named("snapshots", slices.Compact(ids)))
	if err != nil {
		return nil, err
	}
	first, second := countingOf(t.Pool, t.Identities.Conferencing), countingOf(t.SelectPool, t.Identities.Select)
	counts := map[string]licenceCount{} // by snapshot
	for _, s := range skus {
		c := counts[s.SnapshotID]
		switch {
		case first.takes(s):
			first.add(s, &c.Pool, &c.PoolOwn, &c.PoolOwnMinutes)
		case second.takes(s):
			second.add(s, &c.Select, &c.SelectOwn, &c.SelectOwnMinutes)
		}
		counts[s.SnapshotID] = c
	}
	out := make([]licenceCount, len(chosen))
	for i, s := range chosen {
		out[i] = counts[s.SnapshotID]
		out[i].TenantID, out[i].Month, out[i].SKUsAt = s.TenantID, s.Month, s.SKUsAt
	}
	return out, nil
}
