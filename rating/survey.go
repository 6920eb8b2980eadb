package rating

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"fairdial/usage"
)

// survey is what is known of a tenant-month before it is rated.
type survey struct {
	key tenantMonth
	// records that can bear on the month, about: replaced revisions are among them.
	records uint64
	// fingerprint of all revisions that can bear on the month, and of corrections alone.
	fingerprint, corrections uint64
	inputs                   inputs
	current                  run // the zero run if there is none
}

// stale says whether the current run is of other usage, or of other inputs.
func (s survey) stale() bool {
	return s.current.Sequence == 0 || s.current.UsageFingerprint != s.fingerprint || s.current.InputsHash != s.inputs.hash()
}

// survey looks at every tenant-month of a request that has usage or a run. It costs a few
// rows a tenant and day, whatever the number of calls; licences are read only of tenants
// whose licences changed since the run. It comes by month, then tenant.
func (r *Rater) survey(ctx context.Context, req Request) ([]survey, error) {
	// Usage first: whatever else is read later can only be newer than the fingerprint says.
	months, tenants := named("months", firstDays(req.Months)), named("tenants", words(req.Tenants))
	used, err := query[struct {
		TenantID    string    `ch:"tenant_id"`
		Month       time.Time `ch:"month"`
		Records     uint64    `ch:"records"`
		Fingerprint uint64    `ch:"fingerprint"`
		Corrections uint64    `ch:"corrections"`
	}](ctx, r.conn, "usage_months", tenants, months, named("zone", r.plan.Location().String()))
	if err != nil {
		return nil, err
	}
	runs, err := query[run](ctx, r.conn, "current_runs", tenants, months)
	if err != nil {
		return nil, err
	}
	all := map[tenantMonth]*survey{}
	at := func(tenant string, month time.Time) *survey {
		k := tenantMonth{tenant, monthOf(month)}
		if all[k] == nil {
			all[k] = &survey{key: k}
		}
		return all[k]
	}
	for _, u := range used {
		s := at(u.TenantID, u.Month)
		s.records, s.fingerprint, s.corrections = u.Records, u.Fingerprint, u.Corrections
	}
	for _, c := range runs {
		at(c.TenantID, c.Month).current = c
	}
	keys := make([]tenantMonth, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)

	inputs, err := r.gather(ctx, keys, req.Tenants)
	if err != nil {
		return nil, err
	}
	var unknown []tenantMonth // whose licences are not those of the run, or that have no run
	for _, k := range keys {
		in, current := inputs[k], all[k].current
		if current.Sequence > 0 && current.LicencesVersion == in.tenant.LicencesVersion && current.PlanVersion == in.terms.ID {
			in.licencesHash = current.LicencesHash
			inputs[k] = in
			continue
		}
		unknown = append(unknown, k)
	}
	if err := r.hashLicences(ctx, inputs, unknown); err != nil {
		return nil, err
	}
	out := make([]survey, len(keys))
	for i, k := range keys {
		out[i] = *all[k]
		out[i].inputs = inputs[k]
	}
	return out, nil
}

func compareKeys(a, b tenantMonth) int {
	return cmp.Or(a.month.Start(time.UTC).Compare(b.month.Start(time.UTC)), strings.Compare(a.tenant, b.tenant))
}

// Stale lists the tenant-months whose rating is not up to date.
func (r *Rater) Stale(ctx context.Context, months []usage.Month, tenants []string) ([]Unsettled, error) {
	all, err := r.survey(ctx, Request{Months: months, Tenants: tenants})
	if err != nil {
		return nil, err
	}
	out := []Unsettled{}
	for _, s := range all {
		if s.stale() {
			out = append(out, Unsettled{s.key.tenant, s.key.month.String()})
		}
	}
	return out, nil
}
