package console

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/store/journal"
)

// counter stands in for what is behind a desk; it keeps what it was asked.
type counter struct {
	acted    []cases.Action
	enforced []enforcement.Request
	err      error
	stop     enforcement.Switch
	until    time.Time
	waiting  []enforcement.State
	notApart error
}

func (d *counter) History(context.Context, string) ([]cases.Event, error) {
	return []cases.Event{{Kind: cases.KindNoted, Actor: "cli:ann", Reason: "called +14255550123 <b>"}}, nil
}

func (d *counter) Act(_ context.Context, _ string, a cases.Action) (cases.Case, error) {
	d.acted = append(d.acted, a)
	return cases.Case{}, d.err
}

func (d *counter) State(context.Context, string, string) (enforcement.State, error) {
	return enforcement.State{
		Level: enforcement.LevelFlag, Version: 3, Since: d.until.Add(-3 * time.Hour), Until: d.until, Actor: "cli:eve", Reason: "rang +14255550123", Evidence: enforcement.Evidence{CaseID: "c1"},
		Pending: &enforcement.Pending{Actor: "cli:bob", Reason: "fraud, from +14255550123", Until: d.until},
	}, nil
}

func (d *counter) MayApprove(context.Context, enforcement.State, string) error { return d.notApart }

func (d *counter) Waiting(context.Context) ([]enforcement.State, error) { return d.waiting, nil }

func (d *counter) Switch(context.Context) (enforcement.Switch, error) { return d.stop, nil }

func (d *counter) Enforce(_ context.Context, r enforcement.Request) (enforcement.State, error) {
	d.enforced = append(d.enforced, r)
	return enforcement.State{}, d.err
}

func (d *counter) DryRun() bool { return true }

func (d *counter) Effects(string) []Effect {
	return []Effect{{Action: "Suspend", Texts: []string{"No calls.", "its minutes then draw on the tenant's pool"}}}
}

func withDesk(t *testing.T, d *counter) http.Handler {
	t.Helper()
	w := world{list: []cases.Case{{ID: "c1", Version: 4, TenantID: "t", OrganizerID: "o", OrganizerName: "Ann <i>", UpdatedAt: now, Findings: []cases.Finding{{Sentence: "too much", Calls: 2}}}}}
	h, err := New(Options{Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Desk: d, Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(), Now: nowThen})
	require.NoError(t, err)
	return h
}

func send(h http.Handler, path, form string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	return post(h, path, form, append([]func(*http.Request){header("Content-Type", "application/x-www-form-urlencoded"), header("Sec-Fetch-Site", "same-origin")}, change...)...)
}

func TestTheOverviewNamesWhatWaitsForASecondPerson(t *testing.T) {
	pending := func(actor string) *enforcement.Pending {
		return &enforcement.Pending{Action: enforcement.ActionThrottle, Actor: actor, Reason: "rang +14255550123", Until: now.Add(3 * time.Hour)}
	}
	d := &counter{waiting: []enforcement.State{
		{TenantID: "t", OrganizerID: "o", Pending: pending("console:bob")}, {TenantID: "t", OrganizerID: "of no case", Pending: pending("console:this machine")},
	}}
	page := get(withDesk(t, d), "/").Body.String()
	for _, part := range []string{
		`<dt>Wait for approval</dt><dd><a href="#waiting">2</a>`, `<a href="/cases/c1">Ann &lt;i&gt;</a>`, `href="/organizers/t/of%20no%20case"`, "throttle", "in 3 h", "rang …0123", "console:this machine <small",
	} {
		require.Contains(t, page, part)
	}
	require.Equal(t, 1, strings.Count(page, "another person decides"), "on what the reader asked for")
	calm := func(d *counter) string {
		w := world{}
		h, err := New(Options{Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Desk: d, Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(), Now: nowThen})
		require.NoError(t, err)
		return get(h, "/").Body.String()
	}
	require.NotContains(t, calm(d), "All is well")
	require.Contains(t, calm(&counter{}), "All is well")
}

func TestACasePage(t *testing.T) {
	h := withDesk(t, &counter{})
	page := get(h, "/cases/c1").Body.String()
	require.Contains(t, page, "its minutes then draw on the tenant&#39;s pool", "what an action does is said before it is done")
	for _, part := range []string{"Ann &lt;i&gt;", "too much", "Dry run", `name="version" value="4"`, `name="version" value="3"`, "called …0123 &lt;b&gt;"} {
		require.Contains(t, page, part)
	}
	require.NotContains(t, page, "4255550")
	require.Contains(t, page, "<dt>Allowed now</dt><dd>all calls</dd>")
	require.Equal(t, http.StatusNotFound, get(h, "/cases/none").Code)
}

// barred is told of organizer o that the one of another tenant may not call.
type barred struct{ world }

func (barred) Decide(organizer, _ string) (enforcement.Decision, error) {
	return enforcement.Decision{TenantID: "another", OrganizerID: organizer, Decision: enforcement.Deny}, nil
}

