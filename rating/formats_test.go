package rating_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"math"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"fairdial/rating"
	"fairdial/rating/parquet"
	"fairdial/rating/workbook"
	"fairdial/store/journal"

	"github.com/google/uuid"
)

func (w *world) books(r *rating.Rater) *rating.Books {
	return rating.NewBooks(r, journal.New(w.s, w.tick, uuid.New), 72*time.Hour)
}

// awkward is a month with two currencies, calls without a rate, fractions of the last
// unit, and texts that a spreadsheet could run.
func awkward(t *testing.T) (*world, *rating.Rater) {
	w := newWorld(t)
	w.insert("tenant_revisions", []any{"us", `=HYPERLINK("http://evil","x")`, "US", "commercial", "ea", true, "USD", w.tick()})
	w.insert("tenant_revisions", []any{"de", "+49, ein \"Name\"", "DE", "commercial", "", true, "EUR", w.tick()})
	w.skus("us", day(1, 1), conferencing(1))
	w.skus("de", day(1, 1), conferencing(1))
	w.rateSheet("USD", day(1, 1), "49,0.000001,0.013", "44,0.1,0.000001")
	w.rateSheet("EUR", day(1, 1), "49,0,0.333333", "44,0.07,1")
	for _, tenant := range []string{"us", "de"} {
		w.licences(tenant,
			held{organizer: "=ann", plan: planConferencing, from: day(1, 1)}, held{organizer: "=ann", plan: planAddon, from: day(1, 1)},
			held{organizer: "=ann", plan: planCredits, from: day(1, 1)}, held{organizer: "@bob", plan: planAddon, from: day(1, 1)})
		for i := range 40 {
			organizer := []string{"=ann", "@bob", "-cem"}[i%3]
			country, callee := "DE", "+4930123"
			switch i % 4 {
			case 1:
				country, callee = "GB", "+4420123"
			case 2:
				country, callee = "US", "+12125550100"
			case 3:
				country, callee = "FR", "+3312345" // no rate is known
			}
			w.use(revision{tenant: tenant, id: strconv.Itoa(i), organizer: organizer, start: day(2, 1+i%27), seconds: uint32(37 * (i + 1)), country: country, class: "geographic", callee: callee})
		}
	}
	r := w.rater()
	w.rate(r, rating.Request{})
	return w, r
}

// amountsBy are what each bucket paid, by currency, and its seconds.
type sumsOf struct {
	begun   int64 // calls, each once
	seconds map[string]int64
	money   map[string]decimal.Decimal
}

func newSums() sumsOf {
	return sumsOf{seconds: map[string]int64{}, money: map[string]decimal.Decimal{}}
}

func (s *sumsOf) add(bucket, currency string, begun, seconds int64, amount *decimal.Decimal) {
	s.begun += begun
	s.seconds[bucket] += seconds
	if currency != "" && amount != nil {
		s.money[currency] = s.money[currency].Add(*amount)
	}
}

func (s sumsOf) equal(t *testing.T, o sumsOf, of string) {
	t.Helper()
	require.Equal(t, s.seconds, o.seconds, of)
	require.Equal(t, s.begun, o.begun, "%s: calls, each once", of)
	require.Len(t, o.money, len(s.money), of)
	for code, amount := range s.money {
		require.True(t, amount.Equal(o.money[code]), "%s: %s %s and %s", of, code, amount, o.money[code])
	}
}

// Every format gives the same totals to the last unit, by bucket and by currency.
func TestAllFormatsAgreeToTheLastUnit(t *testing.T) {
	w, r := awkward(t)
	books, ctx := w.books(r), context.Background()
	all, err := books.Statements(ctx, february, nil)
	require.NoError(t, err)
	require.Len(t, all, 2)

	want, parts := newSums(), uint64(0)
	for _, s := range all {
		want.begun += int64(s.Calls)
		for _, b := range s.Buckets {
			parts += b.Calls
			want.seconds[string(b.Bucket)] += int64(b.Seconds)
			for _, a := range b.Amounts {
				want.money[a.Currency] = want.money[a.Currency].Add(*a.Amount)
			}
		}
	}
	require.Equal(t, int64(80), want.begun)
	require.Greater(t, parts, uint64(80), "calls cross the end of the pool")
	require.Len(t, want.seconds, 4)
	require.Len(t, want.money, 2)
	require.True(t, want.money["USD"].IsPositive() && want.money["EUR"].IsPositive())

	var text bytes.Buffer
	require.NoError(t, rating.WriteStatementsJSON(&text, all))
	var read []rating.Statement
	require.NoError(t, json.Unmarshal(text.Bytes(), &read))
	got := newSums()
	for _, s := range read {
		for _, l := range s.Lines {
			got.add(string(l.Bucket), l.Currency, int64(l.CallsBegun), int64(l.Seconds), l.Amount)
		}
	}
	want.equal(t, got, "json")

	text.Reset()
	require.NoError(t, rating.WriteStatementsCSV(&text, all))
	want.equal(t, readCSV(t, text.String()), "csv")

	text.Reset()
	require.NoError(t, parquet.Write(ctx, &text, all, books))
	want.equal(t, readParquet(t, text.Bytes()), "parquet")

	text.Reset()
	require.NoError(t, workbook.Write(ctx, &text, "2026-02", all, books, w.tick()))
	readWorkbook(t, text.Bytes(), want)
	t.Run("as another program computes it", func(t *testing.T) { recomputed(t, text.Bytes(), want) })
}

