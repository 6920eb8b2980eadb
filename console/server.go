// Package console is the HTTP face of the daemon: health, metrics, the API under
// /api/v1 and the pages for people.
package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"fairdial/access"
	"fairdial/cases"
	"fairdial/store"
)

// ErrNotFound is what a Cases answers for a case that does not exist.
var ErrNotFound = errors.New("not found")

// CaseFilter narrows a list of cases; empty fields do not.
type CaseFilter struct {
	TenantID    string
	OrganizerID string
	Status      string
	MinScore    int
}

// Cases is what the console needs of the case log.
type Cases interface {
	// List is cases as lists count them, without their findings; the highest risk comes first.
	List(ctx context.Context, filter CaseFilter) ([]cases.Case, error)
	// Whole gives listed cases their findings.
	Whole(ctx context.Context, some []cases.Case) ([]cases.Case, error)
	// Page is the next cases of a list in an order, filtered by the store.
	Page(ctx context.Context, req cases.PageRequest) ([]cases.Case, error)
	// Outlines is the same without findings, of cases as lists count them.
	Outlines(ctx context.Context, req cases.PageRequest) ([]cases.Case, error)
	Get(ctx context.Context, id string) (cases.Case, error)
}

// Pool is a tenant's pool and what was paid in a month.
type Pool struct {
	TenantID    string
	Tenant      string
	Month       string
	PoolSeconds int64
	UsedSeconds int64
	Paid        map[string]int64 // seconds by bucket
}

// Spent says that nothing is left of the pool.
func (p Pool) Spent() bool { return p.PoolSeconds > 0 && p.UsedSeconds >= p.PoolSeconds }

// Near says that a tenth of the pool or less is left.
func (p Pool) Near() bool { return p.PoolSeconds > 0 && p.UsedSeconds >= p.PoolSeconds/10*9 }

// part is how much of the pool is used, in thousandths.
func (p Pool) part() int64 { return p.UsedSeconds * 1000 / max(p.PoolSeconds, 1) }

// Overview is what the first page needs beside the cases.
type Overview interface {
	// Pools are those of the month that the newest call lies in, of all tenants or of those named.
	Pools(ctx context.Context, tenants ...string) ([]Pool, error)
}

// Options are what a Server needs; all are required but Keys.
type Options struct {
	Cases    Cases
	Decider  Decider
	Overview Overview
	Ratings  Ratings
	// Plans names the service plans that entitlements rest on, by their id in lower case.
	Plans map[string]string
	// Books are what finance works with; nil leaves its pages out.
	Books Books
	// Feeds are the sources that usage arrives from by itself; nil for none.
	Feeds func(ctx context.Context) ([]Feed, error)
	// Intake, Rules and Checks are behind the pages of those names; nil leaves them out.
	Intake Intake
	Rules  Rules
	Checks func(ctx context.Context) []Check
	// SlackStatus is what is known of Slack without asking it; nil leaves it out.
	SlackStatus func(ctx context.Context) []Check
	// SavedViews keeps filters of the queue; nil leaves them out.
	SavedViews SavedViews
	// Workbench is where rules are written and tried; nil leaves its pages out.
	Workbench Workbench
	// Conn is the store that pages read from; nil leaves out what only it can tell.
	Conn Conn
	// Desk does what people ask for on pages; nil makes them show only.
	Desk Desk
	// Replies keeps answers to requests with an Idempotency-Key; nil refuses such.
	Replies Replies
	// Troubles are what an operator should know of though the daemon is ready; may be nil.
	Troubles func(ctx context.Context) []string
	// Slack takes presses of buttons, signed by Slack; nil takes none.
	Slack http.Handler
	// Push takes usage that senders bring; nil takes none.
	Push *Push
	// Ready says whether the daemon can do its work; its error is shown.
	Ready    func(ctx context.Context) error
	Metrics  prometheus.Gatherer
	Registry prometheus.Registerer
	// Access is who may sign in. Without it only keys are known, and callers on this machine.
	Access *access.Book
	// OpenID signs people in by another's word; nil where only local users do.
	OpenID *access.OpenID
	// Demo names a user that everybody on this machine is without signing in; "" for none.
	Demo string
	// ExternalURL is where browsers reach the console; with https, cookies go nowhere else.
	ExternalURL string
	// TrustedProxies may tell by X-Forwarded-For whom they ask for.
	TrustedProxies []netip.Prefix
	// Keys are the API keys of a file, which may do everything. Without any, and without
	// Access, only loopback callers are answered.
	Keys []Key
	// KeyRate is how many requests a second each key may make; 0 is any number.
	KeyRate int
	Now     func() time.Time
	Logger  *slog.Logger
}

// New builds the handler for everything the daemon serves.
func New(opts Options) (*Console, error) {
	opts = scoped(opts)
	pages, err := newPages(opts)
	if err != nil {
		return nil, err
	}
	a := &api{opts: opts, views: pages.views, json: []string{"application/json"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plainText(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", readyz(opts.Ready, opts.Troubles))

	own := http.NewCrossOriginProtection()
	k := newKeeper(opts, pages)
	routes := map[string]http.Handler{
		"GET /metrics": promhttp.HandlerFor(opts.Metrics, promhttp.HandlerOpts{}),
		"/api/":        problemHandler(http.StatusNotFound, "There is no such address; /api/v1/openapi.yaml lists them."),
	}
	for pattern, handle := range a.routes() {
		routes[pattern] = ownSite(a.once(pattern, handle))
	}
	for pattern, handle := range pages.routes() {
		routes[pattern] = own.Handler(handle)
	}
	for pattern, handle := range routes {
		guarded, err := k.guard(pattern, reading(pattern, handle))
		if err != nil {
			return nil, err
		}
		mux.Handle(pattern, guarded)
	}
	mux.Handle("GET /assets/", assets())
	mux.Handle(everythingElse, k.strays(mux))
	if opts.Slack != nil { // its own signature guards it
		mux.Handle("POST /slack/interactions", opts.Slack)
	}

	return &Console{secureHeaders(recoverPanics(opts.Logger, observe(opts.Registry, mux))), opts, pages.views}, nil
}

// reading lets what only shows something be told from what was read before, as long as the store is
// as it was. Signing in by another's word is a GET that writes; decisions read no store.
func reading(pattern string, next http.Handler) http.Handler {
	path, shows := strings.CutPrefix(pattern, "GET ")
	if !shows || strings.HasPrefix(path, "/openid/") || strings.HasPrefix(path, "/api/v1/decisions/") {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(store.Reading(r.Context())))
	})
}

func readyz(ready func(context.Context) error, troubles func(context.Context) []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if err := ready(ctx); err != nil {
			plainText(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
			return
		}
		var text strings.Builder
		text.WriteString("ready\n")
		if troubles != nil {
			for _, trouble := range troubles(ctx) {
				text.WriteString("but " + trouble + "\n")
			}
		}
		plainText(w, http.StatusOK, text.String())
	}
}

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
