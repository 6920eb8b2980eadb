package rating_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/rating"
	"fairdial/usage"
)

func history(t require.TestingT, r *rating.Rater, month usage.Month, tenant, organizer string) (out []rating.Movement) {
	require.NoError(t, r.PoolHistory(context.Background(), month, tenant, organizer, func(m rating.Movement) error {
		out = append(out, m)
		return nil
	}))
	pages := []rating.Movement{} // page by page it is the same
	for more := true; more; {
		page, err := r.PoolHistoryPage(context.Background(), month, tenant, organizer, len(pages), 4)
		require.NoError(t, err)
		pages, more = append(pages, page...), len(page) == 4
	}
	require.Equal(t, out, pages)
	return out
}

func TestThePoolsHistoryIsContiguous(t *testing.T) {
	w := golden(t, "golden-month")
	r := w.rater()
	w.rate(r, rating.Request{})
	all := history(t, r, february, "contoso", "")
	require.Equal(t, rating.MovementOpening, all[0].Kind)
	require.Equal(t, int64(414_000), all[0].BalanceAfter)
	require.Equal(t, int64(115), all[0].Licences)
	for i, m := range all[1:] {
		require.Equal(t, all[i].BalanceAfter, m.BalanceBefore, "%+v", m)
		require.Equal(t, m.BalanceBefore-m.Drawn, m.BalanceAfter)
		require.Zero(t, m.DrawnByOthers)
	}
	closing := all[len(all)-1]
	require.Equal(t, rating.MovementClosing, closing.Kind)
	require.Equal(t, int64(0), closing.BalanceAfter)
	last := all[len(all)-2]
	require.Equal(t, "c15", last.UsageID)
	require.Equal(t, int64(9_500), last.Drawn, "of the call that crosses the end only what the pool paid")

	// One organizer's calls, and between them what the others drew.
	bob := history(t, r, february, "contoso", "bob")
	drawn := int64(0)
	for i, m := range bob {
		if m.Kind == rating.MovementCall {
			require.Equal(t, "bob", m.OrganizerID)
		}
		if i > 0 {
			require.Equal(t, bob[i-1].BalanceAfter-m.DrawnByOthers, m.BalanceBefore)
		}
		drawn += m.Drawn + m.DrawnByOthers
	}
	require.Equal(t, int64(414_000), drawn)
	require.Less(t, len(bob), len(all))

	err := r.PoolHistory(context.Background(), february, "nobody", "", nil)
	require.ErrorIs(t, err, rating.ErrNotRated)
}

func TestSizesThatSnapshotsShowAreInTheHistory(t *testing.T) {
	w := newWorld(t)
	day := func(d int) time.Time { return time.Date(2026, 2, d, 0, 0, 0, 0, time.UTC) }
	free := sku{part: "Microsoft_Teams_Audio_Conferencing_select_dial_out", enabled: 50, consumed: 2, plans: []string{planSelect}}
	w.tenant("t", "US", false, "")
	w.skus("t", day(1).AddDate(0, -1, 0), conferencing(10))
	w.skus("t", day(5), conferencing(10))
	w.skus("t", day(10), conferencing(12))
	w.skus("t", day(20), conferencing(12), free)
	w.skus("t", day(28).AddDate(0, 0, 3), conferencing(99))
	w.licences("t", held{organizer: "ann", plan: planSelect, from: day(1)}, held{organizer: "bob", plan: planConferencing, from: day(1)})
	w.use(
		revision{tenant: "t", id: "1", organizer: "bob", start: day(9), seconds: 100, country: "DE", class: "geographic"},
		revision{tenant: "t", id: "2", organizer: "ann", start: day(21), seconds: 30, country: "US", class: "geographic"},
		revision{tenant: "t", id: "3", organizer: "bob", start: day(10), seconds: 50, country: "US", class: "geographic"},
	)
	r := w.rater()
	w.rate(r, rating.Request{})
	type line struct {
		kind, pool, id               string
		licences, size, drawn, after int64
	}
	var got []line
	for _, m := range history(t, r, february, "t", "") {
		got = append(got, line{m.Kind, m.Pool, m.UsageID, m.Licences, m.Size, m.Drawn, m.BalanceAfter})
	}
	require.Equal(t, []line{
		{"opening", "standard", "", 12, 43_200, 0, 43_200},
		{"call", "standard", "1", 0, 0, 100, 43_100},
		{"size", "standard", "", 12, 43_200, 0, 43_100},
		{"call", "standard", "3", 0, 0, 50, 43_050},
		{"closing", "standard", "", 0, 0, 0, 43_050},
		{"opening", "select", "", 2, 7_200, 0, 7_200},
		{"size", "select", "", 2, 7_200, 0, 7_200},
		{"call", "select", "2", 0, 0, 30, 7_170},
		{"closing", "select", "", 0, 0, 0, 7_170},
	}, got)
}

// Whatever the calls and the increment, the history is the rating's own and has no gap.
func TestAnyPoolsHistoryIsContiguous(t *testing.T) {
	checks(t, "2")
	w := newWorld(t)
	w.skus("t", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), conferencing(1))
	w.tenant("t", "US", false, "")
	month := usage.Month{Year: 2026, Month: 3}
	rapid.Check(t, func(rt *rapid.T) {
		for _, table := range []string{"usage_revisions", "rating_rows", "rating_runs"} {
			require.NoError(rt, w.s.Exec(context.Background(), "TRUNCATE TABLE "+table))
		}
		increment := rapid.SampledFrom([]int{1, 6, 60}).Draw(rt, "increment")
		n := rapid.IntRange(1, 12).Draw(rt, "calls")
		paid := map[string]uint32{}
		for i := range n {
			w.use(revision{
				tenant: "t", id: string(rune('a' + i)), organizer: "o", country: "DE", class: "geographic",
				start:   month.Start(time.UTC).Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, "minute")) * time.Minute),
				seconds: uint32(rapid.IntRange(0, 1500).Draw(rt, "seconds")),
			})
		}
		r := w.rater(func(o *rating.Options) { o.Plan.Versions[0].Pool.IncrementSeconds = increment })
		w.rate(r, rating.Request{Force: true})
		for _, p := range w.ratings(month) {
			if p.Bucket == "pool" && p.Seconds > 0 {
				paid[p.UsageID] = p.Seconds
			}
		}
		balance := int64(3600)
		for _, m := range history(rt, r, month, "t", "") {
			if m.Kind == rating.MovementOpening {
				continue
			}
			require.Equal(rt, balance, m.BalanceBefore)
			balance = m.BalanceAfter
			if m.Kind == rating.MovementCall {
				require.Equal(rt, paid[m.UsageID], m.Seconds)
				delete(paid, m.UsageID)
			}
		}
		require.Empty(rt, paid)
		require.GreaterOrEqual(rt, balance, int64(0))
	})
}
