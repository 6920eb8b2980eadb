package rating

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// attempt is a row of rating_attempts.
type attempt struct {
	RunID             uuid.UUID   `ch:"run_id"`
	BatchID           uuid.UUID   `ch:"batch_id"`
	TenantID          string      `ch:"tenant_id"`
	Month             time.Time   `ch:"month"`
	Sequence          uint32      `ch:"sequence"`
	UsageFingerprint  uint64      `ch:"usage_fingerprint"`
	InputsHash        uint64      `ch:"inputs_hash"`
	LicencesVersion   uint64      `ch:"licences_version"`
	LicencesHash      uint64      `ch:"licences_hash"`
	PlanVersion       string      `ch:"plan_version"`
	TenantCountry     string      `ch:"tenant_country"`
	CreditsFunded     bool        `ch:"credits_funded"`
	CreditsCurrency   string      `ch:"credits_currency"`
	PoolLicences      int64       `ch:"pool_licences"`
	PoolSeconds       int64       `ch:"pool_seconds"`
	SelectLicences    int64       `ch:"select_licences"`
	SelectPoolSeconds int64       `ch:"select_pool_seconds"`
	SKUsAt            time.Time   `ch:"skus_at"`
	RateLists         []uuid.UUID `ch:"rate_lists"`
	RateListsFrom     []time.Time `ch:"rate_lists_from"`
	StartedAt         time.Time   `ch:"started_at"`
	Actor             string      `ch:"actor"`
}

func (r *Rater) attemptOf(s survey, batch uuid.UUID, actor string) attempt {
	in := s.inputs
	return attempt{
		RunID: r.newID(), BatchID: batch, TenantID: s.key.tenant, Month: s.key.month.Start(time.UTC),
		Sequence: s.current.Sequence + 1, UsageFingerprint: s.fingerprint, InputsHash: in.hash(),
		LicencesVersion: in.tenant.LicencesVersion, LicencesHash: in.licencesHash, PlanVersion: in.terms.ID,
		TenantCountry: in.tenant.Country, CreditsFunded: in.tenant.CreditsFunded, CreditsCurrency: in.tenant.CreditsCurrency,
		PoolLicences: in.licences.Pool, PoolSeconds: in.pool, SelectLicences: in.licences.Select, SelectPoolSeconds: in.free,
		SKUsAt: in.licences.SKUsAt, RateLists: in.rateLists(), RateListsFrom: in.rateListsFrom(), StartedAt: r.now().UTC(), Actor: actor,
	}
}

// The bits of what an organizer holds, as rate.sql has them.
func heldBits(all []plan.Conferencing) (bits uint8) {
	for _, c := range all {
		switch usage.Entitlement(c) {
		case usage.EntitlementConferencing:
			bits |= 1
		case usage.EntitlementPayPerMinute:
			bits |= 2
		case usage.EntitlementSelect:
			bits |= 4
		}
	}
	return bits
}

// tollFreeCountry is what numbers count as that are toll-free in the US: a country that no
// list names, unless they count as it.
func tollFreeCountry(t plan.Terms) string {
	if t.TollFreeCountsAsUS {
		return "US"
	}
	return ""
}

// parameters of rate.sql. The months are all from the batch's first to its last: a call's
// month is the one whose start was the last before the call.
func (r *Rater) parameters(attempts []attempt, batch []survey) []any {
	first, last, t := batch[0].key.month, batch[len(batch)-1].key.month, batch[0].inputs.terms
	starts := []string{}
	for m := first; ; m = m.Next() {
		from, _ := r.span(m)
		starts = append(starts, instant(from))
		if m == last {
			break
		}
	}
	from, _ := r.span(first)
	_, to := r.span(last)
	return append(numbered(attempts, first, len(starts)),
		named("starts", starts), named("from", instant(from)), named("to", instant(to)),
		named("conferencing_plans", words(t.Identities.Conferencing.ServicePlans)),
		named("pay_per_minute_plans", words(t.Identities.PayPerMinute.ServicePlans)),
		named("select_plans", words(t.Identities.Select.ServicePlans)),
		named("addon_plans", words(t.Identities.Addon.ServicePlans)),
		named("credits_plans", words(t.Identities.Credits.ServicePlans)),
		named("toll_free_country", tollFreeCountry(t)),
		named("addon_requires", heldBits(t.Addon.Requires)),
		named("addon_countries", words(t.Addon.Countries)), named("addon_never", words(t.Addon.Never)),
		named("pool_countries", words(t.Pool.Countries)), named("pool_never", words(t.Pool.Never)),
		named("pool_increment", t.Pool.IncrementSeconds),
		named("select_countries", words(t.SelectPool.Countries)), named("select_never", words(t.SelectPool.Never)),
		named("select_increment", t.SelectPool.IncrementSeconds),
		named("billing_tenths", t.Credits.IncrementTenths),
		named("connection_charge_on_crossing", t.Credits.ConnectionChargeOnCrossing),
	)
}

// numbered gives the runs of a batch as rate.sql knows them: by their numbers, from 1. As a
// table to be joined they would make the statement slower to prepare, and to run.
func numbered(attempts []attempt, first usage.Month, months int) []any {
	n := len(attempts)
	var tenants, lists []string
	// Moments from which other rate lists hold, for any run. The first comes before all
	// calls: then there is none.
	since := []time.Time{time.Unix(0, 0)}
	for _, a := range attempts {
		tenants = append(tenants, a.TenantID)
		since = append(since, a.RateListsFrom...)
		for _, l := range a.RateLists {
			lists = append(lists, l.String())
		}
	}
	tenants, lists = slices.Compact(slices.Sorted(slices.Values(tenants))), slices.Compact(slices.Sorted(slices.Values(lists)))
	slices.SortFunc(since, time.Time.Compare)
	since = slices.CompactFunc(since, time.Time.Equal)

	from := make([]string, len(since))
	for i, at := range since {
		from[i] = at.UTC().Format("2006-01-02 15:04:05.000")
	}

	runs, rateLists := make([]int, months*len(tenants)), make([]int, n*len(since))
	ids, of, days, currencies := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	funded, pool, free := make([]bool, n), make([]int64, n), make([]int64, n)
	for i, a := range attempts {
		tenant, _ := slices.BinarySearch(tenants, a.TenantID)
		month := 0
		for m := first; m != monthOf(a.Month); m = m.Next() {
			month++
		}
		runs[month*len(tenants)+tenant] = i + 1
		ids[i], of[i], days[i], currencies[i] = a.RunID.String(), a.TenantID, a.Month.Format(time.DateOnly), a.CreditsCurrency
		funded[i], pool[i], free[i] = a.CreditsFunded, a.PoolSeconds, a.SelectPoolSeconds
		for j, at := range since {
			for k, held := range a.RateListsFrom { // in order: the last one counts
				if !held.After(at) {
					list, _ := slices.BinarySearch(lists, a.RateLists[k].String())
					rateLists[i*len(since)+j] = list + 1
				}
			}
		}
	}
	return []any{
		named("tenants", tenants), named("runs", runs), named("run_ids", ids), named("run_tenants", of), named("run_months", days),
		named("credits_funded", funded), named("currencies", words(currencies)), named("pool_seconds", pool), named("select_pool_seconds", free),
		named("list_ids", words(lists)), named("rate_lists_from", from), named("rate_lists", rateLists),
	}
}
