package workbook

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	"fairdial/rating"
)

// column is a column of a table.
type column struct {
	title string
	width float64
	kind  kind
}

type kind int

const (
	kindText kind = iota
	kindCurrency
	kindCount
	kindPart    // a count whose sum says nothing: the same call can be in several rows
	kindMinutes // of the count before it, which is in seconds; it has no value of its own
	kindMoney   // in the currency of its row
)

func text(title string, width float64) column { return column{title, width, kindText} }
func counted(title string) column             { return column{title, 14, kindCount} }
func money(title string) column               { return column{title, 18, kindMoney} }

var (
	currency = column{"Currency", 10, kindCurrency}
	calls    = column{"Calls", 14, kindPart}
	minutes  = column{"Minutes (m:ss)", 14, kindMinutes}
)

// table is a sheet with a header row that stays in sight, rows, and totals under them.
type table struct {
	b       *book
	sheet   string
	columns []column
	out     *excelize.StreamWriter
	row     int // the last one written
	last    int // the last one that is not a total
	totals  bool

	counts  map[int]int64
	lacking map[string]int64                    // calls without a rate, by currency
	sums    map[string]map[int]*decimal.Decimal // by currency; nil where no amount of it is known
}

// table begins a sheet. Of rows, as many as it is going to have without totals, there is a
// filter; a stream has to know them beforehand.
func (b *book) table(sheet string, rows int, columns ...column) (*table, error) {
	if i, err := b.file.GetSheetIndex(sheet); err != nil || i < 0 {
		if _, err := b.file.NewSheet(sheet); err != nil {
			return nil, err
		}
	}
	if rows > 0 {
		if err := b.file.AutoFilter(sheet, fmt.Sprintf("A1:%s%d", letter(len(columns)-1), rows+1), nil); err != nil {
			return nil, err
		}
	}
	out, err := b.file.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	t := &table{b: b, sheet: sheet, columns: columns, out: out, totals: true, counts: map[int]int64{}, lacking: map[string]int64{}, sums: map[string]map[int]*decimal.Decimal{}}
	head := make([]any, len(columns))
	for i, c := range slices.Backward(columns) { // each is put before the ones set already
		if err := out.SetColWidth(i+1, i+1, c.width); err != nil {
			return nil, err
		}
		head[i] = excelize.Cell{StyleID: b.head, Value: c.title}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	return t, t.write(head)
}

// rowsInSheet is as many as the format has.
const rowsInSheet = excelize.TotalRows

func (t *table) write(cells []any) error {
	if t.row == rowsInSheet {
		return fmt.Errorf("the sheet %q has more than %d rows; ask for one tenant, or for csv or parquet", t.sheet, rowsInSheet)
	}
	t.row++
	return t.out.SetRow(fmt.Sprintf("A%d", t.row), cells)
}

// add writes a row: texts, counts as int64, and money as decimals. Minutes have no value.
func (t *table) add(values ...any) error {
	cells := make([]any, len(t.columns))
	code, seconds := "", int64(0)
	for i, c := range t.columns {
		if c.kind == kindMinutes {
			cells[i] = excelize.Cell{StyleID: t.b.minutes, Value: inDays(seconds)}
			continue
		}
		value := values[0]
		values = values[1:]
		switch c.kind {
		case kindCurrency:
			code = value.(string)
			cells[i] = rating.Cell(code)
		case kindText:
			cells[i] = rating.Cell(value.(string))
		case kindCount, kindPart:
			seconds = value.(int64)
			cells[i] = excelize.Cell{StyleID: t.b.count, Value: seconds}
			t.counts[i] += seconds
			if c.title == withoutRate {
				t.lacking[code] += seconds
			}
		case kindMoney:
			amount := value.(*decimal.Decimal)
			if code == "" && (amount == nil || amount.IsZero()) {
				continue
			}
			cell, err := t.amount(amount, "", t.b.amount)
			if err != nil {
				return fmt.Errorf("%s, row %d: %w", t.sheet, t.row+1, err)
			}
			cells[i] = cell
			if t.sums[code] == nil {
				t.sums[code] = map[int]*decimal.Decimal{}
			}
			t.sums[code][i] = rating.Plus(t.sums[code][i], amount)
		}
	}
	t.last = t.row + 1
	return t.write(cells)
}

// end writes the totals: of counts in one row, of money in one row a currency.
func (t *table) end() error {
	if t.last > 0 && t.totals {
		cells := make([]any, len(t.columns))
		cells[0] = excelize.Cell{StyleID: t.b.bold, Value: "Total"}
		for i, c := range t.columns {
			switch c.kind {
			case kindCount:
				cells[i] = excelize.Cell{StyleID: t.b.boldCount, Formula: "SUM(" + t.span(i, false) + ")", Value: t.counts[i]}
			case kindMinutes:
				cells[i] = t.minutes("SUM("+t.span(i-1, false)+")", t.counts[i-1], t.b.boldMinutes)
			}
		}
		if err := t.write(cells); err != nil {
			return err
		}
		for _, code := range slices.Sorted(maps.Keys(t.sums)) {
			if err := t.total(code); err != nil {
				return err
			}
		}
	}
	return t.out.Flush()
}

func (t *table) total(code string) error {
	cells := make([]any, len(t.columns))
	cells[0] = excelize.Cell{StyleID: t.b.bold, Value: "Total " + code}
	for i, c := range t.columns {
		switch c.kind {
		case kindCurrency:
			cells[i] = excelize.Cell{StyleID: t.b.bold, Value: code}
		case kindMoney:
			cell, err := t.amount(t.sums[code][i], t.sumIf(i, code, ""), t.b.boldAmount)
			if err != nil {
				return fmt.Errorf("%s, total of %s: %w", t.sheet, code, err)
			}
			cells[i] = cell
		case kindCount:
			if c.title == withoutRate {
				cells[i] = excelize.Cell{StyleID: t.b.boldCount, Formula: t.sumIf(i, code, ""), Value: t.lacking[code]}
			}
		}
	}
	return t.write(cells)
}

// unpriced stands where an amount would, when no rate is known for any of the calls.
const unpriced = "unpriced"

// amount is a cell with an amount, and the formula that gives it, if any does.
func (t *table) amount(d *decimal.Decimal, formula string, style int) (excelize.Cell, error) {
	if d == nil {
		return excelize.Cell{StyleID: style, Value: unpriced}, nil
	}
	value, err := number(*d)
	return excelize.Cell{StyleID: style, Formula: formula, Value: value}, err
}

// sumIf adds up a column in one currency, and of one bucket where it is given.
// A spreadsheet counts in binary; rounded to the places that amounts have, the sum is
// exact.
func (t *table) sumIf(column int, code, bucket string) string {
	parts := []string{t.span(column, true)}
	for i, c := range t.columns {
		switch {
		case c.kind == kindCurrency:
			parts = append(parts, t.span(i, true), quoted(code))
		case c.title == "Bucket" && bucket != "":
			parts = append(parts, t.span(i, true), quoted(bucket))
		}
	}
	return "ROUND(SUMIFS(" + strings.Join(parts, ",") + "),7)"
}

// span is the rows of a column, without totals.
func (t *table) span(i int, named bool) string {
	name := letter(i)
	s := fmt.Sprintf("%s$2:%s$%d", name, name, max(t.last, 2))
	if named {
		return "'" + t.sheet + "'!" + s
	}
	return s
}

func (t *table) index(title string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.title == title })
}

