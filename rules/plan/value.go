package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a plan's time zone must not depend on the machine

	"fairdial/usage"
)

// Country is ISO 3166-1 alpha-2, in capitals.
type Country string

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

// UnmarshalText refuses what is no country code.
func (c *Country) UnmarshalText(text []byte) error {
	if !countryCode.Match(text) {
		return fmt.Errorf("%q is no country: write its two letters in capitals, such as US (and quote \"NO\")", text)
	}
	*c = Country(text)
	return nil
}

// GUID is a service plan's id, in small letters.
type GUID string

var guid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// UnmarshalText takes a GUID in either case.
func (g *GUID) UnmarshalText(text []byte) error {
	lower := strings.ToLower(string(text))
	if !guid.MatchString(lower) {
		return fmt.Errorf("%q is no service plan id: write it as 3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40", text)
	}
	*g = GUID(lower)
	return nil
}

// Name is a word of the provider's: a SKU part number, a capability, a channel. Names
// are compared without case.
type Name string

// UnmarshalText refuses an empty name.
func (n *Name) UnmarshalText(text []byte) error {
	if strings.TrimSpace(string(text)) == "" {
		return fmt.Errorf("%q is no name", text)
	}
	*n = Name(text)
	return nil
}

// Class is a class of number, as package usage spells them.
type Class string

var classes = []usage.Class{
	usage.ClassGeographic, usage.ClassTollFree, usage.ClassPremium, usage.ClassPersonal,
	usage.ClassNonGeographic, usage.ClassSatellite, usage.ClassUnknown,
}

// UnmarshalText refuses a class that does not exist.
func (c *Class) UnmarshalText(text []byte) error {
	if !slices.Contains(classes, usage.Class(text)) {
		return fmt.Errorf("%q is no class of number: %s", text, list(classes))
	}
	*c = Class(text)
	return nil
}

// Conferencing is a licence that lets an organizer hold dial-out meetings.
type Conferencing string

var conferencing = []usage.Entitlement{
	usage.EntitlementConferencing, usage.EntitlementPayPerMinute, usage.EntitlementSelect,
}

// UnmarshalText refuses an entitlement that is not conferencing.
func (c *Conferencing) UnmarshalText(text []byte) error {
	if !slices.Contains(conferencing, usage.Entitlement(text)) {
		return fmt.Errorf("%q is no conferencing entitlement: %s", text, list(conferencing))
	}
	*c = Conferencing(text)
	return nil
}

// Counting says which units of a SKU count.
type Counting string

// The ways to count units.
const (
	Purchased Counting = "purchased" // enabled, and warning while in grace
	Assigned  Counting = "assigned"  // consumed
)

// UnmarshalText refuses other words.
func (c *Counting) UnmarshalText(text []byte) error {
	if v := Counting(text); v != Purchased && v != Assigned {
		return fmt.Errorf("%q is neither %s nor %s", text, Purchased, Assigned)
	}
	*c = Counting(text)
	return nil
}

// Date is a calendar day.
type Date struct{ time.Time }

// UnmarshalText reads YYYY-MM-DD.
func (d *Date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is no date: write it as 2026-02-01", text)
	}
	d.Time = t
	return nil
}

// Zone is a time zone by its IANA name.
type Zone struct{ *time.Location }

// UnmarshalText reads a name such as Europe/Berlin. "Local" is refused: a plan means
// the same on every machine.
func (z *Zone) UnmarshalText(text []byte) error {
	name := string(text)
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return fmt.Errorf("%q is no time zone: write it as UTC or America/New_York", text)
	}
	z.Location = loc
	return nil
}

func list[S ~string](values []S) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}
