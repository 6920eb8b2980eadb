package rating_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/rating"
	"fairdial/rules/plan"
	"fairdial/usage"
)

// Every check is a few round trips to the engine. By default few are drawn, always the same
// ones, so that what they are known to meet is met; FAIRDIAL_CHECKS asks for more, at random.
func checks(t *testing.T, n string) {
	seed := "20260301"
	if more := os.Getenv("FAIRDIAL_CHECKS"); more != "" {
		n, seed = more, "0"
	}
	require.NoError(t, flag.Set("rapid.checks", n))
	require.NoError(t, flag.Set("rapid.seed", seed))
}

var zones = []string{"UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"}

// drawPlan is the built-in plan with small pools and other settings.
func drawPlan(rt *rapid.T) plan.Plan {
	p := plan.Default()
	loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(rt, "zone"))
	if err != nil {
		rt.Fatal(err)
	}
	p.TimeZone = plan.Zone{Location: loc}
	v := &p.Versions[0]
	v.Pool.MinutesPerLicence = rapid.IntRange(1, 20).Draw(rt, "minutes")
	v.Pool.MinutesPerLicenceByTenantCountry = map[plan.Country]int{"KR": 31}
	v.SelectPool.MinutesPerLicence = rapid.IntRange(1, 20).Draw(rt, "select minutes")
	v.Pool.IncrementSeconds = rapid.SampledFrom([]int{1, 1, 6, 7, 60}).Draw(rt, "increment")
	v.SelectPool.IncrementSeconds = rapid.SampledFrom([]int{1, 60}).Draw(rt, "select increment")
	v.Credits.IncrementTenths = rapid.SampledFrom([]int{1, 1, 10}).Draw(rt, "tenths")
	v.Credits.ConnectionChargeOnCrossing = rapid.Bool().Draw(rt, "connection charge on crossing")
	v.TollFreeCountsAsUS = rapid.Bool().Draw(rt, "toll free is US")
	v.Pool.Units = rapid.SampledFrom([]plan.Counting{plan.Purchased, plan.Assigned}).Draw(rt, "units")
	if rapid.Bool().Draw(rt, "units by SKU") {
		v.Pool.UnitsBySKU = map[plan.Name]plan.Counting{"E5": plan.Assigned}
	}
	return p
}

type number struct{ callee, country, class, npanxx string }

var numbers = []number{
	{"+12125551234", "US", "geographic", "212555"},
	{"+12125551234", "US", "geographic", "212555"},
	{"+14165551234", "CA", "geographic", "416555"},
	{"+18005551234", "US", "toll_free", "800555"},
	{"+19005551234", "US", "premium", "900555"},
	{"+17875551234", "PR", "geographic", "787555"},
	{"+18765551234", "JM", "geographic", "876555"},
	{"+1876555****", "JM", "geographic", "876555"},
	{"+4930123456***", "DE", "geographic", ""},
	{"+4917012345", "DE", "geographic", ""},
	{"+447012345678", "GB", "personal", ""},
	{"+441234567890", "GB", "geographic", ""},
	{"+881612345678", "", "satellite", ""},
	{"+81312345678", "JP", "unknown", ""},
	{"+80012345678", "", "toll_free", ""},
	{"", "", "unknown", ""},
}

var prefixes = []string{"1", "1876", "1876555", "18765551", "187655500", "49", "4930", "4930123456", "49301234560", "4917", "44", "8816", "7", "87"}

// All happens from the end of February to the first days of April 2026: in March and on 5
// April clocks change in both hemispheres.
var spanStart = time.Date(2026, 2, 25, 0, 0, 0, 0, time.UTC)

const span = 40 * 24 * time.Hour

var months = []usage.Month{{Year: 2026, Month: 2}, {Year: 2026, Month: 3}, {Year: 2026, Month: 4}}

func drawInstant(rt *rapid.T, label string, zone *time.Location) time.Time {
	switch rapid.IntRange(0, 5).Draw(rt, label+" kind") {
	case 0: // about where a month begins
		m := rapid.SampledFrom([]time.Month{3, 3, 4}).Draw(rt, label+" month")
		return time.Date(2026, m, 1, 0, 0, 0, 0, zone).UTC().Add(time.Duration(rapid.IntRange(-3, 3).Draw(rt, label+" ticks")) * 100)
	case 1: // few moments, for ties
		return spanStart.Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, label+" tie")) * 150 * time.Hour)
	default:
		return spanStart.Add(time.Duration(rapid.Int64Range(0, int64(span)/100).Draw(rt, label)) * 100)
	}
}

var distinct int // makes tenants of every check new ones in the same store

