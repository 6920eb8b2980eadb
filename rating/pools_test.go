package rating_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/store/journal"
	"fairdial/usage"
)

func (w *world) journal() *journal.Journal { return journal.New(w.s, w.tick, uuid.New) }

func TestWherePoolsStand(t *testing.T) {
	w := golden(t, "golden-month")
	r := w.rater()
	w.rate(r, rating.Request{})
	all, err := r.Pools(context.Background(), rating.PoolsRequest{Month: february, Top: 2})
	require.NoError(t, err)
	require.Len(t, all, 2)
	s := all[0]
	empty := time.Date(2026, 2, 25, 8, 0, 0, 0, time.UTC)
	require.Equal(t, "Tenant contoso", s.TenantName)
	require.Equal(t, []int64{115, 414_000, 414_000, 0, 1000}, []int64{s.Licences, s.Seconds, s.Used, s.Left, s.UsedPermille})
	require.Equal(t, empty, *s.EmptyAt)
	require.Equal(t, rating.ForecastUsedUp, s.Forecast.Method)
	require.Equal(t, []rating.PoolDrainer{
		{Rank: 1, OrganizerID: "bob", Calls: 6, Drawn: 410_100}, {Rank: 2, OrganizerID: "cem", Calls: 1, Drawn: 1_800},
	}, s.DrainedBy)

	var drawn int64
	for i, d := range s.Days {
		drawn += d.Drawn
		require.True(t, i == 0 || s.Days[i-1].Day < d.Day, "in their order")
	}
	require.Equal(t, s.Used, drawn, "the days add up to what is used")
	require.Equal(t, "2026-02-25", s.Days[len(s.Days)-1].Day, "nothing is drawn from an empty pool")

	// The same a few days before.
	all, err = r.Pools(context.Background(), rating.PoolsRequest{Month: february, Tenants: []string{"contoso"}, At: time.Date(2026, 2, 20, 8, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	s = all[0]
	require.Equal(t, int64(109_500), s.Left, "calls that begin then or later are left out")
	require.Equal(t, int64(735), s.UsedPermille)
	require.Nil(t, s.EmptyAt)
	require.Equal(t, time.Date(2026, 2, 20, 0, 0, 0, 0, time.UTC), *s.DataUntil)
	require.Empty(t, s.DrainedBy)
}

// usePool makes a tenant with a pool of so many licences.
func usePool(t *testing.T, licences int64) *world {
	w := newWorld(t)
	w.tenant("t", "US", false, "")
	w.skus("t", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), conferencing(licences))
	w.licences("t", held{organizer: "a", plan: planConferencing, from: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)})
	return w
}

func call(id string, at time.Time, seconds uint32) revision {
	return revision{tenant: "t", id: id, organizer: "a", start: at, seconds: seconds, country: "DE", class: "geographic"}
}

func TestTheForecastKnowsTheDaysOfTheWeek(t *testing.T) {
	march := usage.Month{Year: 2026, Month: 3}
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	w := usePool(t, 30) // 108,000 seconds
	// Since 2 February (a Monday): an hour and a half a weekday, nothing at weekends.
	for d := time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC); !d.After(day(11)); d = d.AddDate(0, 0, 1) {
		if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			w.use(call("c"+d.Format("0102"), d, 5400))
		}
	}
	r := w.rater()
	w.rate(r, rating.Request{})
	forecast := func(at time.Time) rating.PoolStanding {
		all, err := r.Pools(context.Background(), rating.PoolsRequest{Month: march, At: at})
		require.NoError(t, err)
		require.Len(t, all, 1)
		return all[0]
	}

	// Eight weekdays have drawn 43,200 by Wednesday the 11th; 64,800 are twelve more: the
	// 12th is the first of them, and the 27th, a Friday, the last.
	s := forecast(day(11).Add(time.Hour))
	require.Equal(t, int64(64_800), s.Left)
	require.Equal(t, rating.ForecastWeekday, s.Forecast.Method)
	require.Equal(t, 37, s.Forecast.Days)
	require.Equal(t, "2026-03-27", s.Forecast.EmptyOn)
	require.Zero(t, *s.Forecast.LeftAtEnd)

	// Days later nothing more is known: it is the newest call that counts.
	require.Equal(t, s.Forecast, forecast(day(14)).Forecast)
	// Nothing is said of a month that is over.
	require.Equal(t, rating.Forecast{Method: rating.ForecastOver}, forecast(day(31).AddDate(0, 0, 2)).Forecast)

	// With more licences it lasts: 22 weekdays use 118,800 of 129,600.
	w.skus("t", day(12), conferencing(36))
	w.rate(r, rating.Request{})
	s = forecast(day(12))
	require.Empty(t, s.Forecast.EmptyOn)
	require.Equal(t, int64(10_800), *s.Forecast.LeftAtEnd)

	// A flat rate at first: two whole days of 5,400 seconds, and the third has begun.
	all, err := r.Pools(context.Background(), rating.PoolsRequest{Month: february, At: time.Date(2026, 2, 4, 8, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	require.Equal(t, rating.ForecastFlat, all[0].Forecast.Method)
	require.Equal(t, 1, all[0].Forecast.Days, "the newest call is of the 3rd, so of whole days there is the 2nd")
	require.Equal(t, "2026-02-21", all[0].Forecast.EmptyOn, "108,000 seconds are 20 days of 5,400 from the 2nd on")
}

// A pool that is empty does not make the days after it quiet.
func TestTheForecastIsOfDemand(t *testing.T) {
	w := usePool(t, 1)
	for d := range 28 {
		w.use(call(fmt.Sprint("f", d), time.Date(2026, 2, d+1, 9, 0, 0, 0, time.UTC), 1800))
	}
	w.use(call("m1", time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), 1799))
	r := w.rater()
	w.rate(r, rating.Request{})
	all, err := r.Pools(context.Background(), rating.PoolsRequest{Month: usage.Month{Year: 2026, Month: 3}, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	require.Equal(t, "2026-03-02", all[0].Forecast.EmptyOn)
}

func TestTheFreePoolIsItsOwnAndTiesStandInOrder(t *testing.T) {
	w := newWorld(t)
	start := time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)
	w.tenant("t", "US", false, "")
	w.skus("t", start.AddDate(0, -1, 0), conferencing(10), sku{part: "free", consumed: 1, plans: []string{planSelect}})
	w.licences("t", held{organizer: "f", plan: planSelect, from: start.AddDate(-1, 0, 0)})
	for i, o := range []string{"zed", "amy", "kim", "bob"} {
		one := call(o, start.Add(time.Duration(i)*time.Hour), 600)
		one.organizer = o
		w.use(one)
	}
	big := call("big", start, 1200)
	big.organizer = "max"
	free := call("free", start, 60)
	free.organizer, free.country = "f", "CA"
	w.use(big, free)
	r := w.rater()
	w.rate(r, rating.Request{})
	all, err := r.Pools(context.Background(), rating.PoolsRequest{Month: february, Top: 4})
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "standard", all[0].Pool)
	var ranked []string
	for _, d := range all[0].DrainedBy {
		ranked = append(ranked, fmt.Sprint(d.Rank, d.OrganizerID))
	}
	require.Equal(t, []string{"1max", "2amy", "2bob", "2kim"}, ranked)
	require.Equal(t, "select", all[1].Pool)
	require.Equal(t, int64(3_540), all[1].Left)
	require.Equal(t, []rating.PoolDrainer{{Rank: 1, OrganizerID: "f", Calls: 1, Drawn: 60}}, all[1].DrainedBy)
}

// drawnPool is a pool whose newest run is written down as rating would have: what each
// call drew, in order.
type drawnPool struct {
	w        *world
	month    time.Time
	size     int64
	sequence uint32
}

// run publishes a run in which these calls drew so many seconds, an hour apart.
func (p *drawnPool) run(draws ...int64) {
	p.w.t.Helper()
	p.sequence++
	id, left := uuid.New(), p.size
	var rows [][]any
	for i, d := range draws {
		d = min(d, left)
		rows = append(rows, []any{
			id, "t", p.month, fmt.Sprint("call", i), "a", p.month.Add(time.Duration(i) * time.Hour), uint8(0), "pool", "pool", "standard",
			uint32(d), left, left - d,
		})
		left -= d
	}
	p.w.insert("rating_rows (run_id, tenant_id, month, usage_id, organizer_id, started_at, part, bucket, reason, pool, seconds, pool_before, pool_after)", rows...)
	p.w.insert("rating_runs (run_id, tenant_id, month, sequence, pool_licences, pool_seconds, finished_at)",
		[]any{id, "t", p.month, p.sequence, p.size / 3600, p.size, p.w.tick()})
}

func (p *drawnPool) notice(r *rating.Rater, j rating.Journal, thresholds ...int) (got []int) {
	p.w.t.Helper()
	all, err := r.NoticePools(context.Background(), j, thresholds, "system:test")
	require.NoError(p.w.t, err)
	for _, n := range all {
		require.Equal(p.w.t, "t", n.TenantID)
		require.Equal(p.w.t, "standard", n.Pool)
		got = append(got, n.Threshold)
	}
	return got
}

func TestPoolNoticesAreGivenOnce(t *testing.T) {
	w := newWorld(t)
	r, j := w.rater(), w.journal()
	p := &drawnPool{w: w, month: february.Start(time.UTC), size: 3600}
	notice := func(thresholds ...int) []int { return p.notice(r, j, thresholds...) }
	require.Empty(t, notice(80, 100), "nothing is rated")
	p.run(2879)
	require.Empty(t, notice(80, 100), "a second below")
	p.run(2879, 1)
	require.Equal(t, []int{80}, notice(80, 100), "at the threshold is across it")
	require.Empty(t, notice(80, 100))
	p.run(2879, 1, 719)
	require.Empty(t, notice(80, 100), "a second is left")
	p.run(2879, 1, 719, 1)
	require.Equal(t, []int{100}, notice(80, 100), "used up to the very second")
	require.Empty(t, notice(80, 100))

	// A threshold that is moved about tells nobody what they were told.
	require.Empty(t, notice(50, 70, 90, 99, 100))
	// Corrections that lower the use, and raise it again.
	p.run(10, 1)
	require.Empty(t, notice(80, 100))
	p.run(3600)
	require.Empty(t, notice(80, 100))

	// Another size, another month, a size of nothing.
	p.size = 7200
	p.run(5760)
	require.Equal(t, []int{80}, notice(80, 100))
	march := &drawnPool{w: w, month: february.Next().Start(time.UTC), size: 7200}
	march.run(9000)
	require.Equal(t, []int{80, 100}, notice(80, 100), "both at once")
	none := &drawnPool{w: w, month: february.Next().Next().Start(time.UTC)}
	none.run(0)
	require.Empty(t, notice(80, 100))

	all, err := r.PoolNotices(context.Background(), j, february, "")
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, []int64{3600, 3600, 7200}, []int64{all[0].Seconds, all[1].Seconds, all[2].Seconds})
	require.Equal(t, "call1", all[0].UsageID)
	require.Equal(t, p.month.Add(time.Hour), all[0].CrossedAt)
	require.NotZero(t, all[0].NoticedAt)
}

