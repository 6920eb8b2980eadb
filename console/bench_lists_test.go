package console

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/access"
)

// The lists of the API over twenty million usage records of 90 days and eight tenants, 20,000
// cases and 20,000 organizers: the first page and the fifth, as asked one after the other.
func BenchmarkLists(b *testing.B) {
	s := openWorld(b)
	settled(b.Context(), b, s)
	h, _ := consoleOn(b, s, func(o *Options) { o.Access, o.Rules = (*access.Book)(nil), pack{} })
	for _, path := range []string{
		"/api/v1/cases?", "/api/v1/cases?tenant_id=t1&sort=exposure", "/api/v1/tenants?limit=2", "/api/v1/organizers?", "/api/v1/usage?", "/api/v1/usage?tenant_id=t1",
		"/api/v1/usage?tenant_id=t1&organizer_id=o1", "/api/v1/usage?country=JP",
		"/api/v1/usage/slices?by=day", "/api/v1/usage/slices?by=country", "/api/v1/usage/slices?by=tenant", "/api/v1/usage/slices?by=organizer", "/api/v1/usage/slices?by=day&tenant_id=t1",
		"/api/v1/usage/slices?by=day&from=2026-01-01&to=2026-04-01", "/api/v1/organizers/t1/o1?", "/api/v1/tenants/t1?",
		"/api/v1/ingest/batches?", "/api/v1/ingest/quarantine?", "/api/v1/audit?system=true",
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
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}
