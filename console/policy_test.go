package console

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/cases"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

const password = "correct horse battery"

// signedIn is a console with a user of each role, each signed in, and "scoped", an admin who
// sees tenant t alone.
func signedIn(t *testing.T, change ...func(*Options)) (h http.Handler, book *access.Book, cookies map[string]string) {
	t.Helper()
	ctx, conn := t.Context(), storetest.Open(t)
	book, err := access.Open(ctx, journal.New(conn, nowThen, uuid.New), nowThen)
	require.NoError(t, err)
	require.NoError(t, book.SetUp(ctx, book.SetUpToken(), "admin", password, "set-up"))
	for _, role := range access.Roles() {
		if role != access.Admin {
			require.NoError(t, book.AddUser(ctx, access.User{Name: string(role), Role: role}, password, "admin"))
		}
	}
	require.NoError(t, book.AddUser(ctx, access.User{Name: "scoped", Role: access.Admin, Tenants: []string{"t"}}, password, "admin"))
	fill(t, conn)
	cookies = map[string]string{}
	for _, u := range book.Users() {
		cookies[u.Name], err = book.SignIn(ctx, u.Name, password, u.Name, "test")
		require.NoError(t, err)
	}
	w := world{list: []cases.Case{{ID: "c1", TenantID: "t", UpdatedAt: now}, {ID: "c2", TenantID: "other", UpdatedAt: now}}}
	opts := Options{
		Access: book, Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Desk: &counter{}, Books: &ledger{}, Intake: &sieve{state: "open"}, Rules: pack{}, SavedViews: shelf{}, SlackStatus: func(context.Context) []Check {
			return []Check{{Name: "alerts", Says: "2 messages <fail>", Mend: "mend it"}}
		}, Checks: func(context.Context) []Check { return []Check{{Name: "store"}} }, Conn: conn, Now: nowThen,
		Ready: func(context.Context) error { return nil }, Logger: slog.New(slog.DiscardHandler),
		Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(),
	}
	for _, c := range change {
		c(&opts)
	}
	h, err = New(opts)
	require.NoError(t, err)
	return h, book, cookies
}

func cookie(secret string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: sessionCookie, Value: secret}) }
}