// A notice that was told higher than its threshold covers what lies below.
func TestARaisedThresholdBelowWhatWasToldIsNoNews(t *testing.T) {
	w := newWorld(t)
	r, j := w.rater(), w.journal()
	p := &drawnPool{w: w, month: february.Start(time.UTC), size: 3600}
	p.run(3060) // 85 %
	require.Equal(t, []int{80}, p.notice(r, j, 80))
	require.Empty(t, p.notice(r, j, 84))
	require.Empty(t, p.notice(r, j, 90))
	p.run(3060, 216) // 91 %
	require.Equal(t, []int{90}, p.notice(r, j, 90))
	_, err := r.NoticePools(context.Background(), j, []int{101}, "system:test")
	require.ErrorContains(t, err, "not between 1 and 100")
}

// dyingJournal fails after some events, as if the process had been killed there.
type dyingJournal struct {
	*journal.Journal
	left int
}

func (d *dyingJournal) Append(ctx context.Context, e journal.Event) error {
	if d.left--; d.left < 0 {
		return errKilled
	}
	return d.Journal.Append(ctx, e)
}

func TestANoticeIsNotLostToACrash(t *testing.T) {
	w := newWorld(t)
	r, j := w.rater(), w.journal()
	p := &drawnPool{w: w, month: february.Start(time.UTC), size: 3600}
	p.run(3600)
	_, err := r.NoticePools(context.Background(), &dyingJournal{j, 1}, []int{80, 100}, "system:test")
	require.ErrorIs(t, err, errKilled)
	require.Equal(t, []int{100}, p.notice(r, j, 80, 100))
}
