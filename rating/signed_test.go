package rating_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

// saidOfNothing is the world of said, with calls of no seconds.
func saidOfNothing(t *testing.T) *world {
	w := said(t)
	none := func(id, organizer, capability, charge string, hour int) revision {
		return revision{
			tenant: "t", id: id, organizer: organizer, start: time.Date(2026, 2, 3, hour, 0, 0, 0, time.UTC), country: "DE", class: "geographic",
			callee: "+4930555010", capability: capability, charge: charge, fee: "0", currency: "USD",
		}
	}
	w.use(none("none-1", "a", "MCOPSTNPP", "0", 1), none("none-2", "a", "MCOPSTNPP", "0.01", 2), none("none-3", "u", "MCOPSTNPP", "0", 3))
	return w
}

// What people signed before causes were told apart any finer is still signed: these
// fingerprints were computed by the version that was the first to be signed with.
func TestEarlierSignaturesHold(t *testing.T) {
	w := saidOfNothing(t)
	r := w.rater()
	w.rate(r, rating.Request{})
	rows, err := rating.ParseReport(strings.NewReader("userId,currency,totalCalls,totalCallSeconds,totalCallCharge\na,USD,18,4680,3.30\nghost,USD,4,240,1.25\n"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		req  rating.ReconcileRequest
		want string
	}{
		"as it is":      {rating.ReconcileRequest{}, "5d65bbe3d04f1c76a5d48527c360b761"},
		"strict":        {rating.ReconcileRequest{Tolerance: &decimal.Zero}, "2308350f8e14d9289865aba4c6c4cdae"},
		"with a report": {rating.ReconcileRequest{Report: rows}, "4371fb2261f6c611450331efde8ca06f"},
	} {
		t.Run(name, func(t *testing.T) {
			c.req.Month, c.req.TenantID = february, "t"
			all, err := r.Reconcile(context.Background(), c.req)
			require.NoError(t, err)
			require.Equal(t, c.want, all.Fingerprint)
		})
	}
}

// Calls of no seconds have a cause of their own: they say nothing of a pool's size.
func TestCallsOfNoSecondsHaveTheirOwnCause(t *testing.T) {
	w := saidOfNothing(t)
	r := w.rater()
	w.rate(r, rating.Request{})
	req := rating.ReconcileRequest{Month: february, TenantID: "t"}
	got := map[string]string{}
	require.NoError(t, r.Differences(context.Background(), req, "", func(d rating.Difference) error {
		got[d.UsageID] = d.Cause
		return nil
	}))
	require.Equal(t, []string{"no_seconds", "no_seconds", "no_seconds"}, []string{got["none-1"], got["none-2"], got["none-3"]})
	require.Equal(t, "pool_size", got["pool-there"])
	require.Equal(t, "unpaid", got["unpaid"])
	n := 0
	require.NoError(t, r.Differences(context.Background(), req, "no_seconds", func(rating.Difference) error { n++; return nil }))
	require.Equal(t, 3, n)

	// Causes that move money come first, by currency and the most first; the others by seconds.
	all, err := r.Reconcile(context.Background(), req)
	require.NoError(t, err)
	var order []string
	moved := true
	for i, c := range all.Causes {
		order = append(order, c.Cause)
		require.True(t, moved || c.Variance.IsZero(), "%v", order)
		if i == 0 {
			continue
		}
		before := all.Causes[i-1]
		moved = !c.Variance.IsZero()
		switch {
		case !moved && before.Variance.IsZero():
			require.GreaterOrEqual(t, before.Seconds, c.Seconds, "%v", order)
		case moved && before.Currency == c.Currency:
			require.True(t, before.Variance.Abs().GreaterThanOrEqual(c.Variance.Abs()), "%v", order)
		}
	}
	require.Equal(t, "EUR", all.Causes[0].Currency)
	require.Contains(t, order, "no_seconds")
	require.True(t, all.Causes[len(order)-1].Variance.IsZero())
}
