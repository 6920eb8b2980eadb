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

// Statuses that the queue can be narrowed to, beside those of a case.
const (
	statusActive   = "active"   // waits for somebody: neither closed nor put off nor part of a ring's case
	statusOverdue  = "overdue"  // has waited for longer than was promised
	statusSnoozed  = "snoozed"  // put off
	statusAppealed = "appealed" // the organizer said something to what was decided
	statusAny      = "all"
)

// queueFilter narrows and orders the queue; all of it stands in the page's address.
type queueFilter struct {
	Text, Status, Severity, Verdict, Tenant, Assignee, Sort string
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
	Verdicts   []string
	CanAct     bool
	BulkKinds  []string
	Causes     []cases.Cause
	People     []string
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
	return caseAddress(id) + "?" + url.Values{"queue": {placeQuery(b.query.Encode()).Encode()}}.Encode()
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
		query: q, Tenants: tenantsOf(list), CanAct: p.opts.Desk != nil, BulkKinds: bulkKinds, Causes: cases.Causes(), People: p.people(r),
		Statuses:   []string{statusActive, statusOverdue, statusAppealed, string(cases.StatusOpen), string(cases.StatusAcknowledged), statusSnoozed, string(cases.StatusClosed), statusAny},
		Verdicts:   []string{"", string(cases.VerdictFraud), string(cases.VerdictFairUse)},
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
	takes := f.takes(now)
	for i := range list {
		if takes(&list[i]) {
			out = append(out, list[i])
		}
	}
	return out
}

// takes says of a case whether the filter lets it through.
func (f queueFilter) takes(now time.Time) func(*cases.Case) bool {
	text, assignee := strings.ToLower(strings.TrimSpace(f.Text)), strings.ToLower(f.Assignee)
	return func(c *cases.Case) bool {
		return f.stands(c, now) &&
			(f.Severity == "" || string(c.Severity) == f.Severity) &&
			(f.Verdict == "" || string(c.Verdict) == f.Verdict) &&
			(f.Tenant == "" || c.TenantID == f.Tenant) &&
			(assignee == "" || assignee == "none" && c.Assignee == "" || assignee != "none" && strings.Contains(strings.ToLower(c.Assignee), assignee)) &&
			(text == "" || strings.Contains(strings.ToLower(strings.Join([]string{c.ID, c.OrganizerName, c.OrganizerID, c.OrganizerUPN, c.TenantName}, " ")), text))
	}
}

// stands says whether a case is in the status that is asked for.
func (f queueFilter) stands(c *cases.Case, now time.Time) bool {
	switch f.Status {
	case statusAny:
		return true
	case statusActive:
		return active(*c, now)
	case statusOverdue:
		return c.Overdue(now)
	case statusSnoozed:
		return c.Status != cases.StatusClosed && now.Before(c.SnoozedUntil)
	case statusAppealed:
		return c.Status != cases.StatusClosed && !c.AppealedAt.IsZero()
	default:
		return string(c.Status) == f.Status
	}
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
