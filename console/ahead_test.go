package console

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/usage"
)

// busyRatings are of a month that is being worked out.
type busyRatings struct{ ratingWorld }

func (busyRatings) Reconcile(context.Context, rating.ReconcileRequest) (rating.Reconciliation, error) {
	return rating.Reconciliation{}, fmt.Errorf("reconcile: %w", rating.ErrWorkingOut)
}

func (busyRatings) Differences(context.Context, rating.ReconcileRequest, string, int) ([]rating.Difference, error) {
	return nil, fmt.Errorf("reconcile: %w", rating.ErrWorkingOut)
}

type busyLedger struct{ ledger }

func (*busyLedger) Leak(context.Context, usage.Month, string) (rating.Leak, error) {
	return rating.Leak{}, rating.ErrWorkingOut
}

// Nobody waits for what takes seconds: pages say so and come by themselves, the API says when to
// ask again.
func TestWhatIsBeingWorkedOutIsSaid(t *testing.T) {
	h, _, _ := withCases(t, func(o *Options) { o.Ratings, o.Books = busyRatings{}, &busyLedger{} })
	for _, path := range []string{"/finance/2026-02/t/variance", "/finance/2026-02/t/records?class=all", "/finance/2026-02/t/leak"} {
		w := get(h, path)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Equal(t, "3", w.Header().Get("Refresh"), path)
		require.Contains(t, w.Body.String(), "is being worked out", path)
	}
	for _, path := range []string{"reconciliation?tenant_id=t&month=2026-02", "reconciliation/records?tenant_id=t&month=2026-02", "months/2026-02/statements/t/leak", "months/2026-02/statements/t/signatures"} {
		w := get(h, "/api/v1/"+path)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, path)
		require.Equal(t, "3", w.Header().Get("Retry-After"), path)
		require.Contains(t, w.Body.String(), "is being worked out", path)
	}
	w := send(h, "/finance/2026-02/t/sign", "fingerprint=f&reason=r")
	require.Equal(t, http.StatusConflict, w.Code)
	require.Empty(t, w.Header().Get("Refresh"), "a form is not sent twice by itself")
}