// drawWorld draws everything that a rating follows from.
func drawWorld(rt *rapid.T, p plan.Plan) naiveWorld {
	distinct++
	n := naiveWorld{terms: p.InForce(usage.Month{Year: 2026, Month: 3}), zone: p.Location()}
	currency := func(i int) string { return []string{"USD", "KRW"}[i] }
	for i := range rapid.IntRange(0, 3).Draw(rt, "sheets") {
		s := naiveSheet{currency: currency(rapid.IntRange(0, 1).Draw(rt, "sheet currency")), from: drawInstant(rt, "sheet from", n.zone).Truncate(time.Millisecond)}
		if slices.ContainsFunc(n.sheets, func(o naiveSheet) bool { return o.currency == s.currency && o.from.Equal(s.from) }) {
			s.from = s.from.Add(time.Duration(i) * time.Hour)
		}
		for _, prefix := range rapid.SliceOfNDistinct(rapid.SampledFrom(prefixes), 1, 8, rapid.ID).Draw(rt, "prefixes") {
			s.rates = append(s.rates, naiveRate{
				prefix, rapid.SampledFrom([]string{"0", "0.05", "0.123456"}).Draw(rt, "fee"),
				rapid.SampledFrom([]string{"0.013", "1", "0.000001", "0.333333", "17.5"}).Draw(rt, "per minute"),
			})
		}
		n.sheets = append(n.sheets, s)
	}
	for i := range rapid.IntRange(1, 6).Draw(rt, "tenants") {
		n.tenants = append(n.tenants, drawTenant(rt, fmt.Sprintf("t%d-%d", distinct, i), currency, n.zone))
	}
	return n
}

func drawTenant(rt *rapid.T, id string, currency func(int) string, zone *time.Location) naiveTenant {
	t := naiveTenant{
		id: id, country: rapid.SampledFrom([]string{"US", "DE", "KR"}).Draw(rt, "country"),
		funded: rapid.IntRange(0, 3).Draw(rt, "funded") > 0, currency: currency(rapid.IntRange(0, 1).Draw(rt, "currency")),
	}
	organizers := []string{"ann", "bob", "cem", "dee"}
	for range rapid.IntRange(0, 12).Draw(rt, "licences") {
		h := held{
			organizer: rapid.SampledFrom(organizers).Draw(rt, "holder"),
			plan:      rapid.SampledFrom([]string{planConferencing, planConferencing, planPayPerMinute, planSelect, planAddon, planCredits, planCredits}).Draw(rt, "plan"),
			from:      drawInstant(rt, "held from", zone).Truncate(time.Millisecond),
		}
		if rapid.Bool().Draw(rt, "long held") {
			h.from = h.from.AddDate(-1, 0, 0)
		}
		if rapid.Bool().Draw(rt, "ends") {
			if h.to = drawInstant(rt, "held to", zone).Truncate(time.Millisecond); !h.to.After(h.from) {
				h.to = h.from.Add(time.Millisecond)
			}
		}
		t.licences = append(t.licences, h)
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "snapshots") {
		s := naiveSnapshot{at: drawInstant(rt, "snapshot", zone).Truncate(time.Millisecond).Add(time.Duration(i) * time.Millisecond)}
		for _, part := range []string{"E5", "MCOMEETADV", "SELECT", "OTHER"} {
			if !rapid.Bool().Draw(rt, part) {
				continue
			}
			k := sku{
				part: part, enabled: rapid.Int64Range(0, 3).Draw(rt, "enabled"), warning: rapid.Int64Range(0, 1).Draw(rt, "warning"),
				consumed: rapid.Int64Range(0, 3).Draw(rt, "consumed"), status: rapid.SampledFrom([]string{"Enabled", "Enabled", "Warning", "Suspended", "LockedOut"}).Draw(rt, "status"),
			}
			switch part {
			case "E5":
				k.plans = []string{"57ff2da0-773e-42df-b2af-ffb7a2317929", planConferencing}
			case "MCOMEETADV":
				k.plans = []string{planConferencing}
			case "SELECT":
				k.plans = []string{planSelect}
			}
			s.skus = append(s.skus, k)
		}
		t.snapshots = append(t.snapshots, s)
	}
	for i := range rapid.IntRange(0, 25).Draw(rt, "calls") {
		t.calls = append(t.calls, drawCall(rt, id, i, organizers, zone))
	}
	// Corrections, some of them of corrections.
	for range rapid.IntRange(0, 6).Draw(rt, "corrections") {
		if len(t.calls) == 0 {
			break
		}
		old := t.calls[rapid.IntRange(0, len(t.calls)-1).Draw(rt, "corrected")]
		for _, c := range t.calls {
			if c.id == old.id && c.number > old.number {
				old = c
			}
		}
		c := drawCall(rt, id, 0, organizers, zone)
		c.id, c.number, c.replaces = old.id, old.number+1, old.start
		if rapid.Bool().Draw(rt, "start kept") {
			c.start = old.start
		}
		t.calls = append(t.calls, c)
	}
	return t
}

