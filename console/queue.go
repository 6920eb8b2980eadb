package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairdial/cases"
)

// perPage is how many cases a page of the queue shows.
const perPage = 50

// queueFilter narrows and orders the queue; all of it stands in the page's address.
type queueFilter struct {
	Text, Status, Severity, Tenant, Assignee, Sort string
}

type tenantName struct{ ID, Name string }

type queueBody struct {
	Filter     queueFilter
	Cases      []cases.Case
	Total      int
	Page       int
	Pages      int
	Tenants    []tenantName
	Statuses   []string
	Severities []string
	CanAct     bool
	BulkKinds  []string
	Causes     []cases.Cause
	Views      []savedView
	CanSave    bool
	CanShare   bool
	query      url.Values
}

// Link is this page's address with one parameter changed, from its first page.
func (b queueBody) Link(key, value string) string {
	q := url.Values{}
	for k, v := range b.query {
		if k != "page" && len(v) > 0 && v[0] != "" {
			q.Set(k, v[0])
		}
	}
	q.Set(key, value)
	return "/cases?" + q.Encode()
}

// Query is the filters and the order, as an address carries them.
func (b queueBody) Query() string { return queueQuery(b.query.Encode()).Encode() }

// CaseLink is a case's address, with the queue it was opened from.
func (b queueBody) CaseLink(id string) string {
	return caseAddress(id) + "?" + url.Values{"queue": {b.Query()}}.Encode()
}

// PageLink is the address some pages on.
func (b queueBody) PageLink(by int) string { return b.Link("page", strconv.Itoa(b.Page+by)) }

func (p *pages) queue(w http.ResponseWriter, r *http.Request) {
	list, err := p.opts.Cases.List(r.Context(), CaseFilter{})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	q := r.URL.Query()
	f := filterOf(q)
	b := queueBody{
		query: q, Tenants: tenantsOf(list), CanAct: p.opts.Desk != nil, BulkKinds: bulkKinds, Causes: cases.Causes(),
		Statuses:   []string{"", "active", string(cases.StatusOpen), string(cases.StatusAcknowledged), string(cases.StatusClosed)},
		Severities: []string{"", string(cases.SeverityCritical), string(cases.SeverityWarning)},
	}
	b.CanSave, b.CanShare = p.opts.SavedViews != nil, mayShare(identity(r.Context()))
	if b.Views, err = viewsOf(r, p.opts.SavedViews); err != nil {
		p.fail(w, r, err)
		return
	}
	list = f.of(list, p.opts.Now())
	f.Sort = order(list, f.by())
	b.Filter, b.Total = f, len(list)
	b.Pages = max((len(list)+perPage-1)/perPage, 1)
	b.Page, _ = strconv.Atoi(q.Get("page"))
	b.Page = min(max(b.Page, 1), b.Pages)
	from := (b.Page - 1) * perPage
	if b.Cases, err = p.opts.Cases.Whole(r.Context(), list[from:min(from+perPage, len(list))]); err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "queue", page{Title: "Cases", Section: "Cases", Body: b})
}

func (f queueFilter) of(list []cases.Case, now time.Time) (out []cases.Case) {
	text := strings.ToLower(strings.TrimSpace(f.Text))
	if text == "" && f.Status == "" && f.Severity == "" && f.Tenant == "" && f.Assignee == "" {
		return list
	}
	for i := range list {
		c := &list[i]
		switch {
		case f.Status == "active" && !active(*c, now),
			f.Status != "" && f.Status != "active" && string(c.Status) != f.Status,
			f.Severity != "" && string(c.Severity) != f.Severity,
			f.Tenant != "" && c.TenantID != f.Tenant,
			f.Assignee == "none" && c.Assignee != "",
			f.Assignee != "" && f.Assignee != "none" && !strings.Contains(strings.ToLower(c.Assignee), strings.ToLower(f.Assignee)),
			text != "" && !strings.Contains(strings.ToLower(strings.Join([]string{c.ID, c.OrganizerName, c.OrganizerID, c.OrganizerUPN, c.TenantName}, " ")), text):
		default:
			out = append(out, *c)
		}
	}
	return out
}

// order sorts cases as the store does, and says by what.
func order(list []cases.Case, by cases.Order) string {
	cases.Sort(list, by)
	return string(by)
}

func tenantsOf(list []cases.Case) (out []tenantName) {
	for _, c := range list {
		if t := (tenantName{c.TenantID, cmp.Or(c.TenantName, c.TenantID)}); !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b tenantName) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}
