package rating_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/rating"
)

// What is kept by hours gives the accounts that the calls give: after calls came late, were corrected and
// moved to another month, and were rated again, at any moment.
func TestCreditsFollowedByDaysAreThoseOfTheCalls(t *testing.T) {
	checks(t, "3")
	w := newWorld(t)
	ctx, j := context.Background(), w.journal()
	year := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w.rateSheet("USD", year.AddDate(-1, 0, 0), "49,0.01,0.3", "33,0,0.7")
	tenants, crossed := 0, uint64(0)
	rapid.Check(t, func(rt *rapid.T) {
		tenants++
		tenant := fmt.Sprint("t", tenants)
		w.tenant(tenant, "US", true, "USD")
		w.skus(tenant, year, sku{part: "MCOMEETADV", enabled: int64(rapid.IntRange(0, 1).Draw(rt, "licences")), plans: []string{planConferencing}})
		w.licences(tenant, held{organizer: "o", plan: planConferencing, from: year}, held{organizer: "o", plan: planCredits, from: year})
		end := year.AddDate(0, 2, 0)
		moment := func(name string) time.Time { // mostly around the end of a month, where there is much to go wrong
			return year.AddDate(0, 1, rapid.IntRange(-3, 2).Draw(rt, name)).Add(time.Duration(rapid.IntRange(0, 6*24-1).Draw(rt, name+" at")) * 10 * time.Minute)
		}
		starts := map[string]time.Time{}
		use := func(id string, number uint16) {
			to := rapid.SampledFrom([]string{"+4930123456", "+33123456", "+7123"}).Draw(rt, "number")
			x := revision{
				tenant: tenant, id: id, number: number, organizer: "o", start: moment("start"), seconds: uint32(rapid.IntRange(0, 1400).Draw(rt, "seconds")),
				callee: to, country: map[byte]string{'4': "DE", '3': "FR", '7': "RU"}[to[1]], class: "geographic", replaces: starts[id],
			}
			starts[id] = x.start
			w.use(x)
		}
		r := w.rater(func(o *rating.Options) {
			o.Plan.Versions[0].Pool.MinutesPerLicence = rapid.IntRange(1, 60).Draw(rt, "minutes")
		})
		for round := range 3 {
			for i := range rapid.IntRange(1, 12).Draw(rt, "calls") {
				use(fmt.Sprint(round, "-", i), 0)
			}
			if round > 0 && rapid.Bool().Draw(rt, "corrected") {
				use("0-0", uint16(round)) //nolint:gosec // 1 or 2
			}
			if rapid.Bool().Draw(rt, "deposited") {
				at := moment("deposit")
				_, err := r.Deposit(ctx, j, rating.Deposit{
					TenantID: tenant, Amount: decimal.New(int64(rapid.IntRange(1, 9000).Draw(rt, "amount")), -2), Currency: "USD", At: at,
					Expires: at.Add(time.Duration(rapid.IntRange(1, 96).Draw(rt, "hours")) * time.Hour), Reason: "order", Actor: "ann",
				})
				require.NoError(rt, err)
			}
			w.rate(r, rating.Request{Tenants: []string{tenant}})
			for _, at := range []time.Time{end, moment("asked"), moment("asked")} {
				slow, err := r.CreditsCallByCall(ctx, j, tenant, at)
				require.NoError(rt, err)
				quick, err := r.Credits(ctx, j, tenant, at)
				require.NoError(rt, err)
				require.Equal(rt, digits(slow), digits(quick), "at %s", at)
			}
		}
		crossed += w.count("SELECT count() FROM ratings WHERE bucket = 'credits' AND part = 1")
	})
	// Of all of them at once, in the middle of an hour and at the end of one.
	for _, at := range []time.Time{year.AddDate(0, 1, 0).Add(90 * time.Minute), year.AddDate(0, 1, 0)} {
		all, err := w.rater().Credits(ctx, j, "", at)
		require.NoError(t, err)
		var each []rating.CreditAccount
		for n := range tenants {
			own, err := w.rater().CreditsCallByCall(ctx, j, fmt.Sprint("t", n+1), at)
			require.NoError(t, err)
			each = append(each, own...)
		}
		require.ElementsMatch(t, digits(each), digits(all), "at %s", at)
	}
	require.Positive(t, crossed, "some calls crossed the end of their pool")
	require.Positive(t, w.count("SELECT count() FROM rating_runs WHERE sequence > 2"))
}

// digits are accounts as text: decimals can be the same number and not be equal.
func digits(all []rating.CreditAccount) (out []string) {
	for _, a := range all {
		text := fmt.Sprint(a.Currency, a.State, a.Balance, a.Overdrawn, a.Uncovered, a.Consumed, a.EmptyAt, a.Notes)
		for _, d := range a.Deposits {
			text += fmt.Sprintf("\n%s %s %s %s", d.ID, d.Used, d.Expired, d.Left)
		}
		for _, m := range a.Months {
			text += fmt.Sprintf("\n%s %s %s %s %s %d %s %s %s %d %s", m.Month, m.Opening, m.Deposited, m.Expired, m.Consumed, m.Calls, m.Overdrawn, m.Uncovered, m.BilledLater, m.UnpricedCalls, m.Closing)
		}
		out = append(out, text)
	}
	return out
}
