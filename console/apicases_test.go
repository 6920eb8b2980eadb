package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

// caseLog is the case log of a real store, and a desk that works on it.
type caseLog struct {
	*cases.Pages
	counter
	log *cases.Log
}

func (l *caseLog) List(ctx context.Context, f CaseFilter) ([]cases.Case, error) {
	req := cases.PageRequest{OrganizerID: f.OrganizerID}
	if f.TenantID != "" {
		req.Tenants = []string{f.TenantID}
	}
	return l.Outlines(ctx, req)
}

func (l *caseLog) Get(ctx context.Context, id string) (cases.Case, error) {
	c, err := l.log.Get(ctx, id)
	if errors.Is(err, cases.ErrNotFound) {
		err = ErrNotFound
	}
	return c, err
}

func (l *caseLog) History(ctx context.Context, id string) ([]cases.Event, error) {
	return l.log.History(ctx, id)
}

func (l *caseLog) Act(ctx context.Context, id string, a cases.Action) (cases.Case, error) {
	l.acted = append(l.acted, a)
	return l.log.Act(ctx, id, a, now)
}

func (l *caseLog) Enforce(_ context.Context, r enforcement.Request) (enforcement.State, error) {
	l.enforced = append(l.enforced, r)
	if r.Version != 3 {
		return enforcement.State{}, &journal.ConflictError{Winner: journal.Event{Version: 3, Kind: "throttled", Actor: "cli:eve", RecordedAt: now}}
	}
	return enforcement.State{Version: 4, Level: enforcement.LevelThrottle}, nil
}

// openCase opens a case in a log.
func openCase(t testing.TB, l *cases.Log, tenant, organizer string, score int) string {
	t.Helper()
	id := cases.ID(tenant, organizer)
	lost, err := l.Record(t.Context(), []cases.Event{{
		CaseID: id, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", At: now,
		State: cases.Case{ID: id, TenantID: tenant, OrganizerID: organizer, Score: score, Severity: cases.SeverityWarning, Verdict: cases.VerdictFairUse, Status: cases.StatusOpen, OpenedAt: now, UpdatedAt: now, Findings: []cases.Finding{}, Terms: cases.Terms{Warning: 48 * 3600}}.Wait(now),
	}})
	require.NoError(t, err)
	require.Empty(t, lost)
	return id
}

// withCases is a console on a real case log, for who calls from this machine.
func withCases(t testing.TB, change ...func(*Options)) (http.Handler, *caseLog, *store.Store) {
	t.Helper()
	conn := storetest.Open(t)
	h, l := consoleOn(t, conn, change...)
	return h, l, conn
}

// consoleOn is the same on a store that is there.
func consoleOn(t testing.TB, conn *store.Store, change ...func(*Options)) (http.Handler, *caseLog) {
	t.Helper()
	l := &caseLog{Pages: cases.NewPages(conn), log: cases.NewLog(journal.New(conn, nowThen, uuid.New))}
	opts := Options{
		Cases: l, Decider: world{}, Overview: world{}, Ratings: ratingWorld{}, Desk: l, Conn: conn, Now: nowThen,
		Ready: func(context.Context) error { return nil }, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(),
	}
	for _, c := range change {
		c(&opts)
	}
	h, err := New(opts)
	require.NoError(t, err)
	return h, l
}

func into[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v), w.Body.String())
	return v
}

type casesPage struct {
	Cases []cases.Case `json:"cases"`
	Next  *string      `json:"next"`
}

func TestCasesComePageByPage(t *testing.T) {
	h, l, _ := withCases(t)
	for i := range 12 {
		openCase(t, l.log, "t", fmt.Sprintf("o%d", i), 50+i%3)
	}
	var all []string
	next := ""
	for {
		p := into[casesPage](t, get(h, "/api/v1/cases?limit=5&tenant_id=t&cursor="+url.QueryEscape(next)))
		require.LessOrEqual(t, len(p.Cases), 5)
		for _, c := range p.Cases {
			all = append(all, c.ID)
		}
		if len(all) == 5 { // one that is looked at already rises, and comes no second time
			_, err := l.log.Act(t.Context(), p.Cases[4].ID, cases.Action{Kind: cases.KindNoted, Actor: "a", Reason: "r"}, now.Add(time.Hour))
			require.NoError(t, err)
		}
		if p.Next == nil {
			break
		}
		next = *p.Next
	}
	require.Len(t, all, 12)
	require.ElementsMatch(t, all, unique(all))

	for path, says := range map[string]string{
		"?limit=0": "from 1 to 500", "?limit=501": "from 1 to 500", "?limit=x": "from 1 to 500", "?cursor=x": "none that an answer gave",
		"?limit=5&tenant_id=other&cursor=" + url.QueryEscape(next): "of another list", "?sort=name": "risk, exposure, age", "?min_score=101": "0 to 100",
	} {
		w := get(h, "/api/v1/cases"+path)
		require.Equal(t, http.StatusBadRequest, w.Code, path)
		require.Contains(t, w.Body.String(), says, path)
	}
	require.Len(t, into[casesPage](t, get(h, "/api/v1/cases?sort=age&q=o1")).Cases, 3, "o1, o10, o11")
}

