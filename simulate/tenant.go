package simulate

import (
	"fmt"
	"strings"
	"time"
)

// form is how a tenant's usage arrives.
type form int

const (
	formExport form = iota // admin-center ZIP with the 25-column CSV
	formGraph              // Graph getPstnCalls pages
	formLines              // one Graph row a line
	formOld                // the older 20-column CSV, plain
)

// site is where part of a tenant's people work.
type site struct {
	country string // ISO 3166-1 alpha-2, the people's usage location
	zone    string // IANA name
	share   float64
	home    []uint16 // area codes near by, in the US and Canada
	loc     *time.Location
}

// house is the pattern that a tenant is made from.
type house struct {
	name, domain               string
	country, segment, channel  string
	currency                   string
	funded                     bool
	weight                     float64 // share of all organizers, before scaling
	form                       form
	addon                      float64 // factor on the shares who hold the add-on
	spare                      float64 // conferencing licences bought beyond those assigned
	grace                      float64 // part of the conferencing licences that ran out and are in grace
	suspended                  int     // conferencing licences that ran out for good, and count for nothing
	selectShare                float64 // share on the free "dial-out to USA/CAN" plan
	standard, standardE5, base *sku
	sites                      []site
}

// masked is how many last digits of a callee the source hides, by the country of
// the organization (source: the provider's usage report, number obfuscation).
func masked(country string) int {
	switch country {
	case "BE", "DE", "DK", "ES", "FI", "IT", "NL", "NO", "SE":
		return 3
	case "CH", "FR":
		return 4
	}
	return 0
}

// poolMinutes is what a conferencing licence adds to the tenant's pool, in
// minutes a calendar month.
func poolMinutes(country string) int64 {
	switch country {
	case "KR", "RU", "TW":
		return 900
	}
	return 60
}

func houses() []house {
	us := []site{
		{country: "US", zone: "America/New_York", share: 0.4, home: []uint16{212, 646, 617, 215, 404, 305, 703, 704}},
		{country: "US", zone: "America/Chicago", share: 0.22, home: []uint16{312, 773, 214, 612, 713, 615}},
		{country: "US", zone: "America/Denver", share: 0.08, home: []uint16{303, 720, 801, 602}},
		{country: "US", zone: "America/Los_Angeles", share: 0.16, home: []uint16{213, 415, 206, 503, 619, 408}},
		{country: "GB", zone: "Europe/London", share: 0.06},
		{country: "DE", zone: "Europe/Berlin", share: 0.03},
		{country: "IN", zone: "Asia/Kolkata", share: 0.05},
	}
	return []house{
		{name: `Alder & Pike Industries`, domain: "alderpike", country: "US", segment: "commercial", channel: "ea", currency: "USD", funded: true, weight: 30, form: formExport, addon: 1, spare: 0.15, suspended: 40, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: us},
		{name: `Müller "Präzision" & Söhne GmbH`, domain: "mueller-praezision", country: "DE", segment: "commercial", channel: "csp", currency: "EUR", funded: true, weight: 14, form: formGraph, addon: 0.85, spare: 0.05, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: []site{
			{country: "DE", zone: "Europe/Berlin", share: 0.82},
			{country: "GB", zone: "Europe/London", share: 0.1},
			{country: "US", zone: "America/New_York", share: 0.08, home: []uint16{704, 864, 205}},
		}},
		{name: `Harrow, Finch and Partners`, domain: "harrowfinch", country: "GB", segment: "commercial", channel: "eas", currency: "GBP", funded: true, weight: 13, form: formExport, addon: 0.9, spare: 0.25, grace: 0.12, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: []site{
			{country: "GB", zone: "Europe/London", share: 0.9}, {country: "IN", zone: "Asia/Kolkata", share: 0.1},
		}},
		{name: `Fondation Érable-Rouge Foundation`, domain: "erable-rouge", country: "CA", segment: "nonprofit", channel: "web_direct", currency: "CAD", funded: false, weight: 9, form: formGraph, addon: 0.8, spare: 0.6, selectShare: 0.1, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: []site{
			{country: "CA", zone: "America/Toronto", share: 0.7, home: []uint16{416, 514, 613, 647, 905}},
			{country: "CA", zone: "America/Vancouver", share: 0.3, home: []uint16{604, 778, 403}},
		}},
		{name: `Three Rivers County Services`, domain: "threerivers-gov", country: "US", segment: "gcc", channel: "ea", currency: "USD", funded: true, weight: 11, form: formExport, addon: 0.95, spare: 0.3, standard: skuStandardGov, base: skuG3, sites: us[:4]},
		{name: `Atelier d'Armor S.A.`, domain: "atelier-armor", country: "FR", segment: "commercial", channel: "csp", currency: "EUR", funded: true, weight: 8, form: formLines, addon: 0.8, spare: 0.1, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: []site{
			{country: "FR", zone: "Europe/Paris", share: 1},
		}},
		{name: `한빛 Hanbit Systems`, domain: "hanbit-systems", country: "KR", segment: "commercial", channel: "ea", currency: "KRW", funded: false, weight: 8, form: formGraph, addon: 0.7, spare: 0.1, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: []site{
			{country: "KR", zone: "Asia/Seoul", share: 0.92},
			{country: "US", zone: "America/Los_Angeles", share: 0.08, home: []uint16{408, 213, 657}},
		}},
		{name: `Lakeshore State College`, domain: "lakeshore-college", country: "US", segment: "education", channel: "ees", currency: "USD", funded: false, weight: 7, form: formOld, addon: 0.9, spare: 0.8, standard: skuStandardFaculty, base: skuE3, sites: us[:2]},
		{name: `Gletscherblick Versicherung AG`, domain: "gletscherblick", country: "CH", segment: "commercial", channel: "csp", currency: "CHF", funded: true, weight: 8, form: formExport, addon: 0.8, spare: 0.1, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: []site{
			{country: "CH", zone: "Europe/Zurich", share: 1},
		}},
		{name: `Koala Point Logistics Pty`, domain: "koalapoint", country: "AU", segment: "commercial", channel: "web_direct", currency: "AUD", funded: true, weight: 8, form: formGraph, addon: 0.8, spare: 0.1, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: []site{
			{country: "AU", zone: "Australia/Sydney", share: 1},
		}},
		{name: `Havn & Fjord Shipping AS`, domain: "havnfjord", country: "NO", segment: "commercial", channel: "eas", currency: "NOK", funded: true, weight: 6, form: formLines, addon: 0.8, spare: 0.1, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: []site{
			{country: "NO", zone: "Europe/Oslo", share: 1},
		}},
		{name: `Open Table Relief`, domain: "opentable-relief", country: "US", segment: "nonprofit", channel: "csp", currency: "USD", funded: true, weight: 6, form: formExport, addon: 0.9, spare: 0.4, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: us[:4]},
		{name: `青空 Aozora Robotics`, domain: "aozora-robotics", country: "JP", segment: "commercial", channel: "ea", currency: "JPY", funded: true, weight: 8, form: formGraph, addon: 0.7, spare: 0.1, standard: skuStandard, standardE5: skuE5, base: skuE3, sites: []site{
			{country: "JP", zone: "Asia/Tokyo", share: 1},
		}},
	}
}

