package console

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every call of the guide has a route, and what is read is answered.
func TestTheCallsOfTheGuideHaveRoutes(t *testing.T) {
	text, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	mux := http.NewServeMux()
	for pattern := range (&api{}).routes() {
		mux.Handle(pattern, http.NotFoundHandler())
	}
	h, admin, wild, _ := withEverything(t)
	calls := regexp.MustCompile(`curl ([^"]*)"\$FAIRDIAL(/[^"]*)"`).FindAllStringSubmatch(strings.ReplaceAll(string(text), "\\\n", " "), -1)
	require.Greater(t, len(calls), 12)
	fill := strings.NewReplacer("$CASE", "{id}", "$USAGE", "{usage_id}", "$MONTH", "{month}", "$NEXT", "")
	for _, call := range calls {
		method := http.MethodGet
		if _, after, given := strings.Cut(call[1], "-X "); given {
			method = strings.Fields(after)[0]
		}
		r := httptest.NewRequest(method, wild.Replace(fill.Replace(call[2])), nil)
		_, pattern := mux.Handler(r)
		require.NotEmpty(t, pattern, call[0])
		if method == http.MethodGet {
			r.Header.Set("Authorization", "Bearer "+admin)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code, "%s: %s", call[0], w.Body.String())
		}
	}
}
