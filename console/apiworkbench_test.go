package console

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARuleIsTriedThroughTheAPI(t *testing.T) {
	b := &bench{checked: Checked{RuleID: "x", Problems: []RuleProblem{{Line: 2, Key: "status", Text: "is live"}}}}
	h := withBench(t, b)
	body := `{"text":"id: x","reason":"long calls","from":"2026-01-01","to":"2026-02-01"}`
	require.Equal(t, http.StatusNotFound, get(h, "/api/v1/rules/backtest").Code, "none has run")
	checked := into[shownCheck](t, post(h, "/api/v1/rules/check", `{"text":"id: x"}`))
	require.False(t, checked.OK)
	require.Equal(t, 2, checked.Problems[0].Line)
	refused := post(h, "/api/v1/rules/backtest", body)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Code)
	require.Equal(t, "is live", into[struct{ Problems []RuleProblem }](t, refused).Problems[0].Text)

	b.checked = Checked{RuleID: "x", Tests: []RuleTest{{Name: "finds", Passed: true}}}
	for name, wrong := range map[string]string{
		"no reason": `{"text":"id: x","reason":" ","from":"2026-01-01","to":"2026-02-01"}`,
		"no day":    `{"text":"id: x","reason":"r","from":"","to":"2026-02-01"}`,
		"too long":  `{"text":"id: x","reason":"r","from":"2025-01-01","to":"2026-02-01"}`,
	} {
		require.Equal(t, http.StatusUnprocessableEntity, post(h, "/api/v1/rules/backtest", wrong).Code, name)
	}
	require.Empty(t, b.tried)
	b.trial = &Trial{RuleID: "x", Began: now, Done: 1, Total: 9}
	begun := post(h, "/api/v1/rules/backtest", body)
	require.Equal(t, http.StatusAccepted, begun.Code, begun.Body.String())
	require.Equal(t, "/api/v1/rules/backtest", begun.Header().Get("Location"))
	require.Equal(t, []TrialRequest{{Text: "id: x", Actor: "api:this machine", Reason: "long calls", From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}}, b.tried)
	b.err = ErrTrying
	require.Equal(t, http.StatusConflict, post(h, "/api/v1/rules/backtest", body).Code, "one at a time")

	require.Equal(t, "running", into[shownTrial](t, get(h, "/api/v1/rules/backtest")).State)
	require.Equal(t, http.StatusOK, post(h, "/api/v1/rules/backtest/cancel", `{}`).Code)
	require.Equal(t, 1, b.cancelled)
	b.trial.Ended, b.trial.Added, b.trial.ChangedShown = now, 2, []TrialFinding{{Sentence: "called +14255550123"}}
	ended := into[shownTrial](t, get(h, "/api/v1/rules/backtest"))
	require.Equal(t, "ended", ended.State)
	require.Equal(t, "called …0123", ended.Changed[0].Sentence)
	b.trial.Cancelled = true
	require.Equal(t, "cancelled", into[shownTrial](t, get(h, "/api/v1/rules/backtest")).State)
	require.Contains(t, get(h, "/api/v1/rules/candidates").Body.String(), "long-calls")
}
