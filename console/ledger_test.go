package console

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A ledger of several granules is read by its index, one of a few rows is not.
func TestALongLedgerIsListed(t *testing.T) {
	h, _, conn := withCases(t)
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, at)
		SELECT generateUUIDv4(), concat('t', toString(number % 8)), toString(number), 'finished', toDateTime64('2026-02-01 00:00:00', 6, 'UTC') + number FROM numbers(50000)`))
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, at)
		SELECT batch_id, tenant_id, file, 'started', at - 1 FROM ingest_ledger`))
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, at) VALUES (generateUUIDv4(), 't1', 'begun', 'started', '2026-03-01 00:00:00')`))
	require.Equal(t, http.StatusOK, get(h, "/ingest").Code)
	got := into[struct{ Batches []listedBatch }](t, get(h, "/api/v1/ingest/batches?limit=3")).Batches
	var files, states []string
	for _, b := range got {
		files, states = append(files, b.File), append(states, b.State)
	}
	require.Equal(t, []string{"begun", "49999", "49998"}, files)
	require.Equal(t, []string{"started", "finished", "finished"}, states, "that a file was begun stands only until its end")
}
