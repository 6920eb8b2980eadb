package source_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/ingest"
	"fairdial/numbering"
	"fairdial/source"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestAFailureIsOneEventWhileItLasts(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	j := journal.New(st, clock, uuid.New)
	log := source.Log{Conn: st, Journal: j, Now: clock}
	note := func(err error, lasting bool) {
		require.NoError(t, log.Note(t.Context(), "contoso", "t1", err, lasting))
		now = now.Add(time.Hour)
	}
	since := now
	note(errors.New("refused at 00:00"), true)
	note(errors.New("refused at 01:00"), true)
	failures, err := log.Failures(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]source.Failure{"contoso": {Since: since, Reason: "refused at 00:00", Lasting: true}}, failures)
	note(errors.New("network"), false)
	failures, err = log.Failures(t.Context())
	require.NoError(t, err)
	require.Equal(t, source.Failure{Since: since, Reason: "network"}, failures["contoso"], "failing all the while")
	note(nil, false)
	note(nil, false)
	failures, err = log.Failures(t.Context())
	require.NoError(t, err)
	require.Empty(t, failures)
	events, err := j.History(t.Context(), "source_health", "contoso")
	require.NoError(t, err)
	require.Len(t, events, 3)
}

func TestWhatASourceBrought(t *testing.T) {
	t.Parallel()
	st := storetest.Open(t)
	plan, err := numbering.New()
	require.NoError(t, err)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	j := journal.New(st, clock, uuid.New)
	in := ingest.New(ingest.Options{Conn: st, Journal: j, Classifier: plan, Now: clock, NewID: uuid.New, Logger: slog.New(slog.DiscardHandler), TempDir: t.TempDir()})
	log := source.Log{Conn: st, Journal: j, Now: clock}
	send := func(id string) {
		row := fmt.Sprintf(`[{"id":%q,"userId":"o","callType":"conf_out","usageCountryCode":"CA","startDateTime":"2026-02-01T05:00:00Z","endDateTime":"2026-02-01T05:01:00Z","duration":60}]`, id)
		_, err := in.Receive(t.Context(), ingest.Received{TenantID: "t1", Source: "push", Name: now.String(), At: now, Actor: source.Actor("sbc"), Body: []byte(row)})
		require.NoError(t, err)
	}
	send("a")
	now = now.Add(2 * time.Hour)
	send("b")
	now = now.Add(7 * time.Hour)
	send("c")
	last := now
	now = now.Add(50 * time.Hour)
	send("c") // nothing new
	brought, err := log.Arrivals(t.Context())
	require.NoError(t, err)
	got := brought["sbc"]
	require.Equal(t, ingest.Counts{Read: 4, Accepted: 3, Duplicate: 1}, got.Counts)
	require.Equal(t, last, got.LastNew)
	require.Equal(t, now, got.LastReceipt)
	require.Equal(t, 7*time.Hour, got.Longest)
	require.EqualValues(t, 3, got.Recent)
	countries, err := log.Countries(t.Context(), "t1")
	require.NoError(t, err)
	require.Equal(t, []string{"CA"}, countries)
}
