package journal_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

var start = time.Date(2026, 2, 1, 8, 0, 0, 123456000, time.UTC)

// ticking gives a clock that moves a second a reading.
func ticking() func() time.Time {
	var n atomic.Int64
	return func() time.Time { return start.Add(time.Duration(n.Add(1)) * time.Second) }
}

func open(t *testing.T) (*journal.Journal, *store.Store) {
	t.Helper()
	s := storetest.Open(t)
	return journal.New(s, ticking(), uuid.New), s
}

func event(subject string, version uint32, actor string) journal.Event {
	return journal.Event{
		Stream: "case", Subject: subject, Version: version, Kind: "noted", Actor: actor,
		TenantID: "t1", OrganizerID: "o1", Reason: "a 'reason' with \\ and \n", Body: `{"a":1}`,
	}
}

func TestAnEventIsReadBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	j, _ := open(t)
	e := event("c1", 1, "ann")
	e.At = time.Date(2025, 12, 31, 23, 0, 0, 0, time.FixedZone("", 3600))
	require.NoError(t, j.Append(t.Context(), e))
	got, ok, err := j.Latest(t.Context(), "case", "c1")
	require.NoError(t, err)
	require.True(t, ok)
	require.NotZero(t, got.EventID)
	e.EventID, e.RecordedAt, e.At = got.EventID, start.Add(time.Second), e.At.UTC()
	require.Equal(t, e, got)

	_, ok, err = j.Latest(t.Context(), "case", "nobody")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestAnEventNeedsActorAndVersion(t *testing.T) {
	t.Parallel()
	j, _ := open(t)
	require.ErrorIs(t, j.Append(t.Context(), event("c1", 1, "")), journal.ErrNoActor)
	require.ErrorIs(t, j.Append(t.Context(), event("c1", 0, "ann")), journal.ErrNoVersion)
	_, err := j.AppendBatch(t.Context(), []journal.Event{event("c1", 1, "ann"), event("c2", 1, "")})
	require.ErrorIs(t, err, journal.ErrNoActor)
	history, err := j.History(t.Context(), "case", "c1")
	require.NoError(t, err)
	require.Empty(t, history, "a batch with a bad event writes nothing")
}

func TestTheSecondWriterIsToldWhoWasFirst(t *testing.T) {
	t.Parallel()
	j, _ := open(t)
	require.NoError(t, j.Append(t.Context(), event("c1", 1, "ann")))
	err := j.Append(t.Context(), event("c1", 1, "ben"))
	var conflict *journal.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, "ann", conflict.Winner.Actor)
	require.Equal(t, "ben", conflict.Lost.Actor)
	require.ErrorContains(t, err, "noted by ann is its version 1")
}

func TestTheSameEventAgainIsNoConflict(t *testing.T) {
	t.Parallel()
	j, s := open(t)
	e := event("c1", 1, "ann")
	e.EventID = uuid.New()
	for range 3 {
		require.NoError(t, j.Append(t.Context(), e))
		lost, err := j.AppendBatch(t.Context(), []journal.Event{e})
		require.NoError(t, err)
		require.Empty(t, lost)
	}
	require.NoError(t, s.Exec(t.Context(), "OPTIMIZE TABLE journal FINAL"))
	history, err := j.History(t.Context(), "case", "c1")
	require.NoError(t, err)
	require.Len(t, history, 1)
}

