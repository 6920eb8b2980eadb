package ingest

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// contentHashes tells whether two rows with one identity say the same. content covers
// every field, core only those that every documented format has, with money at the two
// decimals of the CSV: a record that comes by CSV and again by Graph is one record, and
// what one of them cannot express is no correction.
func contentHashes(r usage.Record) (content, core uint64) {
	var buffer [512]byte
	b := buffer[:0]
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	number := func(n int64) { b = binary.AppendVarint(b, n) }
	for _, s := range []string{
		r.CallID, r.ConferenceID, r.OrganizerID, r.OrganizerUPN, r.OrganizerName, r.CallType, r.CallerNumber,
		r.CalleeNumber, r.UsageCountry, r.DestinationContext, r.DestinationName, r.Currency, r.Capability, r.InventoryType,
	} {
		text(s)
	}
	number(r.StartedAt.UnixNano() / 100)
	number(r.EndedAt.UnixNano() / 100)
	number(r.Seconds)
	rest := len(b)
	text(amount(r.Charge, 2))
	text(amount(r.ConnectionCharge, 2))
	core = xxhash.Sum64(b)

	b = b[:rest]
	text(amount(r.Charge, moneyDigits))
	text(amount(r.ConnectionCharge, moneyDigits))
	for _, s := range []string{
		r.TenantCountry, r.CallDirection, r.ExternalCountry, r.Operator, r.DurationSource, r.AdministrativeUnits,
	} {
		text(s)
	}
	return xxhash.Sum64(b), core
}

// amount is money in one spelling; an amount that was not given is not zero.
func amount(d decimal.NullDecimal, digits int32) string {
	if !d.Valid {
		return ""
	}
	return d.Decimal.Round(digits).StringFixed(digits)
}

// same says whether a stored revision says what an incoming row says.
func (i incoming) same(s stored) bool {
	if s.Format == i.format {
		return s.ContentHash == i.content
	}
	return s.CoreHash == i.core
}
