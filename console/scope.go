package console

import (
	"context"
	"io"
	"slices"
	"time"

	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/rating"
	"fairdial/usage"
)

// scoped puts between the console and what is behind it what cuts every answer to the
// tenants that the reader sees, and phone numbers out of cases.
func scoped(opts Options) Options {
	opts.Cases = maskingCases{scopedCases{opts.Cases}}
	opts.Overview = scopedOverview{opts.Overview}
	opts.Ratings = scopedRatings{opts.Ratings}
	if opts.Books != nil {
		opts.Books = scopedBooks{opts.Books}
	}
	if opts.Desk != nil {
		opts.Desk = scopedDesk{opts.Desk, opts.Cases}
	}
	return opts
}

func sees(ctx context.Context, tenantID string) bool { return identity(ctx).Sees(tenantID) }

// only leaves what the reader sees.
func only[T any](ctx context.Context, all []T, tenant func(T) string) []T {
	if !identity(ctx).Scoped() {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(one T) bool { return !sees(ctx, tenant(one)) })
}

type scopedCases struct{ Cases }

func (s scopedCases) List(ctx context.Context, f CaseFilter) ([]cases.Case, error) {
	all, err := s.Cases.List(ctx, f)
	return only(ctx, all, func(c cases.Case) string { return c.TenantID }), err
}

func (s scopedCases) Page(ctx context.Context, req cases.PageRequest) ([]cases.Case, error) {
	if who := identity(ctx); who.Scoped() && len(req.Tenants) == 0 {
		req.Tenants = who.Tenants
	}
	all, err := s.Cases.Page(ctx, req)
	return only(ctx, all, func(c cases.Case) string { return c.TenantID }), err
}

func (s scopedCases) Outlines(ctx context.Context, req cases.PageRequest) ([]cases.Case, error) {
	if who := identity(ctx); who.Scoped() && len(req.Tenants) == 0 {
		req.Tenants = who.Tenants
	}
	all, err := s.Cases.Outlines(ctx, req)
	return only(ctx, all, func(c cases.Case) string { return c.TenantID }), err
}

func (s scopedCases) Get(ctx context.Context, id string) (cases.Case, error) {
	c, err := s.Cases.Get(ctx, id)
	if err == nil && !sees(ctx, c.TenantID) {
		return cases.Case{}, ErrNotFound
	}
	return c, err
}

type scopedOverview struct{ Overview }

func (s scopedOverview) Pools(ctx context.Context, tenants ...string) ([]Pool, error) {
	if len(tenants) == 0 { // which month is the newest is of theirs, too
		tenants = identity(ctx).Tenants
	}
	all, err := s.Overview.Pools(ctx, tenants...)
	return only(ctx, all, func(p Pool) string { return p.TenantID }), err
}

type scopedDesk struct {
	Desk
	cases Cases
}

func (s scopedDesk) History(ctx context.Context, id string) ([]cases.Event, error) {
	if identity(ctx).Scoped() {
		if _, err := s.cases.Get(ctx, id); err != nil {
			return nil, err
		}
	}
	return s.Desk.History(ctx, id)
}

func (s scopedDesk) Act(ctx context.Context, id string, a cases.Action) (cases.Case, error) {
	if identity(ctx).Scoped() {
		if _, err := s.cases.Get(ctx, id); err != nil {
			return cases.Case{}, err
		}
	}
	c, err := s.Desk.Act(ctx, id, a)
	return maskedCase(c), err
}

func (s scopedDesk) State(ctx context.Context, tenantID, organizerID string) (enforcement.State, error) {
	if !sees(ctx, tenantID) {
		return enforcement.State{}, ErrNotFound
	}
	return s.Desk.State(ctx, tenantID, organizerID)
}

func (s scopedDesk) Waiting(ctx context.Context) ([]enforcement.State, error) {
	all, err := s.Desk.Waiting(ctx)
	return only(ctx, all, func(x enforcement.State) string { return x.TenantID }), err
}

func (s scopedDesk) Enforce(ctx context.Context, r enforcement.Request) (enforcement.State, error) {
	if !sees(ctx, r.TenantID) {
		return enforcement.State{}, ErrNotFound
	}
	return s.Desk.Enforce(ctx, r)
}

type scopedRatings struct{ Ratings }

func (s scopedRatings) Explain(ctx context.Context, tenantID, usageID string) (rating.Explanation, error) {
	who := identity(ctx)
	if tenantID == "" && len(who.Tenants) == 1 {
		tenantID = who.Tenants[0] // another tenant's record of that id is none here
	}
	e, err := s.Ratings.Explain(ctx, tenantID, usageID)
	if err == nil && !who.Sees(e.TenantID) {
		return rating.Explanation{}, rating.ErrNoRecord
	}
	return e, err
}

