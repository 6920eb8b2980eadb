package numbering

import (
	"fmt"
	"sync"

	"github.com/nyaruka/phonenumbers"

	"fairdial/usage"
)

// place is what a label of a calling code's automaton stands for.
type place struct {
	country string
	class   usage.Class
	zoneA   bool
}

// callingCode is one calling code and the countries that share it. Its automaton
// is built when the first number needs it: a tenant calls a few countries, not
// all.
type callingCode struct {
	length  int // of the code, in digits
	main    place
	trunk   []byte // the prefix of national dialling, to be forgiven
	regions []*phonenumbers.PhoneMetadata
	ranges  []classRange // the longest prefix first
	inZoneA func(country string, class usage.Class) bool

	once   sync.Once
	auto   *automaton
	places []place // by label; none is 0
}

// classRange sets the class of all numbers with a prefix after the calling code.
type classRange struct {
	prefix []byte
	class  usage.Class
}

// place says where a national number leads, of which the visible digits are
// given and hidden more are masked; exact says that such a number can exist.
func (c *callingCode) place(visible []byte, hidden int) (at place, exact bool) {
	c.once.Do(func() { _ = c.build() }) // a code that does not build is tested for
	at = c.main
	if c.auto != nil {
		label, certain, fits := c.auto.match(visible, hidden)
		if !fits && len(c.trunk) > 0 && hasPrefix(visible, c.trunk) {
			if l, _, ok := c.auto.match(visible[len(c.trunk):], hidden); ok {
				label, certain, fits = l, true, true
				visible = visible[len(c.trunk):]
			}
		}
		at, exact = c.places[label], fits
		if !certain && at.class != usage.ClassGeographic {
			// A digit or two may make a number ordinary, never a service.
			at.class = usage.ClassUnknown
			at.zoneA = c.inZoneA(at.country, at.class)
		}
	}
	for _, r := range c.ranges {
		if hasPrefix(visible, r.prefix) {
			at.class = r.class
			at.zoneA = c.inZoneA(at.country, at.class)
			break
		}
	}
	return at, exact
}

func hasPrefix(digits, prefix []byte) bool {
	return len(digits) >= len(prefix) && string(digits[:len(prefix)]) == string(prefix)
}

// kind is a kind of number in the library's metadata and the class it is here.
type kind struct {
	desc  func(*phonenumbers.PhoneMetadata) *phonenumbers.PhoneNumberDesc
	class usage.Class
}

// kinds lists the library's kinds in the order in which the library decides
// between them (getNumberTypeHelper): a number that fits several is the first.
// Company-wide numbers (UAN) and internet telephony lines are ordinary lines.
func kinds() []kind {
	type meta = phonenumbers.PhoneMetadata
	return []kind{
		{(*meta).GetPremiumRate, usage.ClassPremium},
		{(*meta).GetTollFree, usage.ClassTollFree},
		{(*meta).GetSharedCost, usage.ClassNonGeographic},
		{(*meta).GetVoip, usage.ClassGeographic},
		{(*meta).GetPersonalNumber, usage.ClassPersonal},
		{(*meta).GetPager, usage.ClassNonGeographic},
		{(*meta).GetUan, usage.ClassGeographic},
		{(*meta).GetVoicemail, usage.ClassNonGeographic},
		{(*meta).GetFixedLine, usage.ClassGeographic},
		{(*meta).GetMobile, usage.ClassGeographic},
	}
}

// region is one country's part of the patterns of its calling code.
type region struct {
	country string
	// lead is the pattern of the digits that all numbers of this country begin
	// with, where it has such; others are told by what fits them.
	lead    int
	general int
	kinds   []regionKind
}

type regionKind struct {
	pattern int
	class   usage.Class
}

const noPattern = -1

// build turns the library's metadata into the automaton.
func (c *callingCode) build() error {
	var patterns []pattern
	add := func(expr string, lengths []int32) int {
		// "NA" is the library's way to say that there are no such numbers.
		if expr == "" || expr == "NA" {
			return noPattern
		}
		patterns = append(patterns, pattern{expr, lengths})
		return len(patterns) - 1
	}
	var regions []region
	for _, m := range c.regions {
		r := region{country: countryOf(m), lead: noPattern}
		if l := m.GetLeadingDigits(); l != "" {
			r.lead = add("(?:"+l+")[0-9]*", nil)
		}
		r.general = add(m.GetGeneralDesc().GetNationalNumberPattern(), m.GetGeneralDesc().GetPossibleLength())
		for _, k := range kinds() {
			desc := k.desc(m)
			if i := add(desc.GetNationalNumberPattern(), desc.GetPossibleLength()); i != noPattern {
				r.kinds = append(r.kinds, regionKind{i, k.class})
			}
		}
		regions = append(regions, r)
	}
	places := []place{c.main}
	auto, err := compile(patterns, func(matched []bool) uint8 {
		country, class, ok := decide(regions, matched)
		if !ok {
			return 0
		}
		at := place{country, class, c.inZoneA(country, class)}
		for i, known := range places[1:] {
			if known == at {
				return uint8(i + 1)
			}
		}
		places = append(places, at)
		return uint8(len(places) - 1)
	})
	if err != nil {
		return fmt.Errorf("calling code of %s: %w", c.main.country, err)
	}
	c.auto, c.places = auto, places
	return nil
}

// decide follows the library (getRegionCodeForNumberFromRegionList): the first
// country whose leading digits fit or, where it has none, whose numbers do.
func decide(regions []region, matched []bool) (country string, class usage.Class, ok bool) {
	for _, r := range regions {
		if r.lead != noPattern && !matched[r.lead] {
			continue
		}
		if r.general != noPattern && matched[r.general] {
			for _, k := range r.kinds {
				if matched[k.pattern] {
					return r.country, k.class, true
				}
			}
		}
		if r.lead != noPattern {
			return "", "", false
		}
	}
	return "", "", false
}

// noRegion is the library's name for what belongs to no country: the world.
const noRegion = "001"

func countryOf(m *phonenumbers.PhoneMetadata) string {
	if m.GetId() == noRegion {
		return ""
	}
	return m.GetId()
}
