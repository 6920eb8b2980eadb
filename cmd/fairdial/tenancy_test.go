package main

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/cases"
	"fairdial/console"
	"fairdial/enforcement"
	"fairdial/rating"
	"fairdial/rules/rates"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/usage"
)

//go:embed testdata/tenant_of_two.sql
var tenantOfTwoSQL string

// tenantOfTwo is one of the two tenants of the crawl. Whatever is of it bears its name.
type tenantOfTwo struct {
	name, last, from, country string // last is how the number ends that it alone calls
	month                     string
	seconds                   uint32
	batch, rejection          uuid.UUID
}

var (
	ownTenant   = tenantOfTwo{"fabrikam", "0103", "2026-02-03", "US", "2026-02", 600, uuid.MustParse("1a1a1a1a-0000-4000-8000-000000000001"), uuid.MustParse("1a1a1a1a-0000-4000-8000-000000000002")}
	otherTenant = tenantOfTwo{"zorblax", "7788", "2026-05-11", "JP", "2026-05", 1234, uuid.MustParse("2b2b2b2b-0000-4000-8000-000000000001"), uuid.MustParse("2b2b2b2b-0000-4000-8000-000000000002")}
)

// word is everybody's password.
const word = "correct horse battery"

// crawled is the console of the daemon, and who asks it.
type crawled struct {
	t           *testing.T
	a           *app
	s           *services
	h           http.Handler
	gate        *enforcement.Gate
	people      *access.Book
	feeds       []console.Feed
	late        time.Duration // of the clock, which stands still
	all, scoped string        // sessions: of an admin who sees all, and of one who sees the own tenant
}

// The narrowest reader there is, an admin of one tenant, asks every address of the console that
// shows something, before there is another tenant and after. The answers are the same to the byte:
// nothing of the other is in them, and no sum, count or day has changed. Somebody who sees all
// tenants sees the other one in the same answers.
func TestNothingOfAnotherTenantIsShown(t *testing.T) {
	c := newCrawl(t)
	c.bring(ownTenant)
	asked := c.addresses()
	before := map[string]string{}
	for _, paths := range asked {
		for _, path := range paths {
			before[path] = strings.ToLower(c.ask(path, c.scoped))
		}
	}
	c.bring(otherTenant)
	tells := []string{otherTenant.name, otherTenant.name + " ", `"tenant_id":"` + otherTenant.name + `"`, cases.ID(otherTenant.name, otherTenant.name+"-o1"), cases.ID(otherTenant.name, "o-shared"), otherTenant.last, otherTenant.month, otherTenant.batch.String(), otherTenant.rejection.String()}
	var wrong, unlike []string
	for route, paths := range asked {
		told := false
		for _, path := range paths {
			after := strings.ToLower(c.ask(path, c.scoped))
			if was := before[path]; was != after {
				at := 0
				for at < min(len(was), len(after)) && was[at] == after[at] {
					at++
				}
				wrong = append(wrong, fmt.Sprintf("%s answers otherwise since there is %s\nbefore: %.200q\nnow:    %.200q", path, otherTenant.name, was[max(at-80, 0):], after[max(at-80, 0):]))
			}
			untyped := slices.DeleteFunc(slices.Clone(tells), func(tell string) bool { return strings.Contains(strings.ToLower(path), tell) })
			for _, tell := range untyped {
				if at := strings.Index(after, tell); at >= 0 {
					wrong = append(wrong, fmt.Sprintf("%s tells of %s: %.200q", path, otherTenant.name, after[max(at-80, 0):]))
				}
			}
			if !told {
				whole := strings.ToLower(c.ask(path, c.all))
				told = slices.ContainsFunc(untyped, func(tell string) bool { return strings.Contains(whole, tell) })
			}
		}
		if told == slices.Contains(namesNobody, route) {
			unlike = append(unlike, route)
		}
	}
	require.Empty(t, wrong, "somebody who sees "+ownTenant.name+" alone")
	require.Empty(t, unlike, "somebody who sees all tenants sees the other in each route's answers, but in those that name nobody")
}

