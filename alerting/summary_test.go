package alerting

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
	"fairdial/cases"
)

// The day's digest is told once, whatever dies in between.
func TestTheDailyDigest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open, closed, old := caseOf("open", 88, 1), caseOf("closed", 70, 1), caseOf("old", 60, 1)
	closed.Status, closed.Outcome, closed.Closings = cases.StatusClosed, cases.OutcomeFalsePositive, []time.Time{start}
	old.OpenedAt = start.AddDate(0, 0, -3)
	w.put(open, closed, old)
	at := start.Add(time.Hour)
	for n := 1; n <= 3; n++ {
		for _, after := range []bool{false, true} {
			require.NoError(t, w.store.Exec(t.Context(), "TRUNCATE TABLE journal"))
			for _, m := range w.slack.Messages(channelID) {
				w.slack.Delete(channelID, m.TS)
			}
			w.put(open, closed, old)
			w.slack.Fail("chat.postMessage", slackfake.DroppedAfter())
			_, err := w.alerter(func(o *Options) { o.Journal = &dying{Journal: w.journal, left: n, after: after} }).Daily(t.Context(), at)
			if n < 3 {
				require.ErrorIs(t, err, errKilled)
			}
			w.clock.move(2 * time.Minute)
			for range 2 {
				_, err = w.alerter().Daily(t.Context(), at)
				require.NoError(t, err)
			}
			require.Len(t, w.parents(), 1, "killed at write %d", n)
		}
	}
	blocks := string(w.parents()[0].Blocks)
	for _, text := range []string{"Daily digest · 2026-03-02", "2 cases opened in the last 24 hours, 2 are open", "false positive 1", "Dana Reyes, Contoso Industries (risk 88, open"} {
		require.Contains(t, blocks, text)
	}
	told, err := w.alerter().Daily(t.Context(), at.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.True(t, told)
}

func TestTheWeeklySummary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.slack.Close()
	w.slack = slackfake.Start(slackfake.Options{Now: w.clock.now, Channels: map[string]string{"fair-use": channelID, "on-call": "C0ONCALL00", "money": "C0MONEY000"}})
	t.Cleanup(w.slack.Close)
	var lines []FinanceLine
	for i := range 12 {
		lines = append(lines, FinanceLine{
			Tenant: fmt.Sprintf("Tenant <%d>", i), AddonSeconds: 600, PoolUsed: 3600, PoolSize: 7200, UnfundedSeconds: int64(i) * 60,
			CreditsSeconds: 60, UnpricedCalls: 2, Charges: map[string]decimal.Decimal{"USD": decimal.RequireFromString("0.105")},
		})
	}
	a := w.alerter(func(o *Options) { o.Finance = "C0MONEY000" })
	for _, want := range []bool{true, false} {
		told, err := a.Weekly(t.Context(), start, "2026-02", lines)
		require.NoError(t, err)
		require.Equal(t, want, told)
	}
	summary := w.slack.Messages("C0MONEY000")
	require.Len(t, summary, 1, "in the channel of finance")
	blocks := string(summary[0].Blocks)
	for _, text := range []string{"120 min", "720 min of 1,440 min", "1.26 USD, calls without a rate: 24", "66 min", "and 2 more"} {
		require.Contains(t, blocks, text)
	}
	require.Empty(t, summary[0].Active())
	told, err := w.alerter(withoutToken).Weekly(t.Context(), start.AddDate(0, 0, 7), "2026-02", nil)
	require.NoError(t, err)
	require.True(t, told)
	require.Contains(t, w.log.String(), "Weekly summary for finance")
}

// A chart goes into the thread of a new message, and never stands in its way.
func TestAChartInTheThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	picture := []byte("\x89PNG picture")
	var fails error
	a := w.alerter(func(o *Options) {
		o.Chart = func(context.Context, cases.Case) (Picture, error) {
			return Picture{PNG: picture, Says: "usually 30, 412 on the highest day"}, fails
		}
	})
	w.put(caseOf("a", 80, 1))
	require.Equal(t, Report{Cases: 1, Posted: 1}, w.run(a))
	files := w.slack.Files()
	require.Len(t, files, 1)
	require.Equal(t, picture, files[0].Content)
	require.Equal(t, "usually 30, 412 on the highest day", files[0].Title)
	require.Equal(t, w.parents()[0].TS, files[0].ThreadTS)
	require.Equal(t, Report{Cases: 1}, w.run(a))

	w.put(caseOf("a2", 80, 1))
	w.slack.Fail("files.getUploadURLExternal", slackfake.RateLimited(time.Second))
	require.Equal(t, Report{Cases: 2, Posted: 1}, w.run(a))
	require.Len(t, w.slack.Files(), 2, "Slack asked to wait, and was asked again")

	fails = errors.New("no data")
	w.put(caseOf("b", 80, 1))
	require.Equal(t, Report{Cases: 3, Posted: 1}, w.run(a))
	fails = nil
	require.Equal(t, Report{Cases: 3}, w.run(a))
	require.Len(t, w.slack.Files(), 3, "what could not be drawn is drawn later")
	w.slack.Fail("files.getUploadURLExternal", slackfake.RateLimited(10*time.Minute))
	w.put(caseOf("b2", 80, 1))
	require.Equal(t, Report{Cases: 4, Posted: 1}, w.run(a))
	require.Equal(t, Report{Cases: 4}, w.run(a))
	require.Len(t, w.slack.Files(), 4, "Slack asked to wait for long")
	w.slack.SetScopes("chat:write")
	w.put(caseOf("c", 80, 1))
	require.Equal(t, Report{Cases: 5, Posted: 1}, w.run(a))
	require.Contains(t, w.log.String(), "files:write")
	require.Len(t, w.slack.Files(), 4)
}

// Killed at any write, a case's message has its chart once, but for the one moment in which
// nobody knows whether it is there.
func TestAChartSurvivesACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chart := func(o *Options) {
		o.Chart = func(context.Context, cases.Case) (Picture, error) {
			return Picture{PNG: []byte("\x89PNG"), Says: "s"}, nil
		}
	}
	charts := map[string]int{}
	for n := 1; n <= 4; n++ {
		for _, after := range []bool{false, true} {
			w.put(caseOf(fmt.Sprint("x", n, after), 80, 1))
			before := len(w.slack.Files())
			_, err := w.alerter(chart, func(o *Options) { o.Journal = &dying{Journal: w.journal, left: n, after: after} }).Run(t.Context())
			if err != nil {
				require.ErrorIs(t, err, errKilled)
			}
			w.clock.move(2 * time.Minute)
			for range 2 {
				w.run(w.alerter(chart))
			}
			charts[fmt.Sprint(n, " ", after)] = len(w.slack.Files()) - before
		}
	}
	require.Equal(t, map[string]int{
		"1 false": 1, "1 true": 1, "2 false": 1, "2 true": 1, "3 false": 1, "3 true": 0, "4 false": 1, "4 true": 1,
	}, charts)
	require.Len(t, w.parents(), 8)
}