// Many writers race for each version of one subject, singly and in batches, while the
// parts are merged: every version has one winner, every loser is told of it, and the
// log says the same ever after.
func TestARaceHasOneWinnerAVersion(t *testing.T) {
	t.Parallel()
	j, s := open(t)
	const writers, versions = 8, 12
	type claim struct {
		version uint32
		actor   string
	}
	var mu sync.Mutex
	won := map[claim]bool{}
	for v := uint32(1); v <= versions; v++ {
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				actor := fmt.Sprint("w", w)
				var err error
				if w%2 == 0 {
					err = j.Append(t.Context(), event("c1", v, actor))
				} else {
					var lost []*journal.ConflictError
					lost, err = j.AppendBatch(t.Context(), []journal.Event{event("c1", v, actor), event(actor, v, actor)})
					if err == nil && len(lost) > 0 {
						err = lost[0]
					}
				}
				var conflict *journal.ConflictError
				switch {
				case err == nil:
					mu.Lock()
					won[claim{v, actor}] = true
					mu.Unlock()
				case !errors.As(err, &conflict):
					t.Errorf("%s: %v", actor, err)
				case conflict.Winner.Actor == actor:
					t.Errorf("%s lost against itself", actor)
				}
			})
		}
		if v%4 == 0 {
			wg.Go(func() {
				if err := s.Exec(t.Context(), "OPTIMIZE TABLE journal FINAL"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	require.Len(t, won, versions, "one winner a version")
	for range 2 {
		history, err := j.History(t.Context(), "case", "c1")
		require.NoError(t, err)
		require.Len(t, history, versions)
		for _, e := range history {
			require.True(t, won[claim{e.Version, e.Actor}], "version %d is told to be %s's", e.Version, e.Actor)
		}
		require.NoError(t, s.Exec(t.Context(), "OPTIMIZE TABLE journal FINAL"))
	}
}

func TestHeadsAndEvents(t *testing.T) {
	t.Parallel()
	j, _ := open(t)
	for _, e := range []journal.Event{event("a", 1, "x"), event("b", 1, "x"), event("a", 2, "y")} {
		require.NoError(t, j.Append(t.Context(), e))
	}
	other := event("c", 1, "z")
	other.TenantID, other.OrganizerID = "t2", "o2"
	require.NoError(t, j.Append(t.Context(), other))
	elsewhere := event("a", 9, "q")
	elsewhere.Stream = "job"
	require.NoError(t, j.Append(t.Context(), elsewhere))

	actors := func(f journal.Filter, read func(journal.Filter) ([]journal.Event, error)) (out []string) {
		events, err := read(f)
		require.NoError(t, err)
		for _, e := range events {
			out = append(out, fmt.Sprintf("%s%d%s", e.Subject, e.Version, e.Actor))
		}
		return out
	}
	heads := func(f journal.Filter) ([]journal.Event, error) { return j.Heads(t.Context(), "case", f) }
	events := func(f journal.Filter) ([]journal.Event, error) { return j.Events(t.Context(), "case", f) }
	require.Equal(t, []string{"a2y", "b1x", "c1z"}, actors(journal.Filter{}, heads))
	require.Equal(t, []string{"c1z"}, actors(journal.Filter{TenantID: "t2"}, heads))
	require.Equal(t, []string{"a2y", "b1x"}, actors(journal.Filter{OrganizerID: "o1"}, heads))
	require.Equal(t, []string{"a1x", "b1x", "a2y", "c1z"}, actors(journal.Filter{}, events))

	all, err := events(journal.Filter{})
	require.NoError(t, err)
	require.Equal(t, []string{"a2y", "c1z"}, actors(journal.Filter{Since: all[2].RecordedAt}, heads))
	require.Equal(t, []string{"a2y", "c1z"}, actors(journal.Filter{Since: all[2].RecordedAt}, events))
}

func BenchmarkAppendBatch(b *testing.B) {
	s := storetest.Open(b)
	j := journal.New(s, time.Now, uuid.New)
	v := uint32(0)
	for b.Loop() {
		v++
		events := make([]journal.Event, 5000)
		for i := range events {
			events[i] = event(fmt.Sprint("s", i), v, "x")
		}
		if _, err := j.AppendBatch(b.Context(), events); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	j := journal.New(storetest.Open(b), time.Now, uuid.New)
	v := uint32(0)
	for b.Loop() {
		v++
		if err := j.Append(b.Context(), event("s", v, "x")); err != nil {
			b.Fatal(err)
		}
	}
}
