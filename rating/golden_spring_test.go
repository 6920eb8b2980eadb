package rating_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/rules/plan"
	"fairdial/usage"
)

// A month in New York with the weekend on which an hour is missing: testdata/golden-spring
// has it worked by hand.
func TestTheWeekendWithoutAnHourWorkedByHand(t *testing.T) {
	const folder = "golden-spring"
	w := golden(t, folder)
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	r := w.rater(func(o *rating.Options) {
		o.Plan = plan.Default()
		o.Plan.TimeZone = plan.Zone{Location: zone}
	})
	require.Len(t, w.rate(r, rating.Request{}).Rated, 3)

	var got, want [][]string
	for _, m := range []usage.Month{february, march, march.Next()} {
		for _, p := range w.ratings(m) {
			require.NotNil(t, p.Amount)
			got = append(got, []string{m.String(), p.UsageID, p.Bucket, strconv.Itoa(int(p.Seconds)), p.Amount.String(), p.Currency, p.Reason})
		}
	}
	for _, c := range readGolden(t, folder, "rating.csv") {
		want = append(want, []string{c["month"], c["usage_id"], c["bucket"], c["seconds"], c["amount"], c["currency"], c["rule"]})
	}
	require.Equal(t, want, got)

	ctx := context.Background()
	s, err := r.Statement(ctx, march, "eastern")
	require.NoError(t, err)
	require.Equal(t, []uint64{7, 3781}, []uint64{s.Calls, s.Seconds})
	require.Equal(t, "0.21", s.Buckets[2].Amounts[0].Amount.String())
	empty := time.Date(2026, 3, 8, 7, 30, 0, 0, time.UTC)
	require.Equal(t, []rating.PoolUse{{Pool: "standard", Licences: 1, LicencesKnown: true, Seconds: 3600, Used: 3600, EmptyAt: &empty}}, s.Pools)

	// The history of the pool begins and ends with the month in New York, and has no gap.
	left := int64(3600)
	var first, last rating.Movement
	require.NoError(t, r.PoolHistory(ctx, march, "eastern", "", func(m rating.Movement) error {
		if m.Kind == rating.MovementOpening {
			first = m
		}
		last = m
		if m.Kind == rating.MovementCall {
			require.Equal(t, left, m.BalanceBefore)
			left = m.BalanceAfter
		}
		return nil
	}))
	require.Equal(t, "2026-03-01T05:00:00Z", first.At.UTC().Format(time.RFC3339))
	require.Equal(t, "2026-04-01T04:00:00Z", last.At.UTC().Format(time.RFC3339))
	require.Zero(t, left)

	// Used up to the very second is at both thresholds.
	notices, err := r.NoticePools(ctx, w.journal(), []int{80, 100}, "system:test")
	require.NoError(t, err)
	require.Len(t, notices, 2)
	for i, threshold := range []int{80, 100} {
		require.Equal(t, threshold, notices[i].Threshold)
		require.Equal(t, "d06", notices[i].UsageID)
	}

	// 72 hours after the end of the month in New York, and not before.
	books := w.books(r)
	w.clock = time.Date(2026, 4, 4, 3, 59, 0, 0, time.UTC)
	_, err = books.Close(ctx, rating.CloseRequest{Month: march, TenantID: "eastern", Actor: "eve"})
	require.ErrorContains(t, err, "records may arrive until 2026-04-04 04:00Z")
	w.clock = time.Date(2026, 4, 4, 4, 0, 0, 0, time.UTC)
	_, err = books.Close(ctx, rating.CloseRequest{Month: march, TenantID: "eastern", Actor: "eve"})
	require.NoError(t, err)
}