// letter is the name of a column.
func letter(i int) string {
	name, _ := excelize.ColumnNumberToName(i + 1) // there are few
	return name
}

// secondsInDay: spreadsheets count time in days.
const secondsInDay = 24 * 60 * 60

// inDays is how a spreadsheet keeps a time, which the style shows in minutes and seconds: rows
// add up to their total to the second, and it is the figure of the console.
func inDays(seconds int64) float64 { return float64(seconds) / secondsInDay }

// minutes is a cell with the minutes of a formula for seconds, and its result.
func (t *table) minutes(formula string, seconds int64, style int) excelize.Cell {
	return excelize.Cell{StyleID: style, Formula: fmt.Sprintf("%s/%d", formula, secondsInDay), Value: inDays(seconds)}
}

// number is an amount as a spreadsheet keeps numbers: in binary, with 15 digits.
func number(d decimal.Decimal) (float64, error) {
	if f, _ := d.Float64(); decimal.NewFromFloat(f).Equal(d) && d.NumDigits() <= 15 {
		return f, nil
	}
	short := d.Round(7)
	f, _ := short.Float64()
	if !decimal.NewFromFloat(f).Equal(d) {
		return 0, fmt.Errorf("the amount %s has more digits than a spreadsheet keeps; ask for csv or parquet", d)
	}
	return f, nil
}