// namesNobody are the routes whose answers are of no tenant.
var namesNobody = []string{
	"GET /setup", "GET /sign-in", "GET /openid/begin", "GET /openid/callback", "GET /account",
	"GET /rules/candidate/{rule}/download", "GET /rules/trial",
	"GET /metrics", "/api/",
	"GET /api/v1/me", "GET /api/v1/me/sessions", "GET /api/v1/openapi.yaml", "GET /api/v1/rules/backtest", "GET /api/v1/rules/candidates",
}

func newCrawl(t *testing.T) *crawled {
	t.Helper()
	p := newProgram(t, worldConfig)
	a := newApp()
	a.configFile, a.dataDir, a.logLevel, a.actor = p.config, p.data, "warn", "cli:test"
	c := &crawled{t: t, a: a}
	a.now = func() time.Time { return time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC).Add(c.late) }
	require.NoError(t, a.load())
	st, err := store.Open(t.Context(), store.Options{Path: p.data, Logger: a.logger})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	s, err := a.services(t.Context(), st)
	require.NoError(t, err)
	people, err := access.Open(t.Context(), s.journal, a.now)
	require.NoError(t, err)
	registry := prometheus.NewRegistry()
	carrier, err := a.carrier(s)
	require.NoError(t, err)
	_, err = a.openRuleBook(s, registry)
	require.NoError(t, err)
	c.s, c.people = s, people
	c.gate, err = enforcement.NewGate(s.enforcer, enforcement.GateOptions{Marks: s.journal, Conn: s.store})
	require.NoError(t, err)
	o := a.console(s, carrier, &workbench{app: a, s: s, life: t.Context()}, newAhead(s), registry)
	o.Access, o.Decider, o.Feeds = people, c.gate, func(context.Context) ([]console.Feed, error) { return c.feeds, nil }
	c.h, err = console.New(o)
	require.NoError(t, err)
	require.NoError(t, people.SetUp(t.Context(), people.SetUpToken(), "all", word, "set-up"))
	require.NoError(t, people.AddUser(t.Context(), access.User{Name: "some", Role: access.Admin, Tenants: []string{ownTenant.name}}, word, "all"))
	c.all, err = people.SignIn(t.Context(), "all", word, "a", "test")
	require.NoError(t, err)
	c.scoped, err = people.SignIn(t.Context(), "some", word, "b", "test")
	require.NoError(t, err)
	sheet := "Destination,Prefix(es),Connection charge in USD,Per Minute Rate in USD\nUnited States,1,0,0.013\n"
	_, err = rates.Import(t.Context(), s.store, rates.Source{Reader: strings.NewReader(sheet), File: "rates.csv", ValidFrom: a.now().AddDate(-1, 0, 0), StoredAt: a.now(), AllowGaps: true})
	require.NoError(t, err)
	return c
}

