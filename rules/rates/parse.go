package rates

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// Problem is one mistake in a rate sheet.
type Problem struct {
	Row  int // the header is row 1
	Text string
}

// Error lists every mistake of a sheet; with one, nothing of it is used.
type Error struct{ Problems []Problem }

const problemsShown = 20

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("rate sheet:")
	for i, p := range e.Problems {
		if i == problemsShown {
			fmt.Fprintf(&b, "\n  and %d more", len(e.Problems)-i)
			break
		}
		fmt.Fprintf(&b, "\n  row %d: %s", p.Row, p.Text)
	}
	return b.String()
}

var (
	connectionHeader = regexp.MustCompile(`^connection charge in ([a-z]{3})$`)
	perMinuteHeader  = regexp.MustCompile(`^per minute rate in ([a-z]{3})( \(billed in tenths of a minute\))?$`)
	separators       = regexp.MustCompile(`[;,\s]+`)
	prefixDigits     = regexp.MustCompile(`^[1-9][0-9]{0,14}$`) // E.164: at most 15 digits, none begins with 0
	plainDecimal     = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]+)?$`)
)

// Parse reads a rate sheet. currency is what it must be in; "" takes the header's word.
func Parse(r io.Reader, currency string) (Sheet, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = -1
	in.TrimLeadingSpace = true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return Sheet{}, &Error{[]Problem{{1, "the file is empty"}}}
	}
	if err != nil {
		return Sheet{}, unreadable(err)
	}
	cols, problems := columnsOf(header, currency)
	if len(problems) > 0 {
		return Sheet{}, &Error{problems}
	}
	p := parser{columns: cols, width: len(header), seen: map[rateKey]int{}}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Sheet{}, unreadable(err)
		}
		row, _ := in.FieldPos(0)
		if strings.TrimSpace(strings.Join(cells, "")) != "" {
			p.row(row, cells)
		}
	}
	if len(p.problems) == 0 && len(p.rates) == 0 {
		p.add(1, "the sheet has no rates below its header")
	}
	if len(p.problems) > 0 {
		return Sheet{}, &Error{p.problems}
	}
	return Sheet{Currency: cols.currency, Rates: p.rates}, nil
}

func unreadable(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return &Error{[]Problem{{e.StartLine, "this is no CSV: " + e.Err.Error()}}}
	}
	return fmt.Errorf("read the rate sheet: %w", err)
}

// columns are indexes into a row; -1 where the sheet has no such column.
type columns struct {
	origin, destination, prefixes, originating, numberType, connection, perMinute int
	currency                                                                      string
}

func columnsOf(header []string, currency string) (columns, []Problem) {
	c := columns{-1, -1, -1, -1, -1, -1, -1, currency}
	var problems []Problem
	add := func(format string, args ...any) {
		problems = append(problems, Problem{1, fmt.Sprintf(format, args...)})
	}
	take := func(into *int, i int, name string) {
		if *into >= 0 {
			add("the column %q is there twice", name)
		}
		*into = i
	}
	inCurrency := func(match []string) {
		code := strings.ToUpper(match[1])
		if c.currency == "" {
			c.currency = code
		}
		if c.currency != code {
			add("the column %q is not in %s", match[0], c.currency)
		}
	}
	for i, cell := range header {
		name := strings.ToLower(strings.Join(strings.Fields(strings.TrimPrefix(cell, "\ufeff")), " "))
		switch name {
		case "origin":
			take(&c.origin, i, name)
		case "destination":
			take(&c.destination, i, name)
		case "prefix(es)", "prefixes", "prefix":
			take(&c.prefixes, i, name)
		case "terminating number type", "originating/terminating number type", "number type":
			take(&c.numberType, i, name)
		case "originating number type":
			take(&c.originating, i, name)
		default:
			if m := connectionHeader.FindStringSubmatch(name); m != nil {
				take(&c.connection, i, name)
				inCurrency(m)
			}
			if m := perMinuteHeader.FindStringSubmatch(name); m != nil {
				take(&c.perMinute, i, name)
				inCurrency(m)
			}
		}
	}
	if c.numberType < 0 {
		c.numberType, c.originating = c.originating, -1 // a sheet with one column for both names it either way
	}
	if c.currency != "" && !usage.IsCurrency(c.currency) {
		add("%q is no currency of ISO 4217: write it as USD", c.currency)
	}
	for _, need := range []struct {
		index int
		name  string
	}{
		{c.destination, "Destination"},
		{c.prefixes, "Prefix(es)"},
		{c.connection, "Connection charge in {currency}"},
		{c.perMinute, "Per Minute Rate in {currency} (Billed in Tenths of a Minute)"},
	} {
		if need.index < 0 {
			add("the column %q is missing", need.name)
		}
	}
	return c, problems
}

type rateKey struct {
	prefix      string
	originating NumberType
	numberType  NumberType
	origin      string
}

type parser struct {
	columns
	width    int // of the header
	seen     map[rateKey]int
	rates    []Rate
	problems []Problem
}

func (p *parser) add(row int, format string, args ...any) {
	p.problems = append(p.problems, Problem{row, fmt.Sprintf(format, args...)})
}

func (p *parser) row(row int, cells []string) {
	before := len(p.problems)
	if len(cells) != p.width {
		p.add(row, "has %d columns, the header has %d", len(cells), p.width)
		return
	}
	cell := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(cells[i])
	}
	r := Rate{Row: row, Destination: cell(p.destination)}
	var ok bool
	if r.Destination == "" {
		p.add(row, "names no destination")
	}
	if r.Origin, ok = origin(cell(p.origin)); !ok {
		p.add(row, "origin %q: write a country's code such as US, its English name, or All", cell(p.origin))
	}
	if r.NumberType, ok = numberType(cell(p.numberType)); !ok {
		p.add(row, "number type %q is not one of All Number Types, Wireline, Wireless, Premium", cell(p.numberType))
	}
	if r.Originating, ok = numberType(cell(p.originating)); !ok {
		p.add(row, "originating number type %q is not one of All Number Types, Wireline, Wireless, Premium", cell(p.originating))
	}
	r.ConnectionCharge = p.money(row, "connection charge", cell(p.connection))
	r.PerMinute = p.money(row, "per minute rate", cell(p.perMinute))

	var prefixes []string
	for prefix := range strings.SplitSeq(separators.ReplaceAllString(cell(p.prefixes), " "), " ") {
		prefix = strings.TrimPrefix(prefix, "+")
		if prefix == "" {
			continue
		}
		if !prefixDigits.MatchString(prefix) {
			p.add(row, "prefix %q is not 1 to 15 digits with the country code first", prefix)
			continue
		}
		key := rateKey{prefix, r.Originating, r.NumberType, r.Origin}
		if first, twice := p.seen[key]; twice {
			p.add(row, "prefix %s (%s) has a rate in row %d already", prefix, r.NumberType, first)
			continue
		}
		p.seen[key] = row
		prefixes = append(prefixes, prefix)
	}
	if len(prefixes) == 0 && len(p.problems) == before {
		p.add(row, "names no prefix")
	}
	for _, r.Prefix = range prefixes {
		p.rates = append(p.rates, r)
	}
}

// maxMoney keeps amounts of the longest possible call within the store's decimals.
var maxMoney = decimal.NewFromInt(1_000_000)

func (p *parser) money(row int, what, text string) decimal.Decimal {
	if !plainDecimal.MatchString(text) {
		p.add(row, "%s %q is no amount: write it as 0.0130, and 0 for none", what, text)
		return decimal.Zero
	}
	d := decimal.RequireFromString(text)
	switch {
	case d.GreaterThan(maxMoney):
		p.add(row, "%s %s is more than %s", what, text, maxMoney)
	case !d.Equal(d.Truncate(6)):
		p.add(row, "%s %s has more than 6 decimals", what, text)
	}
	return d
}

// origin gives "" for any.
func origin(text string) (string, bool) {
	switch strings.ToLower(text) {
	case "", "*", "all", "any", "all countries", "worldwide", "all origins":
		return "", true
	}
	return country(text)
}

func numberType(text string) (NumberType, bool) {
	if text == "" || strings.EqualFold(text, "all") {
		return AllNumberTypes, true
	}
	i := slices.IndexFunc(numberTypes, func(t NumberType) bool { return strings.EqualFold(string(t), text) })
	if i < 0 {
		return "", false
	}
	return numberTypes[i], true
}
