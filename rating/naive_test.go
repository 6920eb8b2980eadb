package rating_test

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// A second implementation of the waterfall: one call at a time, plain loops, no SQL. It
// shares no code with the first; the property test compares the two.

type naiveTenant struct {
	id, country, currency string
	funded                bool
	licences              []held
	snapshots             []naiveSnapshot // in order of import
	calls                 []revision      // all revisions
}

type naiveSnapshot struct {
	at   time.Time
	skus []sku
}

type naiveSheet struct {
	currency string
	from     time.Time
	rates    []naiveRate
}

type naiveRate struct{ prefix, fee, perMinute string }

type naiveWorld struct {
	terms   plan.Terms
	zone    *time.Location
	tenants []naiveTenant
	sheets  []naiveSheet // in order of import
}

// rate gives the parts of a tenant-month, in the order of ratings.
func (n naiveWorld) rate(t naiveTenant, m usage.Month) []ratedPart {
	from := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, n.zone)
	to := time.Date(m.Year, m.Month+1, 1, 0, 0, 0, 0, n.zone)

	latest := map[string]revision{}
	for _, c := range t.calls {
		if old, ok := latest[c.id]; !ok || c.number > old.number {
			latest[c.id] = c
		}
	}
	var calls []revision
	for _, c := range latest {
		rated := c.callType == "" || strings.ToLower(c.callType) == "conf_out"
		if rated && !c.start.Before(from) && c.start.Before(to) {
			calls = append(calls, c)
		}
	}
	// Pools are drawn on by start and lower-case id.
	sort.Slice(calls, func(i, j int) bool {
		a, b := calls[i], calls[j]
		if !a.start.Equal(b.start) {
			return a.start.Before(b.start)
		}
		if la, lb := strings.ToLower(a.id), strings.ToLower(b.id); la != lb {
			return la < lb
		}
		return a.id < b.id
	})
	full, free := n.licences(t, to)
	left := map[string]int64{
		"standard": full * n.minutes(n.terms.Pool, t.country) * 60,
		"select":   free * n.minutes(n.terms.SelectPool, t.country) * 60,
	}
	var out []ratedPart
	for _, c := range calls {
		out = append(out, n.one(t, c, left)...)
	}
	// The ratings come by start and id as written.
	starts := map[string]time.Time{}
	for _, c := range calls {
		starts[c.id] = c.start
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if !starts[a.UsageID].Equal(starts[b.UsageID]) {
			return starts[a.UsageID].Before(starts[b.UsageID])
		}
		return a.UsageID < b.UsageID
	})
	return out
}

// one rates a call and takes what it uses from the pools.
func (n naiveWorld) one(t naiveTenant, c revision, left map[string]int64) []ratedPart {
	has := func(plan string) bool {
		for _, h := range t.licences {
			to := h.to
			if to.IsZero() {
				to = forever
			}
			if h.organizer == c.organizer && h.plan == plan && !h.from.After(c.start) && c.start.Before(to) {
				return true
			}
		}
		return false
	}
	subscription, perMinute, free := has(planConferencing), has(planPayPerMinute), has(planSelect)
	country := c.country
	if c.class == "toll_free" && (country == "US" || c.npanxx != "") {
		country = ""
		if n.terms.TollFreeCountsAsUS {
			country = "US"
		}
	}
	covers := func(countries []plan.Country, never []plan.Class) bool {
		return slices.Contains(countries, plan.Country(country)) && !slices.Contains(never, plan.Class(c.class))
	}
	p := ratedPart{TenantID: t.id, UsageID: c.id, Revision: c.number, Seconds: c.seconds, Conferencing: "none", Amount: money("0")}
	switch {
	case subscription:
		p.Conferencing = "subscription"
	case free:
		p.Conferencing = "select"
	case perMinute:
		p.Conferencing = "pay_per_minute"
	}

	// 1: the add-on.
	if has(planAddon) && (subscription || perMinute || free) && covers(n.terms.Addon.Countries, n.terms.Addon.Never) {
		p.Bucket, p.Reason = "addon", "addon"
		return []ratedPart{p}
	}
	// 2: a pool.
	zoneA := covers(n.terms.Pool.Countries, n.terms.Pool.Never)
	increment := int64(0)
	switch {
	case subscription && zoneA, p.Conferencing == "none" && zoneA:
		p.Pool, increment = "standard", int64(n.terms.Pool.IncrementSeconds)
	case !subscription && free && covers(n.terms.SelectPool.Countries, n.terms.SelectPool.Never):
		p.Pool, increment = "select", int64(n.terms.SelectPool.IncrementSeconds)
	}
	switch {
	case c.class == "premium" || c.class == "satellite":
		p.Reason = c.class
	case zoneA && free:
		p.Reason = "select"
	case zoneA:
		p.Reason = "pay_per_minute"
	default:
		p.Reason = "other"
	}
	rest := int64(c.seconds)
	var parts []ratedPart
	if p.Pool != "" {
		draws := int64(0)
		for draws < rest {
			draws += increment
		}
		p.PoolBefore = left[p.Pool]
		paid := min(rest, left[p.Pool])
		left[p.Pool] = max(0, left[p.Pool]-draws)
		p.PoolAfter = left[p.Pool]
		rest -= paid
		p.Reason = "pool_exhausted"
		if rest == 0 {
			p.Bucket, p.Reason = "pool", "pool"
			if p.Conferencing == "none" {
				p.Reason = "pool_no_licence"
			}
			return []ratedPart{p}
		}
		if paid > 0 {
			p.Reason = "pool_crossing"
			first := p
			first.Bucket, first.Seconds = "pool", uint32(paid)
			parts = append(parts, first)
			p.PoolBefore, p.Part = 0, 1
		}
	}
	p.Seconds = uint32(rest)
	// 3: credits. 4: nobody.
	may := has(planCredits) || perMinute
	switch {
	case may && t.funded:
		n.charge(t, c, &p)
	case may:
		p.Bucket, p.Because = "unfunded", "credits_not_funded"
	default:
		p.Bucket, p.Because = "unfunded", "no_credits_licence"
	}
	return append(parts, p)
}

