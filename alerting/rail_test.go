package alerting

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/enforcement"
)

// Beyond the guard rail everything waits, and whoever is on call hears of it: once a day.
func TestTheGuardRailIsToldOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rails, err := enforcement.New(enforcement.Options{
		Conn: w.store, Journal: w.journal, Cases: w.cases, Now: w.clock.now,
		Policy: enforcement.Policy{
			AutoFlagScore: 60, Expiry: 72 * time.Hour, Throttle: enforcement.Limits{MinutesPerHour: 60, Legs: 2},
			GuardRail: enforcement.GuardRail{ActionsPerHour: 1, TenantShare: 1},
		},
	})
	require.NoError(t, err)
	a := w.alerter(func(o *Options) { o.Enforcement = rails })
	tell := func() int {
		told, err := a.Rails(t.Context())
		require.NoError(t, err)
		return told
	}
	w.put(manyCases(5)...)
	require.Zero(t, tell(), "nothing is held")
	r, err := rails.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, r.Held)
	require.Equal(t, 1, tell())
	require.Zero(t, tell())
	require.Len(t, w.parents(), 1)
	text := string(w.parents()[0].Blocks)
	for _, want := range []string{"On call", "4 automatic actions", "tenant share", "flag 4", "fairdial enforce"} {
		require.Contains(t, text, want)
	}
	w.clock.move(2 * time.Hour)
	_, err = rails.Run(t.Context())
	require.NoError(t, err)
	require.Zero(t, tell(), "the same bound, the same day")
	w.clock.move(tooOld)
	require.Zero(t, tell(), "what has waited for a day was told")
}
