package rating_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/rules/plan"
	"fairdial/usage"
)

func TestASKUCanAddMinutesOfItsOwn(t *testing.T) {
	w := newWorld(t)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w.tenant("t", "KR", false, "")
	w.skus("t", at,
		conferencing(2), // the country's 900
		sku{part: "Meeting_Room", enabled: 3, consumed: 1, plans: []string{planConferencing}},
		sku{part: "SPE_E5", enabled: 5, warning: 1, consumed: 4, plans: []string{planConferencing}},
		sku{part: "free", consumed: 7, plans: []string{planSelect}})
	w.use(revision{tenant: "t", id: "1", organizer: "o", start: at, seconds: 1, country: "DE", class: "geographic"})
	r := w.rater(func(o *rating.Options) {
		o.Plan.Versions[0].Pool.MinutesPerLicenceBySKU = map[plan.Name]int{"MEETING_ROOM": 10, "spe_e5": 0}
		o.Plan.Versions[0].Pool.UnitsBySKU = map[plan.Name]plan.Counting{"meeting_room": plan.Assigned}
		o.Plan.Versions[0].SelectPool.MinutesPerLicenceBySKU = map[plan.Name]int{"free": 30}
	})
	w.rate(r, rating.Request{})
	s, err := r.Statement(context.Background(), usage.Month{Year: 2026, Month: 1}, "t")
	require.NoError(t, err)
	require.Len(t, s.Pools, 2)
	require.Equal(t, int64(2+1+6), s.Pools[0].Licences)
	require.Equal(t, int64(2*900+1*10+6*0)*60, s.Pools[0].Seconds)
	require.Equal(t, int64(7*30*60), s.Pools[1].Seconds)

	// Without them, as ever.
	plain := w.rater()
	w.rate(plain, rating.Request{})
	s, err = plain.Statement(context.Background(), usage.Month{Year: 2026, Month: 1}, "t")
	require.NoError(t, err)
	require.Equal(t, int64(2+3+6)*900*60, s.Pools[0].Seconds)
}

// A change of plan or rates holds from its date: a month before it is rated, also again
// and by force, under what was in force then.
func TestAnOldMonthIsRatedUnderWhatWasInForceThen(t *testing.T) {
	w := newWorld(t)
	year := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	march := february.Next()
	w.tenant("t", "US", true, "USD")
	w.skus("t", year, conferencing(1))
	w.licences("t", held{organizer: "o", plan: planConferencing, from: year}, held{organizer: "o", plan: planCredits, from: year}, held{organizer: "o", plan: planAddon, from: year})
	w.rateSheet("USD", year, "49,0,0.10", "52,0,0.10")
	at := func(m usage.Month, day int) time.Time { return m.Start(time.UTC).AddDate(0, 0, day-1) }
	for _, m := range []usage.Month{february, march} {
		one := func(id, country, callee string, day int, seconds uint32) revision {
			return revision{tenant: "t", id: m.String() + id, organizer: "o", start: at(m, day), seconds: seconds, country: country, class: "geographic", callee: callee}
		}
		w.use(one("a", "DE", "+4930555010", 1, 4000), one("b", "DE", "+4930555010", 20, 61), one("c", "MX", "+525555550100", 21, 60))
	}
	old := w.rater()
	w.rate(old, rating.Request{})
	before := w.ratings(february)
	marchBefore := w.ratings(march)

	// From March on: a larger pool drawn on by the minute, whole minutes of credits, and
	// Mexico in the add-on. From the 10th of March on: other rates.
	changed := plan.Default()
	next := changed.Versions[0]
	next.From.Time = march.Start(time.UTC)
	next.Pool.MinutesPerLicence, next.Pool.IncrementSeconds = 61, 60
	next.Pool.Countries = []plan.Country{"DE"}
	next.Addon.Countries = []plan.Country{"US", "CA", "MX"}
	next.Credits.IncrementTenths = 10
	changed.Versions = append(changed.Versions, next)
	w.rateSheet("USD", at(march, 10), "49,0,0.30", "52,0,0.30")
	r := w.rater(func(o *rating.Options) { o.Plan = changed })

	report := w.rate(r, rating.Request{})
	require.Equal(t, []rating.Rated{{TenantID: "t", Month: "2026-03", Sequence: 2}}, report.Rated, "only March is stale")
	w.rate(r, rating.Request{Force: true, Months: []usage.Month{february}})
	require.Equal(t, before, w.ratings(february))

	after := w.ratings(march)
	require.NotEqual(t, marchBefore, after)
	bucket := map[string]string{}
	for _, p := range after {
		bucket[p.UsageID+" "+p.Bucket] = ""
		if p.Bucket == "credits" {
			bucket[p.UsageID+" "+p.Bucket] = p.Amount.String()
		}
	}
	require.Equal(t, map[string]string{
		"2026-03a pool": "", "2026-03a credits": "0.6", // 340 s are six whole minutes at the old rate, on the 1st
		"2026-03b credits": "0.6", // two whole minutes at the new one
		"2026-03c addon":   "",
	}, bucket)

	// And each month's explanation is under its own version.
	for id, from := range map[string]string{"2026-02a": "2020-11-01", "2026-03a": "2026-03-01"} {
		e, err := r.Explain(context.Background(), "t", id)
		require.NoError(t, err)
		require.Equal(t, from, e.Run.PlanFrom)
	}
}

