package rating_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/usage"
)

func day(month time.Month, d int) time.Time { return time.Date(2026, month, d, 12, 0, 0, 0, time.UTC) }

// quarter is two tenants with calls in January, February and March.
func quarter(t *testing.T) *world {
	w := newWorld(t)
	for _, tenant := range []string{"a", "b"} {
		w.tenant(tenant, "US", true, "USD")
		w.skus(tenant, day(1, 2), conferencing(1))
		w.licences(tenant,
			held{"ann", planConferencing, day(1, 1).AddDate(-1, 0, 0), time.Time{}},
			held{"ann", planCredits, day(1, 1).AddDate(-1, 0, 0), time.Time{}})
		for m := time.January; m <= time.March; m++ {
			w.use(revision{
				tenant: tenant, id: tenant + m.String(), organizer: "ann", start: day(m, 5), seconds: 4000,
				callee: "+493055550101", country: "DE", class: "geographic",
			})
		}
	}
	w.rateSheet("USD", day(1, 1).AddDate(-1, 0, 0), "49,0,0.02")
	return w
}

func rated(report rating.Report) []string {
	out := []string{}
	for _, r := range report.Rated {
		out = append(out, r.TenantID+" "+r.Month)
	}
	return out
}

// Exactly what a change bears on is rated again.
func TestOnlyWhatChangedIsRatedAgain(t *testing.T) {
	w := quarter(t)
	r := w.rater()
	require.Len(t, rated(w.rate(r, rating.Request{})), 6)

	call := func(tenant, id string, at time.Time) revision {
		return revision{tenant: tenant, id: id, organizer: "ann", start: at, seconds: 100, country: "DE", class: "geographic", callee: "+493055550101"}
	}
	correction := func(c revision, number uint16, at time.Time) revision {
		c.number, c.replaces, c.start = number, c.start, at
		return c
	}
	for _, step := range []struct {
		what   string
		change func()
		want   []string
	}{
		{"nothing", func() {}, []string{}},
		{"a late record", func() { w.use(call("a", "late", day(1, 20))) }, []string{"a 2026-01"}},
		{"a record of another call type", func() {
			c := call("a", "inbound", day(1, 20))
			c.callType = "conf_in"
			w.use(c)
		}, []string{}},
		{"a correction", func() { w.use(correction(call("b", "bFebruary", day(2, 5)), 1, day(2, 6))) }, []string{"b 2026-02"}},
		{"a correction that moves a call to another month", func() {
			w.use(correction(call("b", "bFebruary", day(2, 6)), 2, day(3, 6)))
		}, []string{"b 2026-02", "b 2026-03"}},
		{"a correction that makes it another call type", func() {
			c := correction(call("a", "late", day(1, 20)), 1, day(1, 20))
			c.callType = "conf_in"
			w.use(c)
		}, []string{"a 2026-01"}},
		{"a licence that ended in February", func() {
			w.licences("a",
				held{"ann", planConferencing, day(1, 1).AddDate(-1, 0, 0), day(2, 10)},
				held{"ann", planCredits, day(1, 1).AddDate(-1, 0, 0), time.Time{}})
		}, []string{"a 2026-02", "a 2026-03"}},
		{"a service plan that plays no part", func() {
			w.licences("a",
				held{"ann", planConferencing, day(1, 1).AddDate(-1, 0, 0), day(2, 10)},
				held{"ann", "57ff2da0-773e-42df-b2af-ffb7a2317929", day(1, 1), time.Time{}},
				held{"ann", planCredits, day(1, 1).AddDate(-1, 0, 0), time.Time{}})
		}, []string{}},
		{"a snapshot with as many licences as before", func() { w.skus("a", day(2, 1), conferencing(1)) }, []string{}},
		{"a snapshot with more of them", func() { w.skus("a", day(2, 15), conferencing(2)) }, []string{"a 2026-02", "a 2026-03"}},
		{"a tenant's name", func() {
			w.insert("tenant_revisions", []any{"b", "Other name", "US", "commercial", "ea", true, "USD", w.tick()})
		}, []string{}},
		{"a tenant's country", func() { w.tenant("b", "KR", true, "USD") }, []string{"b 2026-01", "b 2026-02", "b 2026-03"}},
		{"a rate sheet from the middle of February on", func() { w.rateSheet("USD", day(2, 15), "49,0,0.03") }, []string{"a 2026-02", "b 2026-02", "a 2026-03", "b 2026-03"}},
		{"a rate sheet of another currency", func() { w.rateSheet("EUR", day(1, 1), "49,0,0.03") }, []string{}},
		{"the same sheet again", func() { w.rateSheet("USD", day(2, 15), "49,0,0.03") }, []string{}},
	} {
		step.change()
		require.Equal(t, step.want, rated(w.rate(r, rating.Request{})), step.what)
		require.Empty(t, rated(w.rate(r, rating.Request{})), "%s, and then nothing", step.what)
	}
	other := w.rater(func(o *rating.Options) { o.Plan.Versions[0].Pool.IncrementSeconds = 6 })
	require.Len(t, rated(w.rate(other, rating.Request{})), 6, "another plan")
}

