package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/source/graph"
)

func TestTheDirectoryFollowsByDelta(t *testing.T) {
	t.Parallel()
	var asked []string
	var changes string // what the next delta request tells
	gone := false
	mux := http.NewServeMux()
	var server *httptest.Server
	mux.HandleFunc("/v1.0/users/delta", func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		q := r.URL.Query()
		switch {
		case q.Get("$skiptoken") != "":
			fmt.Fprintf(w, `{"value":[{"id":"B","displayName":"Bo","assignedPlans":[]}],"@odata.deltaLink":"%s/v1.0/users/delta?$deltatoken=1"}`, server.URL)
		case q.Get("$deltatoken") != "" && gone:
			w.WriteHeader(http.StatusGone)
		case q.Get("$deltatoken") != "":
			fmt.Fprintf(w, `{"value":[%s],"@odata.deltaLink":"%s/v1.0/users/delta?$deltatoken=2"}`, changes, server.URL)
		default:
			fmt.Fprintf(w, `{"value":[{"id":"a","displayName":"Ann","userPrincipalName":"ann@x","assignedPlans":[]}],"@odata.nextLink":"%s/v1.0/users/delta?$skiptoken=1"}`, server.URL)
		}
	})
	mux.HandleFunc("/v1.0/subscribedSkus", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"value":[{"skuId":"s","servicePlans":[]}]}`))
	})
	server = httptest.NewServer(mux)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	require.NoError(t, err)
	c := &clock{at: month}
	d := graph.Directory{Folder: filepath.Join(t.TempDir(), "contoso"), Client: &graph.Client{
		HTTP: server.Client(), Base: base, Now: c.now, Sleep: c.sleep,
		Token: func(context.Context, bool) (string, error) { return "t", nil },
	}}
	users := func() map[string]string {
		text, err := os.ReadFile(filepath.Join(d.Folder, "users.json"))
		require.NoError(t, err)
		var page struct {
			Value []struct{ ID, DisplayName string }
		}
		require.NoError(t, json.Unmarshal(text, &page))
		out := map[string]string{}
		for _, u := range page.Value {
			out[u.ID] = u.DisplayName
		}
		return out
	}
	got, err := d.Sync(t.Context())
	require.NoError(t, err)
	require.True(t, got.Whole)
	require.Equal(t, map[string]string{"a": "Ann", "B": "Bo"}, users())

	changes = `{"id":"a","displayName":"Anne"},{"id":"b","@removed":{"reason":"deleted"}},{"id":"c","displayName":"Cy"}`
	got, err = d.Sync(t.Context())
	require.NoError(t, err)
	require.Equal(t, graph.Synced{Users: 2, Changed: 2, Removed: 1, Files: got.Files}, got)
	require.Equal(t, map[string]string{"a": "Anne", "c": "Cy"}, users())
	text, err := os.ReadFile(got.Files[0])
	require.NoError(t, err)
	require.Contains(t, string(text), "ann@x", "what was not told is as it was")
	require.Equal(t, "$deltatoken=1", asked[len(asked)-1])

	gone = true
	got, err = d.Sync(t.Context())
	require.NoError(t, err)
	require.True(t, got.Whole)
	require.Equal(t, map[string]string{"a": "Ann", "B": "Bo"}, users())
	require.Greater(t, c.now().Sub(month), 4*time.Second, "the pace is kept here too")
}
