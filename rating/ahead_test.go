package rating_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/usage"
)

// What is worked out ahead is what is worked out at once, after whatever happened to the month;
// until it is, it is wanted and nothing old is shown.
func TestWhatIsWorkedOutAheadIsWhatIsWorkedOutAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t)
	w.rateSheet("USD", day(1, 1), "1,0,0.01", "49,0.01,0.02")
	w.generate(30_000, 0, 1)
	r := w.rater()
	w.rate(r, rating.Request{})
	month, err := usage.ParseMonth("2026-02")
	require.NoError(t, err)
	var wanted []string
	ahead := r.Ahead(func(m usage.Month, tenant string) error {
		wanted = append(wanted, m.String()+" "+tenant)
		return nil
	})
	req := rating.ReconcileRequest{Month: month, TenantID: "t0"}
	leaks := rating.LeakRequest{Month: month, Tenants: []string{"t0"}}
	same := func() {
		t.Helper()
		wanted = nil
		_, err := ahead.Reconcile(ctx, req)
		require.ErrorIs(t, err, rating.ErrWorkingOut)
		_, err = ahead.FirstDifferences(ctx, req, "", 10)
		require.ErrorIs(t, err, rating.ErrWorkingOut)
		require.Equal(t, []string{"2026-02 t0", "2026-02 t0"}, wanted)
		wanted = nil
		atOnce, err := r.Reconcile(ctx, req)
		require.NoError(t, err)
		first := map[string][]rating.Difference{}
		for _, class := range []string{"", rating.AllRecords, rating.UnpricedRecords, rating.StatusMissingThere, rating.StatusNotRated, rating.StatusOtherBucket, "source_silent"} {
			first[class], err = r.FirstDifferences(ctx, req, class, 300)
			require.NoError(t, err)
		}
		require.Len(t, first[""], 300)
		absorbed, err := r.Leaks(ctx, leaks)
		require.NoError(t, err)

		for range 2 { // the second finds it done
			require.NoError(t, r.WorkOut(ctx, month, "t0"))
		}
		kept, err := ahead.Reconcile(ctx, req)
		require.NoError(t, err)
		require.Equal(t, atOnce.Fingerprint, kept.Fingerprint)
		require.Equal(t, atOnce.Calls, kept.Calls)
		require.Len(t, kept.Lines, len(atOnce.Lines))
		for class, plain := range first {
			got, err := ahead.FirstDifferences(ctx, req, class, 300)
			require.NoError(t, err)
			require.Len(t, got, len(plain), class)
			for i := range got {
				sameDifference(t, plain[i], got[i])
			}
		}
		gone, err := ahead.Leaks(ctx, leaks)
		require.NoError(t, err)
		require.Equal(t, absorbed[0].Absorbed.Amount.String(), gone[0].Absorbed.Amount.String())
		require.Len(t, gone[0].Organizers, len(absorbed[0].Organizers))
		for i, o := range absorbed[0].Organizers {
			require.Equal(t, o.OrganizerID, gone[0].Organizers[i].OrganizerID)
			require.Equal(t, o.Absorbed.Seconds, gone[0].Organizers[i].Absorbed.Seconds)
			require.Equal(t, o.Absorbed.Amount.String(), gone[0].Organizers[i].Absorbed.Amount.String())
		}
		require.Empty(t, wanted)
	}
	same()
	// A record that came late, and one that was corrected: neither is rated yet.
	w.use(revision{tenant: "t0", id: "late", organizer: "organizer-1", start: day(2, 10), seconds: 60, country: "US", class: "geographic", capability: "MCOMEETADD"})
	same()
	w.use(revision{tenant: "t0", id: "late", number: 1, organizer: "organizer-1", start: day(2, 11), seconds: 90, country: "US", class: "geographic", capability: "NEWS", replaces: day(2, 10)})
	same()
	w.rate(r, rating.Request{})
	same()
	// Other terms, as far as they bear on it: a tolerance that is asked for is never kept.
	_, err = r.Sweep(ctx)
	require.NoError(t, err)
	// Only the newest two of each are left once they are old enough to be nobody's work.
	old := w.rater(func(o *rating.Options) { o.Now = func() time.Time { return w.tick().AddDate(0, 0, 1) } })
	_, err = old.Sweep(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, w.count("SELECT uniqExact(work_id) FROM compared_lines"))
	require.EqualValues(t, 2, w.count("SELECT uniqExact(work_id) FROM leak_organizers"))
	_, err = ahead.Reconcile(ctx, req)
	require.NoError(t, err)

	failed := errors.New("the store is away")
	_, err = r.Ahead(func(usage.Month, string) error { return failed }).Reconcile(ctx, rating.ReconcileRequest{Month: month, TenantID: "t0", Tolerance: money("5")})
	require.ErrorIs(t, err, failed)
}

