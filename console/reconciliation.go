package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"fairdial/rating"
)

func (a *api) reconciliation(w http.ResponseWriter, r *http.Request) {
	req, ok := a.reconcileRequest(w, r)
	if !ok {
		return
	}
	out, err := a.opts.Ratings.Reconcile(r.Context(), req)
	if a.reconciled(w, r, err) {
		writeJSON(w, http.StatusOK, struct {
			rating.Reconciliation
			Parts []rating.Part `json:"parts"`
		}{out, out.Parts()})
	}
}

func (a *api) reconciliationRecords(w http.ResponseWriter, r *http.Request) {
	class := r.URL.Query().Get("class")
	if class != "" && !slices.Contains(rating.Classes(), class) {
		problem(w, http.StatusBadRequest, "class must be one of "+strings.Join(rating.Classes(), ", ")+".")
		return
	}
	format := r.URL.Query().Get("format")
	if !slices.Contains([]string{"", "json", "csv"}, format) {
		problem(w, http.StatusBadRequest, "format must be json or csv.")
		return
	}
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	req, ok := a.reconcileRequest(w, r)
	if !ok {
		return
	}
	if format == "csv" {
		l.after, l.limit = nil, recordsShown-1
	}
	// They come as the store compares them: reading ends with the page.
	records, err := a.opts.Ratings.Differences(r.Context(), req, class, min(int(l.number(0))+l.ask(), recordsShown))
	if !a.reconciled(w, r, err) {
		return
	}
	shown, err := a.opts.Ratings.Shown(r.Context(), req.Month, []string{req.TenantID})
	if !a.reconciled(w, r, err) {
		return
	}
	page, next := from(l, records)
	if format == "csv" {
		page = records
	}
	named, err := a.views.differing(r.Context(), req.TenantID, page)
	switch {
	case !a.reconciled(w, r, err):
	case format == "csv":
		attachment(w, recordsFile(req, class))
		writeDiffering(w, named)
	default:
		writePage(w, "records", named, next, map[string]any{"month": req.Month.String(), "tenant_id": req.TenantID, "shown": first(shown)})
	}
}

func (a *api) reconcileRequest(w http.ResponseWriter, r *http.Request) (req rating.ReconcileRequest, ok bool) {
	if req.TenantID = r.URL.Query().Get("tenant_id"); req.TenantID == "" {
		problem(w, http.StatusBadRequest, "tenant_id is missing.")
		return req, false
	}
	req.Month, ok = a.month(w, r)
	return req, ok
}

// reconciled answers an error; it says whether there was none.
func (a *api) reconciled(w http.ResponseWriter, r *http.Request, err error) bool {
	switch {
	case errors.Is(err, rating.ErrWorkingOut):
		w.Header().Set("Retry-After", "3")
		problem(w, http.StatusServiceUnavailable, "The month has many calls, and what is asked of it is being worked out: ask again.")
	case errors.Is(err, rating.ErrNotRated):
		problem(w, http.StatusNotFound, "The month is not rated for this tenant.")
	case err != nil:
		a.fail(w, r, err)
	}
	return err == nil
}
