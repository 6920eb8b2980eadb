package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages walks a list two items at a time, and gives what it held.
func walk(t *testing.T, h http.Handler, pattern string, wild *strings.Replacer, query string, limit int, change ...func(*http.Request)) (items []string, turns int) {
	t.Helper()
	cursor := ""
	for {
		turns++
		require.Less(t, turns, 200, "the list has no end")
		w := asked(h, pattern, wild, example{query: fmt.Sprintf("%s&limit=%d&cursor=%s", query, limit, url.QueryEscape(cursor))}, change...)
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		var doc map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &doc))
		lists := 0
		for name, raw := range doc {
			var page []json.RawMessage
			if name == "next" || json.Unmarshal(raw, &page) != nil || page == nil {
				continue
			}
			lists++
			require.LessOrEqual(t, len(page), limit)
			for _, item := range page {
				items = append(items, string(item))
			}
		}
		require.Equal(t, 1, lists, "one list in %s", w.Body.String())
		var next *string
		require.NoError(t, json.Unmarshal(doc["next"], &next))
		if next == nil {
			return items, turns
		}
		cursor = *next
	}
}

// lists are the routes that have pages.
func lists(c contract) (out []string) {
	for pattern, op := range c.operations {
		for _, p := range op.Parameters {
			if p.Ref == "#/components/parameters/Cursor" {
				out = append(out, pattern)
			}
		}
	}
	return out
}

func TestEveryListIsTheSameInPagesAsWhole(t *testing.T) {
	h, admin, wild, _ := withEverything(t)
	bear := header("Authorization", "Bearer "+admin)
	all := lists(readContract(t))
	require.Greater(t, len(all), 20)
	long := 0
	for _, pattern := range all {
		t.Run(pattern, func(t *testing.T) {
			query := examples()[pattern].query
			whole, once := walk(t, h, pattern, wild, query, mostLimit, bear)
			require.Equal(t, 1, once)
			parts, turns := walk(t, h, pattern, wild, query, 2, bear)
			require.Equal(t, whole, parts)
			require.ElementsMatch(t, unique(whole), whole)
			if turns > 3 {
				long++
			}
			for _, wrong := range []string{"limit=0", "limit=501", "cursor=%21", "cursor=e30"} {
				w := asked(h, pattern, wild, example{query: query + "&" + wrong}, bear)
				require.Equal(t, http.StatusBadRequest, w.Code, wrong)
			}
		})
	}
	require.GreaterOrEqual(t, long, 5, "lists of many pages: tenants, usage, batches, quarantine, organizers")
}

// What somebody sees who sees tenant t alone: nothing of the other, in no list and at no
// address.
func TestAScopedKeySeesItsTenantsAlone(t *testing.T) {
	c := readContract(t)
	h, admin, wild, _ := withEverything(t)
	made := asked(h, "POST /api/v1/keys", wild, example{body: `{"name":"scoped","role":"admin","tenants":["t"]}`}, header("Authorization", "Bearer "+admin))
	bear := header("Authorization", "Bearer "+into[struct{ Secret string }](t, made).Secret)
	for _, pattern := range lists(c) {
		n := needs()[pattern]
		query := examples()[pattern].query
		w := asked(h, pattern, wild, example{query: query}, bear)
		if !n.scoped {
			require.Equal(t, http.StatusForbidden, w.Code, pattern)
			continue
		}
		if w.Code != http.StatusNotFound { // an example of another tenant
			require.Equal(t, http.StatusOK, w.Code, pattern)
		}
		require.NotContains(t, w.Body.String(), `"other"`, pattern)
		if strings.Contains(fmt.Sprint(c.operations[pattern].Parameters), "tenant_id") {
			require.Equal(t, http.StatusNotFound, asked(h, pattern, wild, example{query: "tenant_id=other"}, bear).Code, pattern)
		}
	}
	elsewhere := strings.NewReplacer("{tenant}", "other", "{organizer}", "o", "{month}", "2026-02", "{id}", caseOf(t, h, admin, wild, "other"), "{rejection}", rejectionOf(t, h, admin, wild, "other"))
	for pattern, e := range examples() {
		for _, part := range []string{"{tenant}", "{id}", "{rejection}"} {
			if strings.Contains(pattern, part) {
				w := asked(h, pattern, elsewhere, e, bear)
				require.Contains(t, []int{http.StatusNotFound, http.StatusForbidden}, w.Code, pattern)
			}
		}
	}
	for _, pattern := range []string{"GET /api/v1/tenants", "GET /api/v1/usage", "GET /api/v1/organizers", "GET /api/v1/ingest/batches", "GET /api/v1/ingest/quarantine", "GET /api/v1/cases"} {
		w := asked(h, pattern, wild, example{}, bear)
		require.Contains(t, w.Body.String(), `"tenant_id":"t"`, pattern)
		require.Contains(t, asked(h, pattern, wild, example{}, header("Authorization", "Bearer "+admin)).Body.String(), `"tenant_id":"other"`, pattern)
	}
}

func caseOf(t *testing.T, h http.Handler, admin string, wild *strings.Replacer, tenant string) string {
	t.Helper()
	p := into[casesPage](t, asked(h, "GET /api/v1/cases", wild, example{query: "tenant_id=" + tenant}, header("Authorization", "Bearer "+admin)))
	require.NotEmpty(t, p.Cases)
	return p.Cases[0].ID
}

func rejectionOf(t *testing.T, h http.Handler, admin string, wild *strings.Replacer, tenant string) string {
	t.Helper()
	p := into[struct{ Rejections []rejected }](t, asked(h, "GET /api/v1/ingest/quarantine", wild, example{query: "tenant_id=" + tenant}, header("Authorization", "Bearer "+admin)))
	require.NotEmpty(t, p.Rejections)
	return p.Rejections[0].ID
}
