package console

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAListThatIsKnownWholeIsTurned(t *testing.T) {
	all := make([]int, 2*perList+1)
	for query, want := range map[string]struct {
		page, rows int
		more       bool
	}{"": {1, perList, true}, "page=2": {2, perList, true}, "page=3": {3, 1, false}, "page=99": {3, 1, false}, "page=-1": {1, perList, true}} {
		shown, at := turned(httptest.NewRequest(http.MethodGet, "/tenants?"+query, nil), all)
		require.Len(t, shown, want.rows, query)
		require.Equal(t, want.page, at.Page, query)
		require.Equal(t, want.more, at.More, query)
	}
	shown, at := turned(httptest.NewRequest(http.MethodGet, "/tenants", nil), []int(nil))
	require.Empty(t, shown)
	require.Equal(t, 1, at.Page)
}
