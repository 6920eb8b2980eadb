package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/rating"
)

// whoami says as whom the caller is known.
func (a *api) whoami(w http.ResponseWriter, r *http.Request) {
	who := identity(r.Context())
	writeJSON(w, http.StatusOK, map[string]any{"name": who.Name, "role": who.Role, "tenants": append([]string{}, who.Tenants...)})
}

// listedTenant is a tenant and how fresh its usage is.
type listedTenant struct {
	ID       string    `ch:"tenant_id" json:"tenant_id"`
	Name     string    `ch:"tenant_name" json:"tenant_name"`
	Country  string    `ch:"country" json:"country"`
	Segment  string    `ch:"segment" json:"segment"`
	Channel  string    `ch:"channel" json:"channel"`
	StoredAt time.Time `ch:"stored_at" json:"stored_at"` // UTC; 1970 where nothing is
	Files    uint64    `ch:"files" json:"files"`
	Rejected uint64    `ch:"rejected" json:"rejected"`
}

func (a *api) tenants(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	var read []listedTenant
	if err := a.views.read(r.Context(), &read, "list_tenants", tenantsOnly(r), named("after", l.key(0)), named("limit", uint64(l.ask()))); err != nil { //nolint:gosec // above 0
		a.fail(w, r, err)
		return
	}
	page, next := turn(l, read, func(t listedTenant) []string { return []string{t.ID} })
	writePage(w, "tenants", page, next, nil)
}

// tenant is where a tenant's pools stand and its cases of the highest risk.
func (a *api) tenant(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("tenant")
	pools, text := []rating.PoolStanding{}, ""
	var list []cases.Case
	var t aboutTenant
	work, ctx := errgroup.WithContext(r.Context())
	work.Go(func() error {
		month, rated, err := a.opts.Ratings.NewestMonth(ctx)
		if err == nil && rated {
			text = month.String()
			pools, err = a.opts.Ratings.Pools(ctx, rating.PoolsRequest{Tenants: []string{id}, Month: month, Top: drainers})
		}
		return err
	})
	work.Go(func() (err error) {
		list, err = a.opts.Cases.Page(ctx, cases.PageRequest{Tenants: []string{id}, Limit: usualLimit})
		return err
	})
	work.Go(func() (err error) { t, err = a.views.tenant(ctx, id); return err })
	err := work.Wait()
	if err == nil && len(list) == 0 && len(pools) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"tenant_id": id, "month": text, "pools": append([]rating.PoolStanding{}, pools...), "cases": append([]cases.Case{}, list...), "from": t.Use.From, "to": t.Use.To,
		"days": append([]dayUse{}, t.Use.Days...), "moments": t.Moments, "plans": append([]planHeld{}, t.Plans...), "history": masked(t.History),
	})
}

// listedOrganizer is somebody whom the directory or usage names. Where the directory does not,
// the name is that of their newest call and nobody knows whether they are enabled.
type listedOrganizer struct {
	TenantID    string    `ch:"tenant_id" json:"tenant_id"`
	ID          string    `ch:"organizer_id" json:"organizer_id"`
	UPN         string    `ch:"upn" json:"upn"`
	Name        string    `ch:"name" json:"name"`
	Location    string    `ch:"usage_location" json:"usage_location"`
	InDirectory bool      `ch:"in_directory" json:"in_directory"`
	Enabled     bool      `ch:"enabled" json:"-"`
	Known       *bool     `json:"enabled"`
	SeenAt      time.Time `ch:"seen_at" json:"seen_at"` // UTC; when the directory, or else a call, last named them
}

func (a *api) organizers(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 2)
	if !ok {
		return
	}
	q := r.URL.Query()
	var read []listedOrganizer
	err := a.views.read(r.Context(), &read, "list_organizers", tenantsOnly(r), named("tenant_id", q.Get("tenant_id")), named("text", q.Get("q")),
		named("after_tenant", l.key(0)), named("after", l.key(1)), named("limit", uint64(l.ask()))) //nolint:gosec // above 0
	if err != nil {
		a.fail(w, r, err)
		return
	}
	for i := range read {
		if read[i].InDirectory {
			read[i].Known = &read[i].Enabled
		}
	}
	page, next := turn(l, read, func(o listedOrganizer) []string { return []string{o.TenantID, o.ID} })
	writePage(w, "organizers", page, next, nil)
}

