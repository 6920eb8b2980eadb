package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/cases"
	"fairdial/console"
	"fairdial/enforcement"
)

// asked is how often each page is asked for, and longEnough what a slow one is measured for; after
// fiveAnswers at the least.
const (
	asked       = 20
	longEnough  = 5 * time.Second
	fiveAnswers = 5
)

// everyPage waits for no more than this: the time within which each page answers at p95.
const everyPage = 300 * time.Millisecond

// notShown are addresses that show nothing of the store: forms before anybody has signed in, the
// way to an identity provider, and files of a rule's text. Files of a month or of the audit are
// measured and may take their time: what they write grows with what there is.
var notShown = regexp.MustCompile(`^GET (/setup|/sign-in|/openid/.*|/rules/candidate/.*/download|/api/v1/decisions/.*)$`)

var files = regexp.MustCompile(`/(download|export)\?|^/settings/doctor|^/api/v1/checks`)

var aheadOf = regexp.MustCompile(`/(variance|leak|records|reconciliation|signatures)`)

type timed struct {
	path     string
	p50, p95 time.Duration
	cpu      time.Duration // of the process, an answer: the machine's other work does not count
	of       float64       // the median of a page that reads nothing, asked in turns with it
}

// BenchmarkPages asks the console, as the daemon serves it, for every page and every list, with
// what people filter and order by, over twenty million records: first pages and later ones.
// FAIRDIAL_BENCH_PAGES is a pattern of those to ask for, without it all.
func BenchmarkPages(b *testing.B) {
	a, s := openWorld(b)
	ask := worldConsole(b, a, s)
	all := worldPages(b, ask)
	require.Empty(b, missed(b, all), "every address that shows something is measured")
	for _, path := range all { // what is worked out ahead is, before anything is timed
		for aheadOf.MatchString(path) && strings.Contains(ask(path).Body.String(), "is being worked out") {
			time.Sleep(time.Second)
		}
	}
	only := regexp.MustCompile(os.Getenv("FAIRDIAL_BENCH_PAGES"))
	var table []timed
	for _, path := range slices.DeleteFunc(all, func(path string) bool { return !only.MatchString(path) }) {
		b.Run(strings.TrimPrefix(path, "/"), func(b *testing.B) {
			for b.Loop() {
				t := take(b, ask, path)
				b.ReportMetric(float64(t.p50.Microseconds())/1000, "p50-ms")
				b.ReportMetric(float64(t.p95.Microseconds())/1000, "p95-ms")
				b.ReportMetric(float64(t.cpu.Microseconds())/1000, "cpu-ms")
				b.ReportMetric(t.of, "of-bare")
				table = append(table, t)
			}
		})
	}
	slices.SortFunc(table, func(x, y timed) int { return cmp.Compare(y.p95, x.p95) })
	text := "| page | p50 ms | p95 ms | processor ms | of a bare page |\n|---|---|---|---|---|\n"
	for _, t := range table {
		note := ""
		if t.p95 > everyPage && !files.MatchString(t.path) {
			note = " over"
		}
		text += fmt.Sprintf("| %s | %d | %d%s | %d | %.0f |\n", t.path, t.p50.Milliseconds(), t.p95.Milliseconds(), note, t.cpu.Milliseconds(), t.of)
	}
	b.Logf("\n%s", text)
}

// take asks for a page and, in turns, for one that reads nothing; the first answer is not
// counted.
func take(b *testing.B, ask func(string) *httptest.ResponseRecorder, path string) timed {
	b.Helper()
	var took, bare []time.Duration
	var cpu time.Duration
	for i, from := 0, time.Now(); i <= asked && (i <= fiveAnswers || time.Since(from) < longEnough); i++ {
		began, busy := time.Now(), busySince(b, 0)
		w := ask(path)
		one := time.Since(began)
		busy = busySince(b, busy)
		require.Contains(b, []int{http.StatusOK, http.StatusNotFound}, w.Code, "%s: %s", path, w.Body.String())
		began = time.Now()
		ask("/account")
		if i > 0 {
			took, bare, cpu = append(took, one), append(bare, time.Since(began)), cpu+busy
		}
	}
	slices.Sort(took)
	slices.Sort(bare)
	n := len(took)
	return timed{path, took[n/2], took[(n*95+99)/100-1], cpu / time.Duration(n), float64(took[n/2]) / float64(bare[n/2])}
}

// busySince is how much longer than before the process has had a processor, the engine in it too.
func busySince(b *testing.B, before time.Duration) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano()+u.Stime.Nano()) - before
}

