package rating

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// summed are calls by days or hours, as credits_sums.sql has them.
func summed(calls []consumption, by time.Duration) []stretch {
	var rows []spending
	for _, c := range calls {
		begins := c.EndedAt.Truncate(by)
		i := slices.IndexFunc(rows, func(x spending) bool { return x.Begins.Equal(begins) && x.Month.Equal(c.Month) })
		if i < 0 {
			i = len(rows)
			rows = append(rows, spending{Month: c.Month, Begins: begins, ByHour: by == time.Hour, First: c.StartedAt, Last: c.StartedAt})
		}
		x := &rows[i]
		x.Calls++
		if c.Unpriced {
			x.Unpriced++
		}
		x.Amount = x.Amount.Add(c.Amount)
		if c.StartedAt.Before(x.First) {
			x.First = c.StartedAt
		}
		if c.StartedAt.After(x.Last) {
			x.Last = c.StartedAt
		}
	}
	return stretches(rows)
}

// walked is what comes of following an account by days, of which some are there by hours from
// the beginning, and how many calls were looked at one by one.
func walked(t require.TestingT, c credited, at time.Time, calls []consumption, hourly func(day time.Time) bool) (CreditAccount, int) {
	among := func(from, to time.Time) (out []consumption) {
		for _, x := range calls {
			if !x.EndedAt.Before(from) && x.EndedAt.Before(to) {
				out = append(out, x)
			}
		}
		return out
	}
	read := 0
	w := walk{ledger: newLedger(&c, "EUR", time.UTC), at: at, ready: map[time.Time][]consumption{}}
	w.hours = func(_ context.Context, day stretch) ([]stretch, error) {
		return summed(among(day.begins, day.ends), time.Hour), nil
	}
	w.calls = func(_ context.Context, hours []stretch) (out []consumption, err error) {
		for _, h := range hours {
			for _, x := range among(h.begins, h.ends) {
				if x.EndedAt.Before(at) {
					out = append(out, x)
				}
			}
		}
		read += len(out)
		return out, nil
	}
	var all []stretch
	for _, day := range summed(calls, 24*time.Hour) {
		if hourly(day.begins) {
			all = append(all, summed(among(day.begins, day.ends), time.Hour)...)
		} else {
			all = append(all, day)
		}
	}
	require.NoError(t, w.through(context.Background(), all))
	return w.account(at), read
}

// Followed by days and hours, an account is to the last digit what it is call by call.
func TestAnAccountFollowedByDaysIsThatOfItsCalls(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		minutes := func(name string, most int) time.Time {
			return epoch.Add(time.Duration(rapid.IntRange(0, most).Draw(rt, name)) * 10 * time.Minute)
		}
		const long = 6 * 24 * 8 // of ten minutes: eight days
		var c credited
		for i := range rapid.IntRange(0, 4).Draw(rt, "deposits") {
			d := Deposit{ID: fmt.Sprint(i), Amount: eur(int64(rapid.IntRange(1, 200).Draw(rt, "amount"))), Currency: "EUR", At: minutes("from", long)}
			d.Expires = d.At.Add(time.Duration(rapid.IntRange(1, long).Draw(rt, "for")) * 10 * time.Minute)
			d.Voided = rapid.IntRange(0, 9).Draw(rt, "voided") == 0
			c.deposits = append(c.deposits, d)
		}
		slices.SortStableFunc(c.deposits, func(a, b Deposit) int {
			return firstOf(a.At.Compare(b.At), a.Expires.Compare(b.Expires))
		})
		for range rapid.IntRange(0, 2).Draw(rt, "billings") {
			c.billing = append(c.billing, Billing{rapid.SampledFrom([]string{Prepaid, PostPaid}).Draw(rt, "mode"), minutes("since", long)})
		}
		slices.SortStableFunc(c.billing, func(a, b Billing) int { return a.From.Compare(b.From) })
		var calls []consumption
		for range rapid.IntRange(0, 60).Draw(rt, "calls") {
			from := minutes("start", long)
			x := spent("", int64(rapid.IntRange(0, 9).Draw(rt, "cost")), from, from.Add(time.Duration(rapid.IntRange(0, 30).Draw(rt, "length"))*10*time.Minute))
			if x.Unpriced = rapid.IntRange(0, 9).Draw(rt, "unpriced") == 0; x.Unpriced {
				x.Amount = decimal.Zero
			}
			x.Month = time.Date(2026, time.Month(1+rapid.IntRange(0, 1).Draw(rt, "month")), 1, 0, 0, 0, 0, time.UTC)
			calls = append(calls, x)
		}
		slices.SortStableFunc(calls, func(a, b consumption) int { return a.EndedAt.Compare(b.EndedAt) })
		at := minutes("at", long*2)
		before := slices.DeleteFunc(slices.Clone(calls), func(x consumption) bool { return !x.EndedAt.Before(at) })
		odd := rapid.Bool().Draw(rt, "hourly")

		followed, _ := walked(rt, c, at, calls, func(day time.Time) bool { return odd && day.Day()%2 == 1 })
		require.Equal(rt, shownAccount(spend(c, at, before...)), shownAccount(followed))
	})
}

// shownAccount is an account in digits: a decimal can be the same number and not be equal.
func shownAccount(a CreditAccount) string {
	text := fmt.Sprint(a.State, a.Balance, a.Overdrawn, a.Uncovered, a.Consumed, a.EmptyAt, uses(a))
	for _, m := range a.Months {
		text += fmt.Sprintf("\n%s %s %s %s %s %d %s %s %s %d %s", m.Month, m.Opening, m.Deposited, m.Expired, m.Consumed, m.Calls, m.Overdrawn, m.Uncovered, m.BilledLater, m.UnpricedCalls, m.Closing)
	}
	return text
}

// Calls are looked at one by one in the hours alone in which something turns.
func TestFewCallsAreLookedAtOneByOne(t *testing.T) {
	var calls []consumption
	for i := range 24 * 60 * 30 { // a call a minute, of an hour, for a month
		from := epoch.Add(time.Duration(i) * time.Minute)
		calls = append(calls, spent("", 1, from, from.Add(time.Hour)))
	}
	c := credited{deposits: []Deposit{deposited("a", 10_000, 0, 365), deposited("b", 1_000, 20, 25)}}
	a, read := walked(t, c, days(60), calls, func(time.Time) bool { return false })
	require.Equal(t, shownAccount(spend(c, days(60), calls...)), shownAccount(a))
	require.Less(t, read, 24*60/2, "of 43,200 calls")
	require.Positive(t, read)
}