func unique(all []string) (out []string) {
	seen := map[string]bool{}
	for _, one := range all {
		if !seen[one] {
			out = append(out, one)
		}
		seen[one] = true
	}
	return out
}

func TestACaseIsChangedOnTheVersionThatWasSeen(t *testing.T) {
	h, l, _ := withCases(t)
	id := openCase(t, l.log, "t", "o", 80)
	at := "/api/v1/cases/" + id
	first := get(h, at)
	require.Equal(t, `"1"`, first.Header().Get("ETag"))
	require.Equal(t, http.StatusNotModified, get(h, at, header("If-None-Match", `"7", W/"1"`)).Code)

	act := func(body string, match string) *httptest.ResponseRecorder {
		return post(h, at+"/actions", body, func(r *http.Request) {
			if match != "" {
				r.Header.Set("If-Match", match)
			}
		})
	}
	none := act(`{"kind":"acknowledged"}`, "")
	require.Equal(t, http.StatusPreconditionRequired, none.Code)
	require.Equal(t, `"1"`, none.Header().Get("ETag"))

	done := act(`{"kind":"acknowledged"}`, `"1"`)
	require.Equal(t, http.StatusOK, done.Code, done.Body.String())
	require.Equal(t, `"2"`, done.Header().Get("ETag"))
	require.Equal(t, cases.StatusAcknowledged, into[cases.Case](t, done).Status)
	require.Equal(t, "api:this machine", l.acted[0].Actor)

	type lost struct {
		Version int
		Winner  *struct {
			Version     int
			Kind, Actor string
			At          time.Time
		}
		Detail string
	}
	late := act(`{"kind":"confirmed","reason":"r"}`, `"1"`)
	require.Equal(t, http.StatusPreconditionFailed, late.Code)
	require.Equal(t, "application/problem+json", late.Header().Get("Content-Type"))
	who := into[lost](t, late)
	require.Equal(t, 2, who.Version)
	require.Equal(t, "api:this machine", who.Winner.Actor)
	require.Equal(t, "acknowledged", who.Winner.Kind)
	require.Contains(t, who.Detail, "was first")
	require.Len(t, l.acted, 1, "nothing was done")

	require.Equal(t, http.StatusPreconditionFailed, act(`{"kind":"noted","reason":"r"}`, `"99"`).Code)
	require.Equal(t, http.StatusPreconditionFailed, act(`{"kind":"noted","reason":"r"}`, `"one"`).Code)
	require.Equal(t, http.StatusUnprocessableEntity, act(`{"kind":"confirmed"}`, `*`).Code, "without a reason")
	require.Equal(t, http.StatusUnprocessableEntity, act(`{"kind":"appealed"}`, `*`).Code, "without what the organizer says")
	require.Equal(t, http.StatusBadRequest, act(`{"what":"r"}`, `*`).Code)
	require.Equal(t, http.StatusNotFound, post(h, "/api/v1/cases/c-0/actions", `{}`).Code)
	require.Equal(t, http.StatusOK, act(`{"kind":"noted","reason":"rang +14255550123"}`, `"2"`).Code)

	history := get(h, at+"/history?limit=2")
	require.Contains(t, history.Body.String(), `"next":"`)
	rest := into[struct {
		Events []deedOfCase
		Next   *string
	}](t, history)
	last := get(h, at+"/history?limit=2&cursor="+*rest.Next).Body.String()
	require.Contains(t, last, "rang …0123")
	require.Contains(t, last, `"next":null`)
}

