package console

import (
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

// rowsOf reads a file that the console gives, without its head.
func rowsOf(t *testing.T, h http.Handler, path string) [][]string {
	t.Helper()
	w := get(h, path)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	rows, err := csv.NewReader(w.Body).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

// Each line of a breakdown leads to what it is made of, down to the records, which go on page by
// page and into a file.
func TestUsageDownToItsRecords(t *testing.T) {
	h, l, conn := withCases(t)
	// Ann has 120 calls on the second day, Bob one on each; of his second the newest revision counts.
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO usage_revisions (tenant_id, usage_id, revision, is_conf_out, organizer_id, organizer_name, callee_number, destination_country, started_at, seconds, replaces_started_at)
		SELECT 't', concat('a', leftPad(toString(number), 3, '0')), 0, true, 'ann', '=Ann', '+14255550101', 'US', toString(toDateTime('2026-02-02 10:00:00', 'UTC') + number), 60, '1970-01-01 00:00:00' FROM numbers(120)
		UNION ALL SELECT 't', 'b0', 0, true, 'bob', 'Bob', '+493012345678', 'DE', '2026-02-01 10:00:00', 60, '1970-01-01 00:00:00'
		UNION ALL SELECT 't', 'b1', 0, true, 'bob', 'Bob', '+493012345678', 'DE', '2026-02-02 09:00:00', 6000, '1970-01-01 00:00:00'
		UNION ALL SELECT 't', 'b1', 1, true, 'bob', 'Bob', '+493012345678', 'DE', '2026-02-02 09:00:00', 600, '2026-02-02 09:00:00'
		UNION ALL SELECT 'other', 'c0', 0, true, 'cid', 'Cid', '+493012345678', 'DE', '2026-02-02 09:00:00', 60, '1970-01-01 00:00:00'`))
	days := "from=2026-02-01&to=2026-02-03"
	link := func(page, text string) string {
		found := regexp.MustCompile(`<a href="([^"]*)">` + regexp.QuoteMeta(text) + `</a>`).FindStringSubmatch(page)
		require.Len(t, found, 2, "%s leads nowhere in %s", text, page)
		return html.UnescapeString(found[1])
	}
	organizers := get(h, link(get(h, "/usage?by=tenant&"+days).Body.String(), "t")).Body.String()
	require.Contains(t, organizers, "Dial-out by organizer")
	records := get(h, link(organizers, "Bob")).Body.String()
	require.Equal(t, 2, strings.Count(records, "<tr data-open="))
	require.Contains(t, records, "11 minutes on this page", "of a corrected call the newest revision")
	require.Contains(t, records, "…5678")
	require.NotContains(t, records, "012345678")
	require.Equal(t, 3, strings.Count(get(h, link(get(h, "/usage?by=country&"+days).Body.String(), "DE")).Body.String(), "<tr data-open="))
	require.Equal(t, 1, strings.Count(get(h, link(get(h, "/usage?by=day&"+days).Body.String(), "2026-02-01")).Body.String(), "<tr data-open="))
	// What paid for a call stands in the newest run of its month.
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO rating_runs (run_id, tenant_id, month, sequence, finished_at) VALUES ('11111111-1111-4111-8111-111111111111', 't', '2026-02-01', 1, '2026-03-01')`))
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO rating_rows (run_id, tenant_id, month, usage_id, organizer_id, started_at, seconds, bucket, part)
		SELECT '11111111-1111-4111-8111-111111111111', 't', '2026-02-01', usage_id, organizer_id, started_at, seconds, if(usage_id = 'b1', 'unfunded', 'pool'), 0 FROM usage_revisions WHERE tenant_id = 't' AND revision = if(usage_id = 'b1', 1, 0)`))
	unfunded := get(h, link(get(h, "/usage?by=bucket&"+days).Body.String(), "unfunded")).Body.String()
	require.Equal(t, 1, strings.Count(unfunded, "<tr data-open="))
	require.Contains(t, unfunded, `data-open="/usage/t/b1"`)
	require.Len(t, rowsOf(t, h, "/usage/export?by=record&bucket=unfunded&"+days), 1)
	sums := get(h, "/usage?by=country&organizer=ann&"+days).Body.String()
	require.Contains(t, sums, "Dial-out by country", "what is chosen is what is shown")
	// All of it, page by page and in a file.
	seen := map[string]bool{}
	at, pages := "/usage?by=record&tenant=t&organizer=+ann+&"+days, 0
	file := rowsOf(t, h, strings.Replace(at, "/usage?", "/usage/export?", 1))
	for at != "" {
		page := get(h, at).Body.String()
		pages++
		for _, found := range regexp.MustCompile(`<tr data-open="/usage/t/(a\d+)">`).FindAllStringSubmatch(page, -1) {
			require.False(t, seen[found[1]], "%s stands twice", found[1])
			seen[found[1]] = true
		}
		at = ""
		if strings.Contains(page, ">Next</a>") {
			at = regexp.MustCompile(`href="([^"]*)" rel="next"`).FindStringSubmatch(page)[1]
			at = html.UnescapeString(at)
		}
	}
	require.Len(t, seen, 120)
	require.Equal(t, 3, pages)
	require.Len(t, file, 120)
	require.Equal(t, []string{"t", "a119", "ann", "'=Ann", "2026-02-02T10:01:59Z", "60", "…0101", "US", ""}, file[0])
	// A finding leads to all calls of its time.
	record(t, l.log, []cases.Case{{ID: "c1", TenantID: "t", OrganizerID: "ann", OpenedAt: now, UpdatedAt: now, Findings: []cases.Finding{{
		Sentence: "s", Calls: 120, UsageIDs: []string{"a000"}, WindowStart: now.AddDate(0, -1, 0), WindowEnd: now,
	}}}})
	all := get(h, link(get(h, "/cases/c1").Body.String(), "all of this organizer's calls in that time")).Body.String()
	require.Equal(t, perList, strings.Count(all, "<tr data-open="))
	require.Contains(t, get(h, "/usage?from=2026-02-03&to=2026-02-01").Body.String(), "The days asked for cannot be shown")
	require.NotContains(t, get(h, "/usage?"+days).Body.String(), "cannot be shown")
}

