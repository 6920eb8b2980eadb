package console

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// Key is an API key, of which only the SHA-256 is kept.
type Key struct {
	// Name says whose it is; it stands beside what was done with the key.
	Name string
	sum  [sha256.Size]byte
}

// Actor is who acts with a key that stands at a place of its file, counted from 0.
func (k Key) Actor(at int) string {
	if k.Name == "" {
		return fmt.Sprintf("key %d", at+1)
	}
	return k.Name
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

func bearer(r *http.Request) string {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return key
	}
	return r.Header.Get("X-API-Key")
}

// ownSite refuses what a page of another site makes a browser send here to change something: its
// browser says whose page it is. Programs are no browsers and say nothing.
func ownSite(next http.Handler) http.Handler {
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(problemHandler(http.StatusForbidden, "A page of another site sent this; nothing was done."))
	return own.Handler(next)
}

// sentJSON says whether a request bears a document. It answers itself where it does not.
func sentJSON(w http.ResponseWriter, r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		problem(w, http.StatusUnsupportedMediaType, "Send the document as Content-Type: application/json.")
		return false
	}
	return true
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
