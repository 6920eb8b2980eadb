package cases_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var now = time.Date(2026, 2, 3, 4, 0, 0, 0, time.UTC)

func open(t *testing.T) *cases.Log {
	t.Helper()
	return cases.NewLog(journal.New(storetest.Open(t), time.Now, uuid.New))
}

func opened(organizer string, score int) cases.Event {
	id := cases.ID("t1", organizer)
	return cases.Event{
		CaseID: id, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", At: now,
		State: cases.Case{
			ID: id, TenantID: "t1", OrganizerID: organizer, Score: score, Status: cases.StatusOpen, Severity: cases.SeverityCritical,
			OpenedAt: now, UpdatedAt: now, Findings: []cases.Finding{{ID: "f", Value: 1.5, UsageIDs: []string{"u"}, Facts: map[string]any{"numbers": 3.0}}},
		},
	}
}

func TestCasesAreListedByRisk(t *testing.T) {
	t.Parallel()
	l := open(t)
	lost, err := l.Record(t.Context(), []cases.Event{opened("a", 60), opened("b", 90), opened("c", 75)})
	require.NoError(t, err)
	require.Empty(t, lost)
	list, err := l.List(t.Context(), cases.Filter{MinScore: 70})
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, "b", list[0].OrganizerID)
	want := opened("b", 90).State
	want.Version = 1
	require.Equal(t, text(t, want), text(t, list[0]))

	_, err = l.Get(t.Context(), "c-0")
	require.ErrorIs(t, err, cases.ErrNotFound)
}

func TestTheSameEventsAgainChangeNothing(t *testing.T) {
	t.Parallel()
	l := open(t)
	for range 2 {
		lost, err := l.Record(t.Context(), []cases.Event{opened("a", 60)})
		require.NoError(t, err)
		require.Empty(t, lost)
	}
	history, err := l.History(t.Context(), cases.ID("t1", "a"))
	require.NoError(t, err)
	require.Len(t, history, 1)
}

func TestActions(t *testing.T) {
	t.Parallel()
	l := open(t)
	_, err := l.Record(t.Context(), []cases.Event{opened("a", 60)})
	require.NoError(t, err)
	id := cases.ID("t1", "a")
	for _, step := range []struct {
		action cases.Action
		bad    string
		status cases.Status
		out    cases.Outcome
	}{
		{cases.Action{Kind: cases.KindReopened, Reason: "x"}, "not closed", "", ""},
		{cases.Action{Kind: "sung"}, "no action", "", ""},
		{cases.Action{Kind: cases.KindSnoozed, Reason: "x", Until: now}, "later than now", "", ""},
		{cases.Action{Kind: cases.KindDismissed}, "needs a reason", "", ""},
		{cases.Action{Kind: cases.KindAssigned}, "nobody", "", ""},
		{cases.Action{Kind: cases.KindAcknowledged}, "", cases.StatusAcknowledged, ""},
		{cases.Action{Kind: cases.KindAssigned, Assignee: "ben"}, "", cases.StatusAcknowledged, ""},
		{cases.Action{Kind: cases.KindConfirmed, Reason: "pumping"}, "", cases.StatusClosed, cases.OutcomeConfirmed},
		{cases.Action{Kind: cases.KindAcknowledged}, "closed (confirmed)", "", ""},
		{cases.Action{Kind: cases.KindReopened, Reason: "appeal"}, "", cases.StatusOpen, ""},
		{cases.Action{Kind: cases.KindExpected, Reason: "annual meeting"}, "", cases.StatusClosed, cases.OutcomeExpected},
	} {
		step.action.Actor = "ann"
		c, err := l.Act(t.Context(), id, step.action, now)
		if step.bad != "" {
			require.ErrorContains(t, err, step.bad)
			require.ErrorIs(t, err, cases.ErrAction)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, step.status, c.Status)
		require.Equal(t, step.out, c.Outcome)
	}
	_, err = l.Act(t.Context(), id, cases.Action{Kind: cases.KindNoted, Reason: "x"}, now)
	require.ErrorIs(t, err, journal.ErrNoActor)
}

func TestAnActionOnAnOldVersionIsToldWhoWasFirst(t *testing.T) {
	t.Parallel()
	l := open(t)
	_, err := l.Record(t.Context(), []cases.Event{opened("a", 60)})
	require.NoError(t, err)
	id := cases.ID("t1", "a")
	_, err = l.Act(t.Context(), id, cases.Action{Kind: cases.KindConfirmed, Reason: "x", Actor: "ann", Version: 1}, now)
	require.NoError(t, err)
	_, err = l.Act(t.Context(), id, cases.Action{Kind: cases.KindNoted, Reason: "y", Actor: "ben", Version: 1}, now)
	var conflict *journal.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, "ann", conflict.Winner.Actor)
}

func text(t *testing.T, c cases.Case) string {
	t.Helper()
	b, err := json.MarshalIndent(c, "", " ")
	require.NoError(t, err)
	return string(b)
}
