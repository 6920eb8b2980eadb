package console

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/enforcement"
)

func TestPeopleEndTheirOwnSessionsThroughTheAPI(t *testing.T) {
	c := readContract(t)
	h, book, cookies := signedIn(t)
	ctx := t.Context()
	viewer := cookie(cookies["viewer"])
	second, err := book.SignIn(ctx, "viewer", password, "elsewhere", "phone")
	require.NoError(t, err)
	list := func(change ...func(*http.Request)) (out []ownSession) {
		w := ask(h, "GET /api/v1/me/sessions", change...)
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		require.NoError(t, c.answer("GET /api/v1/me/sessions", w))
		return into[struct{ Sessions []ownSession }](t, w).Sessions
	}
	end := func(id string, change ...func(*http.Request)) int {
		w := ask(h, "DELETE /api/v1/me/sessions/"+id, change...)
		require.NoError(t, c.answer("DELETE /api/v1/me/sessions/{session}", w), w.Body.String())
		return w.Code
	}
	all := list(viewer)
	require.Len(t, all, 2)
	var own, other string
	for _, s := range all {
		require.Equal(t, "viewer", s.Name)
		if s.Current {
			own = s.ID
		} else {
			other = s.ID
		}
	}
	theirs := book.Sessions("user/reviewer")[0].ID
	require.Equal(t, http.StatusNotFound, end(theirs, viewer), "another's")
	require.Equal(t, http.StatusNotFound, end("none", viewer))
	require.Len(t, book.Sessions("user/reviewer"), 1)
	require.Equal(t, http.StatusOK, end(other, viewer))
	_, known := book.Identify(second)
	require.False(t, known)
	require.Len(t, list(viewer), 1)
	require.Equal(t, http.StatusOK, end(own, viewer), "the one that asks")
	require.Equal(t, http.StatusUnauthorized, ask(h, "GET /api/v1/me", viewer).Code)
}

func TestTheOverviewOfTheAPICountsAsThePage(t *testing.T) {
	c := readContract(t)
	h, l, conn := withCases(t, func(o *Options) {
		o.Feeds = func(context.Context) ([]Feed, error) {
			return []Feed{{Name: "a", Troubles: []string{"403"}}, {Name: "b"}}, nil
		}
	})
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO quarantine (rejection_id, tenant_id, file, reason) VALUES ('"+rejection+"', 't', 'a.csv', 'bad_quoting')"))
	first := openCase(t, l.log, "t", "o", 80)
	openCase(t, l.log, "t", "p", 60)
	l.waiting = []enforcement.State{{TenantID: "t", OrganizerID: "o", Pending: &enforcement.Pending{Action: enforcement.ActionThrottle, Actor: "console:this machine", Reason: "rang 425.555.0123", At: now, Until: now.Add(time.Hour)}}}
	w := get(h, "/api/v1/overview")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.NoError(t, c.answer("GET /api/v1/overview", w))
	got := into[struct {
		Open, Unassigned, Overdue int
		Troubled                  int   `json:"troubled_sources"`
		Rejected                  int64 `json:"rejected_rows"`
		Worst                     []string
		Waiting                   []waitingStep
		Ages                      []ageOfCases
		Month                     string
		Paid                      []paidBy
	}](t, w)
	require.Equal(t, []int{2, 2, 0, 1, 1}, []int{got.Open, got.Unassigned, got.Overdue, got.Troubled, int(got.Rejected)})
	require.Equal(t, first, got.Worst[0])
	require.Equal(t, []waitingStep{{"t", "o", "throttle", "console:this machine", now, now.Add(time.Hour), "rang …0123", true}}, got.Waiting)
	require.Equal(t, 2, got.Ages[0].Cases)
	require.Equal(t, "2026-02", got.Month)
	require.Equal(t, paidBy{"pool", 3000}, got.Paid[0])
	page := get(h, "/").Body.String()
	require.Contains(t, page, `<dt>Open cases</dt><dd><a href="/cases">2</a>`)
	require.Contains(t, page, "you: another person decides")
}