// organizer is what is known of an organizer: who it is, licences, what paid, how calls went
// over 90 days, and cases.
func (a *api) organizer(w http.ResponseWriter, r *http.Request) {
	tenant, id := r.PathValue("tenant"), r.PathValue("organizer")
	to, err := a.views.newest(r.Context(), tenant)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	s := span{tenant: tenant, organizer: id, from: to.Add(-looked), to: to}
	who := []any{named("tenant_id", tenant), named("organizer_id", id)}
	var found []person
	licences, months, list := []licence{}, []monthPaid{}, []cases.Case{}
	var h habits
	var all everybody
	var history []happened
	var standing enforcement.State
	work, ctx := errgroup.WithContext(r.Context())
	work.Go(func() (err error) { all, err = a.views.everybody(ctx, s); return err })
	work.Go(func() (err error) { history, err = a.views.about(ctx, tenant, id); return err })
	var spent *rating.Spent
	work.Go(func() (err error) { spent, err = spentIn(ctx, a.opts.Ratings, tenant, id); return err })
	work.Go(func() error { return a.views.read(ctx, &found, "organizer", who...) })
	work.Go(func() error { return a.views.read(ctx, &licences, "licences", who...) })
	work.Go(func() error { return a.views.read(ctx, &months, "months", who...) })
	work.Go(func() (err error) { h, err = a.views.habits(ctx, s); return err })
	work.Go(func() (err error) {
		list, err = a.opts.Cases.Page(ctx, cases.PageRequest{Tenants: []string{tenant}, OrganizerID: id, Limit: usualLimit})
		return err
	})
	if a.opts.Desk != nil {
		work.Go(func() (err error) { standing, err = a.opts.Desk.State(ctx, tenant, id); return err })
	}
	err = work.Wait()
	if err == nil && len(found) == 0 && len(list) == 0 && len(h.Days) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	h.Before = questioned(list)
	for i, p := range h.Places {
		if p.Kind == "number" {
			h.Places[i].Name = maskNumber(p.Name)
		}
	}
	answer := map[string]any{
		"tenant_id": tenant, "organizer_id": id, "from": s.from, "to": s.to, "person": nil, "licences": licences, "months": months,
		"days": append([]dayUse{}, h.Days...), "hours": append([]hourUse{}, h.Hours...), "places": append([]place{}, h.Places...),
		"usual_seconds": h.Usual(), "cases": append([]cases.Case{}, list...), "enforcement": nil,
		"peers": append([]peerDay{}, all.others(h.Days)...), "history": masked(history), "spent": spent,
	}
	if len(found) > 0 {
		answer["person"] = found[0]
	}
	if a.opts.Desk != nil {
		answer["enforcement"] = maskedState(standing)
	}
	writeJSON(w, http.StatusOK, answer)
}

// days reads from and to, days of which the latter is not in the span; without to it is the
// end of what is known, without from 31 days before. It answers itself where they are none.
func (a *api) days(w http.ResponseWriter, r *http.Request) (from, to time.Time, ok bool) {
	q := r.URL.Query()
	read := func(name string) (time.Time, bool) {
		t, err := parseDay(q.Get(name))
		if err != nil {
			problem(w, http.StatusBadRequest, name+" must be a day such as 2026-02-18.")
		}
		return t, err == nil
	}
	if q.Get("to") != "" {
		if to, ok = read("to"); !ok {
			return from, to, false
		}
	} else {
		var newest []struct {
			At time.Time `ch:"at"`
		}
		if err := a.views.read(r.Context(), &newest, "newest_of_all", tenantsOnly(r)); err != nil {
			a.fail(w, r, err)
			return from, to, false
		}
		to = a.opts.Now().UTC().Truncate(24 * time.Hour)
		if len(newest) > 0 && newest[0].At.Year() > 2000 {
			to = newest[0].At.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
		}
	}
	from = to.Add(-usualSpan)
	if q.Get("from") != "" {
		if from, ok = read("from"); !ok {
			return from, to, false
		}
	}
	if !from.Before(to) || to.Sub(from) > longestSpan {
		problem(w, http.StatusBadRequest, "from and to must span from 1 to 92 days.")
		return from, to, false
	}
	return from, to, true
}

func (a *api) usage(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 5)
	if !ok {
		return
	}
	q := r.URL.Query()
	if len(l.after) > 0 && q.Get("from") == "" && q.Get("to") == "" {
		// The span of the first page: what came in since must not move it.
		q.Set("from", l.key(3))
		q.Set("to", l.key(4))
		r.URL.RawQuery = q.Encode()
	}
	since, until, ok := a.days(w, r)
	if !ok {
		return
	}
	read, err := a.views.newestUse(r, recordFilter{q.Get("tenant_id"), q.Get("organizer_id"), q.Get("country"), q.Get("bucket"), since, until}, l)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	first, last := since.Format(time.DateOnly), until.Format(time.DateOnly)
	page, next := turn(l, read, func(u listedUse) []string { return []string{u.Key, u.TenantID, u.UsageID, first, last} })
	for i := range page {
		page[i].Number = maskNumber(page[i].Number)
	}
	writePage(w, "usage", page, next, map[string]any{"from": first, "to": last})
}

// slices breaks use down.
func (a *api) slices(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	by := or(r.URL.Query().Get("by"), ways()[0])
	known := false
	for _, way := range ways() {
		known = known || way == by
	}
	if !known {
		problem(w, http.StatusBadRequest, "by must be one of "+strings.Join(ways(), ", ")+".")
		return
	}
	since, until, ok := a.days(w, r)
	if !ok {
		return
	}
	offset := max(l.number(0), 0)
	read, err := a.views.slices(r.Context(), by, r.URL.Query().Get("tenant_id"), since, until, l.ask(), offset)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := turn(l, read, func(slice) []string { return []string{strconv.FormatInt(offset+int64(l.limit), 10)} })
	writePage(w, "slices", page, next, map[string]any{"by": by, "from": since.Format(time.DateOnly), "to": until.Format(time.DateOnly)})
}
