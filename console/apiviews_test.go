package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/store/journal"
)

func TestViewsAreSavedThroughTheAPI(t *testing.T) {
	s, w := shelf{}, world{}
	s["bob/his own"] = journal.Event{Subject: "bob/his own", Kind: viewSaved, Version: 1}
	h, err := New(Options{Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, SavedViews: s, Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(), Now: nowThen})
	require.NoError(t, err)
	do := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/api/v1/views"+path, strings.NewReader(body))
		r.RemoteAddr, r.Host = "127.0.0.1:5000", "localhost"
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	saved := do(http.MethodPut, "/mine/my%20round%2F1", `{"filters":{"status":"active","tenant_id":"t","sort":"age"}}`)
	require.Equal(t, http.StatusOK, saved.Code, saved.Body.String())
	require.Equal(t, "sort=age&status=active&tenant=t", s["this%20machine/my round/1"].Body, "the page shows the same")
	require.Equal(t, "api:this machine", s["this%20machine/my round/1"].Actor)
	require.Equal(t, http.StatusOK, do(http.MethodPut, "/shared/for%20all", `{"filters":{"q":"<b>"}}`).Code)
	list := into[struct{ Views []shownView }](t, do(http.MethodGet, "", ""))
	require.Equal(t, []string{"for all", "my round/1"}, []string{list.Views[0].Name, list.Views[1].Name})
	require.Equal(t, "shared", list.Views[0].Shelf)
	require.Equal(t, filters{Status: "active", Tenant: "t", Sort: "age"}, list.Views[1].Filters)

	require.Equal(t, http.StatusOK, do(http.MethodDelete, "/mine/my%20round%2F1", "").Code)
	require.Equal(t, http.StatusNotFound, do(http.MethodDelete, "/mine/my%20round%2F1", "").Code)
	require.Equal(t, http.StatusNotFound, do(http.MethodDelete, "/mine/his%20own", "").Code, "another's")
	require.Equal(t, http.StatusNotFound, do(http.MethodPut, "/bob/his%20own", `{"filters":{}}`).Code, "no other shelf is written")
	require.Equal(t, http.StatusUnprocessableEntity, do(http.MethodPut, "/mine/"+strings.Repeat("x", 61), `{"filters":{}}`).Code)
	require.Equal(t, http.StatusBadRequest, do(http.MethodPut, "/mine/x", `{"filters":{"page":"3"}}`).Code)
	require.Len(t, into[struct{ Views []shownView }](t, do(http.MethodGet, "", "")).Views, 1)
}

func TestViewsForEverybodyAreAnAdminsInTheAPIToo(t *testing.T) {
	h, _, cookies := signedIn(t)
	put := example{body: `{"filters":{}}`}
	shared := strings.NewReplacer("{shelf}", "shared", "{view}", "v")
	for who, want := range map[string]int{"reviewer": http.StatusForbidden, "scoped": http.StatusForbidden, "admin": http.StatusOK} {
		require.Equal(t, want, asked(h, "PUT /api/v1/views/{shelf}/{view}", shared, put, cookie(cookies[who])).Code, who)
	}
}
