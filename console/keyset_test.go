package console

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestAListGoesOnAfterItsLastItem(t *testing.T) {
	var all []string
	for i := range 2*perList + 5 {
		all = append(all, fmt.Sprintf("n%03d", i))
	}
	keys := func(s string) []string { return []string{s} }
	ask := func(link string) *http.Request {
		link, _, _ = strings.Cut(link, "#")
		return httptest.NewRequest(http.MethodGet, link, nil)
	}
	first, at := gone(ask("/settings?keys=theirs"), "users", all, keys)
	require.Equal(t, all[:perList], first)
	require.False(t, at.Begun())
	require.Equal(t, 2*perList+5, at.Total)
	next, err := url.Parse(at.Next())
	require.NoError(t, err)
	require.Equal(t, "theirs", next.Query().Get("keys"), "the other list stays where it is")
	require.Equal(t, "users", next.Fragment)

	changed := append([]string{"n000a", "n020a"}, all[perList+1:]...) // the first fifty-one but two are gone
	second, at2 := gone(ask(at.Next()), "users", changed, keys)
	require.Equal(t, all[perList+1:2*perList+1], second, "it goes on where it was, though its items changed")
	require.True(t, at2.Begun())
	last, at3 := gone(ask(at2.Next()), "users", changed, keys)
	require.Equal(t, all[2*perList+1:], last)
	require.False(t, at3.More())
	require.NotContains(t, at3.First(), "users=")

	for _, wrong := range []string{"/settings?users=%21", "/settings?users=e30", "/settings?users=" + (listing{of: "keys"}).mark("n050")} {
		page, at := gone(ask(wrong), "users", all, keys)
		require.Equal(t, first, page, wrong)
		require.False(t, at.Begun())
	}
}

// mark is a cursor as text.
func (l listing) mark(keys ...string) string { return *l.next(keys...) }

// many are more rules than a page holds.
type many struct{}

func (many) Rule(context.Context, string) (WholeRule, error) { return WholeRule{}, ErrNotFound }

func (many) Rules(context.Context) (out []Rule, _ error) {
	for i := range perList + 7 {
		out = append(out, Rule{ID: fmt.Sprintf("rule-%03d", i), Title: "R"})
	}
	return out, nil
}

func TestSettingsAndRulesHavePages(t *testing.T) {
	ctx := t.Context()
	book, err := access.Open(ctx, journal.New(storetest.Open(t), nowThen, uuid.New), nowThen)
	require.NoError(t, err)
	require.NoError(t, book.SetUp(ctx, book.SetUpToken(), "admin", password, "set-up"))
	admin, err := book.SignIn(ctx, "admin", password, "a", "test")
	require.NoError(t, err)
	for i := range perList + 3 {
		_, err := book.AddKey(ctx, access.Key{Name: fmt.Sprintf("key-%03d", i), Role: access.Viewer}, "admin")
		require.NoError(t, err)
	}
	w := world{}
	h, err := New(Options{Access: book, Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Rules: many{}, Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(), Now: nowThen})
	require.NoError(t, err)
	page := func(path string) string {
		w := get(h, path, cookie(admin))
		require.Equal(t, http.StatusOK, w.Code)
		return w.Body.String()
	}
	forward := regexp.MustCompile(`<a href="([^"]*)" rel="next">`)
	for path, part := range map[string]string{"/settings": `<td class="name">key-%03d</td>`, "/rules": "rule-%03d,"} {
		first := page(path)
		require.Contains(t, first, fmt.Sprintf(part, 0), path)
		require.Contains(t, first, fmt.Sprintf(part, perList-1), path)
		require.NotContains(t, first, fmt.Sprintf(part, perList), path)
		links := forward.FindAllStringSubmatch(first, -1)
		require.Len(t, links, 1, path)
		to, _, _ := strings.Cut(strings.ReplaceAll(links[0][1], "&amp;", "&"), "#")
		second := page(to)
		require.Contains(t, second, fmt.Sprintf(part, perList), path)
		require.NotContains(t, second, fmt.Sprintf(part, perList-1), path)
		require.Contains(t, second, "From the first", path)
	}
	found := page("/settings?q=KEY-007")
	require.Contains(t, found, "key-007")
	require.NotContains(t, found, "key-008")
	require.Contains(t, found, "No user has such a name")

	ended := book.Keys()[0].ID
	back := func(from string) string {
		w := ask(h, "POST /settings/keys/"+ended+"/end", cookie(admin), header("Referer", from), header("Origin", "http://fairdial.example"), host("fairdial.example"))
		return w.Header().Get("Location")
	}
	require.Equal(t, "/settings?keys=abc", back("http://fairdial.example/settings?keys=abc"), "back to the page that it was sent from")
}
