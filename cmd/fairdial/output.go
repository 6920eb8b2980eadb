package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"
)

// json writes one document to stdout, the whole result of a command.
func (a *app) json(v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.stdout, format, args...) }

// table writes rows in aligned columns, phone numbers masked; the first row is the head. A column whose
// head starts with ">" is aligned to the right.
func (a *app) table(rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	right := make([]bool, len(rows[0]))
	head := make([]string, len(rows[0]))
	width := make([]int, len(rows[0]))
	for i, h := range rows[0] {
		right[i] = strings.HasPrefix(h, ">")
		head[i] = strings.TrimPrefix(h, ">")
	}
	all := append([][]string{head}, rows[1:]...)
	for _, row := range all {
		for i := range row {
			row[i] = a.secrecy.keep(oneLine(row[i]))
			width[i] = max(width[i], len([]rune(row[i])))
		}
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, row := range all {
		cells := make([]string, len(row))
		for i, cell := range row {
			if right[i] {
				cell = strings.Repeat(" ", width[i]-len([]rune(cell))) + cell
			}
			cells[i] = cell
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), " "))
	}
	return w.Flush()
}

// oneLine keeps a text from outside from moving the cursor or faking a row.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '·'
		}
		return r
	}, s)
}

// number writes 1234567 as 1,234,567.
func number[T ~int | ~int64 | ~uint64 | ~uint32](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// counted writes how many of something there are: 1 call, 2 calls.
func counted[T ~int | ~int64 | ~uint64 | ~uint32](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// priced writes an amount to two places (1,234.50), and says where no rate is known for any of its
// calls.
func priced(d *decimal.Decimal) string {
	if d == nil {
		return "unpriced"
	}
	whole, cents, _ := strings.Cut(d.StringFixed(2), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + "." + cents
}

// minutes writes seconds as minutes and seconds: 6,900:00.
func minutes(seconds int64) string {
	if seconds < 0 {
		return "-" + minutes(-seconds)
	}
	return fmt.Sprintf("%s:%02d", number(seconds/60), seconds%60)
}

// clock writes a time in UTC, and says so.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}
