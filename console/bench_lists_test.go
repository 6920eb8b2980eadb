package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/cases"
)

// The lists of the API over twenty million usage records of 90 days and eight tenants, 20,000
// cases and 20,000 organizers: the first page and the fifth, as asked one after the other.
func BenchmarkLists(b *testing.B) {
	h, l, conn := withCases(b, func(o *Options) { o.Access, o.Rules = (*access.Book)(nil), pack{} })
	ctx := b.Context()
	const records, organizers = 20_000_000, 20_000
	for at := range 50 {
		require.NoError(b, conn.Exec(ctx, fmt.Sprintf(`INSERT INTO usage_revisions (tenant_id, usage_id, is_conf_out, organizer_id, organizer_name, callee_number, destination_country, started_at, ended_at, seconds)
			SELECT concat('t', toString(number %% 8)), toString(cityHash64(number)), true, concat('o', toString(cityHash64(number, 1) %% %d)), 'Ann', '+14255550123', 'US',
				toDateTime64('2026-01-01 00:00:00', 7, 'UTC') + cityHash64(number, 2) %% 7776000 AS s, s + 60, 60 FROM numbers(%d, %d)`, organizers, at*records/50, records/50)))
	}
	require.NoError(b, conn.Exec(ctx, fmt.Sprintf(`INSERT INTO snapshot_organizers (snapshot_id, tenant_id, organizer_id, upn, name, enabled, snapshot_at)
		SELECT '%s', concat('t', toString(number %% 8)), concat('o', toString(number)), 'a@t.example', 'Ann', true, '2026-02-01' FROM numbers(%d)`, rejection, organizers)))
	require.NoError(b, conn.Exec(ctx, "INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind) VALUES ('"+rejection+"', 't0', 'users')"))
	require.NoError(b, conn.Exec(ctx, `INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, read, at) SELECT generateUUIDv4(), concat('t', toString(number % 8)), 'a.csv', 'finished', 2, toDateTime64('2026-02-01 00:00:00', 6, 'UTC') + number FROM numbers(50000)`))
	require.NoError(b, conn.Exec(ctx, `INSERT INTO quarantine (rejection_id, tenant_id, file, reason, raw, rejected_at) SELECT generateUUIDv4(), concat('t', toString(number % 8)), 'a.csv', 'bad_quoting', 'raw', toDateTime64('2026-02-01 00:00:00', 6, 'UTC') + number FROM numbers(50000)`))
	var events []cases.Event
	for i := range organizers {
		tenant, organizer := fmt.Sprintf("t%d", i%8), fmt.Sprintf("o%d", i)
		c := cases.Case{ID: cases.ID(tenant, organizer), TenantID: tenant, OrganizerID: organizer, Score: i % 101, Status: cases.StatusOpen, OpenedAt: now, UpdatedAt: now, ExposureSeconds: int64(i), Findings: make([]cases.Finding, 3)}
		for v := range 4 {
			events = append(events, cases.Event{CaseID: c.ID, Version: v + 1, Kind: cases.KindUpdated, Actor: "system:detector", At: now, State: c})
		}
	}
	lost, err := l.log.Record(ctx, events)
	require.NoError(b, err)
	require.Empty(b, lost)
	for _, path := range []string{
		"/api/v1/cases?", "/api/v1/cases?tenant_id=t1&sort=exposure", "/api/v1/tenants?limit=2", "/api/v1/organizers?", "/api/v1/usage?", "/api/v1/usage?tenant_id=t1",
		"/api/v1/usage?tenant_id=t1&organizer_id=o1", "/api/v1/usage/slices?by=day", "/api/v1/ingest/batches?", "/api/v1/ingest/quarantine?", "/api/v1/audit?system=true",
	} {
		b.Run(strings.TrimPrefix(path, "/api/v1/"), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				next := ""
				for range 5 {
					began := time.Now()
					w := get(h, path+"&cursor="+next)
					took = append(took, time.Since(began))
					require.Equal(b, http.StatusOK, w.Code, w.Body.String())
					var p struct{ Next *string }
					require.NoError(b, json.Unmarshal(w.Body.Bytes(), &p))
					if p.Next == nil {
						break
					}
					next = *p.Next
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}
