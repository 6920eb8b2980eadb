package rating_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"fairdial/rating"
	"fairdial/rating/parquet"
	"fairdial/rating/workbook"
)

// adjusted is what a format says of the adjustments, summed up.
type adjusted struct {
	seconds, calls, unpriced int64
	amount                   string
	closing                  string // of the month that is put right
}

// What is put right of a closed month is the same in every format to the last unit, with a
// reference to its closing: while the month that has it is open, and after that is closed.
func TestAdjustmentsAreTheSameInEveryFormat(t *testing.T) {
	w, r, b := closable(t)
	ctx := context.Background()
	c, err := b.Close(ctx, closing(january, "fin"))
	require.NoError(t, err)
	unpriced := late("no rate")
	unpriced.country, unpriced.callee = "RU", "+74955550100"
	corrected := revision{
		tenant: "a", id: "aJanuary", number: 1, organizer: "ann", start: day(1, 5), replaces: day(1, 5), seconds: 3700, callee: "+493055550101", country: "DE", class: "geographic",
	}
	w.use(late("late"), unpriced, corrected)
	w.rate(r, rating.Request{Tenants: []string{"a"}})

	// Credits paid for 400 s (67 tenths of a minute). Now they pay for 100 s of that call and
	// for 100 s of a late one (17 tenths each), at 0.002 a tenth, and for 100 s without a rate.
	want := adjusted{seconds: -100, calls: 2, unpriced: 1, amount: "-0.066", closing: c.CloseID.String()}
	for _, state := range []string{"open", "closed"} {
		all, err := b.Statements(ctx, february, []string{"a"})
		require.NoError(t, err)
		require.Equal(t, state == "closed", all[0].Closed != nil)
		for format, got := range map[string]adjusted{
			"json": adjustedJSON(t, all), "csv": adjustedCSV(t, all), "xlsx": adjustedWorkbook(t, w, all, b), "parquet": adjustedParquet(t, all, b),
		} {
			require.Equal(t, want, got, "%s, %s", format, state)
		}
		if state == "open" {
			_, err := b.Close(ctx, closing(february, "fin"))
			require.NoError(t, err)
		}
	}
	verified(t, b, true)
}

func adjustedJSON(t *testing.T, all []rating.Statement) (got adjusted) {
	var text bytes.Buffer
	require.NoError(t, rating.WriteStatementsJSON(&text, all))
	var read []rating.Statement
	require.NoError(t, json.Unmarshal(text.Bytes(), &read))
	sum := decimal.Zero
	for _, a := range read[0].Adjustments {
		got.seconds, got.calls, got.unpriced, got.closing = got.seconds+a.Seconds, got.calls+a.Calls, got.unpriced+a.UnpricedCalls, a.CloseID.String()
		if a.Amount != nil {
			sum = sum.Add(*a.Amount)
		}
	}
	got.amount = sum.String()
	return got
}

func adjustedCSV(t *testing.T, all []rating.Statement) (got adjusted) {
	var text bytes.Buffer
	require.NoError(t, rating.WriteStatementsCSV(&text, all))
	rows, err := csv.NewReader(&text).ReadAll()
	require.NoError(t, err)
	return adjustedRows(t, rows, "adjusts", [5]string{"seconds", "calls", "unpriced_calls", "amount", "closing"})
}

func adjustedWorkbook(t *testing.T, w *world, all []rating.Statement, b *rating.Books) adjusted {
	var text bytes.Buffer
	require.NoError(t, workbook.Write(context.Background(), &text, "2026-02", all, b, w.tick()))
	f, err := excelize.OpenReader(&text)
	require.NoError(t, err)
	defer f.Close()
	rows, err := f.GetRows("Adjustments", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	got := adjustedRows(t, rows, "Of month", [5]string{"Seconds", "Calls", "Calls without a rate", "Amount", "Closing"})

	// What is due is the month and what is put right, by a formula.
	summary, err := f.GetRows("Summary", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	amounts := map[string]decimal.Decimal{}
	at := slices.Index(summary[0], "Amount")
	for _, row := range summary {
		if len(row) > at && slices.Contains([]string{"Rated USD", "Adjustments USD", "Due USD"}, row[0]) {
			amounts[row[0]] = decimal.RequireFromString(row[at])
		}
	}
	require.Equal(t, got.amount, amounts["Adjustments USD"].String())
	require.True(t, amounts["Rated USD"].Add(amounts["Adjustments USD"]).Equal(amounts["Due USD"]), "%v", amounts)
	return got
}

// adjustedRows sums up the rows that name a month which they adjust.
func adjustedRows(t *testing.T, rows [][]string, month string, columns [5]string) (got adjusted) {
	sum := decimal.Zero
	for _, row := range rows[1:] {
		cell := func(name string) string {
			if i := slices.Index(rows[0], name); i >= 0 && i < len(row) {
				return row[i]
			}
			return ""
		}
		if cell(month) == "" {
			continue
		}
		number := func(name string) int64 {
			n, err := strconv.ParseInt(cell(name), 10, 64)
			require.NoError(t, err)
			return n
		}
		got.seconds, got.calls, got.unpriced = got.seconds+number(columns[0]), got.calls+number(columns[1]), got.unpriced+number(columns[2])
		if text := cell(columns[3]); text != "" && text != "unpriced" {
			sum = sum.Add(decimal.RequireFromString(text))
		}
		got.closing = cell(columns[4])
	}
	got.amount = sum.String()
	return got
}

func adjustedParquet(t *testing.T, all []rating.Statement, b *rating.Books) (got adjusted) {
	var text bytes.Buffer
	require.NoError(t, parquet.Write(context.Background(), &text, all, b))
	rows, err := parquetgo.Read[parquet.Row](bytes.NewReader(text.Bytes()), int64(text.Len()))
	require.NoError(t, err)
	sum := decimal.Zero
	for _, row := range rows {
		if row.OfMonth == row.Month {
			require.Empty(t, row.Closing)
			continue
		}
		got.seconds, got.calls, got.unpriced, got.closing = got.seconds+row.Seconds, got.calls+row.Calls, got.unpriced+row.UnpricedCalls, row.Closing
		if amount := amountIn(row); amount != nil {
			sum = sum.Add(*amount)
		}
	}
	got.amount = sum.String()
	return got
}
