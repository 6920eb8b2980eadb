package console

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/usage"
)

// ratingWorld stands in for the rating.
type ratingWorld struct{ err error }

func (w ratingWorld) NewestMonth(context.Context, ...string) (usage.Month, bool, error) {
	return usage.Month{Year: 2026, Month: 2}, w.err == nil, w.err
}

func (w ratingWorld) Pools(_ context.Context, req rating.PoolsRequest) ([]rating.PoolStanding, error) {
	return []rating.PoolStanding{{Shown: shownIn(strings.Join(req.Tenants, "+")), TenantID: strings.Join(req.Tenants, "+"), Month: req.Month.String(), At: req.At, Used: int64(req.Top)}}, w.err
}

func (w ratingWorld) PoolHistory(_ context.Context, month usage.Month, tenantID, organizerID string, from, limit int) ([]rating.Movement, error) {
	if tenantID == "unrated" {
		return nil, fmt.Errorf("history: %w", rating.ErrNotRated)
	}
	if organizerID == "many" { // 120 of them
		out := []rating.Movement{}
		for i := from; i < min(from+limit, 120); i++ {
			out = append(out, rating.Movement{Kind: rating.MovementCall, UsageID: fmt.Sprint(i)})
		}
		return out, w.err
	}
	return []rating.Movement{{Kind: rating.MovementCall, UsageID: month.String(), OrganizerID: organizerID}}, w.err
}

func (w ratingWorld) Spent(_ context.Context, month usage.Month, tenantID, organizerID string) (rating.Spent, error) {
	if tenantID == "unrated" {
		return rating.Spent{}, fmt.Errorf("spent: %w", rating.ErrNotRated)
	}
	return rating.Spent{
		TenantID: tenantID, OrganizerID: organizerID, Month: month.String(), Share: 3600, Shown: shownIn(tenantID),
		Days: []rating.SpentDay{{Day: "2026-02-02", Addon: 6000, Pool: 1500}, {Day: "2026-02-15", Pool: 4500}},
	}, w.err
}

func (w ratingWorld) PoolNotices(_ context.Context, month usage.Month, tenantID string) ([]rating.PoolNotice, error) {
	return []rating.PoolNotice{{TenantID: tenantID, Month: month.String()}}, w.err
}

func (w ratingWorld) Credits(_ context.Context, tenantID string, at time.Time) ([]rating.CreditAccount, error) {
	return []rating.CreditAccount{{TenantID: tenantID, At: at}}, w.err
}

func (w ratingWorld) Reconcile(_ context.Context, req rating.ReconcileRequest) (rating.Reconciliation, error) {
	if req.TenantID == "unrated" {
		return rating.Reconciliation{}, fmt.Errorf("reconcile: %w", rating.ErrNotRated)
	}
	cents := func(n int64) decimal.Decimal { return decimal.New(n, -2) }
	return rating.Reconciliation{
		TenantID: req.TenantID, Month: req.Month.String(), Shown: shownIn(req.TenantID),
		Calls: map[string]uint64{rating.StatusMatch: 5, rating.StatusFreeCall: 2},
		Totals: []rating.Variance{{
			Currency: "USD", Rated: cents(300), Charged: cents(175), Total: cents(-125),
			Components: map[string]decimal.Decimal{"usage": cents(-125)}, Statuses: map[string]decimal.Decimal{rating.StatusFreeCall: cents(-125)},
		}},
		Causes: []rating.Cause{{Cause: "no_seconds", Likely: "no seconds", Currency: "USD"}},
		Lines: []rating.ReconciledBuckets{
			{Status: rating.StatusMatch, Bucket: "credits", Currency: "USD", SourceCurrency: "USD", Calls: 5, Seconds: 600, RatedUsage: decimal.New(17615, -4), SourceUsage: decimal.New(175, -2)},
			{Status: rating.StatusFreeCall, Cause: "source_did_not_price", Bucket: "credits", Currency: "USD", Calls: 1, Seconds: 61, RatedUsage: decimal.New(12385, -4)},
			{Status: rating.StatusFreeCall, Cause: "source_did_not_price", Bucket: "pool", Calls: 1, Seconds: 60},
		},
	}, w.err
}

func (w ratingWorld) Differences(_ context.Context, req rating.ReconcileRequest, class string, limit int) ([]rating.Difference, error) {
	if class == rating.StatusNotRated { // 230 of them
		return make([]rating.Difference, min(limit, 230)), w.err
	}
	rated := decimal.New(12385, -4)
	return []rating.Difference{{
		TenantID: req.TenantID, Status: class, Cause: "source_did_not_price", UsageID: "u1", OrganizerID: "=o", StartedAt: now, Bucket: "addon", Reason: "add_on", Amount: &rated, Usage: rated,
		Currency: "USD", SourceBucket: "free_call", SourceCurrency: "USD",
	}}, w.err
}