func (s scopedRatings) NewestMonth(ctx context.Context, tenants ...string) (usage.Month, bool, error) {
	if len(tenants) == 0 { // that others are rated for a later month is theirs to know
		tenants = identity(ctx).Tenants
	}
	return s.Ratings.NewestMonth(ctx, tenants...)
}

func (s scopedRatings) Pools(ctx context.Context, req rating.PoolsRequest) ([]rating.PoolStanding, error) {
	if who := identity(ctx); who.Scoped() && len(req.Tenants) == 0 {
		req.Tenants = who.Tenants
	}
	all, err := s.Ratings.Pools(ctx, req)
	return only(ctx, all, func(p rating.PoolStanding) string { return p.TenantID }), err
}

func (s scopedRatings) PoolHistory(ctx context.Context, month usage.Month, tenantID, organizerID string, from, limit int) ([]rating.Movement, error) {
	if !sees(ctx, tenantID) {
		return nil, rating.ErrNotRated
	}
	return s.Ratings.PoolHistory(ctx, month, tenantID, organizerID, from, limit)
}

func (s scopedRatings) Spent(ctx context.Context, month usage.Month, tenantID, organizerID string) (rating.Spent, error) {
	if !sees(ctx, tenantID) {
		return rating.Spent{}, rating.ErrNotRated
	}
	return s.Ratings.Spent(ctx, month, tenantID, organizerID)
}

func (s scopedRatings) Shown(ctx context.Context, month usage.Month, tenants []string) ([]rating.Shown, error) {
	all, err := s.Ratings.Shown(ctx, month, tenants)
	return only(ctx, all, func(s rating.Shown) string { return s.TenantID }), err
}

func (s scopedRatings) PoolNotices(ctx context.Context, month usage.Month, tenantID string) ([]rating.PoolNotice, error) {
	all, err := s.Ratings.PoolNotices(ctx, month, tenantID)
	return only(ctx, all, func(n rating.PoolNotice) string { return n.TenantID }), err
}

func (s scopedRatings) Credits(ctx context.Context, tenantID string, at time.Time) ([]rating.CreditAccount, error) {
	all, err := s.Ratings.Credits(ctx, tenantID, at)
	return only(ctx, all, func(a rating.CreditAccount) string { return a.TenantID }), err
}

func (s scopedRatings) Reconcile(ctx context.Context, req rating.ReconcileRequest) (rating.Reconciliation, error) {
	if !sees(ctx, req.TenantID) {
		return rating.Reconciliation{}, rating.ErrNotRated
	}
	return s.Ratings.Reconcile(ctx, req)
}

func (s scopedRatings) Differences(ctx context.Context, req rating.ReconcileRequest, class string, limit int) ([]rating.Difference, error) {
	if !sees(ctx, req.TenantID) {
		return nil, rating.ErrNotRated
	}
	return s.Ratings.Differences(ctx, req, class, limit)
}

// scopedBooks cuts what is of all tenants; whoever names a tenant has been asked whether they
// see it, by its address.
type scopedBooks struct{ Books }

func (s scopedBooks) Statements(ctx context.Context, month usage.Month, tenants []string) ([]rating.Statement, error) {
	if len(tenants) == 0 {
		tenants = identity(ctx).Tenants
	}
	all, err := s.Books.Statements(ctx, month, tenants)
	return only(ctx, all, func(st rating.Statement) string { return st.TenantID }), err
}

func (s scopedBooks) Leak(ctx context.Context, month usage.Month, tenantID string) (rating.Leak, error) {
	if !sees(ctx, tenantID) {
		return rating.Leak{}, ErrNotFound
	}
	return s.Books.Leak(ctx, month, tenantID)
}

func (s scopedBooks) Close(ctx context.Context, req rating.CloseRequest) (rating.Closing, error) {
	if !sees(ctx, req.TenantID) {
		return rating.Closing{}, ErrNotFound
	}
	return s.Books.Close(ctx, req)
}

func (s scopedBooks) Reopen(ctx context.Context, month usage.Month, tenantID, actor, reason string) (rating.Closing, error) {
	if !sees(ctx, tenantID) {
		return rating.Closing{}, ErrNotFound
	}
	return s.Books.Reopen(ctx, month, tenantID, actor, reason)
}

func (s scopedBooks) Note(ctx context.Context, month usage.Month, tenantID, actor, text string) ([]rating.Note, error) {
	if !sees(ctx, tenantID) {
		return nil, ErrNotFound
	}
	return s.Books.Note(ctx, month, tenantID, actor, text)
}

func (s scopedBooks) Write(ctx context.Context, w io.Writer, format string, month usage.Month, tenants []string) error {
	if len(tenants) == 0 {
		tenants = identity(ctx).Tenants
	}
	for _, tenant := range tenants {
		if !sees(ctx, tenant) {
			return ErrNotFound
		}
	}
	return s.Books.Write(ctx, w, format, month, tenants)
}
