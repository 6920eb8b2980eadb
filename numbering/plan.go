// Package numbering says where a dialled telephone number leads: country, US
// state or Canadian province, class of number, Zone A, NPA-NXX and whether it is
// in a block known for access stimulation. README.md states the rules.
package numbering

//go:generate go run ./nanpgen

import (
	"fmt"

	"fairdial/usage"
)

// Plan is the world's numbering plans as tables. It does not change after [New]
// and is safe for concurrent use.
type Plan struct {
	areas    [1000]area         // by area code of +1
	codes    [1000]*callingCode // by calling code, +1 apart
	zoneA    map[string]bool    // by ISO 3166-1 alpha-2
	highCost highCost
	// premiumExchange is the pay-per-call exchange of every geographic area code
	// of +1, or 0 for none.
	premiumExchange int
	version         string
}

// An Option changes the tables that a Plan starts from.
type Option func(*sources)

// HighCostFile adds the blocks in a CSV file to the published ones: a block of
// six to ten digits after +1 in the first column, anything in further ones, a
// heading "block" or none, lines with # left out.
func HighCostFile(path string) Option {
	return func(s *sources) { s.highCostFiles = append(s.highCostFiles, path) }
}

// ZoneAFile takes Zone A from a CSV file instead of the provider's published
// list: ISO 3166-1 alpha-2 codes in the first column, otherwise as for
// [HighCostFile], with the heading "country".
func ZoneAFile(path string) Option {
	return func(s *sources) { s.zoneAFile = path }
}

// Premium976 classes exchange 976 of every geographic area code of +1 as premium: it
// was set aside for pay-per-call. Carriers have given that service up and the provider
// charges the exchange like any other, so without this option it is one.
func Premium976() Option {
	return func(s *sources) { s.premium976 = true }
}

// New reads the tables. With no options they are the ones in the data folder
// and the metadata of the phonenumbers library.
func New(opts ...Option) (*Plan, error) {
	var s sources
	for _, opt := range opts {
		opt(&s)
	}
	p := &Plan{}
	if err := p.load(s); err != nil {
		return nil, fmt.Errorf("numbering plan: %w", err)
	}
	return p, nil
}

// Version names the state of the tables that Classify answers from: a digest of
// each table and of the library's metadata. Two plans of the same version class
// every number alike.
func (p *Plan) Version() string { return p.version }

// Classify says where a number leads. It takes E.164 as the source writes it,
// with last digits masked by "*" or "x" or not, and puts up with a missing plus
// sign, an international prefix, "tel:", spaces and dashes. It never fails: what
// is no telephone number is of class unknown and has no country.
func (p *Plan) Classify(number string) usage.Destination {
	if d, ok := p.classifyPlain(number); ok {
		return d
	}
	n, ok := dissect(number)
	if !ok {
		return usage.Destination{Class: usage.ClassUnknown, Masked: n.masked}
	}
	visible := n.visible()
	dest := usage.Destination{Class: usage.ClassUnknown}
	if n.digits[0] == 1 {
		dest = p.classifyNANP(n.digits[1:visible], n.n-1, n.masked && n.international)
	} else if code, length := p.codeOf(n.digits[:visible]); code != nil && n.n > length {
		at, exact := code.place(n.digits[length:visible], n.n-visible)
		if exact || n.international && n.n-length >= shortestNational {
			dest.Country, dest.Class, dest.ZoneA = at.country, at.class, at.zoneA
		}
	}
	dest.Masked = n.masked
	return dest
}

// shortestNational is how many digits after the calling code a number that fits
// no pattern must have to be taken for one: St Helena's have four.
const shortestNational = 4

// codeOf finds the calling code. No calling code begins with another.
func (p *Plan) codeOf(digits []byte) (code *callingCode, length int) {
	at := 0
	for i, d := range digits[:min(len(digits), 3)] {
		at = at*10 + int(d)
		if c := p.codes[at]; c != nil && c.length == i+1 {
			return c, c.length
		}
	}
	return nil, 0
}

// inZoneA applies the provider's rule: the country is on the list, and the
// number is not premium and not one that belongs to no place.
func (p *Plan) inZoneA(country string, class usage.Class) bool {
	switch class {
	case usage.ClassGeographic, usage.ClassTollFree, usage.ClassUnknown:
		return p.zoneA[country]
	}
	return false
}