// charge prices the seconds of a part by the sheet in force at call start.
func (n naiveWorld) charge(t naiveTenant, c revision, p *ratedPart) {
	p.Bucket, p.Currency = "credits", t.currency
	p.Amount = nil
	step := uint32(n.terms.Credits.IncrementTenths)
	for p.BilledTenths*6 < p.Seconds {
		p.BilledTenths += step
	}
	var sheet *naiveSheet
	for i, s := range n.sheets {
		if s.currency == t.currency && !s.from.After(c.start) && (sheet == nil || !s.from.Before(sheet.from)) {
			sheet = &n.sheets[i]
		}
	}
	if sheet == nil {
		return
	}
	shown := strings.TrimPrefix(c.callee, "+")
	shown, _, _ = strings.Cut(shown, "*")
	var best *naiveRate
	for i, r := range sheet.rates {
		if strings.HasPrefix(shown, r.prefix) && (best == nil || len(r.prefix) > len(best.prefix)) {
			best = &sheet.rates[i]
		}
	}
	if best == nil {
		return
	}
	p.RatePrefix = best.prefix
	amount := decimal.RequireFromString(best.perMinute).Mul(decimal.NewFromInt(int64(p.BilledTenths))).Div(decimal.NewFromInt(10))
	if p.Part == 0 || n.terms.Credits.ConnectionChargeOnCrossing {
		amount = amount.Add(decimal.RequireFromString(best.fee))
	}
	p.Amount = &amount
}

func (n naiveWorld) minutes(p plan.Pool, country string) int64 {
	if m, ok := p.MinutesPerLicenceByTenantCountry[plan.Country(country)]; ok {
		return int64(m)
	}
	return int64(p.MinutesPerLicence)
}

// licences counts those of the snapshot that holds for a month: the newest before its
// end, else the first after.
func (n naiveWorld) licences(t naiveTenant, end time.Time) (full, free int64) {
	var chosen *naiveSnapshot
	for i, s := range t.snapshots {
		if s.at.Before(end) && (chosen == nil || !s.at.Before(chosen.at)) {
			chosen = &t.snapshots[i]
		}
	}
	if chosen == nil {
		for i, s := range t.snapshots {
			if chosen == nil || s.at.Before(chosen.at) {
				chosen = &t.snapshots[i]
			}
		}
	}
	if chosen == nil {
		return 0, 0
	}
	for _, s := range chosen.skus {
		if s.status != "" && s.status != "Enabled" && s.status != "Warning" {
			continue
		}
		units := func(p plan.Pool) int64 {
			how := p.Units
			if own, ok := p.UnitsBySKU[plan.Name(s.part)]; ok {
				how = own
			}
			if how == plan.Assigned {
				return s.consumed
			}
			return s.enabled + s.warning
		}
		switch {
		case slices.Contains(s.plans, planConferencing):
			full += units(n.terms.Pool)
		case slices.Contains(s.plans, planSelect):
			free += units(n.terms.SelectPool)
		}
	}
	return full, free
}