func drawCall(rt *rapid.T, tenant string, i int, organizers []string, zone *time.Location) revision {
	n := rapid.SampledFrom(numbers).Draw(rt, "number")
	return revision{
		tenant: tenant, id: rapid.SampledFrom([]string{"a", "A", "b", "Z"}).Draw(rt, "id") + fmt.Sprint(i),
		organizer: rapid.SampledFrom(append(organizers, "")).Draw(rt, "organizer"),
		callType:  rapid.SampledFrom([]string{"conf_out", "conf_out", "conf_out", "conf_out", "Conf_Out", "conf_in"}).Draw(rt, "call type"),
		start:     drawInstant(rt, "start", zone),
		seconds:   rapid.OneOf(rapid.Uint32Range(0, 2), rapid.Uint32Range(0, 4000), rapid.SampledFrom([]uint32{60, 600, 1200})).Draw(rt, "seconds"),
		callee:    n.callee, country: n.country, class: n.class, npanxx: n.npanxx,
	}
}

// store writes a world; usage arrives in the order given, in several files. Sheets are of
// all tenants, so those of the check before go.
func (w *world) store(n naiveWorld, order func([]revision) [][]revision, between func()) {
	for _, table := range []string{"rate_sheets", "rate_rows", "rate_ranges"} {
		require.NoError(w.t, w.s.Exec(context.Background(), "TRUNCATE TABLE "+table))
	}
	for _, s := range n.sheets {
		lines := []string{}
		for _, r := range s.rates {
			lines = append(lines, r.prefix+","+r.fee+","+r.perMinute)
		}
		w.rateSheet(s.currency, s.from, lines...)
	}
	var tenants, intervals, generations, skus, snapshots [][]any
	files := make([][]revision, 3)
	for _, t := range n.tenants {
		tenants = append(tenants, w.tenantRow(t.id, t.country, t.funded, t.currency))
		rows, generation := w.licenceRows(t.id, t.licences)
		intervals, generations = append(intervals, rows...), append(generations, generation)
		for _, s := range t.snapshots {
			rows, snapshot := w.skuRows(t.id, s.at, s.skus)
			skus, snapshots = append(skus, rows...), append(snapshots, snapshot)
		}
		for i, file := range order(t.calls) {
			files[i] = append(files[i], file...)
		}
	}
	w.insert("tenant_revisions", tenants...)
	w.insert("licence_intervals", intervals...)
	w.insert("licence_generations", generations...)
	w.insert("snapshot_skus", skus...)
	w.insert("directory_snapshots", snapshots...)
	for _, file := range files {
		if len(file) > 0 {
			w.use(file...)
			between()
		}
	}
}

func (n naiveWorld) ids() []string {
	ids := []string{}
	for _, t := range n.tenants {
		ids = append(ids, t.id)
	}
	return ids
}

func (w *world) ratingsOf(rt *rapid.T, tenant string, m usage.Month) []ratedPart {
	var rows []ratedPart
	err := w.s.Select(context.Background(), &rows, `
		SELECT tenant_id, usage_id, revision, part, bucket, reason, conferencing, pool, seconds, pool_before, pool_after, billed_tenths, amount,
			currency, rate_prefix, unfunded_because
		FROM ratings WHERE tenant_id = ? AND month = ? ORDER BY started_at, usage_id, part`, tenant, m.Start(time.UTC).Format(time.DateOnly))
	if err != nil {
		rt.Fatal(err)
	}
	return rows
}

// The SQL and the plain loops agree on every row, whatever the usage, licences, pools,
// rates, settings and months are, and in whatever order usage arrives.
func TestTheStatementRatesAsThePlainLoopsDo(t *testing.T) {
	checks(t, "10")
	w := newWorld(t)
	crossings, priced, corrected := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		n := drawWorld(rt, p)
		r := w.rater(func(o *rating.Options) { o.Plan = p })
		files, rateAfter := 0, rapid.IntRange(1, 4).Draw(rt, "rate after a file")
		rateNow := func() {
			if files++; files == rateAfter {
				if _, err := r.Rate(context.Background(), rating.Request{Tenants: n.ids()}); err != nil {
					rt.Fatal(err)
				}
			}
		}
		w.store(n, func(calls []revision) [][]revision { return shuffled(rt, calls) }, rateNow)
		if _, err := r.Rate(context.Background(), rating.Request{Tenants: n.ids()}); err != nil {
			rt.Fatal(err)
		}
		for _, tn := range n.tenants {
			for _, m := range months {
				want, got := n.rate(tn, m), w.ratingsOf(rt, tn.id, m)
				if diff := cmp.Diff(want, got, cmp.Comparer(sameMoney)); diff != "" {
					rt.Fatalf("%s %s (-plain loops +statement):\n%s", tn.id, m, diff)
				}
				conserved(rt, n, tn, m, got)
				for _, part := range got {
					crossings += int(part.Part)
					if part.Currency != "" && part.Amount != nil {
						priced++
					}
					corrected += int(part.Revision)
				}
			}
		}
		stale, err := r.Stale(context.Background(), nil, n.ids())
		if err != nil || len(stale) > 0 {
			rt.Fatalf("stale after rating: %v %v", stale, err)
		}
	})
	if !t.Failed() {
		require.Positive(t, crossings, "no call crossed the end of a pool: the workload is too tame")
		require.Positive(t, priced)
		require.Positive(t, corrected)
	}
}

