package rating

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Amount is money, exact.
type Amount struct {
	Currency string `json:"currency"` // ISO 4217
	// Amount is what is known of the sum; nil where no rate is known for any of its calls.
	Amount *decimal.Decimal `json:"amount"`
	// UnpricedCalls are not in the amount: no rate for them is known.
	UnpricedCalls uint64 `json:"unpriced_calls"`
}

// Plus adds up what is known: a sum is unknown only where all of it is.
func Plus(a, b *decimal.Decimal) *decimal.Decimal {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	sum := a.Add(*b)
	return &sum
}

// known is an amount as a number, 0 where it is not known.
func known(d *decimal.Decimal) decimal.Decimal {
	if d == nil {
		return decimal.Zero
	}
	return *d
}

// exact writes an amount with all its places, and nothing where it is not known.
func exact(d *decimal.Decimal) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// unknownIf is nil for a sum of 0 over calls of which none has a price. Frozen rows and
// statements closed by earlier versions keep such a sum as 0.
func unknownIf(d *decimal.Decimal, calls, unpriced int64) *decimal.Decimal {
	if d != nil && d.IsZero() && unpriced != 0 && unpriced == calls {
		return nil
	}
	return d
}

// totalled works out the amounts of the buckets from the lines.
func (s *Statement) totalled() {
	for i := range s.Buckets {
		b := &s.Buckets[i]
		b.Amounts = []Amount{}
		for j := range s.Lines {
			l := &s.Lines[j]
			l.Amount = unknownIf(l.Amount, int64(l.Calls), int64(l.UnpricedCalls))
			if l.Bucket == b.Bucket && l.Currency != "" {
				b.Amounts = addAmount(b.Amounts, Amount{l.Currency, l.Amount, l.UnpricedCalls})
			}
		}
		slices.SortFunc(b.Amounts, func(x, y Amount) int { return strings.Compare(x.Currency, y.Currency) })
	}
}

func addAmount(list []Amount, a Amount) []Amount {
	for i := range list {
		if list[i].Currency == a.Currency {
			list[i].Amount = Plus(list[i].Amount, a.Amount)
			list[i].UnpricedCalls += a.UnpricedCalls
			return list
		}
	}
	return append(list, a)
}

// plural writes how many of something there are: 1 call, 2 calls.
func plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatUint(n, 10) + " " + noun + "s"
}
