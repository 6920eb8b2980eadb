package rating_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

// Where pools stand at any moment is what the ratings of the calls before it say: within a quarter of
// an hour, at its end, after the newest call, in the next month, and after calls moved.
func TestWherePoolsStandIsWhatTheCallsSay(t *testing.T) {
	w := usePool(t, 2) // 7,200 seconds
	dice := rand.New(rand.NewPCG(1, 2))
	begin := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	minutes := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Minute) }
	starts := map[string]time.Time{}
	use := func(id string, number uint16) {
		x := call(id, minutes(dice.IntN(20*24*60)), uint32(60+dice.IntN(300)))
		x.organizer, x.number, x.replaces = []string{"a", "b", "c"}[dice.IntN(3)], number, starts[id]
		starts[id] = x.start
		w.use(x)
	}
	for i := range 60 {
		use(fmt.Sprint(i), 0)
	}
	moments := []time.Time{minutes(1), minutes(9 * 24 * 60), minutes(9*24*60 + 7), minutes(13*24*60 + 31), minutes(20 * 24 * 60), minutes(25*24*60 + 3), minutes(40 * 24 * 60)}
	for round := range 2 {
		r := w.rater()
		w.rate(r, rating.Request{})
		for _, at := range moments {
			// The same whether it is asked of the moment or the moment is now.
			now := w.rater(func(o *rating.Options) { o.Now = func() time.Time { return at } })
			for _, x := range []struct {
				r  *rating.Rater
				at time.Time
			}{{r, at}, {now, time.Time{}}} {
				all, err := x.r.Pools(context.Background(), rating.PoolsRequest{Month: february, At: x.at, Top: 2})
				require.NoError(t, err)
				require.Len(t, all, 1)
				s := all[0]
				before := fmt.Sprintf(" FROM ratings WHERE part = 0 AND pool = 'standard' AND started_at < '%s'", at.Format("2006-01-02 15:04:05"))
				require.Equal(t, int64(w.count("SELECT toUInt64(sum(pool_before - pool_after))"+before)), s.Used, at) //nolint:gosec // small
				require.Equal(t, s.Used == s.Seconds, s.EmptyAt != nil)
				if s.EmptyAt != nil {
					require.Equal(t, int64(w.count("SELECT toUInt64(toUnixTimestamp(started_at))"+before+" AND pool_before > 0 AND pool_after = 0")), s.EmptyAt.Unix()) //nolint:gosec // after 1970
				}
				days := map[string]int64{}
				for _, d := range s.Days {
					days[d.Day] = d.Drawn
				}
				require.Len(t, days, int(w.count("SELECT uniqExactIf(toDate(started_at), pool_before > pool_after)"+before))) //nolint:gosec // small
				for day, drawn := range days {
					require.Equal(t, int64(w.count("SELECT toUInt64(sum(pool_before - pool_after))"+before+" AND toDate(started_at) = '"+day+"'")), drawn) //nolint:gosec // small
				}
				for _, d := range s.DrainedBy {
					own := before + " AND organizer_id = '" + d.OrganizerID + "'"
					require.Equal(t, int64(w.count("SELECT toUInt64(sum(pool_before - pool_after))"+own)), d.Drawn) //nolint:gosec // small
					require.Equal(t, w.count("SELECT countIf(pool_before > pool_after)"+own), d.Calls)
				}
				newest := w.count(fmt.Sprintf("SELECT toUInt64(toUnixTimestamp(max(started_at))) FROM usage WHERE started_at < '%s'", at.Format("2006-01-02 15:04:05")))
				if newest == 0 {
					require.Nil(t, s.DataUntil)
				} else {
					require.Equal(t, int64(newest), s.DataUntil.Unix()) //nolint:gosec // after 1970
				}
			}
		}
		if round == 0 {
			for i := range 12 {
				use(fmt.Sprint(i*5), 1)
			}
		}
	}
}