func (barred) Within(tenantID, organizerID string) enforcement.Decision {
	if tenantID != "t" {
		return enforcement.Decision{TenantID: tenantID, OrganizerID: organizerID, Decision: enforcement.Deny}
	}
	return enforcement.Decision{TenantID: tenantID, OrganizerID: organizerID, Decision: enforcement.Throttle, Limits: &enforcement.Limits{MinutesPerHour: 12, Legs: 3}}
}

// Organizers of two tenants may have one id: a case shows what its own tenant's may do.
func TestACaseShowsWhatItsOwnOrganizerMayDo(t *testing.T) {
	w := world{list: []cases.Case{{ID: "c1", TenantID: "t", OrganizerID: "o", UpdatedAt: now}, {ID: "c2", TenantID: "another", OrganizerID: "o", UpdatedAt: now}}}
	h, err := New(Options{Cases: w, Decider: barred{}, Overview: w, Ratings: ratingWorld{}, Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(), Now: nowThen})
	require.NoError(t, err)
	require.Contains(t, get(h, "/cases/c1").Body.String(), "<dt>Allowed now</dt><dd>12 minutes an hour, 3 calls at once</dd>")
	require.Contains(t, get(h, "/cases/c2").Body.String(), "<dt>Allowed now</dt><dd>no calls</dd>")
}

// A page says what holds now: a level that is over does not, and nothing does while the kill
// switch is on.
func TestAPageSaysWhatHolds(t *testing.T) {
	for _, path := range []string{"/cases/c1", "/organizers/t/o"} {
		for want, d := range map[string]*counter{
			"flag <small>until " + string(timeTag(now.Add(time.Hour))): {until: now.Add(time.Hour)},
			"<dd>observe</dd>": {until: now.Add(-time.Hour)},
			"flag <small>not enforced: kill switch</small>": {until: now.Add(time.Hour), stop: enforcement.Switch{Stopped: true, Actor: "cli:ann", Reason: "rang +14255550123"}},
		} {
			page := get(withDesk(t, d), path).Body.String()
			require.Contains(t, page, want, path)
			require.Equal(t, d.stop.Stopped, strings.Contains(page, "The kill switch is on, by cli:ann: rang …0123"), path)
			require.Equal(t, d.until.After(now), strings.Contains(page, "suspend was asked for by cli:bob: fraud, from …0123"), "a request that lapsed waits for nobody")
			require.NotContains(t, page, "4255550123")
		}
	}
}

func TestActionsFromACasePage(t *testing.T) {
	d := &counter{}
	h := withDesk(t, d)
	w := send(h, "/cases/c1/act", "kind=snoozed&reason=r&days=3&version=4")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/cases/c1?done=snoozed", w.Header().Get("Location"))
	require.Equal(t, []cases.Action{{Kind: "snoozed", Actor: "console:this machine", Reason: "r", Until: now.AddDate(0, 0, 3), Version: 4}}, d.acted)
	require.Equal(t, http.StatusSeeOther, send(h, "/cases/c1/enforce", "action=throttle&reason=r&version=3").Code)
	require.Equal(t, enforcement.Request{Action: enforcement.ActionThrottle, TenantID: "t", OrganizerID: "o", Actor: "console:this machine", Reason: "r", CaseID: "c1", Version: 3}, d.enforced[0])

	for form, status := range map[string]int{
		"kind=noted&reason=r":                              http.StatusBadRequest,
		"kind=snoozed&days=366&version=4":                  http.StatusBadRequest,
		"kind=dismissed&reason=r&version=4":                http.StatusUnprocessableEntity,
		"kind=dismissed&cause=boredom&reason=r&version=4":  http.StatusUnprocessableEntity,
		"version=4&reason=" + strings.Repeat("x", maxForm): http.StatusBadRequest,
	} {
		require.Equal(t, status, send(h, "/cases/c1/act", form).Code, "%.40s", form)
	}
	require.Equal(t, http.StatusForbidden, send(h, "/cases/c1/act", "kind=noted&reason=r&version=4", header("Sec-Fetch-Site", "cross-site")).Code)
	require.Equal(t, http.StatusMethodNotAllowed, get(h, "/cases/c1/act?kind=noted&version=4").Code, "nothing changes on GET")
	require.Len(t, d.acted, 1)
	require.Equal(t, http.StatusSeeOther, send(h, "/cases/c1/act", "kind=dismissed&cause=wrong_data&reason=r&version=4").Code)
	require.Equal(t, cases.CauseData, d.acted[1].Cause, "why it was a false alarm can be counted")
}

func TestWhoWasFirstIsSaid(t *testing.T) {
	d := &counter{err: &journal.ConflictError{Winner: journal.Event{Actor: "slack:<bob>", Kind: "dismissed", At: now}}}
	w := send(withDesk(t, d), "/cases/c1/act", url.Values{"kind": {"confirmed"}, "reason": {"r"}, "version": {"4"}}.Encode())
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), "slack:&lt;bob&gt; was first: dismissed at 2026-03-01 12:00 UTC")
	require.Contains(t, w.Body.String(), "<pre>", "what was written is not lost")
	d.err = enforcement.ErrSecondPerson
	require.Equal(t, http.StatusUnprocessableEntity, send(withDesk(t, d), "/cases/c1/approve", "action=approve&reason=r&version=3").Code)
}
