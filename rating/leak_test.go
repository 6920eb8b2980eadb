package rating_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

// What the add-on absorbed is priced as credits would have been charged: 61 seconds are 11
// tenths of a minute.
func TestTheLeakIsPricedByTheRateSheet(t *testing.T) {
	w := newWorld(t)
	w.tenant("a", "US", false, "")
	w.skus("a", day(1, 1), conferencing(1))
	w.licences("a",
		held{organizer: "ann", plan: planConferencing, from: day(1, 1)}, held{organizer: "ann", plan: planAddon, from: day(1, 1)},
		held{organizer: "bob", plan: planConferencing, from: day(1, 1)})
	w.rateSheet("USD", day(1, 1), "1,0.01,0.02")
	call := revision{tenant: "a", id: "1", organizer: "ann", start: day(2, 3), seconds: 61, country: "US", class: "geographic", callee: "+12125550100"}
	long, other, abroad := call, call, call
	long.id, long.seconds = "2", 600
	other.id, other.organizer, other.seconds, other.capability = "3", "bob", 60, "MCOMEETADD_DIALOUT_US"
	abroad.id, abroad.country, abroad.callee = "4", "DE", "+4930123"
	w.use(call, long, other, abroad)
	r := w.rater()
	w.rate(r, rating.Request{})

	ask := func(req rating.LeakRequest) rating.Leak {
		req.Month = february
		all, err := r.Leaks(context.Background(), req)
		require.NoError(t, err)
		require.Len(t, all, 1)
		return all[0]
	}
	l := ask(rating.LeakRequest{Cases: []rating.OpenCase{{CaseID: "c-1", TenantID: "a", OrganizerID: "ann"}, {CaseID: "c-2", TenantID: "b", OrganizerID: "bob"}}})
	amount := func(want string, got *decimal.Decimal) {
		t.Helper()
		require.NotNil(t, got)
		require.True(t, decimal.RequireFromString(want).Equal(*got), got.String())
	}
	require.Equal(t, "USD", l.Currency)
	require.Equal(t, uint64(721), l.Absorbed.Seconds)
	require.Equal(t, uint64(661), l.Questioned.Seconds)
	require.Equal(t, uint64(60), l.Ineligible.Seconds, "the source says add-on, and bob has none")
	amount("0.242", l.Organizers[0].Absorbed.Amount)
	amount("0.242", l.Questioned.Amount)
	amount("0.03", l.Ineligible.Amount)
	amount("0.272", l.Absorbed.Amount)
	require.Equal(t, []string{"c-1"}, l.Organizers[0].Cases)

	require.Contains(t, l.Note, "not known what the tenant's credits are in")

	// Prices in another currency than the tenant's own are told of, and stay in one currency.
	w.tenant("a", "US", true, "GBP")
	l = ask(rating.LeakRequest{})
	require.Equal(t, "USD", l.Currency)
	require.Contains(t, l.Note, "in USD, since there are rate sheets of no other currency; the tenant's credits are in GBP")
	w.tenant("a", "US", true, "USD")
	require.Empty(t, ask(rating.LeakRequest{}).Note, "the prices are in the tenant's own currency")
	w.tenant("a", "US", true, "")
	w.rateSheet("EUR", day(1, 1), "1,0,5")
	l = ask(rating.LeakRequest{})
	require.Empty(t, l.Currency, "of two currencies none is chosen")
	require.Nil(t, l.Absorbed.Amount)
	require.NotEmpty(t, l.Note)
	w.tenant("a", "US", true, "USD")
	l = ask(rating.LeakRequest{})
	require.Equal(t, "USD", l.Currency)
	amount("0.272", l.Absorbed.Amount)
	l = ask(rating.LeakRequest{Currency: "EUR"})
	require.Contains(t, l.Note, "in EUR, as asked for; the tenant's credits are in USD")
	l = ask(rating.LeakRequest{Currency: "CHF"})
	require.Empty(t, l.Currency, "another currency's sheet prices nothing")
	require.NotEmpty(t, l.Note)
	require.Equal(t, l.Absorbed.Seconds, l.Absorbed.UnpricedSeconds)

	var text bytes.Buffer
	require.NoError(t, rating.WriteLeaksCSV(&text, []rating.Leak{l}))
	require.Contains(t, text.String(), "2026-02,a,ann,,2,661,,,2,661,0,0,0,\n")
}