func TestARequestNamesMonthsAndTenants(t *testing.T) {
	w := quarter(t)
	r := w.rater()
	february := usage.Month{Year: 2026, Month: 2}
	stale, err := r.Stale(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Len(t, stale, 6)

	require.Equal(t, []string{"b 2026-02"}, rated(w.rate(r, rating.Request{Months: []usage.Month{february}, Tenants: []string{"b"}})))
	require.Equal(t, []string{"a 2026-02"}, rated(w.rate(r, rating.Request{Months: []usage.Month{february}})))
	require.Empty(t, rated(w.rate(r, rating.Request{Months: []usage.Month{february}})))
	require.Equal(t, []string{"a 2026-02", "b 2026-02"}, rated(w.rate(r, rating.Request{Months: []usage.Month{february}, Force: true})))
	require.Empty(t, rated(w.rate(r, rating.Request{Months: []usage.Month{{Year: 2024, Month: 2}}})))
	require.Equal(t, []string{"b 2026-01", "b 2026-03"}, rated(w.rate(r, rating.Request{Tenants: []string{"b"}})))

	var seen [][2]int
	w.rate(r, rating.Request{Progress: func(done, total int) { seen = append(seen, [2]int{done, total}) }})
	require.Equal(t, [][2]int{{0, 2}, {1, 2}, {2, 2}}, seen, "January and March are not neighbours: two statements")
}

// A licence that changed in other months is looked at once, and then known to leave this
// month as it is.
func TestARunThatStandsIsNoted(t *testing.T) {
	w := quarter(t)
	r := w.rater()
	w.rate(r, rating.Request{})
	w.licences("a",
		held{"ann", planConferencing, day(1, 1).AddDate(-1, 0, 0), day(3, 20)},
		held{"ann", planCredits, day(1, 1).AddDate(-1, 0, 0), time.Time{}})
	require.Equal(t, []string{"a 2026-03"}, rated(w.rate(r, rating.Request{})))
	const noted = "SELECT count() FROM (SELECT run_id FROM rating_runs WHERE tenant_id = 'a' GROUP BY run_id HAVING count() > 1)"
	require.Equal(t, uint64(2), w.count(noted), "January and February")
	w.rate(r, rating.Request{})
	require.Equal(t, uint64(8), w.count("SELECT count() FROM rating_runs WHERE tenant_id = 'a'")+w.count("SELECT count() FROM rating_runs WHERE tenant_id = 'b'")-1,
		"and not noted twice: 3 and 3 runs, one new, two notes")
}

// The survey reads sums by day, never the calls.
func TestTheSurveyReadsTheProjection(t *testing.T) {
	w := quarter(t)
	forced := &settings{Conn: w.s, set: map[string]any{"force_optimize_projection": 1}}
	r := w.rater(func(o *rating.Options) { o.Conn = forced })
	_, err := r.Stale(context.Background(), nil, []string{"a"})
	require.NoError(t, err)
	require.Equal(t, 1, forced.used)
}
