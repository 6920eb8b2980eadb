package alerting

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
	"fairdial/enforcement"
)

// Beyond the guard rail everything waits, and whoever is on call hears of it: once a day.
func TestTheGuardRailIsToldOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slack.Close()
	w.slack = slackfake.Start(slackfake.Options{Now: w.clock.now, Channels: map[string]string{"fair-use": channelID, "on-call": "C0ONCALL00", "money": "C0MONEY000"}})
	t.Cleanup(w.slack.Close)
	rails, err := enforcement.New(enforcement.Options{
		Conn: w.store, Journal: w.journal, Cases: w.cases, Now: w.clock.now,
		Policy: enforcement.Policy{
			AutoFlagScore: 60, Expiry: 72 * time.Hour, Throttle: enforcement.Limits{MinutesPerHour: 60, Legs: 2},
			GuardRail: enforcement.GuardRail{ActionsPerHour: 1, TenantShare: 1},
		},
	})
	require.NoError(t, err)
	p := &pager{}
	a := w.alerter(func(o *Options) { o.Enforcement, o.OnCall, o.Outlets = rails, "#on-call", []Outlet{p} })
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
	p.fails = errors.New("no answer")
	told, err := a.Rails(t.Context())
	require.ErrorContains(t, err, "pager: no answer")
	require.Equal(t, 1, told, "Slack took it")
	health, err := a.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, health.Failing)
	p.fails = nil
	require.Equal(t, 1, tell(), "and the outlet after it was asked again")
	require.Zero(t, tell())
	require.Len(t, p.got, 1)
	require.Equal(t, ReasonRail, p.got[0].Reason)
	require.Contains(t, p.got[0].Text, "4 automatic actions were wanted and not done")
	require.Empty(t, w.parents(), "there is a channel for whoever is on call")
	posted := w.slack.Messages("C0ONCALL00")
	require.Len(t, posted, 1)
	text := string(posted[0].Blocks)
	for _, want := range []string{"On call", "4 automatic actions", "tenant share", "flag 4", "fairdial enforce", "Because"} {
		require.Contains(t, text, want)
	}
	w.clock.move(2 * time.Hour)
	_, err = rails.Run(t.Context())
	require.NoError(t, err)
	require.Zero(t, tell(), "the same bound, the same day")
	w.clock.move(tooOld)
	require.Zero(t, tell(), "what has waited for a day was told")
}
