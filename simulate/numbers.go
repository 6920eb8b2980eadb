package simulate

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed data/countries.csv
var countriesCSV []byte

//go:embed data/areas.csv
var areasCSV []byte

//go:embed data/high_cost.txt
var highCostText string

// number is a telephone number: its E.164 digits without the plus sign, and the
// place they lead to.
type number struct {
	digits uint64
	place  uint16
}

// appendTo writes the number as E.164 with its last masked digits as asterisks.
func (n number) appendTo(b []byte, masked int) []byte {
	b = append(b, '+')
	b = strconv.AppendUint(b, n.digits, 10)
	for i := range masked {
		b[len(b)-1-i] = '*'
	}
	return b
}

// place is where a number leads, with the name the source gives it and what a
// minute there costs. The rates are invented.
type place struct {
	iso      string // empty for satellite networks
	name     string
	prefixes []string
	zoneA    bool
	premium  bool
	// perMinute and connection are in ten-thousandths of a US dollar.
	perMinute  int64
	connection int64
	fixed      []string
	mobile     []string
}

type area struct {
	npa    uint16
	region string
}

// atlas knows the world's telephone numbers well enough to make up valid ones.
type atlas struct {
	places   []place
	byISO    map[string]uint16
	areas    map[string][]area // by country, US and CA
	highCost []string          // six or seven digits of +1 blocks (source: the Skype Connect exclusions)
	zoneAISO []string          // Zone A without US and CA
	restISO  []string          // all others

	premiumUS, satellite uint16
}

func readAtlas() (*atlas, error) {
	a := &atlas{byISO: map[string]uint16{}, areas: map[string][]area{}, highCost: strings.Fields(highCostText)}
	rows, err := csv.NewReader(bytes.NewReader(countriesCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("countries.csv: %w", err)
	}
	for _, r := range rows[1:] {
		rate, rerr := strconv.ParseInt(r[4], 10, 64)
		if rerr != nil {
			return nil, fmt.Errorf("countries.csv: rate of %s: %w", r[0], rerr)
		}
		p := place{
			iso: r[0], name: r[1], prefixes: strings.Fields(r[2]), zoneA: r[3] == "1",
			perMinute: rate, fixed: strings.Fields(r[5]), mobile: strings.Fields(r[6]),
		}
		a.byISO[p.iso] = a.add(p)
		switch {
		case p.iso == "US" || p.iso == "CA":
		case p.zoneA:
			a.zoneAISO = append(a.zoneAISO, p.iso)
		default:
			a.restISO = append(a.restISO, p.iso)
		}
	}
	rows, err = csv.NewReader(bytes.NewReader(areasCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("areas.csv: %w", err)
	}
	for _, r := range rows[1:] {
		npa, err := strconv.ParseUint(r[0], 10, 16)
		if err != nil {
			return nil, fmt.Errorf("areas.csv: %w", err)
		}
		a.areas[r[1]] = append(a.areas[r[1]], area{uint16(npa), r[2]})
	}
	ca := &a.places[a.byISO["CA"]]
	ca.prefixes = nil
	for _, x := range a.areas["CA"] {
		ca.prefixes = append(ca.prefixes, "1"+strconv.Itoa(int(x.npa)))
	}
	a.premiumUS = a.add(place{
		iso: "US", name: "United States", prefixes: []string{"1900"}, premium: true,
		perMinute: 24_900, connection: 1_500,
	})
	a.satellite = a.add(place{
		name: "Global Satellite", prefixes: []string{"870", "8816", "8817"},
		perMinute: 62_000, connection: 5_000, fixed: []string{"881631######"}, mobile: []string{"870773######"},
	})
	return a, nil
}

func (a *atlas) add(p place) uint16 {
	a.places = append(a.places, p)
	return uint16(len(a.places) - 1)
}

// in is a random valid number of a country.
func (a *atlas) in(d *dice, iso string) number {
	if areas := a.areas[iso]; areas != nil {
		return a.local(d, iso, pick(d, areas).npa)
	}
	return a.from(d, a.byISO[iso])
}

func (a *atlas) from(d *dice, at uint16) number {
	p := &a.places[at]
	forms := p.fixed
	if d.chance(0.45) {
		forms = p.mobile
	}
	return number{fill(d, pick(d, forms)), at}
}

// local is a number in one US or Canadian area code: an office code (NXX) starts
// with 2 to 9, does not end in 11 and is not 555.
func (a *atlas) local(d *dice, iso string, npa uint16) number {
	nxx := uint64(d.between(200, 999))
	for nxx%100 == 11 || nxx == 555 {
		nxx = uint64(d.between(200, 999))
	}
	return number{1e10 + uint64(npa)*1e7 + nxx*1e4 + uint64(d.IntN(1e4)), a.byISO[iso]}
}

// block is a US number in a block given by its first digits after +1.
func (a *atlas) block(d *dice, prefix string) number {
	return number{fill(d, "1"+prefix+strings.Repeat("#", 10-len(prefix))), a.byISO["US"]}
}

func (a *atlas) tollFree(d *dice) number {
	return a.block(d, pick(d, []string{"800", "888", "877", "866", "855", "844", "833"})+strconv.Itoa(d.between(2, 9)))
}

func (a *atlas) premium(d *dice) number {
	n := a.block(d, "900"+strconv.Itoa(d.between(2, 9)))
	n.place = a.premiumUS
	return n
}

// offshore is a +1 number outside the US and Canada.
func (a *atlas) offshore(d *dice, iso string) number { return a.from(d, a.byISO[iso]) }

// offshoreISO lists the countries whose +1 numbers look domestic and are not.
func (a *atlas) offshoreISO() []string {
	var out []string
	for _, p := range a.places {
		if p.iso != "US" && p.iso != "CA" && p.iso != "PR" && len(p.prefixes) > 0 && len(p.prefixes[0]) == 4 && p.prefixes[0][0] == '1' {
			out = append(out, p.iso)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func fill(d *dice, form string) uint64 {
	var n uint64
	for _, c := range []byte(form) {
		if c == '#' {
			n = n*10 + uint64(d.IntN(10))
		} else {
			n = n*10 + uint64(c-'0')
		}
	}
	return n
}