func readCSV(t *testing.T, text string) sumsOf {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	sums := newSums()
	for _, row := range rows[1:] {
		seconds, err := strconv.ParseInt(row[at["seconds"]], 10, 64)
		require.NoError(t, err)
		begun, err := strconv.ParseInt(row[at["calls_begun"]], 10, 64)
		require.NoError(t, err)
		sums.add(row[at["bucket"]], row[at["currency"]], begun, seconds, money(row[at["amount"]]))
		for _, cell := range row {
			require.NotContains(t, []string{"=", "+", "@", "\t", "\r"}, cell[:min(1, len(cell))], "a spreadsheet could run %q", cell)
		}
	}
	return sums
}

func readParquet(t *testing.T, data []byte) sumsOf {
	file, err := parquetgo.OpenFile(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	require.Contains(t, file.Schema().String(), "amount (DECIMAL(38,7))")
	rows, err := parquetgo.Read[parquet.Row](bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	sums := newSums()
	for _, row := range rows {
		sums.add(row.Bucket, row.Currency, row.CallsBegun, row.Seconds, amountIn(row))
	}
	return sums
}

// amountIn is the amount of a row of a Parquet file.
func amountIn(row parquet.Row) *decimal.Decimal {
	if row.Amount == nil {
		return nil
	}
	n := new(big.Int).SetBytes(row.Amount[:])
	if row.Amount[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	d := decimal.NewFromBigInt(n, -7)
	return &d
}

// readWorkbook checks each sheet's rows, and the results that are stored with its formulas.
func readWorkbook(t *testing.T, data []byte, want sumsOf) {
	f, err := excelize.OpenReader(bytes.NewReader(data))
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, []string{"Summary", "By tenant", "By organizer", "By destination", "Exceptions", "Adjustments"}, f.GetSheetList())
	about, err := f.GetDocProps()
	require.NoError(t, err)
	require.Equal(t, "Fairdial", about.Creator)
	require.True(t, strings.HasPrefix(about.Created, "2026-"), "the clock that was passed in: %s", about.Created)
	summary, err := f.GetRows("Summary", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	total := slices.IndexFunc(summary, func(row []string) bool { return row[0] == "Total" })
	require.Equal(t, strconv.FormatInt(want.begun, 10), summary[total][slices.Index(summary[0], "Calls begun")])
	raw := archived(t, data)
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if !strings.HasPrefix(name, "xl/worksheets/sheet") {
			continue
		}
		require.Equal(t, !strings.Contains(raw[name], "Statement 2026-02") && !strings.Contains(raw[name], "Closing"), strings.Contains(raw[name], "<autoFilter "), name)
		last := 0
		for _, m := range regexp.MustCompile(`<col [^>]*min="(\d+)"`).FindAllStringSubmatch(raw[name], -1) {
			n, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			require.Greater(t, n, last, "%s: columns in ascending order", name)
			last = n
		}
		require.Positive(t, last, name)
	}
	for _, sheet := range f.GetSheetList() {
		panes, err := f.GetPanes(sheet)
		require.NoError(t, err)
		require.True(t, panes.Freeze && panes.YSplit == 1, sheet)
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		for i, row := range rows {
			for j, cell := range row {
				require.NotContains(t, []string{"=", "+", "@", "\t", "\r"}, cell[:min(1, len(cell))], "%s: a spreadsheet could run %q", sheet, cell)
				name, err := excelize.CoordinatesToCellName(j+1, i+1)
				require.NoError(t, err)
				formula, err := f.GetCellFormula(sheet, name)
				require.NoError(t, err)
				if formula == "" {
					continue
				}
				computed, err := f.CalcCellValue(sheet, name, excelize.Options{RawCellValue: true})
				require.NoError(t, err, "%s %s %s", sheet, name, formula)
				require.True(t, decimal.RequireFromString(cell).Sub(decimal.RequireFromString(computed)).Abs().LessThan(decimal.New(1, -9)), "%s %s: %s is stored and %s computed", sheet, name, cell, computed)
			}
		}
		sumsOfSheet(t, sheet, rows, want)
	}
}

// archived are the files in a workbook.
func archived(t *testing.T, data []byte) map[string]string {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	out := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(in)
		require.NoError(t, err)
		require.NoError(t, in.Close())
		out[f.Name] = string(text)
	}
	return out
}

func sumsOfSheet(t *testing.T, sheet string, rows [][]string, want sumsOf) {
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	value := func(row []string, name string) string {
		if i, ok := at[name]; ok && i < len(row) {
			return row[i]
		}
		return ""
	}
	if _, ok := at["Bucket"]; !ok || sheet == "Adjustments" {
		return
	}
	got, totals, seconds := newSums(), newSums(), int64(0)
	for _, row := range rows[1:] {
		var amount *decimal.Decimal
		if text := value(row, "Amount"); text != "unpriced" {
			amount = money(text)
		}
		n, _ := strconv.ParseInt(value(row, "Seconds"), 10, 64)
		begun, _ := strconv.ParseInt(value(row, "Calls begun"), 10, 64)
		// LibreOffice writes a time as a clock shows it, and of no more than a day.
		if text := value(row, "Minutes (m:ss)"); text != "" && !strings.Contains(text, ":") {
			days, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err, sheet)
			require.EqualValues(t, n, math.Round(days*86400), "%s: minutes are the seconds, to the second", sheet)
		}
		switch {
		case row[0] == "Total":
			seconds = n
			require.Equal(t, want.begun, begun, sheet)
			require.Empty(t, value(row, "Calls"), "%s: a sum in which calls are twice", sheet)
		case strings.HasPrefix(row[0], "Total "):
			totals.add("", value(row, "Currency"), 0, 0, amount)
		default:
			got.add(value(row, "Bucket"), value(row, "Currency"), begun, n, amount)
		}
	}
	want.equal(t, got, sheet)
	for _, n := range want.seconds {
		seconds -= n
	}
	require.Zero(t, seconds, "%s: the total of seconds", sheet)
	require.Len(t, totals.money, len(want.money), sheet)
	for code, amount := range want.money {
		require.True(t, amount.Equal(totals.money[code]), "%s: total %s", sheet, code)
	}
}

