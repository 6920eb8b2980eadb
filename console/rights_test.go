package console

import (
	_ "embed"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/access"
)

// rightsTable is what people agreed on; nothing makes it out of policy.go.
//
//go:embed testdata/rights.txt
var rightsTable string

// right is a line of the table.
type right struct {
	permission access.Permission
	may        map[access.Role]bool
	scoped     bool
}

func readRights(t *testing.T) map[string]right {
	t.Helper()
	columns := []string{"permission", "gateway", "viewer", "reviewer", "approver", "finance", "admin", "scoped"}
	all, headed := map[string]right{}, false
	for line := range strings.Lines(rightsTable) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if !headed {
			require.Equal(t, append([]string{"route"}, columns...), fields)
			headed = true
			continue
		}
		cells := fields[max(len(fields)-len(columns), 0):]
		route := strings.Join(fields[:len(fields)-len(cells)], " ")
		require.Len(t, cells, len(columns), line)
		require.NotContains(t, all, route, "a route has one line")
		r := right{permission: access.Permission(cells[0]), may: map[access.Role]bool{}}
		for i, cell := range cells[1:] {
			require.Contains(t, []string{"yes", "."}, cell, line)
			r.may[access.Role(columns[i+1])] = cell == "yes"
		}
		r.scoped = r.may["scoped"]
		delete(r.may, "scoped")
		all[route] = r
	}
	return all
}

// The table of rights and what the console relies on are the same, line by line: what is in one
// alone, or asks for something else, fails.
func TestTheTableOfRightsIsAsAgreed(t *testing.T) {
	agreed, all := readRights(t), needs()
	for route, n := range all {
		require.Contains(t, agreed, route, "policy.go has it, and testdata/rights.txt does not")
		require.Equal(t, agreed[route].permission, n.may, "what %s asks for", route)
		require.Equal(t, agreed[route].scoped, n.scoped, "whether somebody scoped may come to %s", route)
	}
	for route, r := range agreed {
		require.Contains(t, all, route, "testdata/rights.txt has it, and policy.go does not")
		require.Len(t, r.may, len(access.KeyRoles()))
		for _, role := range access.KeyRoles() {
			require.Equal(t, r.may[role], access.Identity{Role: role}.May(all[route].may), "%s by %s", route, role)
		}
	}
}

func bear(secret string) func(*http.Request) { return header("Authorization", "Bearer "+secret) }

// Every route, and whoever may come: people by their session, programs by their key. What is
// forbidden answers 403 and what is not does not.
func TestWhoMayDoWhat(t *testing.T) {
	h, book, cookies := signedIn(t)
	keys := map[access.Role]string{}
	for _, role := range access.KeyRoles() {
		var err error
		keys[role], err = book.AddKey(t.Context(), access.Key{Name: string(role), Role: role}, "admin")
		require.NoError(t, err)
	}
	scopedKey, err := book.AddKey(t.Context(), access.Key{Name: "scoped", Role: access.Admin, Tenants: []string{"t"}}, "admin")
	require.NoError(t, err)
	holds := func(w *httptest.ResponseRecorder, may bool, whose, route string) {
		t.Helper()
		if may {
			require.NotContains(t, []int{http.StatusForbidden, http.StatusUnauthorized}, w.Code, "%s by %s: %s", route, whose, w.Body)
		} else {
			require.Equal(t, http.StatusForbidden, w.Code, "%s by %s", route, whose)
		}
	}
	for route, r := range readRights(t) {
		if r.permission == access.Anybody {
			require.NotEqual(t, http.StatusForbidden, ask(h, route).Code, route)
			continue
		}
		nobody := ask(h, route)
		if strings.Contains(route, "/api/") || strings.Contains(route, "/metrics") || strings.HasPrefix(route, "POST ") {
			require.Equal(t, http.StatusUnauthorized, nobody.Code, route)
		} else {
			require.Equal(t, http.StatusSeeOther, nobody.Code, route)
			require.True(t, strings.HasPrefix(nobody.Header().Get("Location"), "/sign-in?next="), route)
		}
		require.Equal(t, nobody.Code, ask(h, route, cookie("forged")).Code, route)
		require.Equal(t, http.StatusUnauthorized, ask(h, route, bear("fd_forged")).Code, route)
		for _, role := range access.Roles() {
			holds(ask(h, route, cookie(cookies[string(role)])), r.may[role], string(role), route)
		}
		for _, role := range access.KeyRoles() {
			holds(ask(h, route, bear(keys[role])), r.may[role], "a key of a "+string(role), route)
		}
		holds(ask(h, route, cookie(cookies["scoped"])), r.scoped, "somebody scoped", route)
		holds(ask(h, route, bear(scopedKey)), r.scoped, "a scoped key", route)
	}
}

// Whatever changes something is refused where a page of another site sent it, whoever's browser
// it is, and nothing is done.
func TestNothingIsDoneForAnotherSite(t *testing.T) {
	h, _, cookies := signedIn(t)
	by := cookie(cookies["admin"])
	elsewhere := map[string][]func(*http.Request){
		"another site":         {header("Sec-Fetch-Site", "cross-site")},
		"a sister site":        {header("Sec-Fetch-Site", "same-site")},
		"an old browser there": {func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, header("Origin", "https://evil.example")},
	}
	for route := range readRights(t) {
		method, _, two := strings.Cut(route, " ")
		if !two || method == http.MethodGet {
			continue
		}
		for from, change := range elsewhere {
			for _, kind := range []string{"application/x-www-form-urlencoded", "application/json"} {
				w := ask(h, route, append([]func(*http.Request){by, header("Content-Type", kind)}, change...)...)
				require.Equal(t, http.StatusForbidden, w.Code, "%s from %s", route, from)
				if strings.Contains(route, "/api/") {
					require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), route)
					require.Contains(t, w.Body.String(), "A page of another site sent this; nothing was done.", route)
				}
			}
		}
	}
	require.Equal(t, http.StatusOK, ask(h, "GET /api/v1/me", by, header("Sec-Fetch-Site", "cross-site")).Code, "what only shows something is shown")
}
