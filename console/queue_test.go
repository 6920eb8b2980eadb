package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

func TestTheQueueFiltersSortsAndPages(t *testing.T) {
	all := []cases.Case{
		{ID: "c1", Score: 90, Severity: cases.SeverityCritical, OrganizerName: "Ann", TenantID: "t1", Status: cases.StatusOpen, ExposureSeconds: 60, OpenedAt: now, DueAt: now.Add(-time.Minute)},
		{ID: "c2", Score: 80, Severity: cases.SeverityWarning, OrganizerName: "Bob", TenantID: "t2", Status: cases.StatusAcknowledged, Verdict: cases.VerdictFraud, Assignee: "eve", AppealedAt: now, ExposureSeconds: 600, OpenedAt: now.Add(-time.Hour)},
		{ID: "c3", Score: 70, Severity: cases.SeverityWarning, OrganizerName: "Cid", TenantID: "t1", Status: cases.StatusClosed, OpenedAt: now.Add(-2 * time.Hour)},
		{ID: "c4", Score: 60, Severity: cases.SeverityWarning, OrganizerName: "Dan", TenantID: "t1", Status: cases.StatusOpen, SnoozedUntil: now.Add(time.Hour), OpenedAt: now},
	}
	h, l, _ := withCases(t)
	record(t, l.log, all)
	for query, want := range map[string][]string{
		"":                         {"c1", "c2"},
		"status=all":               {"c1", "c2", "c3", "c4"},
		"status=overdue":           {"c1"},
		"status=snoozed":           {"c4"},
		"status=appealed":          {"c2"},
		"verdict=fraud":            {"c2"},
		"status=active":            {"c1", "c2"},
		"status=closed":            {"c3"},
		"severity=critical":        {"c1"},
		"tenant=t2":                {"c2"},
		"tenant=t2&q=Ann":          nil,
		"assignee=none":            {"c1"},
		"assignee=Eve":             {"c2"},
		"q=bOB":                    {"c2"},
		"sort=exposure&status=all": {"c2", "c1", "c3", "c4"},
		"sort=age&status=all":      {"c3", "c2", "c1", "c4"},
		"page=7":                   {"c1", "c2"},
		"status=open&q=nobody":     nil,
	} {
		w := get(h, "/cases?"+query)
		require.Equal(t, http.StatusOK, w.Code, query)
		var got []string
		for part := range strings.SplitSeq(w.Body.String(), `<tr id="`) {
			if strings.HasPrefix(part, "c") {
				got = append(got, part[:2])
			}
		}
		require.Equal(t, want, got, query)
		require.Contains(t, w.Body.String(), fmt.Sprintf(`<h2 id="found">%d case`, len(want)), query)
		for _, tenant := range []string{"t1", "t2"} { // whatever is chosen
			require.Contains(t, w.Body.String(), `<option value="`+tenant+`"`, query)
		}
	}
	first := get(h, "/").Body.String()
	for _, figure := range []string{`<a href="/cases">2</a>`, `severity=critical">1</a>`, `assignee=none">1</a>`, `<dd>11</dd>`, `status=appealed">1</a>`, `<a href="/cases?status=overdue&amp;sort=due">1</a>`, `<td>a day or less</td><td class="n">2</td><td class="n">11</td>`} {
		require.Contains(t, first, figure)
	}
	require.Less(t, strings.Index(first, `id="c1"`), strings.Index(first, `id="c2"`))
	require.NotContains(t, first, `id="c3"`)
}

// record opens cases as they are given.
func record(t *testing.T, l *cases.Log, all []cases.Case) {
	t.Helper()
	var events []cases.Event
	for _, c := range all {
		events = append(events, cases.Event{CaseID: c.ID, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", At: now, State: c})
	}
	lost, err := l.Record(t.Context(), events)
	require.NoError(t, err)
	require.Empty(t, lost)
}

func TestTheQueueIsPaged(t *testing.T) {
	var all []cases.Case
	for i := range 120 {
		all = append(all, cases.Case{ID: fmt.Sprintf("c%03d", i), OpenedAt: now})
	}
	h, l, _ := withCases(t)
	record(t, l.log, all)
	page := get(h, "/cases?page=3&tenant=").Body.String()
	require.Equal(t, 20, strings.Count(page, `<tr id="`))
	require.Contains(t, page, "Page 3 of 3")
	require.Contains(t, page, `href="/cases?page=2"`)
	require.NotContains(t, page, "Next")
	require.Contains(t, get(h, "/cases?page=99").Body.String(), "Page 3 of 3", "some were decided meanwhile")
}

func TestNumbersAreMasked(t *testing.T) {
	require.Equal(t, "…0123", maskNumber("+14255550123"))
	require.Equal(t, "called …0123 12 times", maskText("called +14255550123 12 times"))
	require.Equal(t, "block +1605475····", maskText("block +1605475····"))
	require.Equal(t, "12,345 of 3,000 on 2026-01-01", maskText("12,345 of 3,000 on 2026-01-01"))
	require.Equal(t, "-1,234,567", english().whole(-1234567))
	require.Equal(t, "-123", english().whole(-123))
}

func nowThen() time.Time { return now }
