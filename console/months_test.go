package console

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/store/journal"
	"fairdial/store/storetest"
)

// The list of months has of a closed one what it was closed with.
func TestAClosedMonthIsListedAsItWasClosed(t *testing.T) {
	ctx, s := context.Background(), storetest.Open(t)
	month := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	first, second := uuid.New(), uuid.New()
	for sequence, run := range []uuid.UUID{first, second} {
		require.NoError(t, s.Exec(ctx, "INSERT INTO rating_runs (run_id, tenant_id, month, sequence, seconds, finished_at) VALUES (?, 't', ?, ?, ?, ?)",
			run.String(), month.Format(time.DateOnly), sequence+1, 6000*(sequence+1), month.AddDate(0, 1, sequence).Format(time.DateTime)))
	}
	h, err := New(Options{
		Cases: world{}, Decider: world{}, Overview: world{}, Ratings: ratingWorld{}, Books: &ledger{}, Conn: s, Now: nowThen,
		Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	require.Contains(t, get(h, "/finance").Body.String(), `<td class="n" data-label="Minutes">200:00</td><td class="n" data-label="Tenants">1</td><td class="n" data-label="Closed">0 of 1</td>`, "open: as it is rated now")

	j := journal.New(s, func() time.Time { return month.AddDate(0, 2, 0) }, uuid.New)
	require.NoError(t, j.Append(ctx, journal.Event{Stream: "close", Subject: "2026-02/t", Version: 1, Kind: "closed", TenantID: "t", Actor: "eve", Body: `{"run_id":"` + first.String() + `"}`}))
	require.Contains(t, get(h, "/finance").Body.String(), `<td class="n" data-label="Minutes">100:00</td><td class="n" data-label="Tenants">1</td><td class="n" data-label="Closed">1 of 1</td>`)

	require.NoError(t, j.Append(ctx, journal.Event{Stream: "close", Subject: "2026-02/t", Version: 2, Kind: "reopened", TenantID: "t", Actor: "bob", Body: `{"run_id":"` + first.String() + `"}`}))
	require.Contains(t, get(h, "/finance").Body.String(), `<td class="n" data-label="Minutes">200:00</td>`)
}
