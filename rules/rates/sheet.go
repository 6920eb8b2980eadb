// Package rates brings in what a minute to a destination costs: the provider's rate
// sheets, as CSV in its published columns, each in force from a date on. README.md
// states the rules.
package rates

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// NumberType is what kind of number a rate is for, as the sheet spells it.
type NumberType string

// The number types of a sheet.
const (
	AllNumberTypes NumberType = "All Number Types"
	Wireline       NumberType = "Wireline"
	Wireless       NumberType = "Wireless"
	Premium        NumberType = "Premium"
)

var numberTypes = []NumberType{AllNumberTypes, Wireline, Wireless, Premium}

// Sheet is what calls cost in one currency.
type Sheet struct {
	Currency string // ISO 4217
	Rates    []Rate
}

// Rate is the price of calls to one prefix.
type Rate struct {
	Row         int    // of the file; the header is row 1
	Origin      string // ISO 3166-1 alpha-2 of the tenant's country; "" for any
	Destination string
	Prefix      string     // digits after the +
	NumberType  NumberType // of the number called
	Originating NumberType // of the number called from
	// ConnectionCharge is charged once a call, in the sheet's currency.
	ConnectionCharge decimal.Decimal
	// PerMinute is billed in tenths of a minute, in the sheet's currency.
	PerMinute decimal.Decimal
}

// hash is of what a sheet says; the order of its rows and how they are written down
// make no difference.
func (s Sheet) hash() [sha256.Size]byte {
	rates := slices.Clone(s.Rates)
	slices.SortFunc(rates, func(a, b Rate) int {
		return cmp.Or(strings.Compare(a.Prefix, b.Prefix), strings.Compare(string(a.NumberType), string(b.NumberType)), strings.Compare(a.Origin, b.Origin),
			strings.Compare(string(a.Originating), string(b.Originating)))
	})
	var text bytes.Buffer
	fmt.Fprintln(&text, s.Currency)
	alike := func(a, b Rate) bool {
		return a.Prefix == b.Prefix && a.NumberType == b.NumberType && a.Origin == b.Origin
	}
	for i, r := range rates {
		fmt.Fprintf(&text, "%s|%s|%s|%q|%s|%s\n", r.Prefix, r.NumberType, r.Origin, r.Destination, r.ConnectionCharge, r.PerMinute)
		// Only where it tells rates apart: sheets that were stored before it was looked at stay
		// the same sheets.
		if i > 0 && alike(rates[i-1], r) || i+1 < len(rates) && alike(r, rates[i+1]) {
			fmt.Fprintf(&text, "from %s\n", r.Originating)
		}
	}
	return sha256.Sum256(text.Bytes())
}
