package console

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store/storetest"
)

func TestAnOrganizersPage(t *testing.T) {
	h := withDesk(t, &counter{})
	require.Contains(t, get(h, "/organizers/t/o").Body.String(), `href="/cases/c1"`)
	require.Equal(t, http.StatusOK, get(h, "/tenants").Code)
}

func TestDaysThatTheStoreCannotHold(t *testing.T) {
	h, _, _ := withCases(t)
	for _, days := range []string{"from=1500-01-01&to=1500-02-01", "from=2500-01-01&to=2500-02-01", "from=2026-13-45&to=x"} {
		require.Equal(t, http.StatusOK, get(h, "/usage?"+days).Code, "the page shows what is usual: %s", days)
		require.Equal(t, http.StatusBadRequest, get(h, "/api/v1/usage/slices?"+days).Code, days)
		require.Equal(t, http.StatusBadRequest, get(h, "/api/v1/usage?"+days).Code, days)
	}
}

// The queries run on the real engine; what is not there is not found.
func TestPagesOnAnEmptyStore(t *testing.T) {
	v := views{storetest.Open(t)}
	s := spanOf(cases.Case{TenantID: "t", OrganizerID: "o", UpdatedAt: now})
	h, err := v.habits(t.Context(), s)
	require.NoError(t, err)
	require.Empty(t, h.Days)
	_, err = v.evidence(t.Context(), s, []string{"u"})
	require.NoError(t, err)
	to, err := v.newest(t.Context(), "t")
	require.NoError(t, err)
	_, err = v.habits(t.Context(), span{tenant: "t", organizer: "o", from: to.Add(-looked), to: to})
	require.NoError(t, err)
	_, err = v.sources(t.Context())
	require.NoError(t, err)
	_, err = v.jobs(t.Context())
	require.NoError(t, err)
}
