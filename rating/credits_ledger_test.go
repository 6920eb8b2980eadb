package rating

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func days(n int) time.Time { return epoch.AddDate(0, 0, n) }

func eur(amount int64) decimal.Decimal { return decimal.NewFromInt(amount) }

func deposited(id string, amount int64, from, to int) Deposit {
	return Deposit{ID: id, Amount: eur(amount), Currency: "EUR", At: days(from), Expires: days(to)}
}

func spent(_ string, amount int64, from, to time.Time) consumption {
	return consumption{Month: from, StartedAt: from, EndedAt: to, Amount: eur(amount)}
}

// spend goes through an account; calls are given in the order in which they ended.
func spend(c credited, at time.Time, calls ...consumption) CreditAccount {
	l := newLedger(&c, "EUR", time.UTC)
	for _, x := range calls {
		l.consume(x)
	}
	return l.account(at)
}

func uses(a CreditAccount) (out []string) {
	for _, d := range a.Deposits {
		out = append(out, fmt.Sprintf("%s used %s expired %s left %s", d.ID, d.Used, d.Expired, d.Left))
	}
	return out
}

func TestDepositsAreUsedUpInTheOrderInWhichTheyCame(t *testing.T) {
	two := credited{deposits: []Deposit{deposited("a", 100, 0, 365), deposited("b", 50, 10, 20)}}
	hour := time.Hour
	at := func(day int, of int64) consumption {
		return spent(fmt.Sprint(day), of, days(day).Add(hour), days(day).Add(2*hour))
	}

	a := spend(two, days(12), at(1, 60), at(11, 60))
	require.Equal(t, []string{"a used 100 expired 0 left 0", "b used 20 expired 0 left 30"}, uses(a))
	require.Equal(t, CreditsFunded, a.State)
	require.Equal(t, "30", a.Balance.String())

	a = spend(two, days(20), at(1, 60), at(11, 60))
	require.Equal(t, []string{"a used 100 expired 0 left 0", "b used 20 expired 30 left 0"}, uses(a))
	require.Equal(t, CreditsExhausted, a.State)
	require.Equal(t, days(20), *a.EmptyAt)
	require.Equal(t, "0", a.Balance.String())

	// What has expired pays for nothing, though the call began before.
	a = spend(credited{deposits: []Deposit{deposited("a", 100, 0, 2)}}, days(9), spent("x", 5, days(2).Add(-hour), days(2)))
	require.Equal(t, []string{"a used 0 expired 100 left 0"}, uses(a))
	require.Equal(t, "5", a.Overdrawn.String(), "it was in flight when they expired")
	require.Equal(t, CreditsOverdrawn, a.State)

	// A deposit that comes is not there before, and one that was voided never was.
	a = spend(two, days(5), at(1, 120))
	require.Equal(t, []string{"a used 100 expired 0 left 0", "b used 0 expired 0 left 0"}, uses(a))
	voided := credited{deposits: slices.Clone(two.deposits)}
	voided.deposits[0].Voided = true
	a = spend(voided, days(5), at(1, 7))
	require.Equal(t, "7", a.Uncovered.String())
	require.Equal(t, CreditsNoDeposit, a.State)
}

func TestCallsInFlightOverdraw(t *testing.T) {
	one := credited{deposits: []Deposit{deposited("a", 10, 0, 365), deposited("b", 100, 40, 365)}}
	at := func(id string, of int64, from, to int) consumption {
		return spent(id, of, days(5).Add(time.Duration(from)*time.Minute), days(5).Add(time.Duration(to)*time.Minute))
	}
	// Three calls begin while there is a balance; a fourth when it has ended.
	calls := []consumption{at("1", 8, 0, 10), at("2", 8, 5, 20), at("3", 8, 15, 30), at("4", 8, 25, 40)}
	a := spend(one, days(6), calls...)
	require.Equal(t, CreditsOverdrawn, a.State)
	require.Equal(t, "-14", a.Balance.String(), "6 by the second call and 8 by the third")
	require.Equal(t, "14", a.Overdrawn.String())
	require.Equal(t, "8", a.Uncovered.String())
	require.Equal(t, days(5).Add(20*time.Minute), *a.EmptyAt)

	// The next deposit makes the overdraft good, and not what never had a balance.
	a = spend(one, days(41), calls...)
	require.Equal(t, []string{"a used 10 expired 0 left 0", "b used 14 expired 0 left 86"}, uses(a))
	require.Equal(t, "86", a.Balance.String())
	require.Nil(t, a.EmptyAt)
	require.Equal(t, CreditsFunded, a.State)
	require.Equal(t, []string{"2026-01", "2026-02"}, []string{a.Months[0].Month, a.Months[1].Month})
	require.Equal(t, "-14", a.Months[0].Closing.String())
	require.Equal(t, "86", a.Months[1].Closing.String())
}

