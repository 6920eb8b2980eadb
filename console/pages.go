package console

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"fairdial/access"
	"fairdial/rating"
)

//go:embed assets
var assetFiles embed.FS

//go:embed pages
var pageFiles embed.FS

//go:embed openapi.yaml
var openAPIFile []byte

func assets() http.Handler { return http.FileServerFS(assetFiles) }

// pages are what people see. Everything on them is made here; the script only moves about.
type pages struct {
	opts    Options
	views   views
	matcher language.Matcher
	// parsed are the pages before any language; none of them is ever executed.
	parsed map[string]*template.Template
	mu     sync.Mutex
	made   map[pageIn]*template.Template
}

// pageIn is a page in one of languages.
type pageIn struct {
	name     string
	language int
}

func newPages(opts Options) (*pages, error) {
	p := &pages{
		opts: opts, views: newViews(opts.Conn), matcher: language.NewMatcher(languages()),
		parsed: map[string]*template.Template{}, made: map[pageIn]*template.Template{},
	}
	plain := formats(localeOf(languages()[0]))
	for _, name := range []string{"message", "overview", "queue", "bulk", "rows", "case", "organizer", "tenants", "tenant", "signin", "setup", "account", "months", "month", "statement", "variance", "leak", "records", "explorer", "record", "intake", "rejected", "audit", "rules", "rule", "candidate", "trial", "doctor", "settings"} {
		t, err := template.New("layout.html").Funcs(plain).ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("console page %s: %w", name, err)
		}
		p.parsed[name] = t
	}
	return p, nil
}

// template is a page for readers of a language.
func (p *pages) template(in pageIn) (*template.Template, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t, made := p.made[in]; made {
		return t, nil
	}
	t, err := p.parsed[in.name].Clone()
	if err != nil {
		return nil, fmt.Errorf("console page %s: %w", in.name, err)
	}
	p.made[in] = t.Funcs(formats(localeOf(languages()[in.language])))
	return p.made[in], nil
}

// routes are all addresses of pages.
func (p *pages) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /tenants":                                  p.tenants,
		"GET /tenants/{tenant}":                         p.tenant,
		"GET /organizers/{tenant}/{organizer}":          p.organizer,
		"POST /organizers/{tenant}/{organizer}/enforce": p.enforceOnOrganizer,
		"POST /organizers/{tenant}/{organizer}/approve": p.approveOnOrganizer,
		"GET /{$}":                                    p.overview,
		"GET /cases":                                  p.queue,
		"GET /cases/{id}":                             p.casePage,
		"POST /cases/views":                           p.saveView,
		"POST /cases/bulk":                            p.actOnMany,
		"POST /cases/{id}/act":                        p.act,
		"POST /cases/{id}/enforce":                    p.enforce,
		"POST /cases/{id}/approve":                    p.approve,
		"GET /finance":                                p.months,
		"GET /finance/{month}":                        p.month,
		"GET /finance/{month}/download":               p.download,
		"GET /finance/{month}/{tenant}":               p.statement,
		"GET /finance/{month}/{tenant}/variance":      p.variance,
		"GET /finance/{month}/{tenant}/leak":          p.leak,
		"GET /finance/{month}/{tenant}/records":       p.varianceRecords,
		"POST /finance/{month}/{tenant}/close":        p.closeMonth,
		"POST /finance/{month}/{tenant}/reopen":       p.reopenMonth,
		"POST /finance/{month}/{tenant}/sign":         p.sign,
		"POST /finance/{month}/{tenant}/note":         p.note,
		"GET /usage":                                  p.explorer,
		"GET /usage/export":                           p.exportUsage,
		"GET /usage/{tenant}/{usage_id}":              p.record,
		"GET /ingest":                                 p.intake,
		"GET /ingest/quarantine":                      p.quarantine,
		"GET /ingest/quarantine/{rejection}":          p.rejectedRow,
		"POST /ingest/quarantine/{rejection}/retry":   p.retryRow,
		"POST /ingest/quarantine/{rejection}/dismiss": p.dismissRow,
		"POST /ingest/quarantine/bulk":                p.decideRows,
		"GET /rules":                                  p.rules,
		"GET /rules/pack/{rule}":                      p.rule,
		"GET /rules/candidate":                        p.candidate,
		"POST /rules/candidate":                       p.tryCandidate,
		"GET /rules/candidate/{rule}/download":        p.downloadCandidate,
		"GET /rules/trial":                            p.trial,
		"POST /rules/trial/cancel":                    p.cancelTrial,
		"GET /audit":                                  p.audit,
		"GET /audit/export":                           p.exportAudit,
		"GET /settings":                               p.settings,
		"GET /settings/doctor":                        p.doctor,
		"POST /settings/users":                        p.addUser,
		"POST /settings/users/{user}":                 p.changeUser,
		"POST /settings/keys":                         p.addKey,
		"POST /settings/keys/{key}/end":               p.endKey,
		"POST /settings/sessions/{session}/end":       p.endSession,
		"GET /setup":                                  p.setUpForm,
		"POST /setup":                                 p.setUp,
		"GET /sign-in":                                p.signInForm,
		"POST /sign-in":                               p.signIn,
		"POST /sign-out":                              p.signOut,
		"GET /openid/begin":                           p.beginOpenID,
		"GET /openid/callback":                        p.finishOpenID,
		"GET /account":                                p.account,
		"POST /account/sessions/{session}/end":        p.endOwnSession,
	}
}

