package rates

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// A number's place among all numbers: its digits as the 16 hexadecimal digits of an
// integer, a digit d as d+1 and 0 for none. A prefix then comes right before all
// numbers that begin with it, and so does a number of which no more is shown.
const placeDigits = 16

func placeOf(digits string) uint64 {
	var p uint64
	for i := range placeDigits {
		p <<= 4
		if i < len(digits) {
			p |= uint64(digits[i]-'0') + 1
		}
	}
	return p
}

// after is the first place that does not begin with a prefix.
func after(prefix string) uint64 {
	return placeOf(prefix) + 1<<(4*(placeDigits-len(prefix)))
}

// lookup is a stretch of numbers that have one rate, up to where the next begins.
type lookup struct {
	starts uint64
	rate   *Rate // nil where there is none
}

// ranges turns the rates that hold for tenants of a country, and for premium numbers or
// for all others, into stretches: the longest prefix of any number is the rate of the
// last stretch that starts at or before it.
func ranges(all []Rate, origin string, premium bool) []lookup {
	best := map[string]*Rate{}
	for i := range all {
		r := &all[i]
		if r.Origin != "" && r.Origin != origin {
			continue
		}
		if old := best[r.Prefix]; old == nil || preferred(r, old, premium) {
			best[r.Prefix] = r
		}
	}
	sorted := make([]*Rate, 0, len(best))
	for _, r := range best {
		sorted = append(sorted, r)
	}
	slices.SortFunc(sorted, func(a, b *Rate) int { return cmp.Compare(placeOf(a.Prefix), placeOf(b.Prefix)) })

	var out []lookup
	begin := func(at uint64, r *Rate) {
		if n := len(out); n > 0 && out[n-1].starts == at {
			out[n-1].rate = r // nothing lies between two ends, or an end and a beginning
			return
		}
		out = append(out, lookup{at, r})
	}
	var open []*Rate // prefixes that the place is within, the longest last
	closeAll := func(until string) {
		for len(open) > 0 && !strings.HasPrefix(until, open[len(open)-1].Prefix) {
			end := after(open[len(open)-1].Prefix)
			open = open[:len(open)-1]
			var outer *Rate
			if len(open) > 0 {
				outer = open[len(open)-1]
			}
			begin(end, outer)
		}
	}
	for _, r := range sorted {
		closeAll(r.Prefix)
		begin(placeOf(r.Prefix), r)
		open = append(open, r)
	}
	closeAll("end")
	return out
}

// preferred says which of two rates for the same prefix is taken: the tenant's own
// country before any, then the number type that says most of the number, then that of the
// number called from: a meeting dials out from a bridge, which has a line and is no mobile.
func preferred(a, b *Rate, premium bool) bool {
	order := []NumberType{AllNumberTypes, Wireline, Wireless, Premium}
	if premium {
		order = []NumberType{Premium, AllNumberTypes, Wireline, Wireless}
	}
	if (a.Origin == "") != (b.Origin == "") {
		return a.Origin != ""
	}
	from := []NumberType{AllNumberTypes, Wireline, Wireless, Premium}
	return cmp.Or(slices.Index(order, a.NumberType)-slices.Index(order, b.NumberType), slices.Index(from, a.Originating)-slices.Index(from, b.Originating)) < 0
}

// origins are the countries that a sheet has rates of their own for.
func (s Sheet) origins() []string {
	out := []string{}
	for _, r := range s.Rates {
		if r.Origin != "" && !slices.Contains(out, r.Origin) {
			out = append(out, r.Origin)
		}
	}
	slices.Sort(out)
	return out
}

// ListID names a sheet as it holds for tenants of a country.
func (s Stored) ListID(country string) uuid.UUID {
	if !slices.Contains(s.Origins, country) {
		country = ""
	}
	return uuid.NewSHA1(s.ID, []byte("for tenants of "+country))
}

// money of a lookup; nothing where there is no rate.
func (l lookup) money() (prefix string, connection, perMinute decimal.Decimal) {
	if l.rate == nil {
		return "", decimal.Zero, decimal.Zero
	}
	return l.rate.Prefix, l.rate.ConnectionCharge, l.rate.PerMinute
}
