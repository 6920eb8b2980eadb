package numbering

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"fairdial/usage"
)

var (
	//go:embed data/nanp.csv
	nanpCSV []byte
	//go:embed data/zone_a.csv
	zoneACSV []byte
	//go:embed data/high_cost.csv
	highCostCSV []byte
	//go:embed data/ranges.csv
	rangesCSV []byte
)

// rulesRevision is part of the version: raise it when the code comes to class
// any number differently by the same tables.
const rulesRevision = 1

// sources are where the tables come from, beyond the embedded ones.
type sources struct {
	highCostFiles []string
	zoneAFile     string
	premium976    bool
}

func (p *Plan) load(s sources) error {
	zones, err := p.readZoneA(s.zoneAFile)
	if err != nil {
		return err
	}
	if err = p.readAreas(); err != nil {
		return err
	}
	metadata, err := p.readMetadata()
	if err != nil {
		return err
	}
	if err = p.readRanges(); err != nil {
		return err
	}
	blocks, err := p.readHighCost(s.highCostFiles)
	if err != nil {
		return err
	}
	if s.premium976 {
		p.premiumExchange = payPerCall
	}
	p.version = fmt.Sprintf("rules:%d exchange_976:%d nanp:%s zone_a:%s high_cost:%s ranges:%s metadata:%s",
		rulesRevision, p.premiumExchange, digest(nanpCSV), zones, blocks, digest(rangesCSV), metadata)
	return nil
}

// readRows reads a table, without comment lines and without its heading: a first
// row that begins as named.
func readRows(name string, data []byte, heading string, row func(fields []string) error) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff")))) // spreadsheets write one
	r.Comment = '#'
	r.FieldsPerRecord = -1
	for first := true; ; first = false {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fields[0] = strings.TrimSpace(fields[0])
		if first && strings.EqualFold(fields[0], heading) {
			continue
		}
		if err := row(fields); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%s, line %d: %w", name, line, err)
		}
	}
}

func (p *Plan) readZoneA(file string) (string, error) {
	name, data := "zone_a.csv", zoneACSV
	if file != "" {
		var err error
		if data, err = os.ReadFile(file); err != nil {
			return "", fmt.Errorf("countries of Zone A: %w (check the path in the configuration)", err)
		}
		name = file
	}
	p.zoneA = map[string]bool{}
	err := readRows(name, data, "country", func(f []string) error {
		if len(f[0]) != 2 || strings.Trim(f[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return fmt.Errorf("country %q: give an ISO 3166-1 alpha-2 code in capitals", f[0])
		}
		p.zoneA[f[0]] = true
		return nil
	})
	if err == nil && len(p.zoneA) == 0 {
		err = fmt.Errorf("%s: no countries: list at least one", name)
	}
	return digest(data), err
}

func (p *Plan) readAreas() error {
	return readRows("nanp.csv", nanpCSV, "npa", func(f []string) error {
		npa, err := strconv.Atoi(f[0])
		if err != nil || npa < 200 || npa > 999 || len(f) < 4 {
			return fmt.Errorf("area code %q: give npa, country, region and class", f[0])
		}
		class, err := classNamed(f[3])
		if err != nil {
			return err
		}
		p.areas[npa] = area{country: f[1], region: f[2], class: class, zoneA: p.inZoneA(f[1], class)}
		return nil
	})
}

func (p *Plan) readHighCost(files []string) (string, error) {
	sum := sha256.New()
	add := func(name string, data []byte) error {
		sum.Write(data)
		return readRows(name, data, "block", func(f []string) error { return p.highCost.add(f[0]) })
	}
	if err := add("high_cost.csv", highCostCSV); err != nil {
		return "", err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("high-cost blocks: %w (check the path in the configuration)", err)
		}
		if err := add(file, data); err != nil {
			return "", err
		}
	}
	return short(sum), nil
}

