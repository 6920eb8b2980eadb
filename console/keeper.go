package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"fairdial/access"
)

// keeper says who a request is from: who bears a key or a session; where nobody can sign in,
// or in the demo, who calls from this machine and meant it.
type keeper struct {
	opts   Options
	pages  *pages
	limits []*rate.Limiter // by key of the file, and a last one for who has none
	others sync.Map        // name of another key → *rate.Limiter
}

// GCPercent is the garbage collector's for a process that answers decisions. The heap is a
// few dozen megabytes beside the engine's hundreds; with Go's 100 each collection comes so
// often that it doubles the slowest hundredth of the answers (BenchmarkDecisionAPI).
const GCPercent = 400

// newKeeper makes one that takes Options.KeyRate requests a second and key; 0 is any number.
func newKeeper(opts Options, p *pages) *keeper {
	k := &keeper{opts: opts, pages: p, limits: make([]*rate.Limiter, len(opts.Keys)+1)}
	for i := range k.limits {
		k.limits[i] = k.newLimit()
	}
	return k
}

func (k *keeper) newLimit() *rate.Limiter {
	if k.opts.KeyRate <= 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(k.opts.KeyRate), k.opts.KeyRate)
}

// limitOf is the limit of a key that was made in the console. Only names of keys that there
// are get here, so there are never more than those.
func (k *keeper) limitOf(name string) *rate.Limiter {
	if limit, there := k.others.Load(name); there {
		return limit.(*rate.Limiter)
	}
	limit, _ := k.others.LoadOrStore(name, k.newLimit())
	return limit.(*rate.Limiter)
}

// identify says who it is, if it is known. It answers itself where ok is false.
func (k *keeper) identify(w http.ResponseWriter, r *http.Request) (who access.Identity, known, ok bool) {
	limit := k.limits[len(k.limits)-1]
	if key := bearer(r); key != "" {
		if at, found := k.find(key); found {
			limit, known = k.limits[at], true
			who = access.Identity{Name: k.opts.Keys[at].Actor(at), Role: access.Admin}
		} else if k.opts.Access != nil {
			if who, known = k.opts.Access.IdentifyKey(key); known {
				limit = k.limitOf(who.Name)
			}
		}
	} else {
		ended := false // who bears a session that has ended is nobody, on this machine too
		if k.opts.Access != nil {
			if cookie, err := r.Cookie(sessionCookie); err == nil {
				who, known = k.opts.Access.Identify(cookie.Value)
				ended = !known && k.opts.Demo == ""
			}
		}
		if !known && !ended && k.local(r) {
			who, known = k.here(r)
		}
	}
	if known && who.Session == "" && !limit.Allow() {
		w.Header().Set("Retry-After", "1")
		problem(w, http.StatusTooManyRequests, "This key has used up http.requests_per_second: try again in a second.")
		return who, true, false
	}
	return who, known, true
}

// local says whether a request comes from this machine and was meant for it. A Host of
// another name is a web page trying to reach the daemon through a visitor's browser. What a proxy
// passes on does not, though the proxy stands on this machine and writes the daemon's own
// address as the Host: it tells of itself by a header, by the HTTP/1.0 that nginx speaks to
// what is behind it unless told otherwise, or by http.external_url and http.trusted_proxies,
// which are there for one.
func (k *keeper) local(r *http.Request) bool {
	return loopback(r.RemoteAddr) && loopback(r.Host) && k.opts.ExternalURL == "" && r.ProtoAtLeast(1, 1) && !passedOn(r) && len(k.opts.TrustedProxies) == 0
}

// passedOn says whether a proxy says that it passed a request on.
func passedOn(r *http.Request) bool {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" || name == "X-Real-Ip" || name == "Via" {
			return true
		}
	}
	return false
}

// here is who calls from this machine without a key or a session.
func (k *keeper) here(r *http.Request) (access.Identity, bool) {
	who := access.Identity{Name: "this machine", Role: access.Admin, Passwordless: true}
	switch {
	case k.opts.Demo != "":
		who.Name = k.opts.Demo
	case len(k.opts.Keys) > 0:
		return access.Identity{}, false
	case k.opts.Access == nil:
	case machine(r):
		who.Role = access.Viewer // what a gateway or a scraper beside the daemon asks
	default:
		return access.Identity{}, false
	}
	return who, true
}

// machine says whether a request is for what programs ask, not people.
func machine(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/metrics"
}

// find compares in constant time, over all keys, whatever their length.
func (k *keeper) find(given string) (int, bool) {
	sum := sha256.Sum256([]byte(given))
	at, found := 0, 0
	for i := range k.opts.Keys {
		same := subtle.ConstantTimeCompare(k.opts.Keys[i].sum[:], sum[:])
		at = subtle.ConstantTimeSelect(same, i, at)
		found |= same
	}
	return at, found == 1 && given != ""
}

// refuse answers whom nobody knows.
func (k *keeper) refuse(w http.ResponseWriter, r *http.Request) {
	switch {
	case k.opts.Access != nil && !machine(r) && bearer(r) == "":
		if r.Method != http.MethodGet {
			k.signedOut(w, r)
			return
		}
		http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	case k.opts.Access == nil && len(k.opts.Keys) == 0:
		problem(w, http.StatusForbidden, "Without http.api_key_file only callers on this machine are answered, and no proxy there.")
	default:
		w.Header().Set("WWW-Authenticate", `Bearer realm="fairdial"`)
		problem(w, http.StatusUnauthorized, "An API key is needed: send it as Authorization: Bearer KEY.")
	}
}

// signedOut answers a form that was sent too late: what was written is given back, and
// signing in leads to where it was written. Another site's form is given nothing back.
func (k *keeper) signedOut(w http.ResponseWriter, r *http.Request) {
	back := "/sign-in"
	if r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		r.Body = http.MaxBytesReader(w, r.Body, longestRule)
		_ = r.ParseForm() // what cannot be read is not given back
		if from, err := url.Parse(r.Referer()); err == nil && from.Host == r.Host {
			back += "?next=" + url.QueryEscape(inside(from.RequestURI()))
		}
	}
	k.pages.say(w, r, http.StatusUnauthorized, "Signed out", "Your session has ended and nothing was done. Sign in, and do it again.", back)
}

// forbid answers who may not.
func (k *keeper) forbid(w http.ResponseWriter, r *http.Request, n need, who access.Identity) {
	text := fmt.Sprintf("%s has the role %s, which may not do this (%s).", who.Name, who.Role, n.may)
	if who.May(n.may) {
		text = who.Name + " sees some tenants only, and this is of all of them."
	}
	if machine(r) {
		problem(w, http.StatusForbidden, text)
		return
	}
	k.pages.say(w, r, http.StatusForbidden, "Not allowed", text, "/")
}