// recomputed has LibreOffice compute the workbook's formulas and compares its totals.
func recomputed(t *testing.T, data []byte, want sumsOf) {
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("LibreOffice (soffice) is not installed, so no other program computes the workbook; apt-get install libreoffice-calc")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "statement.xlsx")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// -1: every sheet, a file each.
	cmd := exec.CommandContext(ctx, office, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to",
		`csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1`, "--outdir", dir, file)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, string(output))
	for _, sheet := range []string{"By tenant", "By organizer", "By destination"} {
		text, err := os.ReadFile(filepath.Join(dir, "statement-"+sheet+".csv"))
		require.NoError(t, err, string(output))
		reader := csv.NewReader(bytes.NewReader(text))
		reader.FieldsPerRecord = -1
		rows, err := reader.ReadAll()
		require.NoError(t, err)
		sumsOfSheet(t, sheet, rows, want)
	}
}

// What should not be taken for granted is in the statement.
func TestExceptionsOfTheAddonAreListed(t *testing.T) {
	w, r := awkward(t)
	all, err := w.books(r).Statements(context.Background(), february, nil)
	require.NoError(t, err)
	codes := map[string][]string{}
	for _, s := range all {
		for _, x := range s.Exceptions {
			codes[s.TenantID] = append(codes[s.TenantID], strings.TrimSpace(x.Code+" "+x.OrganizerID))
			require.NotEmpty(t, x.Text)
		}
	}
	both := []string{"no_rate", "unfunded", "addon_without_prerequisite @bob", "pool_without_licence -cem", "pool_without_licence @bob"}
	require.Equal(t, append([]string{"addon_channel_unknown"}, both...), codes["de"])
	require.Equal(t, both, codes["us"])

	w.insert("tenant_revisions", []any{"us", "US", "US", "military", "retail", true, "USD", w.tick()})
	all, err = w.books(r).Statements(context.Background(), february, []string{"us"})
	require.NoError(t, err)
	require.Equal(t, "addon_channel_not_offered", all[0].Exceptions[0].Code)
	require.Equal(t, "addon_segment_not_offered", all[0].Exceptions[1].Code)
	require.Equal(t, all[0].Buckets[0].Seconds, all[0].Exceptions[0].Seconds, "what it is about")
	require.Positive(t, all[0].Exceptions[0].Seconds)
}
