package schedule_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/schedule"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestRunsAreKeptInTheJournal(t *testing.T) {
	l := schedule.NewLog(journal.New(storetest.Open(t), time.Now, uuid.New))
	_, known, err := l.LastSlot(t.Context(), "rate")
	require.NoError(t, err)
	require.False(t, known)

	slot := time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)
	runs := []schedule.Run{
		{Job: "rate", Slot: slot, Outcome: schedule.Started},
		{Job: "rate", Slot: slot.Add(time.Hour), Outcome: schedule.Skipped, Detail: "the run before was still going"},
		{Job: "rate", Slot: slot, Outcome: schedule.Failed, Detail: "no store", Took: 90 * time.Second, CaughtUp: true},
	}
	for _, r := range runs {
		require.NoError(t, l.Record(t.Context(), r))
	}
	got, err := l.Runs(t.Context(), "rate")
	require.NoError(t, err)
	require.Equal(t, runs, got)

	last, known, err := l.LastSlot(t.Context(), "rate")
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, slot, last, "a skipped slot was not run")
}
