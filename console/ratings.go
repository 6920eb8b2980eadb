package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"fairdial/rating"
	"fairdial/usage"
)

// Ratings is what the console needs of the rating; it only reads.
type Ratings interface {
	Explain(ctx context.Context, tenantID, usageID string) (rating.Explanation, error)
	// NewestMonth is the newest month that is rated, of all tenants or of those named, if any is.
	NewestMonth(ctx context.Context, tenants ...string) (usage.Month, bool, error)
	Pools(ctx context.Context, req rating.PoolsRequest) ([]rating.PoolStanding, error)
	// PoolHistory is at most limit movements of a month's pools, from a place in their order on.
	PoolHistory(ctx context.Context, month usage.Month, tenantID, organizerID string, from, limit int) ([]rating.Movement, error)
	// Spent is what an organizer's calls of a month took, day by day.
	Spent(ctx context.Context, month usage.Month, tenantID, organizerID string) (rating.Spent, error)
	PoolNotices(ctx context.Context, month usage.Month, tenantID string) ([]rating.PoolNotice, error)
	Reconcile(ctx context.Context, req rating.ReconcileRequest) (rating.Reconciliation, error)
	// Differences are the records of one class of a reconciliation, at most limit of them.
	Differences(ctx context.Context, req rating.ReconcileRequest, class string, limit int) ([]rating.Difference, error)
	// Shown says of which runs the answers of closed months are.
	Shown(ctx context.Context, month usage.Month, tenants []string) ([]rating.Shown, error)
	// Credits as of a moment; zero for now.
	Credits(ctx context.Context, tenantID string, at time.Time) ([]rating.CreditAccount, error)
}

func (a *api) explainRating(w http.ResponseWriter, r *http.Request) {
	e, err := a.opts.Ratings.Explain(r.Context(), r.URL.Query().Get("tenant_id"), r.PathValue("usage_id"))
	switch {
	case errors.Is(err, rating.ErrNoRecord):
		problem(w, http.StatusNotFound, "There is no usage record with this id.")
	case errors.Is(err, rating.ErrManyTenants):
		problem(w, http.StatusConflict, "More than one tenant has this usage id: say which with tenant_id.")
	case err != nil:
		a.fail(w, r, err)
	default:
		writeJSON(w, http.StatusOK, e)
	}
}

// month reads the parameter month; without one it is the newest month that is rated. It
// answers the request itself where there is none.
func (a *api) month(w http.ResponseWriter, r *http.Request) (usage.Month, bool) {
	if text := r.URL.Query().Get("month"); text != "" {
		m, err := usage.ParseMonth(text)
		if err != nil {
			problem(w, http.StatusBadRequest, "month must be YYYY-MM, such as 2026-02.")
		}
		return m, err == nil
	}
	m, ok, err := a.opts.Ratings.NewestMonth(r.Context())
	switch {
	case err != nil:
		a.fail(w, r, err)
	case !ok:
		problem(w, http.StatusNotFound, "Nothing is rated yet.")
	}
	return m, ok && err == nil
}

func (a *api) pools(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	req := rating.PoolsRequest{Tenants: q["tenant_id"], Top: 5}
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	if req.At, ok = at(w, r); !ok {
		return
	}
	if text := q.Get("top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 1000 {
			problem(w, http.StatusBadRequest, "top must be a whole number from 0 to 1000.")
			return
		}
		req.Top = n
	}
	if req.Month, ok = a.month(w, r); !ok {
		return
	}
	all, err := a.opts.Ratings.Pools(r.Context(), req)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := from(l, all)
	writePage(w, "pools", page, next, map[string]any{"month": req.Month.String()})
}

func (a *api) poolHistory(w http.ResponseWriter, r *http.Request) {
	tenant := r.URL.Query().Get("tenant_id")
	if tenant == "" {
		problem(w, http.StatusBadRequest, "tenant_id is missing.")
		return
	}
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	month, ok := a.month(w, r)
	if !ok {
		return
	}
	place := max(int(l.number(0)), 0)
	read, err := a.opts.Ratings.PoolHistory(r.Context(), month, tenant, r.URL.Query().Get("organizer_id"), place, l.ask())
	switch {
	case errors.Is(err, rating.ErrNotRated):
		problem(w, http.StatusNotFound, "The month is not rated for this tenant.")
	case err != nil:
		a.fail(w, r, err)
	default:
		shown, err := a.opts.Ratings.Shown(r.Context(), month, []string{tenant})
		if err != nil {
			a.fail(w, r, err)
			return
		}
		page, next := turn(l, read, func(rating.Movement) []string { return []string{strconv.Itoa(place + l.limit)} })
		writePage(w, "movements", page, next, map[string]any{"month": month.String(), "tenant_id": tenant, "shown": first(shown)})
	}
}

// first is the only one of a list, or none.
func first(all []rating.Shown) *rating.Shown {
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}

func (a *api) poolNotices(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	var month usage.Month
	if r.URL.Query().Get("month") != "" {
		if month, ok = a.month(w, r); !ok {
			return
		}
	}
	all, err := a.opts.Ratings.PoolNotices(r.Context(), month, r.URL.Query().Get("tenant_id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := from(l, all)
	writePage(w, "notices", page, next, nil)
}

// at reads the parameter at, the zero time without one. It answers the request itself
// where that is no moment.
func at(w http.ResponseWriter, r *http.Request) (time.Time, bool) {
	text := r.URL.Query().Get("at")
	if text == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		problem(w, http.StatusBadRequest, "at must be a moment such as 2026-02-18T12:00:00Z.")
	}
	return t, err == nil
}

func (a *api) credits(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	when, ok := at(w, r)
	if !ok {
		return
	}
	all, err := a.opts.Ratings.Credits(r.Context(), r.URL.Query().Get("tenant_id"), when)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := from(l, all)
	writePage(w, "accounts", page, next, nil)
}
