package simulate

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestShareDealsOutExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5000).Draw(t, "n")
		weights := rapid.SliceOfN(rapid.Float64Range(0.01, 100), 1, 30).Draw(t, "weights")
		sum := 0
		for _, part := range share(n, weights, 1) {
			if n >= len(weights) && part < 1 {
				t.Fatal("nothing for one while there is enough")
			}
			sum += part
		}
		if sum != n {
			t.Fatalf("dealt %d of %d", sum, n)
		}
	})
}

func TestDistributions(t *testing.T) {
	d := newDice(9)
	const n = 20_000
	for _, mean := range []float64{0.2, 3, 60} {
		sum := 0
		for range n {
			sum += d.poisson(mean)
		}
		require.InDelta(t, mean, float64(sum)/n, 4*math.Sqrt(mean/n))
	}
	below := 0
	for range n {
		if d.lognormal(20, 0.7) < 20 {
			below++
		}
	}
	require.InDelta(t, 0.5, float64(below)/n, 0.02)
	require.Zero(t, d.poisson(0))
	require.Zero(t, d.poisson(-1))
}

func TestStreamsAreIndependentAndRepeatable(t *testing.T) {
	a, b := newDice(1, 2, 3), newDice(1, 2, 3)
	require.Equal(t, a.guid(), b.guid())
	b.reseed(1, 3, 2)
	require.NotEqual(t, a.guid(), b.guid())
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, a.guid().String())
}

func TestTicks(t *testing.T) {
	at := time.Date(2026, 2, 1, 5, 5, 46, 860713500, time.UTC)
	require.Equal(t, "2026-02-01T05:05:46.8607135Z", tickOf(at).String())
	require.Equal(t, at, tickOf(at).time())
	require.Equal(t, "12.05", string(money(nil, 1205)))
	require.Equal(t, "0.00", string(money(nil, 0)))
}

func TestHolidays(t *testing.T) {
	for _, c := range []struct {
		country, date string
		work          bool
	}{
		{"US", "2026-01-01", false},
		{"US", "2026-01-19", false},
		{"US", "2026-02-16", false},
		{"US", "2026-02-17", true},
		{"US", "2026-11-26", false},
		{"US", "2026-05-25", false},
		{"US", "2026-12-25", false},
		{"US", "2026-04-03", true},
		{"DE", "2026-04-03", false},
		{"DE", "2026-04-06", false},
		{"DE", "2026-05-14", false},
		{"DE", "2026-05-25", false},
		{"DE", "2026-07-14", true},
		{"GB", "2026-04-03", false},
		{"GB", "2026-08-31", false},
		{"GB", "2026-05-01", true},
		{"FR", "2026-07-14", false},
		{"FR", "2026-04-03", true},
		{"CA", "2026-05-18", false},
		{"CA", "2026-10-12", false},
		{"KR", "2026-03-01", false},
		{"US", "2026-03-07", false},
	} {
		d, err := time.Parse(time.DateOnly, c.date)
		require.NoError(t, err)
		require.Equal(t, c.work, workday(c.country, d), "%s %s", c.country, c.date)
	}
	for year, date := range map[int]string{2024: "2024-03-31", 2025: "2025-04-20", 2026: "2026-04-05", 2038: "2038-04-25"} {
		require.Equal(t, date, easter(year).Format(time.DateOnly))
	}
}

// Local hours follow daylight saving where the organizer is.
func TestLocalHours(t *testing.T) {
	loc, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	winter := dayAt(0, time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC), loc, "US")
	summer := dayAt(3, time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC), loc, "US")
	require.Equal(t, "2026-03-06T14:30:00.0000000Z", winter.at(9.5).String())
	require.Equal(t, "2026-03-09T13:30:00.0000000Z", summer.at(9.5).String())
}
