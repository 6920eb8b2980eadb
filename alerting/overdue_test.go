package alerting

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

// due is a case that somebody must take within an hour of the start.
func due(name string, score int) cases.Case {
	c := caseOf(name, score, 1)
	c.Severity, c.DueAt, c.Terms = cases.SeverityWarning, start.Add(time.Hour), cases.Terms{Warning: 3600, Critical: 3600}
	return c
}

// A case that nobody takes in time is told once, in its thread and by its headline, until
// somebody takes it; when its clock begins anew and runs out, once more.
func TestACaseThatNobodyTakesInTimeIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter()
	c := due("late", 70)
	w.put(c)
	w.run(a)
	w.clock.move(time.Hour)
	require.Equal(t, Report{Cases: 1}, w.run(a), "on the dot it is in time")
	w.clock.move(time.Minute)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.Contains(t, w.replies()[0].Text, "Overdue: nobody acknowledged the case or decided on it by 2026-03-02 10:00 UTC")
	require.Contains(t, w.parents()[0].Text, "Overdue · Warning · fraud · Dana Reyes")
	require.Contains(t, string(w.parents()[0].Blocks), "nobody took it by 2026-03-02 10:00 UTC")
	w.clock.move(5 * time.Hour)
	require.Equal(t, Report{Cases: 1}, w.run(a), "how long ago it was is no news")
	require.Equal(t, Report{Cases: 1}, w.run(w.alerter()), "nor is it to another run")

	c.Score = 80 // it gets worse, and still nobody is there
	w.put(c)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.NotContains(t, w.replies()[1].Text, "Overdue: nobody")

	act := func(action cases.Action) {
		t.Helper()
		action.Actor = "console:bob"
		_, err := w.cases.Act(t.Context(), c.ID, action, w.clock.now())
		require.NoError(t, err)
	}
	// Put off and not taken: the headline says so again after it, and nobody is called for it.
	act(cases.Action{Kind: cases.KindSnoozed, Reason: "tomorrow", Until: w.clock.now().Add(time.Hour)})
	w.run(a)
	require.NotContains(t, w.parents()[0].Text, "Overdue")
	w.clock.move(2 * time.Hour)
	require.Equal(t, Report{Cases: 1, Updated: 1}, w.run(a))
	require.Contains(t, w.parents()[0].Text, "Overdue")

	act(cases.Action{Kind: cases.KindAcknowledged})
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.NotContains(t, w.parents()[0].Text, "Overdue")
	act(cases.Action{Kind: cases.KindConfirmed, Reason: "fraud"})
	act(cases.Action{Kind: cases.KindAppealed, Reason: "it was the yearly survey"})
	w.run(a)
	before := len(w.replies())
	w.clock.move(61 * time.Minute)
	act(cases.Action{Kind: cases.KindNoted, Reason: "asked them"})
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.Contains(t, w.replies()[before].Text, "Overdue: nobody acknowledged", "its clock has begun anew")
	require.Contains(t, w.replies()[before].Text, "Changed: noted by console:bob: asked them", "and nothing is lost that happened beside it")
	require.Equal(t, Report{Cases: 1}, w.run(a))
	require.Contains(t, w.reasons(a, c.ID), "replied: overdue")
}

// Quiet hours and a snooze keep it back as they do other news; a critical case does not wait.
func TestWhatIsOverdueKeepsQuietToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	quiet, err := ParseQuiet("09:30-12:00", time.UTC)
	require.NoError(t, err)
	a := w.alerter(func(o *Options) { o.Quiet = quiet })
	mild, grave, put := due("mild", 70), due("grave", 70), due("put", 70)
	grave.Severity, put.SnoozedUntil = cases.SeverityCritical, start.Add(4*time.Hour)
	told := put
	told.SnoozedUntil = time.Time{}
	w.put(mild, grave, told)
	require.Equal(t, 3, w.run(a).Posted)
	w.happen(cases.KindSnoozed, "console:bob", put)
	w.run(a)
	w.clock.move(61 * time.Minute)
	require.Equal(t, Report{Cases: 3, Updated: 1, Replied: 1, Muted: 1}, w.run(a))
	require.Equal(t, Report{Cases: 3, Muted: 1}, w.run(a))
	require.Equal(t, []string{"posted: new_case", "muted: quiet_hours: quiet hours until 2026-03-02 12:00 UTC"}, w.reasons(a, mild.ID), "recorded, and once")
	require.Equal(t, "replied: overdue", w.reasons(a, grave.ID)[1])
	w.clock.move(2 * time.Hour)
	require.Equal(t, Report{Cases: 3, Updated: 1, Replied: 1}, w.run(a), "when the quiet hours are over")
	w.clock.move(time.Hour)
	require.Equal(t, Report{Cases: 3, Updated: 1, Replied: 1}, w.run(a), "and the snooze: that nobody took it is news now")
	require.Equal(t, "replied: overdue", w.reasons(a, put.ID)[2])
}

// Those that a storm's digest told are told by themselves, or by the next digest, and once.
func TestAStormThatNobodyTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter(stormy)
	var all []cases.Case
	for _, c := range storm(0, 20) {
		c.DueAt = start.Add(time.Hour)
		all = append(all, c)
	}
	all[0].DueAt = start.Add(30 * time.Minute)
	w.put(all...)
	require.Equal(t, Report{Cases: 20, Posted: 1, Digested: 20}, w.run(a))
	w.clock.move(31 * time.Minute)
	require.Equal(t, Report{Cases: 20, Posted: 1}, w.run(a))
	require.Contains(t, w.parents()[1].Text, "Overdue · ")
	w.clock.move(30 * time.Minute)
	require.Equal(t, Report{Cases: 20, Posted: 1, Digested: 19}, w.run(a))
	require.Contains(t, string(w.parents()[2].Blocks), "19 cases have opened, got worse or were not taken in time since")
	for range 2 {
		w.clock.move(time.Minute)
		require.Equal(t, Report{Cases: 20}, w.run(a))
	}
}

// A run that is killed at any write tells it all the same, and once.
func TestWhatIsOverdueIsToldOnceThoughRunsAreKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(due("late", 70))
	w.run(w.alerter())
	w.clock.move(2 * time.Hour)
	for n := range 6 {
		j := &dying{Journal: w.journal, left: n % 3, after: n%2 == 0}
		_, _ = w.alerter(func(o *Options) { o.Journal = j }).Run(t.Context())
		w.clock.move(2 * time.Minute)
	}
	w.run(w.alerter())
	require.Len(t, w.replies(), 1)
	require.Contains(t, w.replies()[0].Text, "Overdue: nobody")
}

// Without a token it is a line of the log, and outlets hear of it: once each.
func TestOverdueInTheLogAndElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := &heard{}
	a := w.alerter(withoutToken, func(o *Options) { o.Outlets = []Outlet{out} })
	w.put(due("late", 70))
	w.run(a)
	w.clock.move(61 * time.Minute)
	require.Equal(t, Report{Cases: 1, Logged: 1, Elsewhere: 1}, w.run(a))
	require.Equal(t, Report{Cases: 1}, w.run(a))
	require.Equal(t, []Reason{ReasonNewCase, ReasonOverdue}, out.reasons)
	require.Contains(t, w.log.String(), "reason=overdue")
}

// heard keeps why it was told anything.
type heard struct{ reasons []Reason }

func (*heard) Name() string { return "heard" }

func (h *heard) Send(_ context.Context, n News) error {
	h.reasons = append(h.reasons, n.Reason)
	return nil
}