// bring brings a tenant in, with something of everything that the console shows.
func (c *crawled) bring(of tenantOfTwo) {
	c.t.Helper()
	t, ctx, s := c.t, c.t.Context(), c.s
	for query := range strings.SplitSeq(tenantOfTwoSQL, ";\n\n") {
		require.NoError(t, s.store.Exec(ctx, query, clickhouse.Named("tenant", of.name), clickhouse.Named("last", of.last), clickhouse.Named("from", of.from), clickhouse.Named("country", of.country),
			clickhouse.Named("seconds", of.seconds), clickhouse.Named("batch", of.batch), clickhouse.Named("rejection", of.rejection)), query)
	}
	at, err := time.Parse(time.DateOnly, of.from)
	require.NoError(t, err)
	at = at.AddDate(0, 0, 10)
	var events []cases.Event
	for i, organizer := range []string{of.name + "-o1", of.name + "-o2", "o-shared"} {
		opened := cases.Case{
			ID: cases.ID(of.name, organizer), TenantID: of.name, TenantName: of.name + " Ltd", OrganizerID: organizer, OrganizerName: of.name + " Person", OrganizerUPN: organizer + "@" + of.name + ".example",
			Score: 80 + i, Severity: cases.SeverityCritical, Verdict: cases.VerdictFraud, Status: cases.StatusOpen, Assignee: of.name + "-ann", OpenedAt: at, UpdatedAt: at, ExposureSeconds: int64(of.seconds),
			Findings: []cases.Finding{{ID: of.name + "-f", RuleID: "fair-use-month", RuleTitle: "Much", At: at, WindowStart: at.AddDate(0, 0, -5), WindowEnd: at, Unit: "minutes", Sentence: of.name + " called much", UsageIDs: []string{"u-shared", of.name + "-u3"}, Calls: 2}},
		}.Wait(at)
		events = append(events, cases.Event{CaseID: opened.ID, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", Reason: of.name + " stands out", At: at, State: opened})
	}
	lost, err := s.cases.Record(ctx, events)
	require.NoError(t, err)
	require.Empty(t, lost)
	_, err = s.cases.Act(ctx, events[0].CaseID, cases.Action{Kind: cases.KindNoted, Actor: "cli:" + of.name, Reason: of.name + " was asked"}, c.a.now())
	require.NoError(t, err)

	_, err = s.rater.Rate(ctx, rating.Request{Actor: c.a.actor})
	require.NoError(t, err)
	notices, err := c.a.noticePools(ctx, s)
	require.NoError(t, err)
	require.NotEmpty(t, notices)
	_, err = s.books.Deposit(ctx, s.journal, rating.Deposit{TenantID: of.name, Amount: decimal.NewFromInt(int64(of.seconds)), Currency: "USD", At: at, Reason: of.name + " invoice", Actor: "cli:" + of.name})
	require.NoError(t, err)
	month, err := usage.ParseMonth(of.month)
	require.NoError(t, err)
	_, err = s.books.Note(ctx, month, of.name, "cli:"+of.name, of.name+" was billed")
	require.NoError(t, err)
	_, err = s.books.Close(ctx, rating.CloseRequest{Month: month, TenantID: of.name, Actor: "cli:" + of.name, Reason: of.name + " closed", Force: true})
	require.NoError(t, err)

	rater, err := s.books.AsClosed(ctx, []string{of.name})
	require.NoError(t, err)
	compared, err := rater.Reconcile(ctx, rating.ReconcileRequest{Month: month, TenantID: of.name})
	require.NoError(t, err)
	require.NoError(t, rater.SignReconciliation(ctx, s.journal, compared, compared.Fingerprint, "cli:"+of.name, "", of.name+" agreed"))

	for i, action := range []enforcement.Action{enforcement.ActionFlag, enforcement.ActionThrottle} {
		organizer := []string{"o-shared", of.name + "-o1"}[i]
		_, err = s.enforcer.Act(ctx, enforcement.Request{Action: action, TenantID: of.name, OrganizerID: organizer, Actor: "cli:" + of.name, Reason: of.name + " misused"})
		require.NoError(t, err)
	}
	c.late = time.Duration(len(c.feeds)+1) * 2 * time.Minute // the gate asks for new names once a minute
	require.NoError(t, c.gate.Refresh(ctx))
	c.late = 0
	for name, query := range map[string]string{of.name + " round": "tenant=" + of.name, of.name + "'s worst": "severity=critical"} {
		if of == ownTenant && !strings.Contains(query, of.name) {
			continue
		}
		require.NoError(t, s.journal.Append(ctx, journal.Event{Stream: "saved_view", Subject: "/" + name, Version: 1, Kind: "saved", Actor: "console:all", At: at, Reason: "a view of the queue", Body: query}))
	}
	require.NoError(t, s.journal.Append(ctx, journal.Event{Stream: "job", Subject: of.name + "-poll", Version: 1, Kind: "failed", Actor: "system:schedule", At: at, Reason: of.name + " does not answer"}))
	require.NoError(t, c.people.AddUser(ctx, access.User{Name: of.name + "-ann", Role: access.Viewer, Tenants: []string{of.name}}, word, "all"))
	_, err = c.people.SignIn(ctx, of.name+"-ann", word, "c", "test")
	require.NoError(t, err)
	_, err = c.people.AddKey(ctx, access.Key{Name: of.name + "-key", Role: access.Viewer, Tenants: []string{of.name}}, "console:all")
	require.NoError(t, err)
	c.feeds = append(c.feeds, console.Feed{Name: of.name + "-feed", Kind: "graph", TenantID: of.name, State: "failing", Troubles: []string{of.name + " refuses"}, Mend: "ask " + of.name})
}

// routesOfRights are those of the table of rights that show something.
func routesOfRights(t *testing.T) (out []string) {
	t.Helper()
	text, err := os.ReadFile("../../console/testdata/rights.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if route := regexp.MustCompile(`^(GET \S+|/\S+)`).FindString(line); route != "" {
			out = append(out, route)
		}
	}
	require.Greater(t, len(out), 70)
	return out
}

// asks are what is asked for beside the bare address of a route; {tenant} and its like are of the own
// tenant and then of the other.
func asks() map[string][]string {
	by := []string{"by=day", "by=tenant", "by=country", "by=bucket", "by=organizer", "by=record", "by=day&from=2026-04-01&to=2026-06-01", "by=record&from=2026-04-01&to=2026-06-01", "by=organizer&tenant={tenant}", "organizer={organizer}", "organizer=o-shared", "country=JP"}
	slices := []string{"by=day", "by=tenant", "by=country", "by=bucket", "by=organizer", "by=tenant&from=2026-04-01&to=2026-06-01", "tenant_id={tenant}"}
	ofTenant := []string{"tenant_id={tenant}", "tenant_id={tenant}&month={month}", "month={month}", "tenant_id={tenant}&organizer_id={organizer}"}
	return map[string][]string{
		"GET /cases":                                 {"status=all", "q={tenant}", "tenant={tenant}", "status=all&sort=due", "assignee={tenant}"},
		"GET /cases/{id}":                            {"queue=", "queue=tenant%3D{tenant}", "queue=q%3D{tenant}", "done=noted&was={id}"},
		"GET /usage":                                 append(by, "record={usage_id}", "record=u-shared"),
		"GET /usage/export":                          {"by=day", "by=organizer", "by=record", "by=tenant&tenant={tenant}"},
		"GET /finance/{month}/download":              {"format=csv", "format=csv&tenant={tenant}"},
		"GET /finance/{month}/{tenant}/records":      {"class=all", "class=other_bucket"},
		"GET /ingest":                                {"tenant={tenant}"},
		"GET /ingest/quarantine":                     {"all=1", "tenant={tenant}"},
		"GET /audit":                                 {"system=1", "q={tenant}"},
		"GET /audit/export":                          {"system=1"},
		"GET /api/v1/cases":                          {"q={tenant}", "tenant_id={tenant}", "organizer_id={organizer}", "organizer_id=o-shared", "sort=age", "assignee={tenant}"},
		"GET /api/v1/organizers":                     {"q=person", "tenant_id={tenant}"},
		"GET /api/v1/usage":                          {"organizer_id={organizer}", "organizer_id=o-shared", "country=JP", "from=2026-04-01&to=2026-06-01", "tenant_id={tenant}"},
		"GET /api/v1/usage/slices":                   slices,
		"GET /api/v1/ratings/{usage_id}/explanation": {"tenant_id={tenant}"},
		"GET /api/v1/pools":                          ofTenant,
		"GET /api/v1/pools/history":                  ofTenant,
		"GET /api/v1/pools/notices":                  ofTenant,
		"GET /api/v1/credits":                        ofTenant,
		"GET /api/v1/reconciliation":                 {"tenant_id={tenant}", "tenant_id={tenant}&month={month}"},
		"GET /api/v1/reconciliation/records":         {"tenant_id={tenant}", "tenant_id={tenant}&month={month}&class=all"},
		"GET /api/v1/months/{month}/download":        {"format=csv", "format=xlsx", "format=parquet", "format=csv&tenant_id={tenant}"},
		"GET /api/v1/ingest/batches":                 {"tenant_id={tenant}"},
		"GET /api/v1/ingest/quarantine":              {"state=all", "tenant_id={tenant}"},
		"GET /api/v1/audit":                          {"system=true", "q={tenant}"},
	}
}

// addresses are those that are asked for, by route: of the own tenant, of the other, of ids that are in
// both, and of the other's ids under the own tenant.
func (c *crawled) addresses() map[string][]string {
	fill := func(tenant tenantOfTwo, of tenantOfTwo, organizer, record string) *strings.Replacer {
		return strings.NewReplacer("{$}", "", "{tenant}", tenant.name, "{organizer}", organizer, "{usage_id}", record, "{id}", cases.ID(of.name, organizer), "{month}", of.month,
			"{rejection}", of.rejection.String(), "{rule}", "fair-use-month", "{session}", "none", "{user}", "some", "{key}", "none")
	}
	fills := []*strings.Replacer{
		fill(ownTenant, ownTenant, ownTenant.name+"-o1", ownTenant.name+"-u3"), fill(ownTenant, ownTenant, "o-shared", "u-shared"),
		fill(otherTenant, otherTenant, otherTenant.name+"-o1", otherTenant.name+"-u3"), fill(otherTenant, otherTenant, "o-shared", "u-shared"), fill(ownTenant, otherTenant, otherTenant.name+"-o1", otherTenant.name+"-u3"),
	}
	out, queries := map[string][]string{}, asks()
	for _, route := range routesOfRights(c.t) {
		path := strings.TrimPrefix(route, "GET ")
		if route == "/api/" {
			path = "/api/v1/nothing"
		}
		filled := fills
		if !strings.Contains(path, "/{") || strings.Contains(path, "{$}") {
			filled = []*strings.Replacer{fills[0], fills[2]}
		}
		for _, f := range filled {
			for _, query := range append([]string{""}, queries[route]...) {
				address := f.Replace(path)
				if query != "" {
					address += "?" + f.Replace(query)
				}
				if !slices.Contains(out[route], address) {
					out[route] = append(out[route], address)
				}
			}
		}
		delete(queries, route)
	}
	require.Empty(c.t, queries, "what is asked beside a route that is none")
	return out
}

// changing is what differs between two answers that are the same.
var changing = regexp.MustCompile(`nonce="[^"]*"|fairdial_\S+ \S+`)

// ask is what a session is answered: the status and the body, a workbook's text unpacked.
func (c *crawled) ask(path, session string) string {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodGet, path, nil)
	r.RemoteAddr, r.Host = "10.0.0.9:5000", "fairdial.example"
	r.AddCookie(&http.Cookie{Name: "fairdial_session", Value: session})
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	require.Less(c.t, w.Code, http.StatusInternalServerError, "%s: %s", path, w.Body.String())
	body := w.Body.String()
	if book, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len())); err == nil {
		body = ""
		slices.SortFunc(book.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
		for _, f := range book.File {
			part, err := f.Open()
			require.NoError(c.t, err)
			text, err := io.ReadAll(part)
			require.NoError(c.t, err)
			body += f.Name + "\n" + string(text) + "\n"
		}
	}
	return http.StatusText(w.Code) + " " + w.Header().Get("Location") + "\n" + changing.ReplaceAllString(body, "")
}
