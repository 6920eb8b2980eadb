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
	Prefix      string // digits after the +
	NumberType  NumberType
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
		return cmp.Or(strings.Compare(a.Prefix, b.Prefix), strings.Compare(string(a.NumberType), string(b.NumberType)), strings.Compare(a.Origin, b.Origin))
	})
	var text bytes.Buffer
	fmt.Fprintln(&text, s.Currency)
	for _, r := range rates {
		fmt.Fprintf(&text, "%s|%s|%s|%q|%s|%s\n", r.Prefix, r.NumberType, r.Origin, r.Destination, r.ConnectionCharge, r.PerMinute)
	}
	return sha256.Sum256(text.Bytes())
}
