package alerting

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
	"fairdial/cases"
)

func TestQuietHours(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, c := range []struct {
		text  string
		zone  *time.Location
		at    string // UTC
		until string // "" for not quiet
	}{
		{"22:00-07:00", time.UTC, "2026-03-02T21:59:59Z", ""},
		{"22:00-07:00", time.UTC, "2026-03-02T22:00:00Z", "2026-03-03T07:00:00Z"},
		{"22:00-07:00", time.UTC, "2026-03-03T06:59:59Z", "2026-03-03T07:00:00Z"},
		{"22:00-07:00", time.UTC, "2026-03-03T07:00:00Z", ""},
		{"12:00-13:30", time.UTC, "2026-03-03T13:29:00Z", "2026-03-03T13:30:00Z"},
		{"22:00-07:00", berlin, "2026-03-02T21:30:00Z", "2026-03-03T06:00:00Z"},
		{"22:00-07:00", berlin, "2026-03-28T22:30:00Z", "2026-03-29T05:00:00Z"}, // the night that is an hour shorter
		{"", time.UTC, "2026-03-02T23:00:00Z", ""},
	} {
		q, err := ParseQuiet(c.text, c.zone)
		require.NoError(t, err)
		at, err := time.Parse(time.RFC3339, c.at)
		require.NoError(t, err)
		quiet, until := q.holds(at)
		require.Equal(t, c.until != "", quiet, "%s at %s", c.text, c.at)
		if quiet {
			require.Equal(t, c.until, until.UTC().Format(time.RFC3339))
		}
	}
	for _, bad := range []string{"22:00", "22-7", "25:00-07:00", "07:00-07:00", "night"} {
		_, err := ParseQuiet(bad, time.UTC)
		require.Error(t, err, bad)
	}
}

// routed is an alerter with a channel for night calls, one for a tenant, and one for all
// others.
func (w *world) routed() *Alerter {
	return w.alerter(func(o *Options) {
		o.Routes = []Route{
			{Tags: []string{"night"}, Channel: "#night"},
			{Tenants: []string{"t2"}, Severities: []cases.Severity{cases.SeverityCritical}, Channel: "#tenant"},
		}
		o.Tags = func(rule string) []string {
			if rule == "night-calls" {
				return []string{"night", "fraud"}
			}
			return nil
		}
	})
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slack.Close()
	w.slack = slackfake.Start(slackfake.Options{Now: w.clock.now, Channels: map[string]string{
		"fair-use": channelID, "night": "C00NIGHT", "tenant": "C0TENANT",
	}})
	t.Cleanup(w.slack.Close)
	a := w.routed()
	plain, tenant, mild, night := caseOf("plain", 80, 1), caseOf("tenant", 80, 1), caseOf("mild", 80, 1), caseOf("night", 80, 2)
	tenant.TenantID, mild.TenantID, mild.Severity = "t2", "t2", cases.SeverityWarning
	w.put(plain, tenant, mild, night)
	require.Equal(t, Report{Cases: 4, Posted: 4}, w.run(a))
	require.Len(t, w.slack.Messages(channelID), 2)
	require.Len(t, w.slack.Messages("C00NIGHT"), 1)
	require.Len(t, w.slack.Messages("C0TENANT"), 1)

	// A case that comes to belong elsewhere is told there too, and its first message stays true.
	mild.Severity, mild.Score = cases.SeverityCritical, 90
	w.put(mild)
	require.Equal(t, Report{Cases: 4, Posted: 1, Updated: 1, Replied: 1}, w.run(a))
	require.Len(t, w.slack.Messages("C0TENANT"), 2)
	require.Equal(t, Report{Cases: 4}, w.run(a))

	// One channel that is closed to us does not close the others.
	w.slack.Fail("chat.postMessage", slackfake.Refused("is_archived"))
	more, other := caseOf("more", 99, 2), caseOf("other", 70, 1)
	w.put(more, other)
	r, err := a.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{r.Failed, r.Posted})
	require.Equal(t, Report{Cases: 6, Posted: 1}, w.run(a))
}

func TestNothingNewIsToldInQuietHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	quiet, err := ParseQuiet("08:00-10:00", time.UTC) // it is nine
	require.NoError(t, err)
	a := w.alerter(func(o *Options) { o.Quiet = quiet })
	mild, grave := caseOf("mild", 80, 1), caseOf("grave", 80, 1)
	mild.Severity = cases.SeverityWarning
	w.put(mild, grave)
	require.Equal(t, Report{Cases: 2, Posted: 1, Muted: 1}, w.run(a))
	require.Equal(t, Report{Cases: 2, Muted: 1}, w.run(a))
	require.Equal(t, []string{"muted: quiet_hours: quiet hours until 2026-03-02 10:00 UTC"}, w.reasons(a, mild.ID), "recorded, and once")
	w.clock.move(time.Hour)
	require.Equal(t, Report{Cases: 2, Posted: 1}, w.run(a))
}

// What fails for a day is given up, with an alarm; news and a person make it be tried again.
func TestADeadLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter()
	c := caseOf("x", 80, 1)
	w.put(c)
	w.slack.Fail("chat.postMessage", slackfake.Always(slackfake.Refused("invalid_blocks")))
	dead, tries := 0, 0
	for range 27 {
		r, err := a.Run(t.Context())
		require.NoError(t, err)
		dead += r.Dead
		tries += r.Failed
		if dead > 0 {
			break
		}
		w.clock.move(time.Hour)
	}
	require.Equal(t, 1, dead)
	require.GreaterOrEqual(t, w.clock.now().Sub(start), 24*time.Hour)
	require.Less(t, w.clock.now().Sub(start), 27*time.Hour)
	require.Less(t, tries, 27)
	h, err := a.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, h.Dead)
	require.Contains(t, h.Detail, "does not take the message's layout")
	require.Equal(t, Report{Cases: 1}, w.run(a), "it is left alone")

	n, err := a.Retry(t.Context(), "cli:ann")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	w.slack.Mend()
	require.Equal(t, Report{Cases: 1, Posted: 1}, w.run(a))
	h, err = a.Health(t.Context())
	require.NoError(t, err)
	require.Zero(t, h)
}