// ask sends a request to a route, its wildcards filled in.
func ask(h http.Handler, pattern string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	method, path, two := strings.Cut(pattern, " ")
	if !two {
		method, path = http.MethodGet, pattern+"nowhere"
	}
	path = strings.NewReplacer("{$}", "", "{id}", "c1", "{tenant}", "t", "{organizer}", "o", "{usage_id}", "u", "{session}", "none", "{user}", "viewer", "{key}", "none", "{month}", "2026-02", "{rule}", "r1").Replace(path)
	r := httptest.NewRequest(method, path, strings.NewReader(""))
	r.RemoteAddr, r.Host = "10.0.0.9:5000", "fairdial.example"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestSomebodyScopedSeesTheirTenantsAlone(t *testing.T) {
	h, _, cookies := signedIn(t)
	by := cookie(cookies["scoped"])
	require.Equal(t, http.StatusOK, ask(h, "GET /cases/c1", by).Code)
	for _, path := range []string{"/cases/c2", "/tenants/other", "/organizers/other/o", "/api/v1/cases/c2", "/api/v1/credits?tenant_id=other", "/cases?tenant=other", "/finance/2026-02/other", "/usage/other/u", "/usage?tenant=other", "/finance/2026-02/download?format=csv&tenant=other"} {
		require.Equal(t, http.StatusNotFound, ask(h, "GET "+path, by).Code, path)
	}
	require.Equal(t, http.StatusNotFound, send(h, "/cases/c2/act", "kind=noted&reason=r&version=1", by).Code)
	require.NotContains(t, ask(h, "GET /api/v1/cases", by).Body.String(), "c2")
	require.Equal(t, "csv2026-02 [t]", ask(h, "GET /finance/2026-02/download?format=csv", by).Body.String())
	require.NotContains(t, ask(h, "GET /finance/2026-02", by).Body.String(), "/other")
	require.Contains(t, ask(h, "GET /api/v1/cases", cookie(cookies["viewer"])).Body.String(), "c2")
}

func TestSigningInAndOut(t *testing.T) {
	h, book, _ := signedIn(t)
	form := func(path string, v url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
		return send(h, path, v.Encode(), change...)
	}
	wrong := form("/sign-in", url.Values{"name": {"admin"}, "password": {"wrong"}})
	require.Equal(t, http.StatusUnauthorized, wrong.Code)
	require.Contains(t, wrong.Body.String(), "Name or password are not right.")
	for next, want := range map[string]string{
		"/cases?status=open": "/cases?status=open", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "": "/",
	} {
		w := form("/sign-in", url.Values{"name": {"admin"}, "password": {password}, "next": {next}})
		require.Equal(t, http.StatusSeeOther, w.Code)
		require.Equal(t, want, w.Header().Get("Location"))
	}
	secret := form("/sign-in", url.Values{"name": {"admin"}, "password": {password}}).Result().Cookies()[0]
	require.True(t, secret.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, secret.SameSite)
	require.Equal(t, http.StatusSeeOther, form("/sign-out", nil, cookie(secret.Value)).Code)
	_, known := book.Identify(secret.Value)
	require.False(t, known)
	require.Equal(t, http.StatusOK, get(h, "/api/v1/cases").Code, "programs on this machine read without a key")
	require.Equal(t, http.StatusUnauthorized, get(h, "/api/v1/cases", cookie(secret.Value)).Code, "and whoever bears a session that has ended is nobody")
	require.Equal(t, "/sign-in", get(h, "/setup").Header().Get("Location"), "there are users")
}

// A proxy on this machine passes on what comes from anywhere; nginx and Apache write the
// daemon's own address as the Host unless they are told otherwise.
func TestAProxyDoesNotOpenTheAPI(t *testing.T) {
	book, err := access.Open(t.Context(), journal.New(storetest.Open(t), nowThen, uuid.New), nowThen)
	require.NoError(t, err)
	require.NoError(t, book.SetUp(t.Context(), book.SetUpToken(), "ann", password, "set-up"))
	served := func(externalURL, demo string) http.Handler {
		h, err := New(Options{
			Access: book, ExternalURL: externalURL, Demo: demo, Cases: world{}, Decider: world{}, Overview: world{}, Ratings: ratingWorld{}, Now: nowThen,
			Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(),
		})
		require.NoError(t, err)
		return h
	}
	for _, path := range []string{"/api/v1/cases", "/metrics", "/api/v1/decisions/o"} {
		require.Equal(t, http.StatusOK, get(served("", ""), path).Code, path)
		require.Equal(t, http.StatusUnauthorized, get(served("https://fairdial.example", ""), path).Code, "%s: there is a proxy", path)
		require.Equal(t, http.StatusUnauthorized, get(served("", ""), path, header("X-Forwarded-Proto", "https")).Code, path)
	}
	require.Equal(t, http.StatusOK, get(served("", "dana"), "/settings").Code)
	require.Equal(t, http.StatusSeeOther, get(served("", "dana"), "/settings", header("X-Real-IP", "203.0.113.9")).Code, "nor the demo")
}

func TestFirstStart(t *testing.T) {
	book, err := access.Open(t.Context(), journal.New(storetest.Open(t), nowThen, uuid.New), nowThen)
	require.NoError(t, err)
	w := world{}
	h, err := New(Options{Access: book, Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Now: nowThen, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry()})
	require.NoError(t, err)
	require.Equal(t, "/sign-in?next=%2F", get(h, "/").Header().Get("Location"))
	require.Equal(t, "/setup", get(h, "/sign-in?next=%2F").Header().Get("Location"))
	v := url.Values{"token": {"guess"}, "name": {"ann"}, "password": {password}}
	require.Equal(t, http.StatusUnprocessableEntity, send(h, "/setup", v.Encode()).Code)
	v.Set("token", book.SetUpToken())
	done := send(h, "/setup", v.Encode())
	require.Equal(t, http.StatusSeeOther, done.Code, done.Body.String())
	page := get(h, "/", cookie(done.Result().Cookies()[0].Value))
	require.Equal(t, http.StatusOK, page.Code)
	require.Contains(t, page.Body.String(), "ann <small>admin</small>")
}

// Whoever wrote while their session ended gets it back; a form of another site does not.
func TestWhatWasWrittenTooLateIsGivenBack(t *testing.T) {
	h, _, cookies := signedIn(t)
	late := func(change ...func(*http.Request)) *httptest.ResponseRecorder {
		return ask(h, "POST /cases/{id}/act", append([]func(*http.Request){func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader("kind=noted&version=1&reason=" + url.QueryEscape("three calls with <Contoso>")))
			r.Header.Set("Referer", "http://fairdial.example/cases/c1?queue=status%3Dactive")
		}}, change...)...)
	}
	w := late()
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Contains(t, w.Body.String(), "<pre>three calls with &lt;Contoso&gt;</pre>")
	require.Contains(t, w.Body.String(), "/sign-in?next="+url.QueryEscape("/cases/c1?queue=status%3Dactive"), "and signing in leads back")
	require.NotContains(t, late(header("Sec-Fetch-Site", "cross-site")).Body.String(), "Contoso")
	require.NotContains(t, late(header("Referer", "https://evil.example/cases")).Body.String(), "next=")
	refused := late(cookie(cookies["viewer"]))
	require.Equal(t, http.StatusForbidden, refused.Code)
}
