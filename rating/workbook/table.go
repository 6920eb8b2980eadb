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
	kindMoney // in the currency of its row
)

func text(title string, width float64) column { return column{title, width, kindText} }
func counted(title string) column             { return column{title, 14, kindCount} }
func money(title string) column               { return column{title, 18, kindMoney} }

var currency = column{"Currency", 10, kindCurrency}

// table is a sheet with a header row that stays in sight, rows, and totals under them.
type table struct {
	b       *book
	sheet   string
	columns []column
	out     *excelize.StreamWriter
	row     int // the last one written
	last    int // the last one that is not a total
	totals  bool

	counts map[int]int64
	sums   map[string]map[int]decimal.Decimal // by currency
}

func (b *book) table(sheet string, columns ...column) (*table, error) {
	if i, err := b.file.GetSheetIndex(sheet); err != nil || i < 0 {
		if _, err := b.file.NewSheet(sheet); err != nil {
			return nil, err
		}
	}
	out, err := b.file.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	t := &table{b: b, sheet: sheet, columns: columns, out: out, totals: true, counts: map[int]int64{}, sums: map[string]map[int]decimal.Decimal{}}
	head := make([]any, len(columns))
	for i, c := range columns {
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

// add writes a row: texts, counts as int64, and money as decimals.
func (t *table) add(values ...any) error {
	cells := make([]any, len(values))
	code := ""
	for i, c := range t.columns {
		if c.kind == kindCurrency {
			code = values[i].(string)
		}
	}
	for i, c := range t.columns {
		switch c.kind {
		case kindText, kindCurrency:
			cells[i] = rating.Cell(values[i].(string))
		case kindCount:
			n := values[i].(int64)
			cells[i] = excelize.Cell{StyleID: t.b.count, Value: n}
			t.counts[i] += n
		case kindMoney:
			amount := values[i].(decimal.Decimal)
			if code == "" && amount.IsZero() {
				continue
			}
			value, err := number(amount)
			if err != nil {
				return fmt.Errorf("%s, row %d: %w", t.sheet, t.row+1, err)
			}
			cells[i] = excelize.Cell{StyleID: t.b.amount, Value: value}
			if t.sums[code] == nil {
				t.sums[code] = map[int]decimal.Decimal{}
			}
			t.sums[code][i] = t.sums[code][i].Add(amount)
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
			if c.kind == kindCount {
				cells[i] = excelize.Cell{StyleID: t.b.boldCount, Formula: "SUM(" + t.span(i, false) + ")", Value: t.counts[i]}
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
			value, err := number(t.sums[code][i])
			if err != nil {
				return fmt.Errorf("%s, total of %s: %w", t.sheet, code, err)
			}
			cells[i] = excelize.Cell{StyleID: t.b.boldAmount, Formula: t.sumIf(i, code, ""), Value: value}
		}
	}
	return t.write(cells)
}

// sumIf adds up the money of a column in one currency, and of one bucket where it is given.
// A spreadsheet counts in binary; rounded to the places that amounts have, the sum is
// exact.
func (t *table) sumIf(money int, code, bucket string) string {
	parts := []string{t.span(money, true)}
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
	name, _ := excelize.ColumnNumberToName(i + 1) // there are few
	s := fmt.Sprintf("%s$2:%s$%d", name, name, max(t.last, 2))
	if named {
		return "'" + t.sheet + "'!" + s
	}
	return s
}

func (t *table) index(title string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.title == title })
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
