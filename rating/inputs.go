package rating

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"

	"fairdial/rules/plan"
	"fairdial/rules/rates"
	"fairdial/usage"
)

// tenant is of a tenant what rating depends on.
type tenant struct {
	ID              string `ch:"tenant_id"`
	Name            string `ch:"name"`
	Country         string `ch:"country"`
	Segment         string `ch:"segment"`
	Channel         string `ch:"channel"`
	CreditsFunded   bool   `ch:"credits_funded"`
	CreditsCurrency string `ch:"credits_currency"`
	LicencesVersion uint64 `ch:"licences_version"`
}

// inputs is everything but usage that a tenant-month's rating follows from.
type inputs struct {
	terms        plan.Terms
	tenant       tenant
	licences     licenceCount
	pool, free   int64 // seconds
	sheets       []rates.Stored
	licencesHash uint64
}

// hash is equal for equal inputs. The licences are in it as far as they touch the month.
func (in inputs) hash() uint64 {
	h := xxhash.New()
	fmt.Fprintf(h, "%s|%s|%t|%s|%d|%d|", in.terms.ID, in.tenant.Country, in.tenant.CreditsFunded, in.tenant.CreditsCurrency, in.pool, in.free)
	for _, s := range in.sheets {
		fmt.Fprintf(h, "%s@%d|", s.ID, s.ValidFrom.UnixMilli())
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], in.licencesHash)
	_, _ = h.Write(b[:])
	return h.Sum64()
}

// rateLists are the sheets in force, as they hold for the tenant's country.
func (in inputs) rateLists() []uuid.UUID {
	ids := make([]uuid.UUID, len(in.sheets))
	for i, s := range in.sheets {
		ids[i] = s.ListID(in.tenant.Country)
	}
	return ids
}

func (in inputs) rateListsFrom() []time.Time {
	from := make([]time.Time, len(in.sheets))
	for i, s := range in.sheets {
		from[i] = s.ValidFrom
	}
	return from
}

// gather reads the inputs of tenant-months, but for the hash of their licences.
func (r *Rater) gather(ctx context.Context, keys []tenantMonth, tenants []string) (map[tenantMonth]inputs, error) {
	rows, err := query[tenant](ctx, r.conn, "tenants", named("tenants", words(tenants)))
	if err != nil {
		return nil, err
	}
	byID := map[string]tenant{}
	for _, t := range rows {
		byID[t.ID] = t
	}
	sheets, err := rates.List(ctx, r.conn)
	if err != nil {
		return nil, err
	}
	terms, err := r.terms(ctx, keys)
	if err != nil {
		return nil, err
	}
	counts, err := r.licenceCounts(ctx, terms, tenants)
	if err != nil {
		return nil, err
	}
	out := make(map[tenantMonth]inputs, len(keys))
	for _, k := range keys {
		in := inputs{terms: terms[k.month], tenant: byID[k.tenant], licences: counts[k]}
		in.tenant.ID = k.tenant
		in.pool, in.free = in.licences.seconds(in.terms, in.tenant.Country)
		if in.tenant.CreditsFunded {
			in.sheets = r.inForce(sheets, in.tenant.CreditsCurrency, k.month)
		}
		out[k] = in
	}
	return out, nil
}

// terms are those of each month. An entitlement that is named by SKU alone gets the
// service plans that those SKUs carry and no others do.
func (r *Rater) terms(ctx context.Context, keys []tenantMonth) (map[usage.Month]plan.Terms, error) {
	p := r.plan
	ids := []*plan.Identity{
		&p.Identities.Conferencing, &p.Identities.PayPerMinute, &p.Identities.Select, &p.Identities.Addon, &p.Identities.Credits,
	}
	if slices.ContainsFunc(ids, func(i *plan.Identity) bool { return len(i.ServicePlans) == 0 && len(i.SKUPartNumbers) > 0 }) {
		skus, err := query[sku](ctx, r.conn, "skus_by_plan")
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if len(id.ServicePlans) == 0 {
				id.ServicePlans = plansOnlyIn(skus, id.SKUPartNumbers)
			}
		}
	}
	if len(p.Identities.Addon.ServicePlans) == 0 && len(keys) > 0 {
		r.log.WarnContext(ctx, "no service plan of the add-on is known, so no call is rated as add-on; name it in licences.addon")
	}
	terms := map[usage.Month]plan.Terms{}
	for _, k := range keys {
		if _, ok := terms[k.month]; !ok {
			terms[k.month] = p.InForce(k.month)
		}
	}
	return terms, nil
}

type sku struct {
	Part  string   `ch:"part"`
	Plans []string `ch:"plans"`
}

