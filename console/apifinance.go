package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"fairdial/rating"
	"fairdial/store/journal"
	"fairdial/usage"
)

func (a *api) months(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	var read []rated
	if err := a.views.read(r.Context(), &read, "rated", tenantsOnly(r)); err != nil {
		a.fail(w, r, err)
		return
	}
	type listed struct {
		Month string `json:"month"`
		rated
	}
	all := make([]listed, len(read))
	for i, m := range read {
		all[i] = listed{m.Month.UTC().Format("2006-01"), m}
	}
	page, next := from(l, all)
	writePage(w, "months", page, next, nil)
}

// monthOf is the month of an address; it answers itself when it is none.
func (a *api) monthOf(w http.ResponseWriter, r *http.Request) (usage.Month, bool) {
	m, err := usage.ParseMonth(r.PathValue("month"))
	switch {
	case err != nil:
		problem(w, http.StatusBadRequest, "month must be YYYY-MM, such as 2026-02.")
	case a.opts.Books == nil:
		problem(w, http.StatusNotFound, "No statements are kept here.")
	}
	return m, err == nil && a.opts.Books != nil
}

func (a *api) statements(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	m, ok := a.monthOf(w, r)
	if !ok {
		return
	}
	all, err := a.opts.Books.Statements(r.Context(), m, nil)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	against, err := a.opts.Books.Obstacles(r.Context(), m, all)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := from(l, all)
	shown := make([]shownStatement, len(page))
	for i := range page {
		shown[i] = showStatement(page[i], against)
	}
	writePage(w, "statements", shown, next, map[string]any{"month": m.String()})
}

func (a *api) statement(w http.ResponseWriter, r *http.Request) {
	m, ok := a.monthOf(w, r)
	if !ok {
		return
	}
	all, err := a.opts.Books.Statements(r.Context(), m, []string{r.PathValue("tenant")})
	if err == nil && len(all) != 1 {
		err = ErrNotFound
	}
	var against map[string][]rating.Obstacle
	if err == nil {
		against, err = a.opts.Books.Obstacles(r.Context(), m, all)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, showStatement(all[0], against))
}

// shownStatement is a statement and what speaks against closing it.
type shownStatement struct {
	rating.Statement
	Obstacles []rating.Obstacle `json:"obstacles"`
}

func showStatement(st rating.Statement, against map[string][]rating.Obstacle) shownStatement {
	return shownStatement{maskedStatement(st), append([]rating.Obstacle{}, against[st.TenantID]...)}
}

// maskedStatement is a statement whose sentences show no whole phone number.
func maskedStatement(st rating.Statement) rating.Statement {
	exceptions := append([]rating.Exception{}, st.Exceptions...)
	for i := range exceptions {
		exceptions[i].Text = maskText(exceptions[i].Text)
	}
	st.Exceptions, st.Notes = exceptions, maskedNotes(st.Notes)
	return st
}

// maskedNotes are notes that show no whole phone number.
func maskedNotes(all []rating.Note) []rating.Note {
	out := append([]rating.Note{}, all...)
	for i := range out {
		out[i].Text = maskText(out[i].Text)
	}
	return out
}

// notes are those on a statement, oldest first.
func (a *api) notes(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	m, ok := a.monthOf(w, r)
	if !ok {
		return
	}
	all, err := a.opts.Books.Statements(r.Context(), m, []string{r.PathValue("tenant")})
	if err == nil && len(all) != 1 {
		err = ErrNotFound
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := from(l, maskedNotes(all[0].Notes))
	writePage(w, "notes", page, next, nil)
}

// askedOfMonth reads the body of a request and the month in its address.
func (a *api) askedOfMonth(w http.ResponseWriter, r *http.Request, asked any) (usage.Month, bool) {
	if !readJSON(w, r, asked) {
		return usage.Month{}, false
	}
	return a.monthOf(w, r)
}

// note writes a note on a statement, at any time.
func (a *api) note(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Text string `json:"text"`
	}
	m, ok := a.askedOfMonth(w, r, &asked)
	if !ok {
		return
	}
	all, err := a.opts.Books.Note(r.Context(), m, r.PathValue("tenant"), actor(r), asked.Text)
	if a.booked(w, r, err) {
		writeJSON(w, http.StatusCreated, maskedNotes(all)[len(all)-1])
	}
}

func (a *api) leak(w http.ResponseWriter, r *http.Request) {
	m, ok := a.monthOf(w, r)
	if !ok {
		return
	}
	format := r.URL.Query().Get("format")
	if !slices.Contains([]string{"", "json", "csv"}, format) {
		problem(w, http.StatusBadRequest, "format must be json or csv.")
		return
	}
	leak, err := a.opts.Books.Leak(r.Context(), m, r.PathValue("tenant"))
	switch {
	case !a.reconciled(w, r, err):
	case format == "csv":
		_ = sendLeak(w, leak) // nobody waits for it any more
	default:
		writeJSON(w, http.StatusOK, leak)
	}
}

