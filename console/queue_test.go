package console

import (
	"bytes"
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
		{ID: "c1", Score: 90, Severity: cases.SeverityCritical, OrganizerName: "Ann", TenantID: "t1", Status: cases.StatusOpen, ExposureSeconds: 60, OpenedAt: now},
		{ID: "c2", Score: 80, Severity: cases.SeverityWarning, OrganizerName: "Bob", TenantID: "t2", Status: cases.StatusAcknowledged, Assignee: "eve", ExposureSeconds: 600, OpenedAt: now.Add(-time.Hour)},
		{ID: "c3", Score: 70, Severity: cases.SeverityWarning, OrganizerName: "Cid", TenantID: "t1", Status: cases.StatusClosed, OpenedAt: now.Add(-2 * time.Hour)},
		{ID: "c4", Score: 60, Severity: cases.SeverityWarning, OrganizerName: "Dan", TenantID: "t1", Status: cases.StatusOpen, SnoozedUntil: now.Add(time.Hour), OpenedAt: now},
	}
	h := serve(t, world{list: all}, new(bytes.Buffer))
	for query, want := range map[string][]string{
		"":                     {"c1", "c2", "c3", "c4"},
		"status=active":        {"c1", "c2"},
		"status=closed":        {"c3"},
		"severity=critical":    {"c1"},
		"tenant=t2":            {"c2"},
		"assignee=none":        {"c1", "c3", "c4"},
		"assignee=Eve":         {"c2"},
		"q=bOB":                {"c2"},
		"sort=exposure":        {"c2", "c1", "c3", "c4"},
		"sort=age":             {"c3", "c2", "c1", "c4"},
		"page=7":               {"c1", "c2", "c3", "c4"},
		"status=open&q=nobody": nil,
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
	}
}

func TestTheQueueIsPaged(t *testing.T) {
	var all []cases.Case
	for i := range 120 {
		all = append(all, cases.Case{ID: fmt.Sprintf("c%03d", i), OpenedAt: now})
	}
	h := serve(t, world{list: all}, new(bytes.Buffer))
	page := get(h, "/cases?page=3&tenant=").Body.String()
	require.Equal(t, 20, strings.Count(page, `<tr id="`))
	require.Contains(t, page, "Page 3 of 3")
	require.Contains(t, page, `href="/cases?page=2"`)
	require.NotContains(t, page, "Next")
}

func TestNumbersAreMasked(t *testing.T) {
	require.Equal(t, "…0123", maskNumber("+14255550123"))
	require.Equal(t, "called …0123 12 times", maskText("called +14255550123 12 times"))
	require.Equal(t, "block +1605475····", maskText("block +1605475····"))
	require.Equal(t, "12,345 of 3,000 on 2026-01-01", maskText("12,345 of 3,000 on 2026-01-01"))
	require.Equal(t, "-1,234,567", grouped(-1234567))
	require.Equal(t, "-123", grouped(-123))
}

func nowThen() time.Time { return now }
