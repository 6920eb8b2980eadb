package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

type listedBatch struct {
	ID  string `ch:"batch_id" json:"batch_id"`
	Key string `ch:"key" json:"-"`
	batch
}

func (a *api) batches(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 2)
	if !ok {
		return
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains([]string{"", "started", "finished", "failed"}, state) {
		problem(w, http.StatusBadRequest, "state must be started, finished or failed.")
		return
	}
	var read []listedBatch
	err := a.views.read(r.Context(), &read, "list_batches", tenantsOnly(r), named("tenant_id", r.URL.Query().Get("tenant_id")), named("state", state), named("file", r.URL.Query().Get("file")),
		named("after_at", l.key(0)), named("after", l.key(1)), named("limit", uint64(l.ask()))) //nolint:gosec // above 0
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := turn(l, read, func(b listedBatch) []string { return []string{b.Key, b.ID} })
	for i := range page {
		page[i].Detail = maskText(page[i].Detail)
	}
	writePage(w, "batches", page, next, nil)
}

type listedRejected struct {
	Key string `ch:"key" json:"-"`
	rejected
}

// masked is a rejected row whose phone numbers are cut, as on its page.
func (q rejected) masked() rejected {
	q.Raw, q.Detail, q.Because = maskText(q.Raw), maskText(q.Detail), maskText(q.Because)
	return q
}

func (a *api) quarantine(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 2)
	if !ok {
		return
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains([]string{"", "open", "all"}, state) {
		problem(w, http.StatusBadRequest, "state must be open or all.")
		return
	}
	f := quarantineFilterOf(r.URL.Query())
	if month := r.URL.Query().Get("month"); month != f.Month {
		problem(w, http.StatusBadRequest, "month must be YYYY-MM, such as 2026-02.")
		return
	}
	var read []listedRejected
	err := a.views.read(r.Context(), &read, "quarantine", append(f.args(), tenantsOnly(r), named("id", ""),
		named("after_at", l.key(0)), named("after", l.key(1)), named("limit", uint64(l.ask())), named("offset", uint64(0)))...) //nolint:gosec // above 0
	var reasons []rejectedFor
	if err == nil {
		reasons, err = a.views.reasons(r, f)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := turn(l, read, func(q listedRejected) []string { return []string{q.Key, q.ID} })
	for i := range page {
		page[i].rejected = page[i].masked()
	}
	byReason := map[string]uint64{}
	for _, one := range reasons {
		byReason[one.Reason] = one.Rows
	}
	writePage(w, "rejections", page, next, map[string]any{"reasons": byReason})
}

func (a *api) rejectedRow(w http.ResponseWriter, r *http.Request) {
	row, err := a.views.rejected(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, row.masked())
}

// intake is what decides on rejected rows; it answers itself where nothing does.
func (a *api) intake(w http.ResponseWriter) (Intake, bool) {
	if a.opts.Intake == nil {
		problem(w, http.StatusNotFound, "Rejected rows are not decided on here.")
	}
	return a.opts.Intake, a.opts.Intake != nil
}

func (a *api) retryRow(w http.ResponseWriter, r *http.Request) {
	intake, ok := a.intake(w)
	if !ok || !readJSON(w, r, &struct{}{}) {
		return
	}
	state, detail, err := intake.Retry(r.Context(), actor(r), r.PathValue("rejection"))
	if a.resolved(w, r, err) {
		writeJSON(w, http.StatusOK, map[string]any{"id": r.PathValue("rejection"), "state": state, "detail": maskText(detail)})
	}
}

func (a *api) dismissRow(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Reason string `json:"reason"`
	}
	intake, ok := a.intake(w)
	if !ok || !readJSON(w, r, &asked) {
		return
	}
	if strings.TrimSpace(asked.Reason) == "" {
		problem(w, http.StatusUnprocessableEntity, "Say why the row is no usage.")
		return
	}
	if a.resolved(w, r, intake.Dismiss(r.Context(), actor(r), asked.Reason, r.PathValue("rejection"))) {
		writeJSON(w, http.StatusOK, map[string]any{"id": r.PathValue("rejection"), "state": "dismissed", "detail": ""})
	}
}

func (a *api) resolved(w http.ResponseWriter, r *http.Request, err error) bool {
	switch {
	case errors.Is(err, ErrResolved):
		problem(w, http.StatusConflict, "Somebody has decided on this row already.")
	case err != nil:
		a.fail(w, r, err)
	}
	return err == nil
}

func (a *api) rules(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	if a.opts.Rules == nil {
		problem(w, http.StatusNotFound, "No rules are in force here.")
		return
	}
	all, err := a.opts.Rules.Rules(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := following(l, all, keysOfRule)
	writePage(w, "rules", page, next, nil)
}

// jobs are the newest runs of what the daemon does by itself.
func (a *api) jobs(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	all, err := a.views.jobs(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := from(l, all)
	for i := range page {
		page[i].Detail = maskText(page[i].Detail)
	}
	writePage(w, "jobs", page, next, nil)
}

func (a *api) checks(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	if a.opts.Checks == nil {
		problem(w, http.StatusNotFound, "Nothing is looked at here.")
		return
	}
	page, next := from(l, a.opts.Checks(r.Context()))
	writePage(w, "checks", page, next, nil)
}

type listedDeed struct {
	Key    string `ch:"key" json:"-"`
	ID     string `ch:"id" json:"event_id"`
	Counts bool   `ch:"counts" json:"-"`
	deed
	Name   string `ch:"-" json:"-"` // the organizer's, as pages show it
	Tenant string `ch:"-" json:"-"`
}

// audit is who did what, the newest first.
func (a *api) audit(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 2)
	if !ok {
		return
	}
	q := r.URL.Query()
	if s := q.Get("system"); !slices.Contains([]string{"", "true", "false"}, s) {
		problem(w, http.StatusBadRequest, "system must be true or false.")
		return
	}
	for _, name := range []string{"from", "to"} {
		if q.Get(name) != dayOf(q.Get(name)) {
			problem(w, http.StatusBadRequest, name+" must be a day such as 2026-02-18.")
			return
		}
	}
	called, err := a.views.idsNamed(r.Context(), q.Get("q"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	var read []listedDeed
	err = a.views.read(r.Context(), &read, "list_audit", named("called", called), named("from", q.Get("from")), named("to", q.Get("to")), named("text", q.Get("q")), named("stream", q.Get("stream")), named("actor", q.Get("actor")), named("system", q.Get("system") == "true"),
		named("after_at", l.key(0)), named("after", l.key(1)), named("limit", uint64(l.ask()))) //nolint:gosec // above 0
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := turn(l, read, func(d listedDeed) []string { return []string{d.Key, d.ID} })
	page = slices.DeleteFunc(page, func(d listedDeed) bool { return !d.Counts })
	for i := range page {
		page[i].Reason, page[i].At = maskText(page[i].Reason), page[i].At.In(time.UTC)
	}
	writePage(w, "events", page, next, nil)
}
