package rating_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/usage"
)

// What one organizer used, day by day, is what the rows of the month say of them, no more and
// no less.
func TestWhatAnOrganizerUsedDayByDay(t *testing.T) {
	w := golden(t, "golden-month")
	r := w.rater()
	w.rate(r, rating.Request{})
	ctx := context.Background()
	ann, err := r.Spent(ctx, february, "contoso", "ann")
	require.NoError(t, err)
	require.Equal(t, int64(3600), ann.Share, "60 minutes a licence")
	require.Equal(t, rating.SpentDay{Day: "2026-02-01", Addon: 3600}, ann.Days[0])
	require.Equal(t, "2026-02-02", ann.Days[1].Day)
	require.Equal(t, int64(600), ann.Days[1].Pool, "Puerto Rico is in Zone A and not in the add-on")
	require.Nil(t, ann.Shown)

	organizers, all := map[string]bool{}, map[usage.Bucket]int64{}
	for _, call := range readGolden(t, "golden-month", "calls.csv") {
		if call["tenant"] == "contoso" {
			organizers[call["organizer"]] = true
		}
	}
	require.Greater(t, len(organizers), 3)
	buckets := []usage.Bucket{usage.BucketAddon, usage.BucketPool, usage.BucketCredits, usage.BucketUnfunded}
	for organizer := range organizers {
		spent, err := r.Spent(ctx, february, "contoso", organizer)
		require.NoError(t, err)
		for i, day := range spent.Days {
			require.True(t, i == 0 || day.Day > spent.Days[i-1].Day)
			for _, b := range buckets {
				all[b] += day.Of(b)
			}
		}
	}
	statement, err := r.Statement(ctx, february, "contoso")
	require.NoError(t, err)
	for _, b := range statement.Buckets {
		require.Equal(t, int64(b.Seconds), all[b.Bucket], b.Bucket)
		require.NotZero(t, all[b.Bucket], "the month has calls of each bucket")
	}

	nobody, err := r.Spent(ctx, february, "contoso", "nobody")
	require.NoError(t, err)
	require.Empty(t, nobody.Days)
	_, err = r.Spent(ctx, january, "contoso", "ann")
	require.ErrorIs(t, err, rating.ErrNotRated)
}