func sameMoney(a, b *decimal.Decimal) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// conserved: every second of every call is in one bucket, and no pool gives more than it has.
func conserved(rt *rapid.T, n naiveWorld, t naiveTenant, m usage.Month, parts []ratedPart) {
	byCall := map[string]uint64{}
	drawn := map[string]int64{}
	for _, p := range parts {
		byCall[p.UsageID] += uint64(p.Seconds)
		if p.Bucket == "pool" {
			drawn[p.Pool] += int64(p.Seconds)
		}
	}
	seconds := map[string]uint64{}
	numbers := map[string]uint16{}
	for _, c := range t.calls {
		if _, rated := byCall[c.id]; rated && (c.number >= numbers[c.id]) {
			numbers[c.id], seconds[c.id] = c.number, uint64(c.seconds)
		}
	}
	for id, s := range byCall {
		if s != seconds[id] {
			rt.Fatalf("call %s has %d seconds and %d of them are paid for", id, seconds[id], s)
		}
	}
	full, free := n.licences(t, m.End(n.zone))
	if size := n.terms.Pool.PoolSeconds(full, t.country); drawn["standard"] > size {
		rt.Fatalf("the pool of %d seconds paid for %d", size, drawn["standard"])
	}
	if size := n.terms.SelectPool.PoolSeconds(free, t.country); drawn["select"] > size {
		rt.Fatalf("the select pool of %d seconds paid for %d", size, drawn["select"])
	}
}

// shuffled deals revisions into up to three files in any order.
func shuffled(rt *rapid.T, calls []revision) [][]revision {
	files := make([][]revision, rapid.IntRange(1, 3).Draw(rt, "files"))
	for _, i := range rapid.Permutation(indexes(len(calls))).Draw(rt, "arrival") {
		f := rapid.IntRange(0, len(files)-1).Draw(rt, "file")
		files[f] = append(files[f], calls[i])
	}
	return files
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// The order in which usage arrives changes no byte, nor does rating again.
func TestArrivalOrderAndRatingAgainChangeNothing(t *testing.T) {
	checks(t, "4")
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		n := drawWorld(rt, p)
		r := w.rater(func(o *rating.Options) { o.Plan = p })
		w.store(n, func(calls []revision) [][]revision { return [][]revision{calls} }, func() {})
		// The same tenants by other names, whose usage comes in another order.
		twins := n
		twins.sheets, twins.tenants = nil, nil
		for _, tn := range n.tenants {
			tn.id = strings.Replace(tn.id, "t", "u", 1)
			tn.calls = slices.Clone(tn.calls)
			for i := range tn.calls {
				tn.calls[i].tenant = tn.id
			}
			twins.tenants = append(twins.tenants, tn)
		}
		w.store(twins, func(calls []revision) [][]revision { return shuffled(rt, calls) }, func() {})

		var want string
		for _, force := range []bool{false, true} {
			if _, err := r.Rate(context.Background(), rating.Request{Tenants: append(n.ids(), twins.ids()...), Force: force}); err != nil {
				rt.Fatal(err)
			}
			for _, ids := range [][]string{n.ids(), twins.ids()} {
				got := w.outcome(rt, r, ids)
				for i := range ids {
					got = strings.ReplaceAll(got, twins.ids()[i], n.ids()[i])
				}
				if want == "" {
					want = got
				}
				if got != want {
					rt.Fatalf("%v, rated again %t:\n%s", ids, force, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
				}
			}
		}
	})
}

// outcome is all that anybody is given of a rating.
func (w *world) outcome(rt *rapid.T, r *rating.Rater, tenants []string) string {
	var out bytes.Buffer
	for _, m := range months {
		if err := r.Export(context.Background(), &out, m, tenants, rating.Cell); err != nil {
			rt.Fatal(err)
		}
	}
	statements, err := r.Statements(context.Background(), months[1], tenants)
	if err != nil {
		rt.Fatal(err)
	}
	if err := rating.WriteStatementsJSON(&out, statements); err != nil {
		rt.Fatal(err)
	}
	return out.String()
}
