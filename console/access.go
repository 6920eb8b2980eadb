package console

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strings"

	"golang.org/x/time/rate"
)

// Key is an API key, of which only the SHA-256 is kept.
type Key struct {
	// Name says whose it is; it stands beside what was done with the key.
	Name string
	sum  [sha256.Size]byte
}

// shortestKey is the least length of a key, in characters.
const shortestKey = 16

// ParseKey reads a key as it stands on a line of a key file: the key itself, or "sha256:"
// and its SHA-256 in hexadecimal, and after a space a name.
func ParseKey(line string) (Key, error) {
	text, name, _ := strings.Cut(strings.TrimSpace(line), " ")
	k := Key{Name: strings.TrimSpace(name)}
	if hash, hashed := strings.CutPrefix(text, "sha256:"); hashed {
		sum, err := hex.DecodeString(hash)
		if err != nil || len(sum) != sha256.Size {
			return Key{}, fmt.Errorf("a hashed key must be sha256: and 64 hexadecimal digits, such as from `printf %%s KEY | sha256sum`")
		}
		copy(k.sum[:], sum)
		return k, nil
	}
	if len(text) < shortestKey {
		return Key{}, fmt.Errorf("a key of %d characters is too short; use at least %d, such as from `openssl rand -hex 24`", len(text), shortestKey)
	}
	k.sum = sha256.Sum256([]byte(text))
	return k, nil
}

// gatekeeper lets requests through that bear one of the keys or, where there are none, that
// come from this machine and were meant for it: a Host header of another name is a web page
// trying to reach the daemon through a visitor's browser.
type gatekeeper struct {
	keys   []Key
	limits []*rate.Limiter // by key; one for all where there are no keys
}

// newGatekeeper makes one that takes perSecond requests a second and key; 0 is any number.
func newGatekeeper(keys []Key, perSecond int) *gatekeeper {
	g := &gatekeeper{keys: keys, limits: make([]*rate.Limiter, max(len(keys), 1))}
	limit := rate.Limit(perSecond)
	if perSecond <= 0 {
		limit = rate.Inf
	}
	for i := range g.limits {
		g.limits[i] = rate.NewLimiter(limit, max(perSecond, 1))
	}
	return g
}

func (g *gatekeeper) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, name := 0, "this machine"
		if len(g.keys) > 0 {
			var known bool
			if at, known = g.find(bearer(r)); !known {
				w.Header().Set("WWW-Authenticate", `Bearer realm="fairdial"`)
				problem(w, http.StatusUnauthorized, "An API key is needed: send it as Authorization: Bearer KEY.")
				return
			}
			if name = g.keys[at].Name; name == "" {
				name = fmt.Sprintf("key %d", at+1)
			}
		} else if !loopback(r.RemoteAddr) || !loopback(r.Host) {
			problem(w, http.StatusForbidden, "Without http.api_key_file only callers on this machine are answered.")
			return
		}
		if !g.limits[at].Allow() {
			w.Header().Set("Retry-After", "1")
			problem(w, http.StatusTooManyRequests, "This key has used up http.requests_per_second: try again in a second.")
			return
		}
		if r.Method == http.MethodPost { // only those that can change something ask who it is
			r = r.WithContext(context.WithValue(r.Context(), callerKey{}, name))
		}
		next.ServeHTTP(w, r)
	})
}

type callerKey struct{}

// caller is the name of the API key that a request came with.
func caller(r *http.Request) string {
	name, _ := r.Context().Value(callerKey{}).(string)
	return name
}

func bearer(r *http.Request) string {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return key
	}
	return r.Header.Get("X-API-Key")
}

// find compares in constant time, over all keys, whatever their length.
func (g *gatekeeper) find(given string) (int, bool) {
	sum := sha256.Sum256([]byte(given))
	at, found := 0, 0
	for i := range g.keys {
		same := subtle.ConstantTimeCompare(g.keys[i].sum[:], sum[:])
		at = subtle.ConstantTimeSelect(same, i, at)
		found |= same
	}
	return at, found == 1 && given != ""
}

// own says whether a request that changes something was meant: a page of another site can
// make a browser send a form or plain text here, but no JSON.
func own(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	site := r.Header.Get("Sec-Fetch-Site")
	return strings.EqualFold(strings.TrimSpace(kind), "application/json") && (site == "" || site == "same-origin" || site == "none")
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

// secureHeaders forbids what no page here needs. The values are made once: the decision API
// answers many thousand times a second.
func secureHeaders(next http.Handler) http.Handler {
	policy := []string{"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
	nosniff, noReferrer, noStore := []string{"nosniff"}, []string{"no-referrer"}, []string{"no-store"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Content-Security-Policy"] = policy
		h["X-Content-Type-Options"] = nosniff
		h["Referrer-Policy"] = noReferrer
		h["Cache-Control"] = noStore
		next.ServeHTTP(w, r)
	})
}