func plansOnlyIn(skus []sku, parts []plan.Name) []plan.GUID {
	inside, outside := map[string]bool{}, map[string]bool{}
	for _, s := range skus {
		into := outside
		if slices.ContainsFunc(parts, func(p plan.Name) bool { return strings.EqualFold(string(p), s.Part) }) {
			into = inside
		}
		for _, p := range s.Plans {
			into[p] = true
		}
	}
	var out []plan.GUID
	for p := range inside {
		if !outside[p] {
			out = append(out, plan.GUID(p))
		}
	}
	slices.Sort(out)
	return out
}

// licenceCounts asks once for all the months that follow the same terms.
func (r *Rater) licenceCounts(ctx context.Context, terms map[usage.Month]plan.Terms, tenants []string) (map[tenantMonth]licenceCount, error) {
	byTerms := map[string][]usage.Month{}
	for m, t := range terms {
		byTerms[t.ID] = append(byTerms[t.ID], m)
	}
	out := map[tenantMonth]licenceCount{}
	for _, months := range byTerms {
		slices.SortFunc(months, func(a, b usage.Month) int { return a.Start(time.UTC).Compare(b.Start(time.UTC)) })
		t := terms[months[0]]
		ends := make([]string, len(months))
		for i, m := range months {
			_, to := r.span(m)
			ends[i] = instant(to)
		}
		rows, err := r.countLicences(ctx, t, tenants, firstDays(months), ends)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			out[tenantMonth{c.TenantID, monthOf(c.Month)}] = c
		}
	}
	return out, nil
}

func lower(names []plan.Name) []string {
	out := words(names)
	for i := range out {
		out[i] = strings.ToLower(out[i])
	}
	return out
}

// inForce picks a currency's sheets that hold at some moment of a month, in order; they
// come by currency and time.
func (r *Rater) inForce(all []rates.Stored, currency string, m usage.Month) []rates.Stored {
	from, to := r.span(m)
	var out []rates.Stored
	for _, s := range all {
		if s.Currency != currency || !s.ValidFrom.Before(to) {
			continue
		}
		if !s.ValidFrom.After(from) {
			out = out[:0]
		}
		out = append(out, s)
	}
	return out
}

// hashLicences fills in the hash of the licences that touch each month.
func (r *Rater) hashLicences(ctx context.Context, all map[tenantMonth]inputs, keys []tenantMonth) error {
	byTerms := map[string][]tenantMonth{}
	for _, k := range keys {
		id := all[k].terms.ID
		byTerms[id] = append(byTerms[id], k)
	}
	for _, keys := range byTerms {
		months, tenants := spread(keys)
		starts, ends := make([]string, len(months)), make([]string, len(months))
		for i, m := range months {
			from, to := r.span(m)
			starts[i], ends[i] = instant(from), instant(to)
		}
		plans := []string{}
		ids := all[keys[0]].terms.Identities
		for _, i := range []plan.Identity{ids.Conferencing, ids.PayPerMinute, ids.Select, ids.Addon, ids.Credits} {
			plans = append(plans, words(i.ServicePlans)...)
		}
		for chunk := range slices.Chunk(tenants, tenantsInStatement) {
			rows, err := query[struct {
				TenantID string    `ch:"tenant_id"`
				Month    time.Time `ch:"month"`
				Hash     uint64    `ch:"hash"`
			}](ctx, r.conn, "licence_hashes", named("tenants", chunk), named("plans", plans),
				named("months", firstDays(months)), named("starts", starts), named("ends", ends))
			if err != nil {
				return err
			}
			for _, row := range rows {
				k := tenantMonth{row.TenantID, monthOf(row.Month)}
				if in, ok := all[k]; ok {
					in.licencesHash = row.Hash
					all[k] = in
				}
			}
		}
	}
	return nil
}

// tenantsInStatement bounds how many tenants a statement names: over HTTP, parameters
// are part of the address.
const tenantsInStatement = 500

// spread gives the distinct months and tenants of keys, in order.
func spread(keys []tenantMonth) (months []usage.Month, tenants []string) {
	seenMonth, seenTenant := map[usage.Month]bool{}, map[string]bool{}
	for _, k := range keys {
		if !seenMonth[k.month] {
			seenMonth[k.month] = true
			months = append(months, k.month)
		}
		if !seenTenant[k.tenant] {
			seenTenant[k.tenant] = true
			tenants = append(tenants, k.tenant)
		}
	}
	slices.SortFunc(months, func(a, b usage.Month) int { return a.Start(time.UTC).Compare(b.Start(time.UTC)) })
	slices.Sort(tenants)
	return months, tenants
}
