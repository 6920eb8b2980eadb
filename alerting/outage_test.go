package alerting

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
)

// A digest, of a storm or of a day, that never gets through is an alarm after a day, and is
// told when Slack takes it again.
func TestMessagesAboutNoSingleCaseRaiseAnAlarmToo(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"token_revoked", "channel_not_found", "invalid_blocks"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a := w.alerter(stormy)
			w.put(storm(0, 30)...)
			w.slack.Fail("chat.postMessage", slackfake.Always(slackfake.Refused(code)))
			_, err := a.Daily(t.Context(), w.clock.now())
			require.ErrorContains(t, err, code)
			for tries := range 4 {
				_, err := a.Run(t.Context())
				require.NoError(t, err)
				h, err := a.Health(t.Context())
				require.NoError(t, err)
				require.Equal(t, 2, h.Dead+h.Failing, "try %d: %+v", tries, h)
				require.Contains(t, h.Detail, code)
				w.clock.move(9 * time.Hour)
			}
			h, err := a.Health(t.Context())
			require.NoError(t, err)
			require.Equal(t, 2, h.Dead, "%+v", h)

			w.slack.Mend()
			n, err := a.Retry(t.Context(), "cli:ann")
			require.NoError(t, err)
			require.Equal(t, 1, n, "the storm's digest is tried for as long as it takes")
			require.Equal(t, 30, w.run(a).Digested)
			h, err = a.Health(t.Context())
			require.NoError(t, err)
			require.Equal(t, Health{}, h)
			require.Len(t, w.parents(), 2)
		})
	}
}

// A digest tells its cases; newer numbers of them are no news, a higher risk is.
func TestAfterAStormNewerNumbersAreNoNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter(stormy)
	all := storm(0, 30)
	w.put(all...)
	require.Equal(t, 30, w.run(a).Digested)
	for range 3 {
		w.clock.move(time.Hour)
		for i := range all {
			all[i].ExposureSeconds += 600
			all[i].UpdatedAt = w.clock.now()
		}
		w.put(all...)
		r, err := a.Run(t.Context())
		require.NoError(t, err)
		require.Zero(t, r.Posted+r.Updated+r.Digested, "%+v", r)
		require.Equal(t, 30, r.Quiet[ReasonNoMessage])
	}
	all[7].Score++
	w.put(all[7])
	require.Equal(t, 1, w.run(a).Posted)
	require.Len(t, w.parents(), 2)

	w.clock.move(time.Hour)
	for i := range all {
		all[i].Score = 99
	}
	w.put(all...)
	w.run(a)
	require.Len(t, w.parents(), 3)
	require.Contains(t, string(w.parents()[0].Blocks)+string(w.parents()[2].Blocks), "29 cases have opened or got worse since")
}

// A digest of the day whose run died is told by a later pass, once.
func TestTheDailyDigestOfADeadRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.clock.now()
	_, err := w.alerter(func(o *Options) { o.Journal = &dying{Journal: w.journal, left: 1, after: true} }).Daily(t.Context(), at)
	require.ErrorIs(t, err, errKilled)
	w.clock.move(20 * time.Second)
	next := w.alerter()
	told, err := next.Daily(t.Context(), at)
	require.NoError(t, err)
	require.False(t, told, "it is left to the run that announced it")
	require.Zero(t, w.run(next).Posted)
	w.clock.move(time.Minute)
	require.Equal(t, 1, w.run(next).Posted)
	w.clock.move(time.Hour)
	require.Zero(t, w.run(next).Posted)
	require.Len(t, w.parents(), 1)
}
