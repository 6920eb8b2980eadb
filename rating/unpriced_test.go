package rating_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"fairdial/rating"
	"fairdial/rating/parquet"
	"fairdial/rating/workbook"
	"fairdial/usage"
)

// What calls cost of which none has a rate is not known. It is never told as 0, in no
// format, not of a closed month either; and what is known of a sum says how many calls it
// is without.
func TestASumOfCallsWithoutARateIsUnknownNotZero(t *testing.T) {
	w := newWorld(t)
	w.tenant("a", "US", true, "USD")
	w.licences("a", held{organizer: "ann", plan: planCredits, from: day(1, 1)}, held{organizer: "bob", plan: planCredits, from: day(1, 1)})
	w.rateSheet("USD", day(1, 1), "49,0,0.1")
	call := revision{tenant: "a", id: "1", organizer: "ann", start: day(2, 3), seconds: 60, country: "FR", class: "geographic", callee: "+3312345"}
	second := call
	second.id = "2"
	w.use(call, second)
	r := w.rater()
	w.rate(r, rating.Request{})
	books, ctx := w.books(r), context.Background()
	open, err := books.Statements(ctx, february, nil)
	require.NoError(t, err)
	told, err := books.Obstacles(ctx, february, open)
	require.NoError(t, err)
	i := slices.IndexFunc(told["a"], func(o rating.Obstacle) bool { return o.Code == rating.ObstacleUnpriced })
	require.EqualValues(t, 2, told["a"][i].Count)
	without, err := r.FirstDifferences(ctx, rating.ReconcileRequest{Month: february, TenantID: "a"}, rating.UnpricedRecords, 10)
	require.NoError(t, err)
	require.Len(t, without, 2)
	_, err = books.Close(ctx, rating.CloseRequest{Month: february, TenantID: "a", Actor: "eve"})
	require.NoError(t, err)
	verified(t, books, true)

	for name, from := range map[string]interface {
		workbook.Entries
		Statements(ctx context.Context, month usage.Month, tenants []string) ([]rating.Statement, error)
	}{"rated": books.Rated(), "closed": books} {
		all, err := from.Statements(ctx, february, nil)
		require.NoError(t, err)
		require.Equal(t, []rating.Amount{{Currency: "USD", UnpricedCalls: 2}}, all[0].Buckets[2].Amounts, name)

		var text bytes.Buffer
		require.NoError(t, rating.WriteStatementsJSON(&text, all))
		require.Contains(t, text.String(), `"amount": null`, name)
		require.NotContains(t, text.String(), `"amount": "0"`, name)
		var read []rating.Statement
		require.NoError(t, json.Unmarshal(text.Bytes(), &read))
		require.Nil(t, read[0].Lines[0].Amount)

		text.Reset()
		require.NoError(t, rating.WriteStatementsCSV(&text, all))
		require.Contains(t, text.String(), ",2,2,120,20,,USD,2,120,,\n", name)

		text.Reset()
		require.NoError(t, parquet.Write(ctx, &text, all, from))
		rows, err := parquetgo.Read[parquet.Row](bytes.NewReader(text.Bytes()), int64(text.Len()))
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Nil(t, rows[0].Amount, name)
		require.Equal(t, int64(2), rows[0].UnpricedCalls, name)

		text.Reset()
		require.NoError(t, workbook.Write(ctx, &text, "2026-02", all, from, w.tick()))
		require.Empty(t, amountsBeside(t, text.Bytes(), "2"), name)
	}

	// With a call that has a rate beside them, the sum is that call's, and says what it lacks.
	priced := call
	priced.id, priced.organizer, priced.country, priced.callee = "3", "bob", "DE", "+4930123"
	w.use(priced)
	w.rate(r, rating.Request{})
	all, err := books.Rated().Statements(ctx, february, nil)
	require.NoError(t, err)
	require.Equal(t, "0.1", all[0].Buckets[2].Amounts[0].Amount.String())
	require.Equal(t, uint64(2), all[0].Buckets[2].Amounts[0].UnpricedCalls)
	var text bytes.Buffer
	require.NoError(t, workbook.Write(ctx, &text, "2026-02", all, books.Rated(), w.tick()))
	require.Equal(t, []string{"0.1"}, slices.Compact(amountsBeside(t, text.Bytes(), "2")))
}

// amountsBeside are the amounts in rows of a workbook that have so many calls without a
// rate.
func amountsBeside(t *testing.T, data []byte, without string) (amounts []string) {
	f, err := excelize.OpenReader(bytes.NewReader(data))
	require.NoError(t, err)
	defer f.Close()
	seen := 0
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		amount, lacking := slices.Index(rows[0], "Amount"), slices.Index(rows[0], "Calls without a rate")
		for _, row := range rows[1:] {
			if amount < 0 || lacking < 0 || len(row) <= lacking || row[lacking] != without || row[amount] == "" {
				continue
			}
			seen++
			if row[amount] != "unpriced" {
				amounts = append(amounts, row[amount])
			}
		}
	}
	require.Positive(t, seen)
	return amounts
}
