package console

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"fairdial/store/journal"
)

// filters are those of a saved view, under the names that the list of cases has for them.
type filters struct {
	Text     string `json:"q,omitempty"`
	Status   string `json:"status,omitempty"`
	Severity string `json:"severity,omitempty"`
	Verdict  string `json:"verdict,omitempty"`
	Tenant   string `json:"tenant_id,omitempty"`
	Assignee string `json:"assignee,omitempty"`
	Sort     string `json:"sort,omitempty"`
}

// query is the filters as the address of the queue has them.
func (f filters) query() string {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Text, "status": f.Status, "severity": f.Severity, "verdict": f.Verdict, "tenant": f.Tenant, "assignee": f.Assignee, "sort": f.Sort} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}

type shownView struct {
	Shelf   string    `json:"shelf"`
	Name    string    `json:"name"`
	Filters filters   `json:"filters"`
	By      string    `json:"saved_by"`
	At      time.Time `json:"saved_at"` // UTC
}

func showView(v savedView) shownView {
	return shownView{v.shelf(), v.Name, filters(filterOf(queueQuery(v.Query))), v.By, v.At}
}

func (a *api) savedViews(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	all, err := viewsOf(r, a.opts.SavedViews)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	read, next := from(l, all)
	page := make([]shownView, len(read))
	for i, v := range read {
		page[i] = showView(v)
	}
	writePage(w, "views", page, next, nil)
}

func (a *api) saveView(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Filters filters `json:"filters"`
	}
	if !readJSON(w, r, &asked) {
		return
	}
	if v, ok := a.changeView(w, r, viewChange{query: asked.Filters.query()}); ok {
		writeJSON(w, http.StatusOK, showView(v))
	}
}

func (a *api) removeView(w http.ResponseWriter, r *http.Request) {
	if v, ok := a.changeView(w, r, viewChange{removed: true}); ok {
		writeJSON(w, http.StatusOK, map[string]any{"shelf": v.shelf(), "name": v.Name, "removed": true})
	}
}

// changeView changes the view that the address names; it answers itself where it does not.
func (a *api) changeView(w http.ResponseWriter, r *http.Request, c viewChange) (v savedView, ok bool) {
	shelf := r.PathValue("shelf")
	if a.opts.SavedViews == nil || shelf != shelfOfOne && shelf != shelfOfAll {
		problem(w, http.StatusNotFound, "Views are your own, at mine, or for everybody, at shared.")
		return v, false
	}
	c.name, c.shared, c.actor = r.PathValue("view"), shelf == shelfOfAll, actor(r)
	v, err := changeView(r, a.opts.SavedViews, a.opts.Now(), c)
	lost, late := errors.AsType[*journal.ConflictError](err)
	switch {
	case err == nil:
		return v, true
	case errors.Is(err, errSharing):
		problem(w, http.StatusForbidden, sentence(err.Error()))
	case errors.Is(err, errView):
		problem(w, http.StatusUnprocessableEntity, viewRefusal(err))
	case late:
		problem(w, http.StatusConflict, lost.Winner.Actor+" changed the view at the same moment. Nothing was done.")
	default:
		a.fail(w, r, err)
	}
	return v, false
}
