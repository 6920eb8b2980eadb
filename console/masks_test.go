package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

// What people wrote and rules said of a case shows no whole phone number, however it is spelled:
// wherever the case is shown, and whole again where it is not one.
func TestNoFreeTextOfACaseShowsAWholeNumber(t *testing.T) {
	numbers := []string{"+14255550123", "(425) 555-0123", "425.555.0123", "+44 20 7946 0123", "425-555-0123", "14255550123"}
	const ids = "c-0123456789012a45 of d2719e4a-1234-5678-9012-123456789012 on 2026-02-18 for 1,234,567.89 USD"
	said := "rang " + strings.Join(numbers, ", ") + " about " + ids
	h, l, _ := withCases(t)
	ctx := t.Context()
	id := cases.ID("t", "o")
	whole := cases.Case{
		ID: id, TenantID: "t", OrganizerID: "o", OrganizerName: "Ann", Score: 70, Severity: cases.SeverityWarning, Verdict: cases.VerdictFraud, Status: cases.StatusOpen,
		Assignee: said, Snoozes: []cases.Snooze{{RuleID: "r", From: now, Until: now, Actor: "a", Reason: said}}, OpenedAt: now, UpdatedAt: now,
		Findings: []cases.Finding{{ID: "f", RuleID: "r", Severity: cases.SeverityWarning, UsageIDs: []string{"u16055550999"}, At: now, WindowEnd: now, Sentence: said, Facts: map[string]any{
			"number": "+14255550123", "deep": map[string]any{"all": []any{"425.555.0123", 3.0}}, "members": []any{"14255550777"},
		}}},
	}
	lost, err := l.log.Record(ctx, []cases.Event{{CaseID: id, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", Reason: said, At: now, State: whole}})
	require.NoError(t, err)
	require.Empty(t, lost)
	_, err = l.log.Act(ctx, id, cases.Action{Kind: cases.KindNoted, Actor: "cli:eve", Reason: said}, now)
	require.NoError(t, err)
	for _, path := range []string{
		"/api/v1/cases", "/api/v1/cases/" + id, "/api/v1/cases/" + id + "/history", "/api/v1/cases/" + id + "/enforcement", "/api/v1/tenants/t", "/api/v1/organizers/t/o", "/api/v1/audit?system=true", "/api/v1/cases/" + id + "/related",
		"/", "/cases", "/cases/" + id, "/tenants/t", "/organizers/t/o", "/audit?system=1", "/audit/export?system=1",
	} {
		w := get(h, path)
		require.Equal(t, http.StatusOK, w.Code, path)
		for _, number := range numbers {
			require.NotContains(t, w.Body.String(), number, path)
		}
		if !strings.Contains(path, "enforcement") && !strings.Contains(path, "related") {
			require.Contains(t, w.Body.String(), "…0123", path)
			require.Contains(t, w.Body.String(), ids, path)
		}
	}
	acted := post(h, "/api/v1/cases/"+id+"/actions", `{"kind":"noted","reason":"`+said+`"}`, header("If-Match", "*"))
	require.Equal(t, http.StatusOK, acted.Code)
	for _, number := range numbers {
		require.NotContains(t, acted.Body.String(), number)
	}
	shown := into[cases.Case](t, get(h, "/api/v1/cases/"+id))
	require.Equal(t, []string{"u16055550999"}, shown.Findings[0].UsageIDs, "ids of records lead to them")
	require.Equal(t, map[string]any{"number": "…0123", "deep": map[string]any{"all": []any{"…0123", 3.0}}, "members": []any{"14255550777"}}, shown.Findings[0].Facts)

	kept, err := l.log.Get(ctx, id)
	require.NoError(t, err)
	require.Equal(t, said, kept.Snoozes[0].Reason, "the log has what was said")
	require.Equal(t, said, kept.Findings[0].Sentence)
	require.Equal(t, said, kept.Assignee)
}