func sameDifference(t *testing.T, want, got rating.Difference) {
	t.Helper()
	require.Equal(t, want.Amount == nil, got.Amount == nil)
	if want.Amount != nil {
		require.True(t, want.Amount.Equal(*got.Amount))
	}
	for _, pair := range [][2]interface{ String() string }{
		{want.Usage, got.Usage}, {want.Connection, got.Connection}, {want.SourceAmount, got.SourceAmount}, {want.SourceUsage, got.SourceUsage}, {want.SourceConnection, got.SourceConnection},
	} {
		require.Equal(t, pair[0].String(), pair[1].String())
	}
	for _, d := range []*rating.Difference{&want, &got} {
		d.Amount, d.Usage, d.Connection, d.SourceAmount, d.SourceUsage, d.SourceConnection = nil, *money("0"), *money("0"), *money("0"), *money("0"), *money("0")
	}
	require.Equal(t, want, got)
}

// Sums of rated calls, by organizer and by quarter of an hour, are those of the calls: of the run
// that counts, up to a moment within the month, after rating again and sweeping.
func TestSumsOfPoolsAreThoseOfTheCalls(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t)
	w.generate(5_000, 0, 2)
	for _, tenant := range []string{"t0", "t1"} {
		w.skus(tenant, day(1, 2), conferencing(300))
	}
	r := w.rater()
	month, err := usage.ParseMonth("2026-02")
	require.NoError(t, err)
	check := func() {
		t.Helper()
		for _, at := range []time.Time{day(2, 10).Add(13*time.Hour + 7*time.Minute + 3*time.Second), day(2, 1).Add(time.Second), day(3, 1)} {
			all, err := r.Pools(ctx, rating.PoolsRequest{Month: month, At: at, Top: 7})
			require.NoError(t, err)
			require.Len(t, all, 2)
			for _, p := range all {
				const of = " FROM ratings WHERE month = '2026-02-01' AND pool = 'standard' AND part = 0 AND tenant_id = {t:String} AND started_at < parseDateTime64BestEffort({at:String}, 7, 'UTC')"
				args := []any{clickhouse.Named("t", p.TenantID), clickhouse.Named("at", at.UTC().Format(time.RFC3339Nano))}
				require.EqualValues(t, w.count("SELECT toUInt64(sum(pool_before - pool_after))"+of, args...), p.Used)
				last := p.DataUntil
				if n := w.count("SELECT count() FROM usage WHERE tenant_id = {t:String} AND started_at < parseDateTime64BestEffort({at:String}, 7, 'UTC')", args...); n > 0 {
					require.NotNil(t, last)
					require.EqualValues(t, w.count("SELECT toUInt64(toUnixTimestamp64Micro(max(started_at))) FROM usage_revisions WHERE tenant_id = {t:String} AND started_at < parseDateTime64BestEffort({at:String}, 7, 'UTC')", args...), last.UnixMicro())
				}
				var drew []struct {
					OrganizerID string `ch:"organizer_id"`
					Calls       uint64 `ch:"calls"`
					Drawn       int64  `ch:"drawn"`
				}
				require.NoError(t, w.s.Select(ctx, &drew, "SELECT organizer_id, count() AS calls, sum(pool_before - pool_after) AS drawn"+of+" AND pool_before > pool_after GROUP BY organizer_id ORDER BY drawn DESC, organizer_id LIMIT 7", args...))
				require.Len(t, p.DrainedBy, len(drew))
				for i, d := range drew {
					require.Equal(t, d.OrganizerID, p.DrainedBy[i].OrganizerID)
					require.Equal(t, d.Calls, p.DrainedBy[i].Calls)
					require.Equal(t, d.Drawn, p.DrainedBy[i].Drawn)
				}
			}
		}
	}
	w.rate(r, rating.Request{})
	check()
	for i := range 4 {
		w.use(revision{tenant: "t0", id: "late", number: uint16(i), organizer: "organizer-1", start: day(2, 3+i), seconds: 6000, country: "DE", class: "geographic", replaces: day(2, 2+i)})
		w.rate(r, rating.Request{})
	}
	check()
	swept, err := r.Sweep(ctx)
	require.NoError(t, err)
	require.Positive(t, swept.Runs)
	check()
}
