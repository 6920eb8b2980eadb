package console

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fairdial/usage"
)

// Intake is what people do about rows that could not be trusted.
type Intake interface {
	// Retry reads a row again with the rules of today and says what became of it, and why.
	Retry(ctx context.Context, actor, id string) (state, detail string, err error)
	// Dismiss decides that a row is no usage.
	Dismiss(ctx context.Context, actor, reason, id string) error
}

// ErrResolved: somebody has decided on a rejected row already.
var ErrResolved = errors.New("somebody has decided on this row already")

// batch is a file that was read.
type batch struct {
	TenantID  string    `ch:"tenant_id" json:"tenant_id"`
	Tenant    string    `ch:"tenant" json:"tenant"`
	File      string    `ch:"file" json:"file"`
	Format    string    `ch:"format" json:"format"`
	State     string    `ch:"state" json:"state"`
	Read      uint64    `ch:"read" json:"read"`
	Accepted  uint64    `ch:"accepted" json:"accepted"`
	Duplicate uint64    `ch:"duplicate" json:"duplicate"`
	Ignored   uint64    `ch:"ignored" json:"ignored"`
	Rejected  uint64    `ch:"rejected" json:"rejected"`
	Corrected uint64    `ch:"corrected" json:"corrected"`
	Detail    string    `ch:"detail" json:"detail"`
	At        time.Time `ch:"at" json:"at"` // UTC
	Actor     string    `ch:"actor" json:"actor"`
}

// rejected is a row in the quarantine.
type rejected struct {
	ID       string    `ch:"id" json:"id"`
	TenantID string    `ch:"tenant_id" json:"tenant_id"`
	Tenant   string    `ch:"tenant" json:"tenant"`
	File     string    `ch:"file" json:"file"`
	Member   string    `ch:"member" json:"member"`
	Position uint64    `ch:"position" json:"position"`
	Header   string    `ch:"header" json:"header"`
	Reason   string    `ch:"reason" json:"reason"`
	Detail   string    `ch:"detail" json:"detail"`
	UsageID  string    `ch:"usage_id" json:"usage_id"`
	Raw      string    `ch:"raw" json:"raw"`
	At       time.Time `ch:"at" json:"at"` // UTC
	State    string    `ch:"state" json:"state"`
	By       string    `ch:"by" json:"by"`
	Because  string    `ch:"because" json:"because"`
}

// Bounds of lists that are read page by page.
const (
	perList  = 50
	lastPage = 200
)

// pager leads through a list.
type pager struct {
	Page  int
	More  bool
	query url.Values
}

// Link is the address of the page some pages on.
func (p pager) Link(by int) string {
	q := url.Values{}
	maps.Copy(q, p.query)
	q.Set("page", itoa(p.Page+by))
	return "?" + q.Encode()
}

// paged reads one page of a list, and whether there are more.
func paged[T any](p *pages, r *http.Request, query string, args ...any) ([]T, pager, error) {
	at := pager{Page: min(pageOf(r), lastPage), query: r.URL.Query()}
	var all []T
	args = append(args, tenantsOnly(r), named("limit", uint64(perList+1)), named("offset", uint64((at.Page-1)*perList))) //nolint:gosec // a page is above 0
	err := p.views.read(r.Context(), &all, query, args...)
	at.More = len(all) > perList && at.Page < lastPage
	return all[:min(len(all), perList)], at, err
}

// turned is one page of a list that is known whole.
func turned[T any](r *http.Request, all []T) ([]T, pager) {
	at := pager{Page: pageOf(r), query: r.URL.Query()}
	at.Page = min(at.Page, max((len(all)+perList-1)/perList, 1))
	var shown []T
	shown, at.More = cut(all, at.Page, perList)
	return shown, at
}

// quarantineFilter narrows the rejected rows; it stands in addresses.
type quarantineFilter struct {
	Tenant, Reason string
	Month          string // of rows that may be of it: by the dates in them, or because none can be read
	All            bool   // those decided on as well
}

// quarantineFilterOf reads a filter; a month that is none is left out.
func quarantineFilterOf(q url.Values) quarantineFilter {
	f := quarantineFilter{Tenant: or(q.Get("tenant"), q.Get("tenant_id")), Reason: q.Get("reason"), Month: q.Get("month"), All: q.Get("all") != "" || q.Get("state") == "all"}
	if _, err := usage.ParseMonth(f.Month); err != nil {
		f.Month = ""
	}
	return f
}

func (f quarantineFilter) args() []any {
	first, last := "", ""
	if m, err := usage.ParseMonth(f.Month); err == nil {
		from := m.Start(time.UTC)
		first, last = from.AddDate(0, 0, -1).Format(time.DateOnly), from.AddDate(0, 1, 1).Format(time.DateOnly)
	}
	return []any{named("tenant_id", f.Tenant), named("reason", f.Reason), named("all", f.All), named("first", first), named("last", last)}
}