func (p *Plan) readRanges() error {
	err := readRows("ranges.csv", rangesCSV, "prefix", func(f []string) error {
		if len(f) < 2 {
			return fmt.Errorf("range %q: give prefix and class", f[0])
		}
		class, err := classNamed(f[1])
		if err != nil {
			return err
		}
		digits := make([]byte, len(f[0]))
		for i := range digits {
			if digits[i] = f[0][i] - '0'; digits[i] > 9 {
				return fmt.Errorf("range %q: give digits only", f[0])
			}
		}
		code, length := p.codeOf(digits)
		if code == nil {
			// A code that the library does not know belongs to no country.
			at, err := strconv.Atoi(f[0])
			if err != nil || len(f[0]) != 3 {
				return fmt.Errorf("range %q: no such calling code", f[0])
			}
			length = 3
			code = &callingCode{length: length, main: place{class: class}, inZoneA: p.inZoneA}
			p.codes[at] = code
		}
		code.ranges = append(code.ranges, classRange{digits[length:], class})
		return nil
	})
	for _, c := range p.codes {
		if c != nil {
			slices.SortStableFunc(c.ranges, func(x, y classRange) int { return len(y.prefix) - len(x.prefix) })
		}
	}
	return err
}

// readMetadata takes over the library's calling codes and digests all of its
// metadata that decides a class. The library has no version to ask for.
func (p *Plan) readMetadata() (string, error) {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		return "", fmt.Errorf("metadata of the phonenumbers library: %w", err)
	}
	byName := map[string]*phonenumbers.PhoneMetadata{}
	for _, m := range all.GetMetadata() {
		byName[metadataName(m.GetId(), int(m.GetCountryCode()))] = m
	}
	sum := sha256.New()
	for at := range p.codes {
		regions := phonenumbers.GetRegionCodesForCountryCode(at)
		if len(regions) == 0 {
			continue
		}
		c := &callingCode{length: len(strconv.Itoa(at)), inZoneA: p.inZoneA}
		for _, id := range regions {
			m := byName[metadataName(id, at)]
			if m == nil {
				return "", fmt.Errorf("metadata of the phonenumbers library: calling code %d names %s, which is missing", at, id)
			}
			c.regions = append(c.regions, m)
			digestMetadata(sum, m)
		}
		if at == 1 {
			continue // area codes tell more: areas
		}
		country := countryOf(c.regions[0])
		c.main = place{country, usage.ClassUnknown, p.inZoneA(country, usage.ClassUnknown)}
		for _, d := range c.regions[0].GetNationalPrefix() {
			c.trunk = append(c.trunk, byte(d-'0'))
		}
		p.codes[at] = c
	}
	return short(sum), nil
}

// metadataName tells the entries of codes without a country apart: all have the
// same id.
func metadataName(id string, code int) string {
	if id == noRegion {
		return id + strconv.Itoa(code)
	}
	return id
}

func digestMetadata(sum hash.Hash, m *phonenumbers.PhoneMetadata) {
	fmt.Fprintf(sum, "%d %q %q %q\n", m.GetCountryCode(), m.GetId(), m.GetLeadingDigits(), m.GetNationalPrefix())
	for _, d := range append([]*phonenumbers.PhoneNumberDesc{m.GetGeneralDesc()}, descs(m)...) {
		fmt.Fprintf(sum, "%q %v\n", d.GetNationalNumberPattern(), d.GetPossibleLength())
	}
}

func descs(m *phonenumbers.PhoneMetadata) []*phonenumbers.PhoneNumberDesc {
	var all []*phonenumbers.PhoneNumberDesc
	for _, k := range kinds() {
		all = append(all, k.desc(m))
	}
	return all
}

func classNamed(name string) (usage.Class, error) {
	switch c := usage.Class(name); c {
	case usage.ClassGeographic, usage.ClassTollFree, usage.ClassPremium, usage.ClassPersonal,
		usage.ClassNonGeographic, usage.ClassSatellite, usage.ClassUnknown:
		return c, nil
	}
	return "", fmt.Errorf("class %q is not a class of number", name)
}

func digest(data []byte) string {
	sum := sha256.New()
	sum.Write(data)
	return short(sum)
}

// short is enough of a digest to tell versions of a table apart.
func short(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)[:4]) }
