package console

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"
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

type intakeBody struct {
	Batches    []batch
	Rejected   []listedRejected
	Tenant     string
	All        bool
	Pager      pager
	Quarantine bool
}

func (p *pages) intake(w http.ResponseWriter, r *http.Request) {
	b := intakeBody{Tenant: r.URL.Query().Get("tenant")}
	var err error
	if b.Batches, b.Pager, err = paged[batch](p, r, "batches", named("tenant_id", b.Tenant)); err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "intake", page{Title: "Ingest", Section: "Ingest", Body: b})
}

func (p *pages) quarantine(w http.ResponseWriter, r *http.Request) {
	b := intakeBody{Tenant: r.URL.Query().Get("tenant"), All: r.URL.Query().Get("all") != "", Quarantine: true}
	var err error
	if b.Rejected, b.Pager, err = paged[listedRejected](p, r, "quarantine", named("tenant_id", b.Tenant), named("all", b.All), named("id", ""), named("after_at", ""), named("after", "")); err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "intake", page{Title: "Quarantine", Section: "Ingest", Body: b})
}

// rejected is the row of the quarantine that a request names.
func (v views) rejected(r *http.Request) (rejected, error) {
	var all []listedRejected
	err := v.read(r.Context(), &all, "quarantine", tenantsOnly(r), named("tenant_id", ""), named("all", true), named("id", r.PathValue("rejection")),
		named("after_at", ""), named("after", ""), named("limit", uint64(1)), named("offset", uint64(0)))
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
