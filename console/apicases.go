package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"fairdial/cases"
)

// orders are those that cases can be listed in.
func orders() []string {
	return []string{string(cases.ByRisk), string(cases.ByExposure), string(cases.ByAge), string(cases.ByDue)}
}

func (a *api) listCases(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	l, ok := a.listing(w, r, 3)
	if !ok {
		return
	}
	req := cases.PageRequest{
		OrganizerID: q.Get("organizer_id"), Status: cases.Status(q.Get("status")), Severity: cases.Severity(q.Get("severity")),
		Assignee: q.Get("assignee"), Text: q.Get("q"), By: cases.ByRisk,
		After: cases.Mark{Rank: l.number(0), Exposure: l.number(1), ID: l.key(2)}, Limit: l.ask(),
	}
	if req.Status == "active" { // as the queue has it: neither closed nor put off
		req.Status, req.Active = "", a.opts.Now()
	}
	if tenant := q.Get("tenant_id"); tenant != "" {
		req.Tenants = []string{tenant}
	}
	if s := q.Get("sort"); s != "" {
		if !slices.Contains(orders(), s) {
			problem(w, http.StatusBadRequest, "sort must be one of "+strings.Join(orders(), ", ")+".")
			return
		}
		req.By = cases.Order(s)
	}
	if s := q.Get("min_score"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 100 {
			problem(w, http.StatusBadRequest, "min_score must be a whole number from 0 to 100.")
			return
		}
		req.MinScore = n
	}
	read, err := a.opts.Cases.Page(r.Context(), req)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := turn(l, read, func(c cases.Case) []string {
		m := cases.MarkOf(c, req.By)
		return []string{strconv.FormatInt(m.Rank, 10), strconv.FormatInt(m.Exposure, 10), m.ID}
	})
	writePage(w, "cases", page, next, nil)
}

func (a *api) getCase(w http.ResponseWriter, r *http.Request) {
	c, err := a.opts.Cases.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeVersioned(w, r, c.Version, c)
}
