package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// authorize lets a request through that bears one of the keys or, where there are
// none, that comes from this machine and was meant for it: a Host header of another
// name is a web page trying to reach the daemon through a visitor's browser.
func authorize(keys [][]byte, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case len(keys) > 0 && !knownKey(keys, bearer(r)):
			w.Header().Set("WWW-Authenticate", `Bearer realm="fairdial"`)
			problem(w, http.StatusUnauthorized, "An API key is needed: send it as Authorization: Bearer KEY.")
		case len(keys) == 0 && (!loopback(r.RemoteAddr) || !loopback(r.Host)):
			problem(w, http.StatusForbidden, "Without http.api_key_file only callers on this machine are answered.")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func bearer(r *http.Request) string {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return key
	}
	return r.Header.Get("X-API-Key")
}

// knownKey compares in constant time, over all keys, whatever their length.
func knownKey(keys [][]byte, given string) bool {
	sum := sha256.Sum256([]byte(given))
	found := 0
	for _, key := range keys {
		want := sha256.Sum256(key)
		found |= subtle.ConstantTimeCompare(want[:], sum[:])
	}
	return found == 1 && given != ""
}

func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// secureHeaders forbids what no page here needs.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
