package console

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestWhereARequestComesFrom(t *testing.T) {
	ours := Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}}
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"a peer that is no proxy":         {"203.0.113.9:1", nil, "203.0.113.9"},
		"a peer that says it is a proxy":  {"203.0.113.9:1", []string{"198.51.100.1"}, "203.0.113.9"},
		"behind a proxy":                  {"127.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"what the sender wrote before it": {"127.0.0.1:1", []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		"a line of its own, before":       {"127.0.0.1:1", []string{"198.51.100.1", "203.0.113.9"}, "203.0.113.9"},
		"behind two proxies":              {"127.0.0.1:1", []string{"198.51.100.1, 203.0.113.9, 10.1.2.3"}, "203.0.113.9"},
		"with a port":                     {"127.0.0.1:1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"of IPv6":                         {"[fd00::1]:1", []string{"[2001:db8::7]:4711"}, "2001:db8::7"},
		"of IPv6, without a port":         {"[fd00::1]:1", []string{"2001:db8::7"}, "2001:db8::7"},
		"IPv4 as IPv6 writes it":          {"[::ffff:127.0.0.1]:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"a proxy that does not know":      {"127.0.0.1:1", []string{"203.0.113.9, unknown"}, "127.0.0.1"},
		"a proxy that says nothing":       {"127.0.0.1:1", nil, "127.0.0.1"},
		"nothing but proxies":             {"127.0.0.1:1", []string{"10.1.2.3"}, "10.1.2.3"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		for _, line := range c.forwarded {
			r.Header.Add("X-Forwarded-For", line)
		}
		require.Equal(t, c.want, ours.origin(r), name)
	}
}

// Whoever tries passwords through a proxy is slowed down alone, and a session shows from where
// it was opened.
func TestSignInsThroughAProxy(t *testing.T) {
	book, err := access.Open(t.Context(), journal.New(storetest.Open(t), nowThen, uuid.New), nowThen)
	require.NoError(t, err)
	require.NoError(t, book.SetUp(t.Context(), book.SetUpToken(), "ann", password, "set-up"))
	h, err := New(Options{
		Access: book, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}, Cases: world{}, Decider: world{}, Overview: world{}, Ratings: ratingWorld{},
		Now: nowThen, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	try := func(name, word, address string) int {
		return send(h, "/sign-in", url.Values{"name": {name}, "password": {word}}.Encode(), func(r *http.Request) {
			r.RemoteAddr = "192.0.2.1:1"
			r.Header.Set("X-Forwarded-For", "198.51.100.1, "+address)
		}).Code
	}
	tries := 0
	for try(fmt.Sprintf("nobody%d", tries), "wrong", "203.0.113.9") != http.StatusTooManyRequests {
		tries++
		require.Less(t, tries, 20)
	}
	require.Equal(t, http.StatusSeeOther, try("ann", password, "203.0.113.10"))
	require.Equal(t, "203.0.113.10", book.Sessions("user/ann")[0].Address)
}
