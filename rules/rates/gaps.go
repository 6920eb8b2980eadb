package rates

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Gaps are numbers that a sheet forgets: a country has rates for some of its numbers, and
// none that hold for others that exist. A country that has none at all is no gap: a sheet need not
// go everywhere; nor is one in a numbering plan that several countries share, such as +1,
// since the others need not be in the sheet. Premium rates cover premium numbers alone.
func (s Sheet) Gaps() []Problem {
	var problems []Problem
	told := map[string]bool{}
	for _, origin := range append([]string{""}, s.origins()...) {
		rows := map[string]int{} // of prefixes that hold for tenants of the origin
		for _, r := range s.Rates {
			if r.NumberType == Premium || r.Origin != "" && r.Origin != origin {
				continue
			}
			if row, ok := rows[r.Prefix]; !ok || r.Row < row {
				rows[r.Prefix] = r.Row
			}
		}
		prefixes := slices.Sorted(maps.Keys(rows))
		for _, p := range prefixes {
			code := ownCode(p)
			if code == "" || told[code] {
				continue
			}
			all := holes(code, prefixes)
			i := slices.IndexFunc(all, func(hole string) bool { return inUse(hole, code) })
			if i < 0 {
				continue
			}
			told[code] = true
			row := rows[p]
			for other, n := range rows {
				if strings.HasPrefix(other, code) {
					row = min(row, n)
				}
			}
			problems = append(problems, Problem{row, fmt.Sprintf(
				"+%s has rates for some of its numbers, and those that begin with +%s have none: add prefix %s, or import with --allow-gaps", code, all[i], code)})
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int { return a.Row - b.Row })
	return problems
}

// ownCode is the country calling code that a prefix is in, "" where several countries
// share it or none has it.
func ownCode(prefix string) string {
	for n := 1; n <= 3 && n <= len(prefix); n++ {
		code, err := strconv.Atoi(prefix[:n])
		if err != nil {
			return ""
		}
		switch regions := phonenumbers.GetRegionCodesForCountryCode(code); {
		case len(regions) == 1 && regions[0] != phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
			return prefix[:n]
		case len(regions) > 0:
			return ""
		}
	}
	return ""
}

// holes are the shortest runs of digits from at on that no prefix covers, in order.
// prefixes are sorted.
func holes(at string, prefixes []string) []string {
	i, found := slices.BinarySearch(prefixes, at)
	switch {
	case found:
		return nil
	case i == len(prefixes) || !strings.HasPrefix(prefixes[i], at):
		return []string{at}
	}
	var all []string
	for digit := range 10 {
		all = append(all, holes(at+strconv.Itoa(digit), prefixes)...)
	}
	return all
}

var voice = []phonenumbers.PhoneNumberType{
	phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP, phonenumbers.TOLL_FREE, phonenumbers.SHARED_COST,
}

// inUse says whether numbers that begin so exist, by the numbering plan: one like an
// example of the country's, or one that goes on with the same digit. It can overlook some
// and makes none up.
func inUse(hole, code string) bool {
	country, err := strconv.Atoi(code)
	if err != nil {
		return false
	}
	region := phonenumbers.GetRegionCodeForCountryCode(country)
	for _, kind := range voice {
		example := phonenumbers.GetExampleNumberForType(region, kind)
		if example == nil {
			continue
		}
		digits := strings.TrimPrefix(phonenumbers.Format(example, phonenumbers.E164), "+")
		if len(digits) <= len(hole) {
			continue
		}
		if exists(hole + digits[len(hole):]) {
			return true
		}
		for d := range 10 {
			if exists(hole + strings.Repeat(strconv.Itoa(d), len(digits)-len(hole))) {
				return true
			}
		}
	}
	return false
}

func exists(digits string) bool {
	n, err := phonenumbers.Parse("+"+digits, "")
	// Parse leaves out a national prefix, and what remains would be another number.
	return err == nil && phonenumbers.Format(n, phonenumbers.E164) == "+"+digits && phonenumbers.IsValidNumber(n) &&
		phonenumbers.GetNumberType(n) != phonenumbers.PREMIUM_RATE
}
