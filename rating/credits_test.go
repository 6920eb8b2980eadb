package rating_test

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

func TestPrepaidCreditsPayForTheMonthWorkedByHand(t *testing.T) {
	w := golden(t, "golden-month")
	r, j := w.rater(), w.journal()
	w.rate(r, rating.Request{})
	ctx := context.Background()
	deposit := func(d rating.Deposit) error {
		if d.Currency == "" {
			d.Currency = "USD"
		}
		_, err := r.Deposit(ctx, j, d)
		return err
	}
	day := func(n int) time.Time { return time.Date(2026, 2, n, 0, 0, 0, 0, time.UTC) }
	good := rating.Deposit{ID: "PO-1", TenantID: "contoso", Amount: decimal.RequireFromString("2.50"), At: day(1), Reason: "order 1", Actor: "ann"}

	accounts, err := r.Credits(ctx, j, "", day(28).AddDate(0, 0, 5))
	require.NoError(t, err)
	require.Len(t, accounts, 1)
	require.Equal(t, rating.CreditsNoDeposit, accounts[0].State)
	require.Equal(t, "7.0961", accounts[0].Uncovered.String(), "as the statement has it")

	require.NoError(t, deposit(good))
	require.ErrorIs(t, deposit(good), rating.ErrDeposited)
	euro := good
	euro.ID, euro.Currency, euro.Amount = "", "EUR", decimal.NewFromInt(1)
	require.NoError(t, deposit(euro))
	for _, bad := range []func(*rating.Deposit){
		func(d *rating.Deposit) { d.Amount = decimal.Zero },
		func(d *rating.Deposit) { d.Amount = decimal.RequireFromString("0.0000001") },
		func(d *rating.Deposit) { d.Currency = "usd" },
		func(d *rating.Deposit) { d.Reason = " " },
		func(d *rating.Deposit) { d.Expires = d.At },
		func(d *rating.Deposit) { d.At = time.Time{} },
	} {
		d := good
		d.ID = "bad"
		bad(&d)
		require.ErrorIs(t, deposit(d), rating.ErrBadDeposit)
	}
	nobody := good
	nobody.TenantID = "nobody"
	require.ErrorIs(t, deposit(nobody), rating.ErrNoTenant)

	at := day(28).AddDate(0, 0, 5)
	accounts, err = r.Credits(ctx, j, "contoso", at)
	require.NoError(t, err)
	require.Len(t, accounts, 2, "a currency is an account of its own")
	require.Equal(t, "EUR", accounts[0].Currency)
	require.Equal(t, rating.CreditsFunded, accounts[0].State)
	a := accounts[1]
	require.Equal(t, day(1).AddDate(1, 0, 0), a.Deposits[0].Expires, "the provider's twelve months")
	require.Equal(t, "7.0961", a.Consumed.String())
	require.Equal(t, "2.5", a.Deposits[0].Used.String())
	require.True(t, a.Overdrawn.Add(a.Uncovered).Equal(decimal.RequireFromString("4.5961")))
	require.True(t, a.Overdrawn.IsPositive(), "one call was in flight when it ended")
	require.Equal(t, rating.CreditsOverdrawn, a.State)
	require.Equal(t, uint64(1), a.Months[0].UnpricedCalls)
	require.NotEmpty(t, a.Notes)

	// Before anything was used.
	accounts, err = r.Credits(ctx, j, "contoso", day(2))
	require.NoError(t, err)
	require.Equal(t, "2.5", accounts[1].Balance.String())

	require.ErrorIs(t, r.VoidDeposit(ctx, j, "contoso", "PO-2", "ann", "typing error"), rating.ErrNoDeposit)
	require.NoError(t, r.VoidDeposit(ctx, j, "contoso", "PO-1", "ann", "typing error"))
	require.ErrorIs(t, r.VoidDeposit(ctx, j, "contoso", "PO-1", "ann", "again"), rating.ErrNoDeposit)
	accounts, err = r.Credits(ctx, j, "contoso", at)
	require.NoError(t, err)
	require.Equal(t, rating.CreditsNoDeposit, accounts[1].State)
	require.Equal(t, "typing error", accounts[1].Deposits[0].VoidedBecause)

	require.NoError(t, r.BillCredits(ctx, j, "contoso", rating.Billing{Mode: rating.PostPaid, From: day(1)}, "ann", "MCA"))
	require.ErrorIs(t, r.BillCredits(ctx, j, "contoso", rating.Billing{Mode: "later"}, "ann", "MCA"), rating.ErrBadDeposit)
	accounts, err = r.Credits(ctx, j, "contoso", at)
	require.NoError(t, err)
	require.Equal(t, rating.CreditsPostPaid, accounts[1].State)
	require.Equal(t, "0", accounts[1].Uncovered.String())
	require.Equal(t, "7.0961", accounts[1].Months[0].BilledLater.String())
}
