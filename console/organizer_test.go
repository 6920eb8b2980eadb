package console

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/enforcement"
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

// What can be asked for on the page of a case can be on the organizer's, by the same rules.
func TestEnforcementFromAnOrganizersPage(t *testing.T) {
	d := &counter{until: now.Add(time.Hour)}
	h := withDesk(t, d)
	page := get(h, "/organizers/t/o").Body.String()
	for _, part := range []string{
		`action="/organizers/t/o/enforce"`, `action="/organizers/t/o/approve"`, `name="version" value="3"`, "No calls.", "its minutes then draw on the tenant&#39;s pool", "Dry run",
		"<strong>flag</strong> since " + string(timeTag(now.Add(-2*time.Hour))), "until " + string(timeTag(now.Add(time.Hour))) + ", by cli:eve: rang …0123", `<a href="/cases/c1">this case</a>`, "suspend was asked for by cli:bob: fraud, from …0123",
	} {
		require.Contains(t, page, part)
	}
	for form, want := range map[string]enforcement.Request{
		"action=throttle&reason=r&version=3":            {Action: enforcement.ActionThrottle},
		"action=suspend&reason=r&version=3&days=2":      {Action: enforcement.ActionSuspend, Until: now.AddDate(0, 0, 2)},
		"action=reinstate&reason=r&version=3&days=many": {Action: enforcement.ActionReinstate},
	} {
		d.enforced = nil
		w := send(h, "/organizers/t/o/enforce", form)
		require.Equal(t, http.StatusSeeOther, w.Code, form)
		require.Equal(t, "/organizers/t/o?done="+string(want.Action), w.Header().Get("Location"))
		want.TenantID, want.OrganizerID, want.Actor, want.Reason, want.Version = "t", "o", "console:this machine", "r", 3
		require.Equal(t, []enforcement.Request{want}, d.enforced)
	}
	d.enforced = nil
	require.Equal(t, http.StatusSeeOther, send(h, "/organizers/t/o/approve", "action=approve&reason=r&version=3").Code)
	require.Equal(t, enforcement.ActionApprove, d.enforced[0].Action)
	d.enforced = nil
	for path, want := range map[string]int{
		"/organizers/t/o/enforce?action=throttle&reason=r":                    http.StatusBadRequest, // on which version?
		"/organizers/t/o/enforce?action=ban&reason=r&version=3":               http.StatusBadRequest,
		"/organizers/t/o/enforce?action=approve&reason=r&version=3":           http.StatusBadRequest,
		"/organizers/t/o/approve?action=suspend&reason=r&version=3":           http.StatusBadRequest,
		"/organizers/t/o/enforce?action=throttle&reason=r&version=3&days=366": http.StatusBadRequest,
	} {
		at, form, _ := strings.Cut(path, "?")
		require.Equal(t, want, send(h, at, form).Code, path)
	}
	require.Empty(t, d.enforced)
	require.Equal(t, http.StatusSeeOther, send(h, "/organizers/t/o/enforce", "action=throttle&reason=r&version=0").Code)
	require.True(t, d.enforced[0].Untouched, "the page showed that nothing had been done; whatever was since came first")
	d.err = enforcement.ErrUnknownOrganizer
	require.Equal(t, http.StatusUnprocessableEntity, send(h, "/organizers/t/o/enforce", "action=flag&reason=r&version=3").Code)
}

// The queries run on the real engine; what is not there is not found.
func TestPagesOnAnEmptyStore(t *testing.T) {
	v := newViews(storetest.Open(t))
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