func TestPostPaidIsNotExhausted(t *testing.T) {
	c := credited{
		deposits: []Deposit{deposited("a", 10, 0, 365)},
		billing:  []Billing{{PostPaid, days(3)}},
	}
	a := spend(c, days(6), spent("1", 10, days(1), days(2)), spent("2", 99, days(4), days(5)))
	require.Equal(t, CreditsPostPaid, a.State)
	require.Equal(t, "99", a.Months[0].BilledLater.String())
	require.Equal(t, "0", a.Uncovered.String())
	require.Nil(t, a.EmptyAt)
	c.billing = append(c.billing, Billing{Prepaid, days(6)})
	require.Equal(t, CreditsExhausted, spend(c, days(6), spent("1", 10, days(1), days(2))).State)
}

// Whatever happens, no money comes from nowhere and none is lost.
func TestAnAccountAddsUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var c credited
		for i := range rapid.IntRange(0, 5).Draw(rt, "deposits") {
			from := rapid.IntRange(0, 80).Draw(rt, "from")
			d := deposited(fmt.Sprint(i), int64(rapid.IntRange(1, 50).Draw(rt, "amount")), from, from+rapid.IntRange(1, 60).Draw(rt, "for"))
			d.Voided = rapid.IntRange(0, 9).Draw(rt, "voided") == 0
			c.deposits = append(c.deposits, d)
		}
		slices.SortStableFunc(c.deposits, func(a, b Deposit) int { return a.At.Compare(b.At) })
		for range rapid.IntRange(0, 2).Draw(rt, "billings") {
			c.billing = append(c.billing, Billing{rapid.SampledFrom([]string{Prepaid, PostPaid}).Draw(rt, "mode"), days(rapid.IntRange(0, 80).Draw(rt, "since"))})
		}
		slices.SortStableFunc(c.billing, func(a, b Billing) int { return a.From.Compare(b.From) })
		var calls []consumption
		for i := range rapid.IntRange(0, 20).Draw(rt, "calls") {
			from := rapid.IntRange(0, 80).Draw(rt, "start")
			calls = append(calls, spent(fmt.Sprint(i), int64(rapid.IntRange(0, 30).Draw(rt, "cost")), days(from), days(from+rapid.IntRange(0, 9).Draw(rt, "length"))))
		}
		slices.SortStableFunc(calls, func(a, b consumption) int { return a.EndedAt.Compare(b.EndedAt) })
		a := spend(c, days(200), calls...)

		total := func(pick func(CreditMonth) decimal.Decimal) decimal.Decimal {
			sum := decimal.Zero
			for _, m := range a.Months {
				sum = sum.Add(pick(m))
			}
			return sum
		}
		used, left := decimal.Zero, decimal.Zero
		for _, d := range a.Deposits {
			sum := d.Used.Add(d.Expired).Add(d.Left)
			if d.Voided {
				require.True(rt, sum.IsZero())
				continue
			}
			require.True(rt, sum.Equal(d.Amount), "%+v", d)
			require.False(rt, d.Left.IsNegative())
			used, left = used.Add(d.Used), left.Add(d.Left)
		}
		cost := decimal.Zero
		for _, x := range calls {
			cost = cost.Add(x.Amount)
		}
		require.True(rt, cost.Equal(a.Consumed))
		later := total(func(m CreditMonth) decimal.Decimal { return m.BilledLater })
		require.True(rt, cost.Equal(used.Add(a.Overdrawn).Add(a.Uncovered).Add(later)), "%+v", a)
		require.True(rt, a.Balance.Equal(left.Sub(a.Overdrawn)))
		require.False(rt, left.IsPositive() && a.Overdrawn.IsPositive(), "nothing is overdrawn while there is a balance")
		require.True(rt, a.Uncovered.Equal(total(func(m CreditMonth) decimal.Decimal { return m.Uncovered })))
		if n := len(a.Months); n > 0 {
			require.True(rt, a.Balance.Equal(a.Months[n-1].Closing), "%+v", a)
		}
	})
}
