package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/enforcement"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world stands in for what is behind the console.
type world struct {
	list []cases.Case
	err  error
}

func (w world) List(_ context.Context, f CaseFilter) (out []cases.Case, _ error) {
	for _, c := range w.list {
		if c.Score >= f.MinScore && (f.TenantID == "" || f.TenantID == c.TenantID) {
			out = append(out, c)
		}
	}
	return out, w.err
}

func (w world) Whole(_ context.Context, some []cases.Case) ([]cases.Case, error) { return some, w.err }

func (w world) Page(_ context.Context, r cases.PageRequest) (out []cases.Case, _ error) {
	on := r.After.ID == ""
	for _, c := range w.list {
		if on && c.Score >= r.MinScore && (len(r.Tenants) == 0 || slices.Contains(r.Tenants, c.TenantID)) && len(out) < r.Limit {
			out = append(out, c)
		}
		on = on || c.ID == r.After.ID
	}
	return out, w.err
}

func (w world) Outlines(ctx context.Context, r cases.PageRequest) ([]cases.Case, error) {
	return w.Page(ctx, r)
}

func (w world) Get(_ context.Context, id string) (cases.Case, error) {
	for _, c := range w.list {
		if c.ID == id {
			return c, nil
		}
	}
	return cases.Case{}, ErrNotFound
}

func (w world) Decide(organizer, _ string) (enforcement.Decision, error) {
	switch organizer {
	case "panic":
		panic("boom")
	case "":
		return enforcement.Decision{}, enforcement.ErrNoOrganizer
	}
	return enforcement.Decision{OrganizerID: organizer, Decision: enforcement.Allow}, nil
}

func (w world) Within(tenantID, organizer string) enforcement.Decision {
	return enforcement.Decision{TenantID: tenantID, OrganizerID: organizer, Decision: enforcement.Allow}
}

func (w world) Report(_ context.Context, reporter string, reports []enforcement.CallReport) (int, error) {
	for _, r := range reports {
		if r.CallID == "" {
			return 0, enforcement.ErrBadReport
		}
	}
	if reporter == "" {
		return 0, errors.New("nobody reports")
	}
	return len(reports) - 1, w.err
}

func (w world) Pools(context.Context, ...string) ([]Pool, error) {
	return []Pool{{Tenant: "Contoso", Month: "2026-02", PoolSeconds: 6000, UsedSeconds: 3000, Paid: map[string]int64{"addon": 600}}}, w.err
}

func serve(t *testing.T, w world, log *bytes.Buffer, keys ...string) http.Handler {
	t.Helper()
	opts := Options{
		Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{w.err}, Now: func() time.Time { return now },
		Ready:    func(context.Context) error { return w.err },
		Metrics:  prometheus.NewRegistry(),
		Registry: prometheus.NewRegistry(),
		Logger:   slog.New(slog.NewTextHandler(log, nil)),
	}
	for _, k := range keys {
		key, err := ParseKey(k)
		require.NoError(t, err)
		opts.Keys = append(opts.Keys, key)
	}
	h, err := New(opts)
	require.NoError(t, err)
	return h
}

func get(h http.Handler, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "localhost:8321"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func header(k, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(k, v) } }
func remote(a string) func(*http.Request)    { return func(r *http.Request) { r.RemoteAddr = a } }
func host(h string) func(*http.Request)      { return func(r *http.Request) { r.Host = h } }