// A breakdown of more lines than a page shows goes on.
func TestBreakdownsArePaged(t *testing.T) {
	h, _, conn := withCases(t)
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO usage_revisions (tenant_id, usage_id, is_conf_out, organizer_id, started_at, seconds)
		SELECT 't', toString(number), true, concat('o', leftPad(toString(number), 3, '0')), '2026-02-02 10:00:00', 60 * (number + 1) FROM numbers(230)`))
	of := func(page int) int {
		return strings.Count(get(h, fmt.Sprintf("/usage?by=organizer&from=2026-02-01&to=2026-02-03&page=%d", page)).Body.String(), "<meter")
	}
	require.Equal(t, []int{linesShown, 30, 0}, []int{of(1), of(2), of(3)})
	require.Len(t, rowsOf(t, h, "/usage/export?by=organizer&from=2026-02-01&to=2026-02-03"), 230)
	got := into[struct {
		Slices []slice
		Next   *string
	}](t, get(h, "/api/v1/usage/slices?by=organizer&from=2026-02-01&to=2026-02-03&limit=225"))
	require.Len(t, got.Slices, 225)
	require.NotNil(t, got.Next)
	rest := into[struct {
		Slices []slice
		Next   *string
	}](t, get(h, "/api/v1/usage/slices?by=organizer&from=2026-02-01&to=2026-02-03&limit=225&cursor="+*got.Next))
	require.Len(t, rest.Slices, 5)
	require.Nil(t, rest.Next)
	require.Equal(t, "o000", rest.Slices[4].Name, "the least used is the last")
}
