package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func post(h http.Handler, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:5000", "localhost:8321"
	r.Header.Set("Content-Type", "application/json")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestManyDecisionsAndReports(t *testing.T) {
	h := serve(t, world{}, new(bytes.Buffer))
	many := func(item string, n int) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	for _, c := range []struct {
		name, path, body string
		change           func(*http.Request)
		status           int
		says             string
	}{
		{"two, in order", "/api/v1/decisions", `{"questions":[{"organizer":"b"},{"organizer":"a","number":"+1"}]}`, nil, 200, `{"decisions":[{"organizer_id":"b"`},
		{"as many as allowed", "/api/v1/decisions", `{"questions":[` + many(`{"organizer":"b"}`, 1000) + `]}`, nil, 200, "allow"},
		{"too many", "/api/v1/decisions", `{"questions":[` + many(`{"organizer":"b"}`, 1001) + `]}`, nil, 400, "1 to 1000"},
		{"none", "/api/v1/decisions", `{"questions":[]}`, nil, 400, "1 to 1000"},
		{"nobody", "/api/v1/decisions", `{"questions":[{"organizer":"b"},{"number":"+1"}]}`, nil, 400, "Question 2"},
		{"not JSON", "/api/v1/decisions", `hello`, nil, 400, "cannot be read"},
		{"a key that is not one", "/api/v1/decisions", `{"question":[]}`, nil, 400, "question"},
		{"too large", "/api/v1/decisions", `{"questions":[{"organizer":"` + strings.Repeat("x", maxBody) + `"}]}`, nil, 413, "bytes"},
		{"a form of another site", "/api/v1/decisions", `{}`, header("Content-Type", "text/plain"), 415, "application/json"},
		{"JSON of another site", "/api/v1/decisions", `{}`, header("Sec-Fetch-Site", "cross-site"), 403, "another site"},
		{"JSON of another site, by a browser that says less", "/api/v1/decisions", `{}`, header("Origin", "http://evil.example"), 403, "another site"},
		{"reports", "/api/v1/calls", `{"calls":[{"organizer":"a","call_id":"c","started_at":"2026-03-01T11:00:00Z"},{"organizer":"b","call_id":"d","started_at":"2026-03-01T11:00:00Z","ended_at":"2026-03-01T11:01:00Z"}]}`, nil, 200, `{"taken":1,"unknown":1}`},
		{"a bad report", "/api/v1/calls", `{"calls":[{"organizer":"a"}]}`, nil, 400, "cannot be counted"},
		{"no reports", "/api/v1/calls", `{}`, nil, 400, "1 to 1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.change == nil {
				c.change = func(*http.Request) {}
			}
			w := post(h, c.path, c.body, c.change)
			require.Equal(t, c.status, w.Code, w.Body.String())
			require.Contains(t, w.Body.String(), c.says)
		})
	}
}

func TestKeys(t *testing.T) {
	const secret = "k1-0123456789abc"
	hashed := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(secret)))
	for line, name := range map[string]string{secret: "", secret + " gateway east": "gateway east", hashed + "  gateway": "gateway", hashed: ""} {
		k, err := ParseKey(line)
		require.NoError(t, err, line)
		require.Equal(t, name, k.Name)
		_, known := newKeeper(Options{Keys: []Key{k}}, nil).find(secret)
		require.True(t, known, line)
		_, known = newKeeper(Options{Keys: []Key{k}}, nil).find(hashed)
		require.False(t, known, "the hash is no key")
	}
	for _, line := range []string{"sesame", "sha256:00", "sha256:" + strings.Repeat("zz", 32)} {
		_, err := ParseKey(line)
		require.Error(t, err, line)
		require.NotContains(t, err.Error(), line)
	}
}

func TestEachKeyHasARateOfItsOwn(t *testing.T) {
	var keys []Key
	for _, line := range []string{"k1-0123456789abc one", "k2-0123456789abc two"} {
		k, err := ParseKey(line)
		require.NoError(t, err)
		keys = append(keys, k)
	}
	w := world{}
	h, err := New(Options{
		Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Keys: keys, KeyRate: 3,
		Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	ask := func(key string) *httptest.ResponseRecorder {
		return get(h, "/api/v1/decisions/a", header("Authorization", "Bearer "+key))
	}
	for range 3 {
		require.Equal(t, http.StatusOK, ask("k1-0123456789abc").Code)
	}
	limited := ask("k1-0123456789abc")
	require.Equal(t, http.StatusTooManyRequests, limited.Code)
	require.Equal(t, "1", limited.Header().Get("Retry-After"))
	require.Equal(t, http.StatusOK, ask("k2-0123456789abc").Code, "the other key is not slowed down")
}

// Keys that were made in the console have each a rate of its own too.
func TestEachKeyOfTheConsoleHasARateOfItsOwn(t *testing.T) {
	j := journal.New(storetest.Open(t), time.Now, uuid.New)
	book, err := access.Open(t.Context(), j, time.Now)
	require.NoError(t, err)
	require.NoError(t, book.SetUp(t.Context(), book.SetUpToken(), "ann", password, "set-up"))
	var secrets []string
	for _, name := range []string{"east", "west"} {
		secret, err := book.AddKey(t.Context(), access.Key{Name: name, Role: access.Gateway}, "ann")
		require.NoError(t, err)
		secrets = append(secrets, secret)
	}
	w := world{}
	h, err := New(Options{
		Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Access: book, KeyRate: 2,
		Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	ask := func(key string) int {
		return get(h, "/api/v1/decisions/a", header("Authorization", "Bearer "+key)).Code
	}
	require.Equal(t, []int{200, 200, 429}, []int{ask(secrets[0]), ask(secrets[0]), ask(secrets[0])})
	require.Equal(t, 200, ask(secrets[1]), "the other key is not slowed down")
	require.Equal(t, 401, ask("fd_nobody"))
}

func TestTheNumberOfAQuestion(t *testing.T) {
	for query, want := range map[string]string{
		"": "", "number=%2B14255550100": "+14255550100", "number=112": "112", "number=": "",
		"x=1&number=911": "911", "number=911&x=1": "911", "number=1&number=2": "1", "numbers=1": "", "number=%zz": "",
	} {
		require.Equal(t, want, dialled(&url.URL{RawQuery: query}), query)
	}
}

// Presses of Slack's buttons bear a signature and no API key; what is wrong though the daemon
// is ready stands in /readyz.
func TestSlackAndTroubles(t *testing.T) {
	key, err := ParseKey("k1-0123456789abc")
	require.NoError(t, err)
	w := world{}
	opts := Options{
		Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Keys: []Key{key},
		Ready:    func(context.Context) error { return nil },
		Troubles: func(context.Context) []string { return []string{"alerts: 2 messages were given up"} },
		Slack:    http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }),
		Metrics:  prometheus.NewRegistry(), Registry: prometheus.NewRegistry(),
	}
	h, err := New(opts)
	require.NoError(t, err)
	require.Equal(t, http.StatusTeapot, post(h, "/slack/interactions", "payload=x", header("Content-Type", "application/x-www-form-urlencoded")).Code)
	ready := get(h, "/readyz")
	require.Equal(t, http.StatusOK, ready.Code)
	require.Equal(t, "ready\nbut alerts: 2 messages were given up\n", ready.Body.String())
	opts.Slack, opts.Registry = nil, prometheus.NewRegistry()
	h, err = New(opts)
	require.NoError(t, err)
	require.NotEqual(t, http.StatusTeapot, post(h, "/slack/interactions", "payload=x").Code)
}