func (a *api) signatures(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	m, ok := a.monthOf(w, r)
	if !ok {
		return
	}
	rec, err := a.opts.Ratings.Reconcile(r.Context(), rating.ReconcileRequest{Month: m, TenantID: r.PathValue("tenant")})
	if !a.reconciled(w, r, err) {
		return
	}
	all, err := a.opts.Books.Signatures(r.Context(), rec)
	if !a.reconciled(w, r, err) {
		return
	}
	page, next := from(l, all)
	writePage(w, "signatures", page, next, map[string]any{"fingerprint": rec.Fingerprint})
}

func (a *api) download(w http.ResponseWriter, r *http.Request) {
	m, ok := a.monthOf(w, r)
	if !ok {
		return
	}
	format := r.URL.Query().Get("format")
	if formatKind(format) == "" {
		problem(w, http.StatusBadRequest, "format must be one of "+strings.Join(formatsOffered(), ", ")+".")
		return
	}
	var tenants []string
	name := "statement-" + m.String()
	if tenant := r.URL.Query().Get("tenant_id"); tenant != "" {
		tenants, name = []string{tenant}, name+"-"+tenant
	}
	if err := sendStatement(r.Context(), a.opts.Books, w, name, format, m, tenants); err != nil {
		a.fail(w, r, err)
	}
}

func (a *api) closeMonth(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Reason string `json:"reason"`
		Force  bool   `json:"force"`
	}
	m, ok := a.askedOfMonth(w, r, &asked)
	if !ok {
		return
	}
	closing, err := a.opts.Books.Close(r.Context(), rating.CloseRequest{Month: m, TenantID: r.PathValue("tenant"), Actor: actor(r), Reason: asked.Reason, Force: asked.Force})
	if a.booked(w, r, err) {
		writeJSON(w, http.StatusOK, closing)
	}
}

func (a *api) reopenMonth(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Reason string `json:"reason"`
	}
	m, ok := a.askedOfMonth(w, r, &asked)
	if !ok {
		return
	}
	closing, err := a.opts.Books.Reopen(r.Context(), m, r.PathValue("tenant"), actor(r), asked.Reason)
	if a.booked(w, r, err) {
		writeJSON(w, http.StatusOK, closing)
	}
}

// sign takes a reconciliation as it is, if it still has the fingerprint that was seen.
func (a *api) sign(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Fingerprint string `json:"fingerprint"`
		Reason      string `json:"reason"`
	}
	m, ok := a.askedOfMonth(w, r, &asked)
	if !ok {
		return
	}
	rec, err := a.opts.Ratings.Reconcile(r.Context(), rating.ReconcileRequest{Month: m, TenantID: r.PathValue("tenant")})
	if err == nil {
		err = a.opts.Books.Sign(r.Context(), rec, asked.Fingerprint, actor(r), asked.Reason)
	}
	if a.booked(w, r, err) {
		writeJSON(w, http.StatusOK, map[string]any{"tenant_id": r.PathValue("tenant"), "month": m.String(), "fingerprint": asked.Fingerprint, "signed_by": actor(r)})
	}
}

// booked answers what finance did that failed; it says whether it went well.
func (a *api) booked(w http.ResponseWriter, r *http.Request, err error) bool {
	if err == nil {
		return true
	}
	tenant, failed := a.views.tenantName(r.Context(), r.PathValue("tenant"))
	if failed != nil {
		tenant = r.PathValue("tenant")
	}
	text, known := bookedText(err, r.PathValue("month"), tenant)
	notReady, blocked := errors.AsType[*rating.NotReadyError](err)
	lost, conflict := errors.AsType[*journal.ConflictError](err)
	switch {
	case blocked:
		problemWith(w, http.StatusUnprocessableEntity, "It may still change. With force it is closed all the same, and what spoke against it is kept.",
			map[string]any{"because": notReady.Because, "obstacles": notReady.Obstacles})
	case conflict:
		at := int(lost.Winner.Version)
		a.outrun(w, http.StatusConflict, at, &winner{at, lost.Winner.Kind, lost.Winner.Actor, lost.Winner.RecordedAt.UTC()})
	case errors.Is(err, rating.ErrAlreadyClosed):
		problem(w, http.StatusConflict, text)
	case !known, errors.Is(err, rating.ErrNotRated), errors.Is(err, rating.ErrWorkingOut):
		a.reconciled(w, r, err)
	default:
		problem(w, http.StatusUnprocessableEntity, text)
	}
	return false
}