func TestWhoIsAnswered(t *testing.T) {
	guarded := []string{"/", "/metrics", "/api/v1/cases", "/api/v1/decisions/x", "/api/v1/openapi.yaml", "/api/nowhere"}
	for _, c := range []struct {
		name   string
		keys   []string
		change []func(*http.Request)
		want   int // 0: answered
	}{
		{"this machine, no keys", nil, nil, 0},
		{"IPv6 loopback, no keys", nil, []func(*http.Request){remote("[::1]:1"), host("[::1]:8321")}, 0},
		{"another machine, no keys", nil, []func(*http.Request){remote("10.0.0.9:1")}, http.StatusForbidden},
		{"a web page through the browser", nil, []func(*http.Request){host("evil.example:8321")}, http.StatusForbidden},
		{"a proxy on this machine that tells whom it asks for", nil, []func(*http.Request){header("X-Forwarded-For", "203.0.113.9")}, http.StatusForbidden},
		{"a proxy that tells nothing but the host", nil, []func(*http.Request){header("X-Forwarded-Host", "fairdial.example")}, http.StatusForbidden},
		{"a proxy by the standard's header", nil, []func(*http.Request){header("Forwarded", "for=203.0.113.9")}, http.StatusForbidden},
		{"a proxy by nginx's custom", nil, []func(*http.Request){header("X-Real-IP", "203.0.113.9")}, http.StatusForbidden},
		{"a proxy that names itself", nil, []func(*http.Request){header("Via", "1.1 proxy")}, http.StatusForbidden},
		{"a proxy as nginx is without any setting", nil, []func(*http.Request){func(r *http.Request) { r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0 }}, http.StatusForbidden},
		{"no key given", []string{"k1-0123456789abc"}, nil, http.StatusUnauthorized},
		{"wrong key", []string{"k1-0123456789abc"}, []func(*http.Request){header("Authorization", "Bearer k2-0123456789abc")}, http.StatusUnauthorized},
		{"empty key", []string{"k1-0123456789abc"}, []func(*http.Request){header("Authorization", "Bearer ")}, http.StatusUnauthorized},
		{"right key from elsewhere", []string{"k1-0123456789abc", "k2-0123456789abc"}, []func(*http.Request){header("Authorization", "Bearer k2-0123456789abc"), remote("10.0.0.9:1")}, 0},
		{"right key in the other header", []string{"k1-0123456789abc"}, []func(*http.Request){header("X-API-Key", "k1-0123456789abc")}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			h := serve(t, world{}, &log, c.keys...)
			for _, path := range guarded {
				got := get(h, path, c.change...).Code
				if c.want != 0 {
					require.Equal(t, c.want, got, path)
				} else {
					require.NotContains(t, []int{http.StatusForbidden, http.StatusUnauthorized}, got, path)
				}
			}
			require.Equal(t, http.StatusOK, get(h, "/healthz", c.change...).Code, "health is for everybody")
		})
	}
}

func TestReadiness(t *testing.T) {
	require.Equal(t, http.StatusOK, get(serve(t, world{}, new(bytes.Buffer)), "/readyz").Code)
	w := get(serve(t, world{err: errors.New("store: no answer")}, new(bytes.Buffer)), "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "store: no answer")
}

func TestCasesAndDecisions(t *testing.T) {
	h := serve(t, world{list: []cases.Case{{ID: "c1", Score: 90}, {ID: "c2", Score: 40}}}, new(bytes.Buffer))
	var list struct{ Cases []cases.Case }
	require.NoError(t, json.Unmarshal(get(h, "/api/v1/cases?min_score=50").Body.Bytes(), &list))
	require.Len(t, list.Cases, 1)
	require.JSONEq(t, `{"cases":[],"next":null}`, get(h, "/api/v1/cases?min_score=99").Body.String())
	require.Contains(t, get(h, "/api/v1/cases/c2").Body.String(), `"case_id":"c2"`)
	require.Contains(t, get(h, "/api/v1/decisions/a@b.example?number=%2B1605").Body.String(),
		`{"organizer_id":"a@b.example","tenant_id":"","decision":"allow"`)
}

func TestErrorsAreProblemDocumentsThatKeepSecrets(t *testing.T) {
	var log bytes.Buffer
	h := serve(t, world{err: errors.New("clickhouse://user:hush@host")}, &log)
	for path, want := range map[string]int{
		"/api/v1/cases":             http.StatusInternalServerError,
		"/api/v1/cases?min_score=x": http.StatusBadRequest,
		"/api/v1/cases/none":        http.StatusNotFound,
		"/api/v1/decisions/panic":   http.StatusInternalServerError,
		"/api/v2":                   http.StatusNotFound,
	} {
		w := get(h, path)
		require.Equal(t, want, w.Code, path)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), path)
		var p struct {
			Status int
			Detail string
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), path)
		require.Equal(t, want, p.Status)
		require.NotEmpty(t, p.Detail)
		require.NotContains(t, w.Body.String(), "hush", path)
	}
	require.Contains(t, log.String(), "boom", "the log says why")
}

