package main

import (
	"context"
	"time"

	"fairdial/rating"
	"fairdial/usage"
)

// ratings is the rating as the console reads it: closed months as they were closed.
type ratings struct {
	s     *services
	ahead *ahead
}

func (r ratings) Explain(ctx context.Context, tenantID, usageID string) (rating.Explanation, error) {
	rater, err := r.s.books.AsClosed(ctx, one(tenantID))
	if err != nil {
		return rating.Explanation{}, err
	}
	return rater.Explain(ctx, tenantID, usageID)
}

func (r ratings) NewestMonth(ctx context.Context, tenants ...string) (usage.Month, bool, error) {
	return r.s.rater.NewestMonth(ctx, tenants...)
}

func (r ratings) Pools(ctx context.Context, req rating.PoolsRequest) ([]rating.PoolStanding, error) {
	rater, err := r.s.books.AsClosed(ctx, req.Tenants)
	if err != nil {
		return nil, err
	}
	return rater.Pools(ctx, req)
}

func (r ratings) PoolHistory(ctx context.Context, month usage.Month, tenantID, organizerID string, from, limit int) ([]rating.Movement, error) {
	rater, err := r.s.books.AsClosed(ctx, one(tenantID))
	if err != nil {
		return nil, err
	}
	return rater.PoolHistoryPage(ctx, month, tenantID, organizerID, from, limit)
}

func (r ratings) Spent(ctx context.Context, month usage.Month, tenantID, organizerID string) (rating.Spent, error) {
	rater, err := r.s.books.AsClosed(ctx, one(tenantID))
	if err != nil {
		return rating.Spent{}, err
	}
	return rater.Spent(ctx, month, tenantID, organizerID)
}

func (r ratings) PoolNotices(ctx context.Context, month usage.Month, tenantID string) ([]rating.PoolNotice, error) {
	return r.s.rater.PoolNotices(ctx, r.s.journal, month, tenantID)
}

func (r ratings) Credits(ctx context.Context, tenantID string, at time.Time) ([]rating.CreditAccount, error) {
	return r.s.rater.Credits(ctx, r.s.journal, tenantID, at)
}

func (r ratings) Reconcile(ctx context.Context, req rating.ReconcileRequest) (rating.Reconciliation, error) {
	rater, err := r.s.books.AsClosed(ctx, one(req.TenantID))
	if err != nil {
		return rating.Reconciliation{}, err
	}
	return rater.Ahead(r.ahead.want).Reconcile(ctx, req)
}

func (r ratings) Differences(ctx context.Context, req rating.ReconcileRequest, class string, limit int) ([]rating.Difference, error) {
	rater, err := r.s.books.AsClosed(ctx, one(req.TenantID))
	if err != nil {
		return nil, err
	}
	return rater.Ahead(r.ahead.want).FirstDifferences(ctx, req, class, limit)
}

func (r ratings) Shown(ctx context.Context, month usage.Month, tenants []string) ([]rating.Shown, error) {
	rater, err := r.s.books.AsClosed(ctx, tenants)
	if err != nil {
		return nil, err
	}
	return rater.Shown(ctx, month, tenants)
}