// worldConsole is the console of the daemon, with some people who may sign in.
func worldConsole(b *testing.B, a *app, s *services) func(path string) *httptest.ResponseRecorder {
	b.Helper()
	collected := debug.SetGCPercent(console.GCPercent)
	b.Cleanup(func() { debug.SetGCPercent(collected) })
	people, err := access.Open(b.Context(), s.journal, a.now)
	require.NoError(b, err)
	registry := prometheus.NewRegistry()
	carrier, err := a.carrier(s)
	require.NoError(b, err)
	_, err = a.openRuleBook(s, registry)
	require.NoError(b, err)
	gate, err := enforcement.NewGate(s.enforcer, enforcement.GateOptions{Marks: s.journal, Conn: s.store})
	require.NoError(b, err)
	const key = "bench-0123456789abcdef"
	known, err := console.ParseKey(key + " bench")
	require.NoError(b, err)
	ahead := newAhead(s)
	life, end := context.WithCancel(b.Context())
	var working sync.WaitGroup
	working.Go(func() { require.NoError(b, ahead.run(life)) })
	b.Cleanup(func() { end(); working.Wait() })
	o := a.console(s, carrier, &workbench{app: a, s: s, life: b.Context()}, ahead, registry)
	o.Access, o.Decider, o.Keys = people, gate, []console.Key{known}
	h, err := console.New(o)
	require.NoError(b, err)
	return func(path string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+key)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
}