// An appeal that a reviewer records opens a closed case again, on its page and in the API, as on
// the command line.
func TestAReviewerRecordsAnAppeal(t *testing.T) {
	h, l, _ := withCases(t)
	for i, record := range []func(id string) *httptest.ResponseRecorder{
		func(id string) *httptest.ResponseRecorder {
			return send(h, "/cases/"+id+"/act", "kind=appealed&version=2&reason=it+was+our+yearly+survey")
		},
		func(id string) *httptest.ResponseRecorder {
			return post(h, "/api/v1/cases/"+id+"/actions", `{"kind":"appealed","reason":"it was our yearly survey"}`, header("If-Match", `"2"`))
		},
	} {
		id := openCase(t, l.log, "t", fmt.Sprintf("o%d", i), 80)
		_, err := l.log.Act(t.Context(), id, cases.Action{Kind: cases.KindConfirmed, Actor: "console:eve", Reason: "abuse"}, now)
		require.NoError(t, err)
		require.Contains(t, get(h, "/cases/"+id).Body.String(), `<option value="appealed">`, "also of a closed case")
		w := record(id)
		require.Less(t, w.Code, http.StatusBadRequest, w.Body.String())
		c, err := l.log.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, cases.StatusOpen, c.Status)
		require.Equal(t, now, c.AppealedAt)
		require.Empty(t, c.Outcome)
		require.Contains(t, get(h, "/cases/"+id).Body.String(), "The organizer appealed on")
		record(id)
		again, err := l.log.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, c.Version, again.Version, "not twice, on the same version")
	}
}

// racing answers Get as things stood and Act as somebody else has just changed them.
type racing struct{ *caseLog }

func (r racing) Act(ctx context.Context, id string, a cases.Action) (cases.Case, error) {
	if _, err := r.log.Act(ctx, id, cases.Action{Kind: cases.KindAssigned, Assignee: "bob", Actor: "console:bob"}, now); err != nil {
		return cases.Case{}, err
	}
	return r.caseLog.Act(ctx, id, a)
}

func TestWhoLosesARaceIsToldWhoWon(t *testing.T) {
	h, l, _ := withCases(t, func(o *Options) { o.Desk = racing{o.Desk.(*caseLog)} })
	id := openCase(t, l.log, "t", "o", 80)
	w := post(h, "/api/v1/cases/"+id+"/actions", `{"kind":"acknowledged"}`, header("If-Match", `"1"`))
	require.Equal(t, http.StatusConflict, w.Code, w.Body.String())
	require.Equal(t, `"2"`, w.Header().Get("ETag"))
	require.Contains(t, w.Body.String(), "console:bob was first")
}

func TestEnforcementIsAskedForOnTheVersionThatWasSeen(t *testing.T) {
	h, l, _ := withCases(t)
	id := openCase(t, l.log, "t", "o", 80)
	for at, caseID := range map[string]string{"/api/v1/cases/" + id: id, "/api/v1/organizers/t/o": ""} {
		l.enforced = nil
		enforcedOnItsVersion(t, h, at)
		require.Equal(t, caseID, l.enforced[0].CaseID)
		require.Equal(t, "o", l.enforced[0].OrganizerID)
	}
	require.Equal(t, http.StatusNotFound, post(h, "/api/v1/cases/c-0/enforcement", `{"action":"flag","reason":"r"}`, header("If-Match", `*`)).Code)
}

func enforcedOnItsVersion(t *testing.T, h http.Handler, at string) {
	t.Helper()
	require.Equal(t, `"3"`, get(h, at+"/enforcement").Header().Get("ETag"))
	for _, c := range []struct {
		path, body, match string
		want              int
	}{
		{"/enforcement", `{"action":"throttle","reason":"r"}`, `"3"`, 200},
		{"/enforcement", `{"action":"throttle","reason":"r"}`, `"2"`, 412},
		{"/enforcement", `{"action":"throttle","reason":"r"}`, ``, 428},
		{"/enforcement", `{"action":"approve","reason":"r"}`, `"3"`, 422},
		{"/approval", `{"action":"approve","reason":"r"}`, `"3"`, 200},
		{"/approval", `{"action":"suspend","reason":"r"}`, `"3"`, 422},
		{"/enforcement", `{"action":"ban","reason":"r"}`, `"3"`, 422},
	} {
		w := post(h, at+c.path, c.body, header("If-Match", c.match))
		require.Equal(t, c.want, w.Code, "%v: %s", c, w.Body.String())
		if c.want == 412 {
			require.Contains(t, w.Body.String(), "cli:eve was first: throttled")
		}
	}
}