// A command with another configuration does not take the add-on from what was rated with it.
func TestTheAddonIsNotLostUnsaid(t *testing.T) {
	w := newWorld(t)
	at := february.Start(time.UTC)
	w.tenant("t", "US", false, "")
	w.licences("t", held{organizer: "o", plan: planConferencing, from: at}, held{organizer: "o", plan: planAddon, from: at})
	w.use(revision{tenant: "t", id: "1", organizer: "o", start: at.AddDate(0, 0, 1), seconds: 60, country: "US", class: "geographic"})
	without := w.rater(func(o *rating.Options) { o.Identities = plan.Identities{} })
	w.rate(without, rating.Request{})
	w.rate(w.rater(), rating.Request{}) // an add-on that is named later is new terms

	_, err := without.Rate(t.Context(), rating.Request{})
	require.ErrorIs(t, err, rating.ErrAddonLost)
	require.ErrorContains(t, err, planAddon)
	require.Equal(t, uint64(1), w.count("SELECT count() FROM ratings WHERE bucket = 'addon'"))
	require.Len(t, w.rate(without, rating.Request{WithoutAddon: true}).Rated, 1)
	require.Zero(t, w.count("SELECT count() FROM ratings WHERE bucket = 'addon'"))
}

// Tenants that are rated by one statement have no rate before their first sheet is in force.
func TestACallBeforeTheFirstSheetHasNoPrice(t *testing.T) {
	w := newWorld(t)
	w.rateSheet("USD", day(2, 15), "49,0,0.10")
	for _, tenant := range []string{"a", "b", "c"} {
		w.tenant(tenant, "US", true, "USD")
		w.licences(tenant, held{organizer: "o", plan: planPayPerMinute, from: day(1, 1)})
		for i, at := range []time.Time{day(2, 10), day(2, 20)} {
			w.use(revision{tenant: tenant, id: tenant + string(rune('1'+i)), organizer: "o", start: at, seconds: 60, country: "DE", class: "geographic", callee: "+4930123456"})
		}
	}
	w.rate(w.rater(), rating.Request{})
	require.Equal(t, uint64(3), w.count("SELECT count() FROM ratings WHERE started_at < '2026-02-15' AND bucket = 'credits' AND amount IS NULL"))
	require.Equal(t, uint64(3), w.count("SELECT count() FROM ratings WHERE started_at > '2026-02-15' AND bucket = 'credits' AND amount = 0.1"))
}