// worldPages are the addresses that are measured.
func worldPages(b *testing.B, ask func(string) *httptest.ResponseRecorder) []string {
	b.Helper()
	id := cases.ID("t1", "o1")
	var row struct {
		Rejected []struct{ ID string } `json:"rejections"`
		Usage    []struct {
			ID string `json:"usage_id"`
		}
	}
	for _, path := range []string{"/api/v1/ingest/quarantine?limit=1", "/api/v1/usage?limit=1&tenant_id=t1&organizer_id=o1"} {
		require.NoError(b, json.Unmarshal(ask(path).Body.Bytes(), &row))
	}
	require.Len(b, row.Rejected, 1)
	require.Len(b, row.Usage, 1)
	record := row.Usage[0].ID
	out := []string{
		"/account", "/", "/tenants", "/tenants/t1", "/tenants/t1?page=20",
		"/cases", "/cases?page=40", "/cases?sort=exposure&tenant=t1", "/cases?sort=age&status=active&page=3", "/cases?q=o17&severity=warning", "/cases?assignee=none&sort=risk", "/cases?status=all&page=40", "/cases?status=overdue&sort=due",
		"/cases/" + id, "/cases/" + id + "?queue=" + url.QueryEscape("sort=exposure&tenant=t1"), "/cases/" + cases.ID("t7", "o7"),
		"/organizers/t1/o1", "/organizers/t7/o7",
		"/usage", "/usage/t1/" + record, "/usage/t6/" + record, "/usage?record=" + record, "/usage?by=record", "/usage?by=record&tenant=t7&organizer=o7", "/usage?by=record&country=JP", "/usage?by=organizer&page=20",
		"/finance", "/finance/2026-01", "/finance/2026-02", "/finance/2026-03", "/ingest", "/ingest?tenant=t1&page=20", "/ingest/quarantine", "/ingest/quarantine?tenant=t1&page=20",
		"/ingest/quarantine?all=1&page=100", "/ingest/quarantine?tenant=t1&month=2026-02", "/ingest/quarantine?month=2026-02&reason=nothing", "/ingest?state=failed", "/ingest?file=7&tenant=t2", "/ingest/quarantine/" + row.Rejected[0].ID,
		"/rules", "/rules/pack/fair-use-month", "/rules/candidate", "/rules/trial", "/audit", "/audit?system=1", "/audit?q=dismissed", "/audit?q=nobody+at+all&system=1", "/audit?stream=quarantine", "/audit?from=2026-02-01&to=2026-02-02&system=1",
		"/settings", "/settings?q=b", "/settings/doctor",
		"/api/v1/me", "/api/v1/me/sessions", "/api/v1/overview", "/api/v1/views", "/api/v1/cases/" + id, "/api/v1/cases/" + id + "/history", "/api/v1/cases/" + id + "/enforcement", "/api/v1/cases/" + id + "/related",
		"/api/v1/tenants/t1", "/api/v1/organizers/t1/o1", "/api/v1/organizers/t7/o7", "/api/v1/ratings/" + record + "/explanation?tenant_id=t1", "/api/v1/ratings/" + record + "/explanation",
		"/api/v1/pools/notices", "/api/v1/credits?tenant_id=t1", "/api/v1/credits", "/api/v1/reconciliation?tenant_id=t1&month=2026-02", "/api/v1/months",
		"/api/v1/months/2026-03/statements/t1", "/api/v1/months/2026-03/statements/t1/leak", "/api/v1/months/2026-01/statements/t5/leak", "/api/v1/months/2026-03/statements/t1/signatures",
		"/api/v1/organizers/t1/o1/enforcement", "/api/v1/months/2026-03/statements/t1/notes",
		"/api/v1/rules/backtest", "/api/v1/rules/pack/fair-use-month", "/api/v1/sources", "/api/v1/checks", "/api/v1/ingest/quarantine/" + row.Rejected[0].ID, "/api/v1/openapi.yaml", "/metrics",
		"/usage/export?by=day", "/audit/export?stream=quarantine", "/finance/2026-02/download?format=csv&tenant=t1", "/api/v1/months/2026-02/download?format=csv&tenant_id=t1",
	}
	for _, m := range []string{"2026-03/t1", "2026-02/t2", "2026-01/t5"} { // open, open, and closed
		for _, page := range []string{"", "/variance", "/leak", "/records", "/records?class=all&page=100", "/records?class=free_call", "/records?class=other_bucket&page=50", "/records?class=not_rated", "/records?class=unpriced", "/records?class=match&page=100", "/leak?page=2"} {
			out = append(out, "/finance/"+m+page)
		}
	}
	for _, by := range []string{"day", "country", "tenant", "organizer", "bucket"} {
		for _, of := range []string{"", "&tenant=t1", "&from=2026-01-01&to=2026-04-01", "&tenant=t7&from=2026-01-01&to=2026-04-01"} {
			out = append(out, "/usage?by="+by+of)
		}
		out = append(out, "/api/v1/usage/slices?by="+by)
	}
	for _, list := range []string{
		"cases", "cases?tenant_id=t1&sort=exposure", "cases?sort=age&q=o17", "cases?min_score=90&status=open", "tenants?limit=2", "organizers", "organizers?tenant_id=t1", "organizers?q=o19",
		"usage", "usage?tenant_id=t1", "usage?tenant_id=t1&organizer_id=o1", "usage?tenant_id=t7&organizer_id=o7", "usage?country=JP", "usage?country=XX", "usage?from=2026-01-01&to=2026-04-01&tenant_id=t1&country=DE",
		"pools", "pools?tenant_id=t1&month=2026-02", "pools?tenant_id=t1&top=0", "pools?tenant_id=t1&at=2026-03-11T12:00:00Z", "pools/history?tenant_id=t1", "pools/history?tenant_id=t1&organizer_id=o1", "months/2026-02/statements?limit=2",
		"reconciliation/records?tenant_id=t1&month=2026-02", "reconciliation/records?tenant_id=t1&month=2026-02&class=free_call", "rules?limit=5", "rules/candidates", "jobs", "ingest/batches", "ingest/batches?tenant_id=t1",
		"ingest/quarantine", "ingest/quarantine?tenant_id=t1&all=true", "audit", "audit?system=true", "audit?q=o17&system=true", "users", "keys", "sessions",
	} {
		out = append(out, withLater(b, ask, "/api/v1/"+list)...)
	}
	for _, list := range []string{"/audit", "/audit?system=1"} {
		if later := regexp.MustCompile(`href="(\?[^"]*before=[^"]*)"`).FindStringSubmatch(ask(list).Body.String()); later != nil {
			out = append(out, "/audit"+strings.ReplaceAll(later[1], "&amp;", "&"))
		}
	}
	return out
}

// withLater is a list's first page and, where there are as many, its fifth.
func withLater(b *testing.B, ask func(string) *httptest.ResponseRecorder, path string) []string {
	b.Helper()
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	later := path
	for range 4 {
		w := ask(later)
		var p struct{ Next *string }
		if w.Code != http.StatusOK || json.Unmarshal(w.Body.Bytes(), &p) != nil || p.Next == nil {
			return []string{path}
		}
		later = path + mark + "cursor=" + url.QueryEscape(*p.Next)
	}
	return []string{path, later}
}

// missed are the addresses of the console's table of rights that show something and are in none
// of the paths.
func missed(b *testing.B, paths []string) (out []string) {
	b.Helper()
	text, err := os.ReadFile("../../console/policy.go")
	require.NoError(b, err)
	for _, found := range regexp.MustCompile(`"(GET /[^"]*)":`).FindAllStringSubmatch(string(text), -1) {
		pattern := found[1]
		mux := http.NewServeMux()
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
		met := slices.ContainsFunc(paths, func(path string) bool {
			_, matched := mux.Handler(httptest.NewRequest(http.MethodGet, path, nil))
			return matched == pattern
		})
		if !met && !notShown.MatchString(pattern) {
			out = append(out, pattern)
		}
	}
	return out
}
