package cases_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store/journal"
)

// ring records cases of a, b, c and d of one tenant and of x of another.
func ring(t *testing.T) (*cases.Log, map[string]string) {
	t.Helper()
	l := open(t)
	ids := map[string]string{}
	var events []cases.Event
	for _, o := range []string{"a", "b", "c", "d"} {
		events, ids[o] = append(events, opened(o, 70)), cases.ID("t1", o)
	}
	x := opened("x", 70)
	x.CaseID, x.State.TenantID = cases.ID("t2", "x"), "t2"
	x.State.ID, ids["x"] = x.CaseID, x.CaseID
	lost, err := l.Record(t.Context(), append(events, x))
	require.NoError(t, err)
	require.Empty(t, lost)
	return l, ids
}

func TestARingIsOneCase(t *testing.T) {
	t.Parallel()
	l, ids := ring(t)
	act := func(who string, a cases.Action) (cases.Case, error) {
		a.Actor = "ann"
		return l.Act(t.Context(), ids[who], a, now.Add(time.Hour))
	}
	get := func(who string) cases.Case {
		c, err := l.Get(t.Context(), ids[who])
		require.NoError(t, err)
		return c
	}
	merge := cases.Action{Kind: cases.KindMerged, Reason: "same numbers", Cases: []string{ids["b"], ids["c"]}}
	c, err := act("a", merge)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, c.Members)
	require.Equal(t, ids["a"], get("b").RingCase)
	list, err := l.List(t.Context(), cases.Filter{TenantID: "t1"})
	require.NoError(t, err)
	require.Len(t, list, 4, "one an organizer still")

	// Again it changes nothing of those who are in it, and finishes what was cut short.
	_, err = act("a", merge)
	require.NoError(t, err)
	require.Equal(t, 2, get("b").Version)

	for name, x := range map[string]struct {
		who string
		a   cases.Action
	}{
		"of another tenant":   {"a", cases.Action{Kind: cases.KindMerged, Reason: "r", Cases: []string{ids["x"]}}},
		"nobody's":            {"a", cases.Action{Kind: cases.KindMerged, Reason: "r", Cases: []string{"c-0"}}},
		"itself":              {"a", cases.Action{Kind: cases.KindMerged, Reason: "r", Cases: []string{ids["a"]}}},
		"none":                {"a", cases.Action{Kind: cases.KindMerged, Reason: "r"}},
		"without a reason":    {"a", cases.Action{Kind: cases.KindMerged, Cases: []string{ids["d"]}}},
		"of another ring":     {"d", cases.Action{Kind: cases.KindMerged, Reason: "r", Cases: []string{ids["b"]}}},
		"a ring":              {"d", cases.Action{Kind: cases.KindMerged, Reason: "r", Cases: []string{ids["a"]}}},
		"into a member":       {"b", cases.Action{Kind: cases.KindMerged, Reason: "r", Cases: []string{ids["d"]}}},
		"decided by itself":   {"b", cases.Action{Kind: cases.KindConfirmed, Reason: "r"}},
		"who is in no ring":   {"d", cases.Action{Kind: cases.KindLeft, Reason: "r"}},
		"leaving for nothing": {"b", cases.Action{Kind: cases.KindLeft}},
	} {
		_, err := act(x.who, x.a)
		require.ErrorIs(t, err, cases.ErrAction, name)
	}
	_, err = act("b", cases.Action{Kind: cases.KindNoted, Reason: "called him"})
	require.NoError(t, err)

	// c is somebody else's after all; what is decided then is decided on a and b.
	_, err = act("c", cases.Action{Kind: cases.KindLeft, Reason: "an honest colleague"})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, get("a").Members)
	_, err = act("a", cases.Action{Kind: cases.KindConfirmed, Reason: "resale"})
	require.NoError(t, err)
	require.Equal(t, cases.OutcomeConfirmed, get("b").Outcome)
	require.Len(t, get("b").Closings, 1)
	require.Equal(t, cases.StatusOpen, get("c").Status)
	history, err := l.History(t.Context(), ids["b"])
	require.NoError(t, err)
	last := history[len(history)-1]
	require.Equal(t, "with the ring's case "+ids["a"]+": resale", last.Reason)
	require.Equal(t, "ann", last.Actor)
	_, err = act("a", cases.Action{Kind: cases.KindReopened, Reason: "appeal heard"})
	require.NoError(t, err)
	require.Equal(t, cases.StatusOpen, get("b").Status)
	_, err = act("a", cases.Action{Kind: cases.KindDismissed, Reason: "a campaign", Cause: cases.CauseEvent})
	require.NoError(t, err)
	require.Equal(t, cases.CauseEvent, get("b").Cause)
}