// An address that is none leads back, whoever reads the answer.
func TestAnAddressThatIsNone(t *testing.T) {
	h, _, cookies := signedIn(t)
	people := header("Accept", "text/html,application/xhtml+xml")
	for name, c := range map[string]struct {
		route  string
		change []func(*http.Request)
		status int
		kind   string
		says   []string
	}{
		"signed in":          {"GET /nothing", []func(*http.Request){people, cookie(cookies["viewer"])}, 404, "text/html; charset=utf-8", []string{"Nothing here", `<a class="button" href="/">Go on</a>`, `<a href="/cases">Cases</a>`, "viewer <small>viewer</small>"}},
		"nobody":             {"GET /nothing/at/all", []func(*http.Request){people}, 404, "text/html; charset=utf-8", []string{"Nothing here", `<a class="button" href="/">Go on</a>`}},
		"a form's address":   {"GET /cases/c1/act", []func(*http.Request){people, cookie(cookies["viewer"])}, 405, "text/html; charset=utf-8", []string{"takes what a form sends", `<a class="button" href="/">Go on</a>`}},
		"a program":          {"GET /nothing", nil, 404, "text/plain; charset=utf-8", []string{"There is nothing under this address."}},
		"the API":            {"GET /api/v1/nothing", []func(*http.Request){people, cookie(cookies["viewer"])}, 404, "application/problem+json", []string{"There is no such address"}},
		"the API, to change": {"POST /api/v1/me", []func(*http.Request){people, cookie(cookies["viewer"])}, 404, "application/problem+json", []string{"There is no such address"}},
		"a form sent astray": {"POST /nothing", []func(*http.Request){people, cookie(cookies["viewer"])}, 404, "text/html; charset=utf-8", []string{"Nothing here"}},
	} {
		w := ask(h, c.route, c.change...)
		require.Equal(t, c.status, w.Code, name)
		require.Equal(t, c.kind, w.Header().Get("Content-Type"), name)
		for _, part := range c.says {
			require.Contains(t, w.Body.String(), part, name)
		}
		require.NotContains(t, w.Body.String(), "404 page not found", name)
		require.NotEmpty(t, w.Header().Get("Content-Security-Policy"), name)
	}
	require.Equal(t, "POST", ask(h, "GET /cases/c1/act", people).Header().Get("Allow"))
	require.NotContains(t, ask(h, "GET /nothing", people).Body.String(), `href="/cases"`, "who is nobody is shown no way further")
}

func TestThePageKeepsHostileNamesInert(t *testing.T) {
	h := serve(t, world{list: []cases.Case{{
		ID: "c1", Score: 90, Severity: cases.SeverityCritical, OrganizerName: `<script>alert(1)</script>`,
		OpenedAt: now, Findings: []cases.Finding{{Sentence: "a"}, {Sentence: "b"}, {Sentence: "c"}, {Sentence: "d"}},
	}}}, new(bytes.Buffer))
	w := get(h, "/")
	require.Equal(t, http.StatusOK, w.Code)
	require.NotContains(t, w.Body.String(), "<script>alert")
	require.Contains(t, w.Body.String(), "and 3 more")
	require.Contains(t, w.Body.String(), "50%")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	require.Equal(t, http.StatusOK, get(h, "/assets/console.css").Code)
	require.Contains(t, get(serve(t, world{}, new(bytes.Buffer)), "/").Body.String(), "no organizer stands out")
}
