package console

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// bench stands in for the workbench; it keeps what it was asked.
type bench struct {
	tried     []TrialRequest
	checked   Checked
	err       error
	trial     *Trial
	cancelled int
}

func (b *bench) Candidates(context.Context) ([]Candidate, error) {
	return []Candidate{{RuleID: "long-calls", Text: "id: long-calls # <kept>\n", Actor: "console:ann", Saved: now}}, nil
}

func (b *bench) Check(context.Context, string) (Checked, error) { return b.checked, nil }

func (b *bench) Try(_ context.Context, t TrialRequest) (Checked, error) {
	if b.err == nil && b.checked.OK() {
		b.tried = append(b.tried, t)
	}
	return b.checked, b.err
}

func (b *bench) Trial() (Trial, bool) {
	if b.trial == nil {
		return Trial{}, false
	}
	return *b.trial, true
}

func (b *bench) Cancel() { b.cancelled++ }

func withBench(t *testing.T, b *bench) http.Handler {
	t.Helper()
	w := world{}
	h, err := New(Options{Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Workbench: b, Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(), Now: nowThen})
	require.NoError(t, err)
	return h
}

func TestARuleIsWrittenAndTried(t *testing.T) {
	b := &bench{checked: Checked{Problems: []RuleProblem{{Line: 2, Key: "status", Text: "is <live>"}}}}
	h := withBench(t, b)
	form := url.Values{"text": {"id: x\r\nstatus: live"}, "from": {"2026-01-01"}, "to": {"2026-02-01"}, "reason": {"long calls"}, "do": {"check"}}
	w := send(h, "/rules/candidate", form.Encode())
	require.Equal(t, http.StatusOK, w.Code)
	for _, part := range []string{"Line 2", "is &lt;live&gt;", "<code>status: live</code>", "The rule is not ready"} {
		require.Contains(t, w.Body.String(), part)
	}
	form.Set("do", "try")
	require.Equal(t, http.StatusUnprocessableEntity, send(h, "/rules/candidate", form.Encode()).Code, "a rule with mistakes is not tried")
	b.checked = Checked{Tests: []RuleTest{{Name: "finds", Passed: true}}}
	for name, change := range map[string][2]string{"no reason": {"reason", " "}, "no day": {"from", "x"}, "backwards": {"from", "2026-02-02"}, "too long": {"from", "2025-01-01"}} {
		wrong := url.Values{}
		maps.Copy(wrong, form)
		wrong.Set(change[0], change[1])
		require.Equal(t, http.StatusUnprocessableEntity, send(h, "/rules/candidate", wrong.Encode()).Code, name)
	}
	require.Empty(t, b.tried)
	w = send(h, "/rules/candidate", form.Encode())
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/rules/trial", w.Header().Get("Location"))
	require.Equal(t, []TrialRequest{{Text: "id: x\nstatus: live", Actor: "console:this machine", Reason: "long calls", From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}}, b.tried)
	b.err = ErrTrying
	require.Equal(t, http.StatusConflict, send(h, "/rules/candidate", form.Encode()).Code, "one at a time")
}

func TestATrialIsShownAndCancelled(t *testing.T) {
	b := &bench{}
	h := withBench(t, b)
	require.Contains(t, get(h, "/rules/trial").Body.String(), "None has run")
	b.trial = &Trial{RuleID: "long-calls", Began: now, Done: 3, Total: 8}
	page := get(h, "/rules/trial").Body.String()
	require.Contains(t, page, `value="3" max="8"`)
	require.Contains(t, page, "data-refresh")
	require.Equal(t, http.StatusMethodNotAllowed, get(h, "/rules/trial/cancel").Code, "nothing changes on GET")
	require.Equal(t, http.StatusSeeOther, send(h, "/rules/trial/cancel", "").Code)
	require.Equal(t, 1, b.cancelled)
	b.trial.Ended, b.trial.Added, b.trial.ChangedShown = now, 2, []TrialFinding{{On: "candidate", OrganizerID: "o", Sentence: "called +14255550123 <b>"}}
	page = get(h, "/rules/trial").Body.String()
	for _, part := range []string{"2 findings added", "called …0123 &lt;b&gt;", "With the candidate"} {
		require.Contains(t, page, part)
	}
	require.Contains(t, page, `<a href="/organizers//o">o</a>`, "an id where no name is known")
	require.NotContains(t, page, "data-refresh")
	w := get(h, "/rules/candidate/long-calls/download")
	require.Equal(t, "id: long-calls # <kept>\n", w.Body.String())
	require.Contains(t, w.Header().Get("Content-Disposition"), "attachment")
	require.Equal(t, http.StatusNotFound, get(h, "/rules/candidate/other/download").Code)
	require.Contains(t, get(h, "/rules/candidate").Body.String(), "id: my-rule", "a new one begins with a rule that works")
	require.Contains(t, get(h, "/rules/candidate?rule=long-calls").Body.String(), "# &lt;kept&gt;")
}

// A back-test names whom its findings are about.
func TestFindingsOfATrialAreNamed(t *testing.T) {
	b := &bench{trial: &Trial{RuleID: "x", Began: now, Ended: now, ChangedShown: []TrialFinding{{On: "candidate", TenantID: "tt", OrganizerID: "oo"}}}}
	h, _, conn := withCases(t, func(o *Options) { o.Workbench = b })
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO tenant_revisions (tenant_id, name) VALUES ('tt', 'Contoso <b>')"))
	page := get(h, "/rules/trial").Body.String()
	require.Contains(t, page, `<a href="/organizers/tt/oo">oo</a>`)
	require.Contains(t, page, `<a href="/tenants/tt">Contoso &lt;b&gt;</a>`)
	require.Contains(t, get(h, "/api/v1/rules/backtest").Body.String(), `"tenant_name":"Contoso \u003cb\u003e"`)
}

func TestARunbookIsSteps(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		steps []string
	}{
		"numbered": {"1. Ask.\n2. Call\n   again.\n3) Tell.\n", []string{"Ask.", "Call\n   again.", "Tell."}},
		"words":    {"Ask somebody.", nil},
		"mixed":    {"First:\n1. Ask.", nil},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.steps, WholeRule{Runbook: c.text}.Steps()) })
	}
}