// Who decides on an old view changes nothing of the members either.
func TestALateDecisionOnARingIsDoneToNobody(t *testing.T) {
	t.Parallel()
	l, ids := ring(t)
	_, err := l.Act(t.Context(), ids["a"], cases.Action{Kind: cases.KindMerged, Actor: "ann", Reason: "r", Cases: []string{ids["b"]}, Version: 1}, now)
	require.NoError(t, err)
	_, err = l.Act(t.Context(), ids["a"], cases.Action{Kind: cases.KindDismissed, Actor: "bob", Reason: "r", Version: 1}, now)
	var lost *journal.ConflictError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, "ann", lost.Winner.Actor)
	b, err := l.Get(t.Context(), ids["b"])
	require.NoError(t, err)
	require.Equal(t, cases.StatusOpen, b.Status)
}

func TestTheClockOfACase(t *testing.T) {
	t.Parallel()
	within := cases.Terms{Critical: 4 * 3600, Warning: 72 * 3600}
	c := cases.Case{Status: cases.StatusOpen, Severity: cases.SeverityWarning, Terms: within}.Wait(now)
	require.Equal(t, now.Add(72*time.Hour), c.DueAt)
	require.False(t, c.Overdue(now.Add(72*time.Hour)))
	require.True(t, c.Overdue(now.Add(73*time.Hour)))
	require.True(t, c.Due(now))
	for name, change := range map[string]func(*cases.Case){
		"put off":        func(c *cases.Case) { c.SnoozedUntil = now.Add(100 * time.Hour) },
		"of a ring":      func(c *cases.Case) { c.RingCase = "c-ring" },
		"looked at":      func(c *cases.Case) { c.RespondedAt = now },
		"closed":         func(c *cases.Case) { c.Status = cases.StatusClosed },
		"never promised": func(c *cases.Case) { c.DueAt = time.Time{} },
	} {
		other := c
		change(&other)
		require.False(t, other.Due(now) || other.Overdue(now.Add(73*time.Hour)), name)
	}

	c.Severity = cases.SeverityCritical
	c = c.Hurry(now.Add(10 * time.Hour))
	require.Equal(t, now.Add(14*time.Hour), c.DueAt, "worse is due earlier")
	require.Equal(t, c, c.Hurry(now.Add(20*time.Hour)), "and never later")
	require.Zero(t, cases.Case{Status: cases.StatusOpen, Severity: cases.SeverityWarning}.Wait(now).DueAt, "no promise")

	l := open(t)
	first := opened("a", 60)
	first.State.Terms = within
	first.State = first.State.Wait(now)
	_, err := l.Record(t.Context(), []cases.Event{first})
	require.NoError(t, err)
	act := func(kind string, at time.Time) cases.Case {
		c, err := l.Act(t.Context(), first.CaseID, cases.Action{Kind: kind, Actor: "ann", Reason: "r", Until: at.Add(time.Hour)}, at)
		require.NoError(t, err)
		return c
	}
	require.True(t, act(cases.KindNoted, now.Add(5*time.Hour)).Overdue(now.Add(5*time.Hour)), "a note is no answer")
	require.False(t, act(cases.KindSnoozed, now.Add(6*time.Hour)).Overdue(now.Add(6*time.Hour)))
	acknowledged := act(cases.KindAcknowledged, now.Add(8*time.Hour))
	require.Equal(t, now.Add(8*time.Hour), acknowledged.RespondedAt)
	require.Equal(t, now.Add(8*time.Hour), act(cases.KindDismissed, now.Add(30*time.Hour)).RespondedAt, "the first answer counts")
	again := act(cases.KindReopened, now.Add(50*time.Hour))
	require.Zero(t, again.RespondedAt)
	require.Equal(t, now.Add(54*time.Hour), again.DueAt)
	require.Equal(t, now.Add(60*time.Hour), act(cases.KindAppealed, now.Add(56*time.Hour)).DueAt)
}
