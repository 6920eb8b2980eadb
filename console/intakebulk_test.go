package console

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/store/journal"
)

// strainer decides on rows and keeps what it was asked.
type strainer struct {
	asked []string
	after func(id, kind string)
}

func (s *strainer) Retry(_ context.Context, actor, id string) (string, string, error) {
	s.asked = append(s.asked, "retry "+actor+" "+id)
	if id == "gone" {
		return "", "", ErrNotFound
	}
	if strings.HasSuffix(id, "2") {
		return "open", "bad still, +14255550123", nil
	}
	s.after(id, "retried")
	return "retried", "", nil
}

func (s *strainer) Dismiss(_ context.Context, actor, reason, id string) error {
	s.asked = append(s.asked, "dismiss "+actor+" "+reason+" "+id)
	s.after(id, "dismissed")
	return nil
}

func rowID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// Rejected rows are narrowed by tenant, reason and month, counted by reason, and decided on together;
// each decision is one of its own.
func TestManyRejectedRowsAreDecidedOn(t *testing.T) {
	s := &strainer{}
	h, _, conn := withCases(t, func(o *Options) { o.Intake = s })
	j := journal.New(conn, nowThen, uuid.New)
	s.after = func(id, kind string) {
		require.NoError(t, j.Append(t.Context(), journal.Event{Stream: "quarantine", Subject: id, Version: 1, Kind: kind, Actor: "a"}))
	}
	for n, row := range [][3]string{
		{"qa", "bad_quoting", "x,2026-01-05T12:00:00Z"}, {"qa", "bad_time", "x,2026-03-05"}, {"qa", "bad_time", "no date"}, {"qb", "bad_time", "x,2026-02-05"},
	} {
		require.NoError(t, conn.Exec(t.Context(), "INSERT INTO quarantine (rejection_id, tenant_id, file, reason, raw, rejected_at) VALUES (?, ?, 'f.csv', ?, ?, '2026-02-01')", rowID(n+1), row[0], row[1], row[2]))
	}
	for query, want := range map[string][]int{
		"": {1, 2, 3, 4}, "?tenant=qa": {1, 2, 3}, "?reason=bad_time": {2, 3, 4}, "?tenant=qa&month=2026-01": {1, 3}, "?tenant=qa&month=2026-03&reason=bad_time": {2, 3}, "?month=nonsense": {1, 2, 3, 4},
	} {
		page := get(h, "/ingest/quarantine"+query).Body.String()
		var got []int
		for n := 1; n <= 4; n++ {
			if strings.Contains(page, `value="`+rowID(n)+`"`) {
				got = append(got, n)
			}
		}
		require.Equal(t, want, got, query)
		require.Contains(t, page, fmt.Sprintf(">%d row", len(want)), query)
	}
	page := get(h, "/ingest/quarantine?tenant=qa").Body.String()
	require.Contains(t, page, `<a href="/ingest/quarantine?reason=bad_time&amp;tenant=qa">bad time</a> 2 · <a href="/ingest/quarantine?reason=bad_quoting&amp;tenant=qa">bad quoting</a> 1`)
	api := get(h, "/api/v1/ingest/quarantine?tenant_id=qa&reason=bad_quoting").Body.String()
	require.Contains(t, api, `"reasons":{"bad_quoting":1,"bad_time":2}`)
	require.Equal(t, 1, strings.Count(api, `"tenant_id":"qa"`))
	require.Equal(t, http.StatusBadRequest, get(h, "/api/v1/ingest/quarantine?month=x").Code)

	for _, wrong := range []string{"kind=retry", "kind=dismiss&row=" + rowID(1), "kind=replace&row=" + rowID(1), "kind=retry&rows=filter&tenant=none"} {
		require.Equal(t, http.StatusUnprocessableEntity, send(h, "/ingest/quarantine/bulk", wrong).Code, wrong)
	}
	require.Empty(t, s.asked)
	done := send(h, "/ingest/quarantine/bulk", "kind=retry&rows=filter&tenant=qa&reason_is=bad_time")
	require.Contains(t, done.Body.String(), "Read again: 1 of 2 rows are stored now")
	require.Contains(t, done.Body.String(), "bad still, …0123")
	require.Contains(t, done.Body.String(), "1 rows of the filter wait still.")
	require.Len(t, s.asked, 2)
	done = send(h, "/ingest/quarantine/bulk", "kind=dismiss&rows=chosen&reason=not+ours&row="+rowID(2)+"&row="+rowID(4))
	require.Contains(t, done.Body.String(), "Dismissed: 2 of 2 rows")
	require.Equal(t, "dismiss console:this machine not ours "+rowID(4), s.asked[3])
	answer := into[struct {
		Done    int
		Results []rowResult
	}](t, post(h, "/api/v1/ingest/quarantine/actions", `{"kind":"retry","rejections":["`+rowID(1)+`","gone"]}`))
	require.Equal(t, 1, answer.Done)
	require.Equal(t, []int{http.StatusOK, http.StatusNotFound}, []int{answer.Results[0].Status, answer.Results[1].Status})
	require.Equal(t, http.StatusUnprocessableEntity, post(h, "/api/v1/ingest/quarantine/actions", `{"kind":"dismiss","rejections":["x"]}`).Code)
	require.Contains(t, get(h, "/ingest/quarantine?tenant=qa").Body.String(), "No row waits under this filter.")
	require.Equal(t, needs()["POST /ingest/quarantine/bulk"], needs()["POST /api/v1/ingest/quarantine/actions"])
	require.Equal(t, needs()["POST /ingest/quarantine/bulk"], needs()["POST /ingest/quarantine/{rejection}/dismiss"])
}

func TestFilesOfTheLedgerAreNarrowed(t *testing.T) {
	h, _, conn := withCases(t)
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, at) VALUES
		(generateUUIDv4(), 'la', 'January.csv', 'finished', '2026-02-01'), (generateUUIDv4(), 'la', 'February.csv', 'failed', '2026-03-01'), (generateUUIDv4(), 'lb', 'February.csv', 'finished', '2026-03-02')`))
	for query, want := range map[string][2]int{"tenant=la": {1, 1}, "state=failed": {0, 1}, "file=JANU": {1, 0}, "tenant=lb&file=february": {0, 1}, "file=none": {0, 0}} {
		page := get(h, "/ingest?"+query).Body.String()
		require.Equal(t, want, [2]int{strings.Count(page, "January.csv"), strings.Count(page, "February.csv")}, query)
		api := get(h, "/api/v1/ingest/batches?"+strings.Replace(query, "tenant=", "tenant_id=", 1)).Body.String()
		require.Equal(t, want, [2]int{strings.Count(api, "January.csv"), strings.Count(api, "February.csv")}, query)
	}
	require.Contains(t, get(h, "/ingest?file=none").Body.String(), "No file matches.")
	require.Equal(t, http.StatusBadRequest, get(h, "/api/v1/ingest/batches?state=x").Code)
}
