package console

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/store/journal"
)

// shelf is a log of views in memory.
type shelf map[string]journal.Event

func (s shelf) Heads(context.Context, string, journal.Filter) (out []journal.Event, _ error) {
	for _, e := range s {
		out = append(out, e)
	}
	return out, nil
}

func (s shelf) Latest(_ context.Context, _, subject string) (journal.Event, bool, error) {
	e, ok := s[subject]
	return e, ok, nil
}

func (s shelf) Append(_ context.Context, e journal.Event) error {
	if s[e.Subject].Version+1 != e.Version {
		return &journal.ConflictError{Winner: s[e.Subject]}
	}
	s[e.Subject] = e
	return nil
}

func TestViewsOfTheQueueAreSaved(t *testing.T) {
	s, w := shelf{}, world{}
	s["bob/his own"] = journal.Event{Subject: "bob/his own", Kind: viewSaved, Version: 1}
	s["/for all"] = journal.Event{Subject: "/for all", Kind: viewSaved, Version: 1, Body: "severity=critical"}
	h, err := New(Options{Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, SavedViews: s, Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(), Now: nowThen})
	require.NoError(t, err)
	require.Equal(t, http.StatusSeeOther, send(h, "/cases/views", "name=my+<round>&queue=status%3Dactive%26page%3D3&do=save").Code)
	require.Equal(t, "status=active", s["this%20machine/my <round>"].Body)
	require.Equal(t, "console:this machine", s["this%20machine/my <round>"].Actor)
	page := get(h, "/cases").Body.String()
	require.Contains(t, page, `<a href="/cases?status=active">my &lt;round&gt;</a>`)
	require.Contains(t, page, `<a href="/cases?severity=critical">for all</a>`)
	require.NotContains(t, page, "his own", "another's view")
	require.Equal(t, http.StatusNotFound, send(h, "/cases/views", "name=his+own&do=remove").Code)
	require.Equal(t, http.StatusUnprocessableEntity, send(h, "/cases/views", "name=+&do=save").Code)
	require.Equal(t, http.StatusSeeOther, send(h, "/cases/views", "name=my+<round>&do=remove").Code)
	require.NotContains(t, get(h, "/cases").Body.String(), "round")
}

func TestViewsForEverybodyAreAnAdmins(t *testing.T) {
	require.True(t, mayShare(access.Identity{Name: "a", Role: access.Admin}))
	require.False(t, mayShare(access.Identity{Name: "a", Role: access.Admin, Tenants: []string{"t"}}))
	require.False(t, mayShare(access.Identity{Name: "a", Role: access.Reviewer}))
}

// Views for everybody are kept by who sees all tenants, and their names may speak of any: somebody
// scoped is shown those of their tenants, and no view that names another.
func TestSomebodyScopedIsShownViewsOfTheirTenantsAlone(t *testing.T) {
	s := shelf{}
	for subject, body := range map[string]string{
		"/of t": "tenant=t", "/of other": "tenant=other", "/Contoso's night calls": "severity=critical",
		"scoped/own": "status=open", "scoped/own of t": "tenant=t", "scoped/from when I saw more": "tenant=other", "bob/his": "tenant=t",
	} {
		s[subject] = journal.Event{Subject: subject, Kind: viewSaved, Version: 1, Body: body}
	}
	h, _, cookies := signedIn(t, func(o *Options) { o.SavedViews = s })
	by := cookie(cookies["scoped"])
	names := func(change func(*http.Request)) (out []string) {
		for _, v := range into[struct{ Views []shownView }](t, ask(h, "GET /api/v1/views", change)).Views {
			out = append(out, v.Name)
		}
		return out
	}
	require.Equal(t, []string{"of t", "own", "own of t"}, names(by))
	require.Equal(t, []string{"Contoso's night calls", "of other", "of t"}, names(cookie(cookies["viewer"])))
	page := ask(h, "GET /cases", by).Body.String()
	require.Contains(t, page, ">of t</a>")
	for _, hidden := range []string{"Contoso", "of other", "tenant=other", "saw more"} {
		require.NotContains(t, page, hidden)
	}
	put := func(body string) int {
		return asked(h, "PUT /api/v1/views/{shelf}/{view}", strings.NewReplacer("{shelf}", "mine", "{view}", "new"), example{body: body}, by).Code
	}
	require.Equal(t, http.StatusNotFound, put(`{"filters":{"tenant_id":"other"}}`))
	require.Equal(t, http.StatusOK, put(`{"filters":{"tenant_id":"t"}}`))
	require.Equal(t, http.StatusNotFound, asked(h, "DELETE /api/v1/views/{shelf}/{view}", strings.NewReplacer("{shelf}", "mine", "{view}", "from%20when%20I%20saw%20more"), example{}, by).Code)
}