// tenant is one customer of the simulated world.
type tenant struct {
	house
	index      int
	id         guid
	bridge     number // the conferencing bridge's own number
	organizers []*organizer
	colleagues []number
	mask       int
	volume     float64 // factor on honest traffic
	places     *atlas
	hours      []month // of the run
	stock      stock
}

// month is one calendar month (UTC) of the run.
type month struct {
	name       string // YYYY-MM
	start, end tick
}

// tenants makes the customers and decides how many organizers each has.
func tenants(o Options, a *atlas) ([]*tenant, error) {
	patterns := houses()
	var out []*tenant
	var weights []float64
	for i := range o.Tenants {
		h := patterns[i%len(patterns)]
		if round := i/len(patterns) + 1; round > 1 {
			h.name = fmt.Sprintf("%s %d", h.name, round)
			h.domain = fmt.Sprintf("%s-%d", h.domain, round)
		}
		d := newDice(o.Seed, streamTenant, uint64(i))
		t := &tenant{house: h, index: i, id: d.guid(), mask: masked(h.country), places: a}
		t.sites = append([]site(nil), h.sites...)
		for k := range t.sites {
			loc, err := time.LoadLocation(t.sites[k].zone)
			if err != nil {
				return nil, fmt.Errorf("time zone of %s: %w", h.name, err)
			}
			t.sites[k].loc = loc
		}
		t.bridge = a.in(d, h.country)
		for m := range o.months() {
			u := o.months()[m]
			t.hours = append(t.hours, month{u.String(), tickOf(u.Start(time.UTC)), tickOf(u.End(time.UTC))})
		}
		out = append(out, t)
		weights = append(weights, h.weight)
	}
	for i, n := range share(o.Organizers, weights, 1) {
		out[i].organizers = make([]*organizer, n)
	}
	for _, t := range out {
		d := newDice(o.Seed, streamColleagues, uint64(t.index))
		for range min(2000, len(t.organizers)+20) {
			s := t.siteFor(d)
			t.colleagues = append(t.colleagues, a.near(d, s))
		}
	}
	return out, nil
}

// siteFor draws where somebody works.
func (t *tenant) siteFor(d *dice) *site {
	u, sum := d.Float64(), 0.0
	for _, s := range t.sites {
		sum += s.share
	}
	for i := range t.sites {
		if u -= t.sites[i].share / sum; u < 0 {
			return &t.sites[i]
		}
	}
	return &t.sites[0]
}

// near is a number in the neighbourhood of a site.
func (a *atlas) near(d *dice, s *site) number {
	if len(s.home) > 0 && d.chance(0.8) {
		return a.local(d, s.country, pick(d, s.home))
	}
	return a.in(d, s.country)
}

func (t *tenant) address(name string) string {
	return strings.ToLower(name) + "@" + t.domain + ".example"
}

// share deals n out by weight, largest remainder first, at least least each while
// there are enough.
func share(n int, weights []float64, least int) []int {
	out := make([]int, len(weights))
	if n < least*len(weights) {
		least = 0
	}
	sum := 0.0
	for i, w := range weights {
		sum += w
		out[i] = least
	}
	rest := n - least*len(weights)
	type part struct {
		index int
		left  float64
	}
	var parts []part
	dealt := 0
	for i, w := range weights {
		exact := float64(rest) * w / sum
		out[i] += int(exact)
		dealt += int(exact)
		parts = append(parts, part{i, exact - float64(int(exact))})
	}
	for dealt < rest {
		best := 0
		for i := range parts {
			if parts[i].left > parts[best].left {
				best = i
			}
		}
		out[parts[best].index]++
		parts[best].left = -1
		dealt++
	}
	return out
}
