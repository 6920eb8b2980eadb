package ingest

import (
	"encoding/binary"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// contentHashes are for telling quickly whether two rows with one identity say the same.
// content covers every field. core covers what makes a call: who, what, whom, when, how
// long; every format has these fields and writes them alike, but for case.
func contentHashes(r *usage.Record) (content, core uint64) {
	var buffer [1024]byte
	b := buffer[:0]
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	amount := func(d decimal.NullDecimal) {
		if !d.Valid {
			b = append(b, 0)
			return
		}
		b = binary.AppendVarint(append(b, 1), millionths(d.Decimal))
	}
	text(r.OrganizerID)
	text(strings.ToLower(r.CallType))
	text(r.CalleeNumber)
	for _, n := range []int64{r.StartedAt.UnixNano() / 100, r.EndedAt.UnixNano() / 100, r.Seconds} {
		b = binary.AppendVarint(b, n)
	}
	core = xxhash.Sum64(b)
	amount(r.Charge)
	amount(r.ConnectionCharge)
	text(r.CallType)
	text(r.Currency)
	text(r.Capability)
	for _, s := range descriptions(r) {
		text(s)
	}
	return xxhash.Sum64(b), core
}

// millionths is an amount that has at most six decimals as a whole number.
func millionths(d decimal.Decimal) int64 {
	n := d.CoefficientInt64()
	exponent := d.Exponent()
	if exponent > 0 || exponent < -moneyDigits {
		return d.Shift(moneyDigits).IntPart()
	}
	for range moneyDigits + exponent {
		n *= 10
	}
	return n
}

// descriptions are the fields that describe a call but decide neither its entitlement nor
// its price, always in the same order.
func descriptions(r *usage.Record) [15]string {
	return [...]string{
		r.CallID, r.ConferenceID, r.OrganizerUPN, r.OrganizerName, r.CallerNumber, r.UsageCountry,
		r.DestinationContext, r.DestinationName, r.InventoryType,
		r.TenantCountry, r.CallDirection, r.ExternalCountry, r.Operator, r.DurationSource,
		r.AdministrativeUnits,
	}
}

// saysNothingNew reports whether a row with the same core as an older one of the same
// identity is no correction of it.
//
// A field that the row leaves blank retracts nothing: its format may not have it. A
// description that the older row had left blank is not new either; what the source says
// paid for the call, where it said nothing before, is. Formats write the same words in
// different case ("Microsoft" in the CSV is "microsoft" in Graph).
func saysNothingNew(old, row *usage.Record, sameFormat bool) bool {
	before, now := descriptions(old), descriptions(row)
	alike := func(a, b string) bool { return a == b || !sameFormat && strings.EqualFold(a, b) }
	if !sameFormat {
		now[len(now)-1] = "" // administrative units: an id in the CSV, a list of objects in Graph
	}
	for i := range now {
		if now[i] != "" && before[i] != "" && !alike(now[i], before[i]) {
			return false
		}
	}
	return (row.Currency == "" || alike(row.Currency, old.Currency)) &&
		(row.Capability == "" || alike(row.Capability, old.Capability)) &&
		sameAmount(old.Charge, row.Charge, sameFormat) &&
		sameAmount(old.ConnectionCharge, row.ConnectionCharge, sameFormat)
}

var halfCent = decimal.New(5, -3)

// sameAmount compares money. The CSV has two decimals where Graph may have more: across
// formats, an amount of two decimals stands for every amount that rounds to it.
func sameAmount(old, row decimal.NullDecimal, sameFormat bool) bool {
	switch {
	case !row.Valid:
		return true
	case !old.Valid:
		return false
	case sameFormat || millionths(old.Decimal)%10_000 != 0 && millionths(row.Decimal)%10_000 != 0:
		return old.Decimal.Equal(row.Decimal)
	default:
		return old.Decimal.Sub(row.Decimal).Abs().LessThanOrEqual(halfCent)
	}
}
