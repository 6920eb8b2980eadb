package rating_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

// A statement of an open month says which calls are not in it yet.
func TestAStatementSaysWhatIsNotRatedYet(t *testing.T) {
	w, r, b := closable(t)
	_, behind := w.statement(b, january).Behind()
	require.False(t, behind)

	w.use(late("late"), revision{
		tenant: "a", id: "aJanuary", number: 1, organizer: "ann", start: day(1, 6), seconds: 4100, replaces: day(1, 5),
		callee: "+493055550101", country: "DE", class: "geographic",
	})
	for _, s := range []rating.Statement{w.statement(b, january), ratedNow(t, b)} {
		x, behind := s.Behind()
		require.True(t, behind)
		require.Equal(t, rating.ExceptionNotRated, x.Code)
		require.EqualValues(t, 2, x.Calls, "the new one and the corrected one")
		require.EqualValues(t, 100+4100, x.Seconds)
		require.Contains(t, x.Text, "fairdial rate --month 2026-01")
	}
	w.rate(r, rating.Request{Tenants: []string{"a"}})
	_, behind = w.statement(b, january).Behind()
	require.False(t, behind)

	w.skus("a", day(1, 2), conferencing(2)) // no call is new, and the pool is another
	x, behind := w.statement(b, january).Behind()
	require.True(t, behind)
	require.Equal(t, rating.ExceptionRatedBefore, x.Code)
	require.Zero(t, x.Calls)
}

func ratedNow(t *testing.T, b *rating.Books) rating.Statement {
	t.Helper()
	all, err := b.Rated().Statements(context.Background(), january, []string{"a"})
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

// Closing tells of money that is not in the statement, and of a missing signature.
func TestClosingNotesWhatIsMissing(t *testing.T) {
	w, r, b := closable(t)
	ctx := context.Background()
	w.use(revision{tenant: "a", id: "far", organizer: "ann", start: day(2, 20), seconds: 60, country: "IN", class: "geographic", callee: "+919812345678"})
	w.rate(r, rating.Request{Tenants: []string{"a"}})
	log := w.journal()
	rec, err := r.Reconcile(ctx, rating.ReconcileRequest{Month: january, TenantID: "a"})
	require.NoError(t, err)
	require.NoError(t, r.SignReconciliation(ctx, log, rec, rec.Fingerprint, "fin", "cli:mary", "month end"))

	c, err := b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)
	require.Empty(t, c.Notes)
	request := closing(february, "fin")
	request.Account = "cli:mary"
	c, err = b.Close(ctx, request)
	require.NoError(t, err)
	require.Equal(t, []string{"1 call that credits pay for have no rate: what they cost is not in the amounts", "nobody signed its reconciliation"}, c.Notes)
	all, err := b.Closings(ctx, february, nil)
	require.NoError(t, err)
	require.Equal(t, c.Notes, all[0].Notes)
	require.Equal(t, "cli:mary", all[0].Account)
}

// The file of a closed month has the hash that its closing states.
func TestTheFileOfAClosedMonthHasItsHash(t *testing.T) {
	w, _, b := closable(t)
	ctx := context.Background()
	var file bytes.Buffer
	_, err := b.WriteClosed(ctx, &file, january, "a")
	require.ErrorIs(t, err, rating.ErrNotClosed)
	closed, err := b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)
	got, err := b.WriteClosed(ctx, &file, january, "a")
	require.NoError(t, err)
	sum := sha256.Sum256(file.Bytes())
	require.Equal(t, closed.SHA256, hex.EncodeToString(sum[:]))
	require.Equal(t, closed.CloseID, got.CloseID)

	require.NoError(t, w.s.Exec(ctx, "INSERT INTO closed_rows SELECT * REPLACE (seconds + 1 AS seconds, row_number + 1000 AS row_number) FROM closed_rows LIMIT 1"))
	_, err = b.WriteClosed(ctx, &file, january, "a")
	require.ErrorContains(t, err, "had "+closed.SHA256)
}

// What was left of credits at the end of a closed month stays what it was.
func TestCreditsOfAClosedMonthStay(t *testing.T) {
	w, _, b := closable(t)
	ctx, log := context.Background(), w.journal()
	deposit := func(id string, d int) rating.Deposit {
		return rating.Deposit{ID: id, TenantID: "a", Amount: decimal.NewFromInt(10), Currency: "USD", At: day(1, d), Reason: "invoice", Actor: "fin"}
	}
	_, err := b.Deposit(ctx, log, deposit("early", 3))
	require.NoError(t, err)
	_, err = b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)

	_, err = b.Deposit(ctx, log, deposit("late", 31))
	require.ErrorIs(t, err, rating.ErrInClosedMonth)
	require.ErrorContains(t, err, "date it 2026-02-01")
	require.ErrorIs(t, b.VoidDeposit(ctx, log, "a", "early", "fin", "a mistake"), rating.ErrInClosedMonth)
	require.ErrorIs(t, b.BillCredits(ctx, log, "a", rating.Billing{Mode: rating.PostPaid, From: day(1, 9)}, "fin", "contract"), rating.ErrInClosedMonth)
	next := deposit("february", 1)
	next.At = day(2, 1)
	_, err = b.Deposit(ctx, log, next)
	require.NoError(t, err)

	_, err = b.Reopen(ctx, january, "a", "boss", "", "a deposit was forgotten")
	require.NoError(t, err)
	_, err = b.Deposit(ctx, log, deposit("late", 31))
	require.NoError(t, err)
}

func TestDifferencesAsCSV(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	amount := decimal.RequireFromString("0.1234567")
	require.NoError(t, rating.WriteDifferencesCSV(&out, []rating.Difference{
		{TenantID: "a", Status: "match", UsageID: "=1+1", StartedAt: day(1, 5), Seconds: 60, Amount: &amount}, {TenantID: "a", Status: "no_rate", UsageID: "u2"},
	}))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	byName := map[string]string{}
	for i, name := range rows[0] {
		byName[name] = rows[1][i]
	}
	require.Equal(t, "'=1+1", byName["usage_id"])
	require.Equal(t, "0.1234567", byName["amount"])
	require.Equal(t, "2026-01-05T12:00:00Z", byName["started_at"])
	require.Contains(t, rows[2], "no_rate")
}