func (w ratingWorld) Explain(_ context.Context, tenantID, usageID string) (rating.Explanation, error) {
	switch usageID {
	case "nothing":
		return rating.Explanation{}, fmt.Errorf("explain: %w", rating.ErrNoRecord)
	case "twice":
		return rating.Explanation{}, fmt.Errorf("explain: %w", rating.ErrManyTenants)
	}
	return rating.Explanation{UsageID: usageID, TenantID: tenantID, Shown: shownIn(tenantID)}, w.err
}

// shownIn is closed for every tenant but one.
func shownIn(tenantID string) *rating.Shown {
	if tenantID == "open" {
		return nil
	}
	return &rating.Shown{TenantID: tenantID, Month: "2026-02", Text: "closed by eve: this is run 3"}
}

func (w ratingWorld) Shown(_ context.Context, _ usage.Month, tenants []string) ([]rating.Shown, error) {
	if s := shownIn(tenants[0]); s != nil {
		return []rating.Shown{*s}, w.err
	}
	return nil, w.err
}

func TestAnExplanationIsAsked(t *testing.T) {
	h := serve(t, world{}, &bytes.Buffer{})
	got := get(h, "/api/v1/ratings/u1/explanation?tenant_id=contoso")
	require.Equal(t, http.StatusOK, got.Code)
	require.Contains(t, got.Body.String(), `"usage_id":"u1","tenant_id":"contoso"`)
	require.Equal(t, http.StatusNotFound, get(h, "/api/v1/ratings/nothing/explanation").Code)
	require.Equal(t, http.StatusConflict, get(h, "/api/v1/ratings/twice/explanation").Code)
	failed := get(serve(t, world{err: fmt.Errorf("the store's secret")}, &bytes.Buffer{}), "/api/v1/ratings/u1/explanation")
	require.Equal(t, http.StatusInternalServerError, failed.Code)
	require.NotContains(t, failed.Body.String(), "secret")
}

func TestPoolsAreAsked(t *testing.T) {
	h := serve(t, world{}, &bytes.Buffer{})
	for path, c := range map[string]struct {
		status int
		has    string
	}{
		"/api/v1/pools": {200, `{"month":"2026-02","next":null,"pools":[{"tenant_id":"",`},
		"/api/v1/pools?month=2026-01&tenant_id=a&tenant_id=b&top=7&at=2026-01-09T00:00:00Z": {200, `"tenant_id":"a+b","tenant_name":"","month":"2026-01","pool":"","at":"2026-01-09T00:00:00Z"`},
		"/api/v1/pools?month=January":                                   {400, "YYYY-MM"},
		"/api/v1/pools?top=-1":                                          {400, "top must be"},
		"/api/v1/pools?at=yesterday":                                    {400, "at must be"},
		"/api/v1/pools/history?tenant_id=a&organizer_id=o":              {200, `"usage_id":"2026-02","organizer_id":"o"`},
		"/api/v1/pools/history":                                         {400, "tenant_id is missing"},
		"/api/v1/pools/history?tenant_id=unrated":                       {404, "not rated"},
		"/api/v1/pools/notices?tenant_id=a&month=2026-03":               {200, `"tenant_id":"a","month":"2026-03"`},
		"/api/v1/pools/notices?month=x":                                 {400, "YYYY-MM"},
		"/api/v1/credits?tenant_id=a&at=2026-01-09T00:00:00Z":           {200, `"accounts":[{"tenant_id":"a","tenant_name":"","currency":"","at":"2026-01-09T00:00:00Z"`},
		"/api/v1/reconciliation?tenant_id=a":                            {200, `"tenant_id":"a","month":"2026-02"`},
		"/api/v1/reconciliation?month=2026-02":                          {400, "tenant_id is missing"},
		"/api/v1/reconciliation?tenant_id=unrated":                      {404, "not rated"},
		"/api/v1/reconciliation/records?tenant_id=a&class=other_bucket": {200, `"status":"other_bucket"`},
		"/api/v1/reconciliation/records?tenant_id=a&class=x":            {400, "class must be one of all, match"},
		"/api/v1/credits?at=x":                                          {400, "at must be"},
	} {
		got := get(h, path)
		require.Equal(t, c.status, got.Code, path)
		require.Contains(t, got.Body.String(), c.has, path)
	}
	ids, path := []string{}, "/api/v1/pools/history?tenant_id=a&organizer_id=many"
	for next := new(""); next != nil; {
		page := into[struct {
			Movements []rating.Movement
			Next      *string
		}](t, get(h, path+"&cursor="+*next))
		require.LessOrEqual(t, len(page.Movements), 50)
		for _, m := range page.Movements {
			ids = append(ids, m.UsageID)
		}
		next = page.Next
	}
	require.Len(t, ids, 120)
	require.Equal(t, "119", ids[119])
	broken := serve(t, world{err: fmt.Errorf("secret")}, &bytes.Buffer{})
	for _, path := range []string{"/api/v1/pools", "/api/v1/pools/history?tenant_id=a", "/api/v1/pools/notices", "/api/v1/credits", "/api/v1/reconciliation?tenant_id=a"} {
		require.Equal(t, http.StatusInternalServerError, get(broken, path).Code)
	}
}