// With is the address of the quarantine with another reason.
func (f quarantineFilter) With(reason string) string {
	q := url.Values{}
	for name, value := range map[string]string{"tenant": f.Tenant, "reason": reason, "month": f.Month} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.All {
		q.Set("all", "yes")
	}
	return "/ingest/quarantine?" + q.Encode()
}

// rejectedFor is how many rows were rejected for a reason.
type rejectedFor struct {
	Reason string `ch:"reason"`
	Rows   uint64 `ch:"rows"`
}

// reasons are those of rejected rows, the most first, whichever of them the filter names.
func (v views) reasons(r *http.Request, f quarantineFilter) (out []rejectedFor, err error) {
	return out, v.read(r.Context(), &out, "quarantine_reasons", append(f.args(), tenantsOnly(r))...)
}

type intakeBody struct {
	Batches    []batch
	Rejected   []listedRejected
	Tenant     string
	State      string // of files
	File       string // a part of a file's name
	States     []string
	Tenants    []source
	Filter     quarantineFilter
	Reasons    []rejectedFor
	Rows       uint64 // of all reasons that the filter leaves
	Pager      pager
	Quarantine bool
}

func (p *pages) intake(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	b := intakeBody{Tenant: q.Get("tenant"), State: q.Get("state"), File: strings.TrimSpace(q.Get("file")), States: []string{"finished", "failed", "started"}}
	var err error
	if b.Batches, b.Pager, err = paged[batch](p, r, "batches", named("tenant_id", b.Tenant), named("state", b.State), named("file", b.File)); err == nil {
		b.Tenants, err = p.views.sources(r.Context())
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "intake", page{Title: "Ingest", Section: "Ingest", Body: b})
}

func (p *pages) quarantine(w http.ResponseWriter, r *http.Request) {
	b := intakeBody{Filter: quarantineFilterOf(r.URL.Query()), Quarantine: true}
	var err error
	if b.Rejected, b.Pager, err = paged[listedRejected](p, r, "quarantine", append(b.Filter.args(), named("id", ""), named("after_at", ""), named("after", ""))...); err == nil {
		b.Reasons, err = p.views.reasons(r, b.Filter)
	}
	if err == nil {
		b.Tenants, err = p.views.sources(r.Context())
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, one := range b.Reasons {
		if b.Filter.Reason == "" || b.Filter.Reason == one.Reason {
			b.Rows += one.Rows
		}
	}
	p.show(w, r, http.StatusOK, "intake", page{Title: "Quarantine", Section: "Ingest", Body: b})
}

// rejected is the row of the quarantine that a request names.
func (v views) rejected(r *http.Request) (rejected, error) {
	var all []listedRejected
	err := v.read(r.Context(), &all, "quarantine", append(quarantineFilter{All: true}.args(), tenantsOnly(r), named("id", r.PathValue("rejection")),
		named("after_at", ""), named("after", ""), named("limit", uint64(1)), named("offset", uint64(0)))...)
	if err != nil {
		return rejected{}, err
	}
	if len(all) == 0 {
		return rejected{}, ErrNotFound
	}
	return all[0].rejected, nil
}

func (p *pages) rejectedRow(w http.ResponseWriter, r *http.Request) {
	row, err := p.views.rejected(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "rejected", page{Title: "A row that could not be trusted", Section: "Ingest", Body: row})
}

func (p *pages) retryRow(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("rejection")
	if p.opts.Intake == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	state, detail, err := p.opts.Intake.Retry(r.Context(), "console:"+caller(r), id)
	if err == nil && state == "open" {
		p.say(w, r, http.StatusOK, "Still not to be trusted", "The row was read again with the rules of today and stays in the quarantine: "+maskText(detail), "/ingest/quarantine/"+url.PathEscape(id))
		return
	}
	p.resolved(w, r, err)
}

func (p *pages) dismissRow(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	reason := r.PostFormValue("reason")
	if p.opts.Intake == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	if reason == "" {
		p.say(w, r, http.StatusUnprocessableEntity, "Not done", "Say why the row is no usage.", "/ingest/quarantine/"+url.PathEscape(r.PathValue("rejection")))
		return
	}
	p.resolved(w, r, p.opts.Intake.Dismiss(r.Context(), "console:"+caller(r), reason, r.PathValue("rejection")))
}

func (p *pages) resolved(w http.ResponseWriter, r *http.Request, err error) {
	back := "/ingest/quarantine/" + url.PathEscape(r.PathValue("rejection"))
	switch {
	case errors.Is(err, ErrResolved):
		p.say(w, r, http.StatusConflict, "Somebody was first", "Somebody has decided on this row already.", back)
	case err != nil:
		p.fail(w, r, err)
	default:
		http.Redirect(w, r, back, http.StatusSeeOther)
	}
}
