package alerting

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
)

func TestAPoolsUseIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	eighty := PoolUse{TenantID: "t1", Tenant: "Contoso <!here>", Month: "2026-03", Pool: "standard", Threshold: 80, Used: 48_000, Size: 60_000, CrossedAt: start}
	full := eighty
	full.Threshold, full.Used = 100, 60_000
	larger := full
	larger.Size = 72_000
	tell := func(all ...PoolUse) int {
		told, err := w.alerter().Pools(t.Context(), all)
		require.NoError(t, err)
		return told
	}
	require.Zero(t, tell())
	require.Equal(t, 1, tell(eighty))
	require.Equal(t, 1, tell(eighty, full))
	eighty.Used = 59_000
	require.Zero(t, tell(eighty, full), "it is the threshold that is told, once")
	require.Equal(t, 1, tell(larger))
	require.Len(t, w.parents(), 3)
	blocks := string(w.parents()[0].Blocks)
	for _, text := range []string{"Pool 80 % used", "800 min of 1,000 min", "fairdial pools --month 2026-03"} {
		require.Contains(t, blocks, text)
	}
	require.NotContains(t, strings.Join(w.parents()[0].Active(), " "), "here", "a tenant's name calls nobody")
	require.Contains(t, string(w.parents()[1].Blocks), "paid by Communications Credits")

	// Killed anywhere, it is told once by the next pass.
	for n := 1; n <= 2; n++ {
		one := full
		one.Month = []string{"2026-04", "2026-05"}[n-1]
		w.slack.Fail("chat.postMessage", slackfake.DroppedAfter())
		_, err := w.alerter(func(o *Options) { o.Journal = &dying{Journal: w.journal, left: n} }).Pools(t.Context(), []PoolUse{one})
		require.ErrorIs(t, err, errKilled)
		w.clock.move(2 * time.Minute)
		_ = tell(one)
		_ = tell(one)
		require.Len(t, w.parents(), 3+n, "killed at write %d", n)
	}
}