// section is one entry of the navigation.
type section struct{ Name, Path string }

// sections are those that somebody may open.
func sections(who access.Identity) (out []section) {
	all := []section{
		{"Overview", "/"}, {"Cases", "/cases"}, {"Tenants", "/tenants"}, {"Usage", "/usage"}, {"Finance", "/finance"}, {"Ingest", "/ingest"}, {"Rules", "/rules"}, {"Audit", "/audit"}, {"Settings", "/settings"},
	}
	for _, s := range all {
		pattern := "GET " + s.Path
		if s.Path == "/" {
			pattern += "{$}"
		}
		if n, known := needs()[pattern]; known && n.met(who) {
			out = append(out, s)
		}
	}
	return out
}

type page struct {
	Title    string
	Section  string
	Sections []section
	Nonce    string
	Now      time.Time
	Who      access.Identity
	Body     any
	plans    map[string]string
}

// Plan is what a service plan is for; of one that no entitlement rests on, its id.
func (p page) Plan(id string) string { return or(p.plans[strings.ToLower(id)], id) }

// May says in a template whether the reader may do something.
func (p page) May(permission string) bool { return p.Who.May(access.Permission(permission)) }

// show writes a page. It is made whole before the first byte goes out, so that an error is
// no half page.
func (p *pages) show(w http.ResponseWriter, r *http.Request, status int, name string, content page) {
	content.plans = p.opts.Plans
	content.Nonce, content.Now, content.Who = rand.Text(), p.opts.Now(), identity(r.Context())
	if content.Who.Name != "" {
		content.Sections = sections(content.Who)
	}
	var out bytes.Buffer
	t, err := p.template(pageIn{name, languageOf(p.matcher, r)})
	if err == nil {
		err = t.Execute(&out, content)
	}
	if err != nil {
		p.opts.Logger.ErrorContext(r.Context(), "page", "page", name, "error", err)
		plainText(w, http.StatusInternalServerError, "The page could not be made; the daemon's log says why.\n")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+content.Nonce+
		"'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	// A form's own origin must reach the daemon, which refuses others.
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

type message struct {
	Text, Back string
	Kept       []string // what somebody wrote for nothing, to be taken along
}

// fail shows an error without telling what is inside the store.
func (p *pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, rating.ErrWorkingOut):
		w.Header().Set("Refresh", "3")
		p.say(w, r, http.StatusOK, "One moment", "This month has many calls, and what is shown here of it is being worked out. The page comes by itself.", "")
	case errors.Is(err, ErrNotFound):
		p.say(w, r, http.StatusNotFound, "Nothing here", "There is nothing under this address. It may have been mistyped.", "")
	case r.Context().Err() != nil: // nobody waits for an answer
	default:
		p.opts.Logger.ErrorContext(r.Context(), "page", "route", r.Pattern, "error", err)
		p.say(w, r, http.StatusInternalServerError, "This page could not be made", "The daemon's log says why. Nothing was changed.", "")
	}
}

func (p *pages) say(w http.ResponseWriter, r *http.Request, status int, title, text, back string) {
	m := message{Text: text, Back: back}
	if status >= http.StatusBadRequest {
		for _, field := range []string{"reason", "text"} {
			if wrote := strings.TrimSpace(r.PostForm.Get(field)); wrote != "" {
				m.Kept = append(m.Kept, wrote)
			}
		}
	}
	p.show(w, r, status, "message", page{Title: title, Body: m})
}
