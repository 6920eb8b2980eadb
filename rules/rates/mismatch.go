package rates

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Mismatches are rows whose destination names one country and whose prefix lies in others,
// by the numbering plan: a rate that calls to the one would never find, and calls to the
// other would. A destination that is no country's name alone, and a prefix in which no
// number is known, contradict nothing.
func (s Sheet) Mismatches() []Problem {
	var problems []Problem
	type pair struct{ prefix, country string }
	known := map[pair][]string{} // a sheet can have a row for each origin and type of number
	for _, r := range s.Rates {
		named, ok := countryOf(r.Destination)
		if !ok {
			continue
		}
		at := pair{r.Prefix, named}
		lies, looked := known[at]
		if !looked {
			lies = liesIn(r.Prefix, named)
			known[at] = lies
		}
		if len(lies) > 0 {
			problems = append(problems, Problem{r.Row, fmt.Sprintf(
				"the destination %q is %s, and prefix %s lies in %s: mend the row, or import with --allow-mismatch if the sheet means it",
				r.Destination, named, r.Prefix, strings.Join(lies, ", "))})
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return a.Row - b.Row })
	return problems
}

// kindOfNumber is what sheets write behind a country's name.
var kindOfNumber = regexp.MustCompile(`(?i)[\s,;:(/–-]+(mobiles?|cellular|wireless|wireline|landlines?|fixed( ?line)?|premium|special( services)?|toll[ -]?free|proper|others?|all)\)?$`)

// countryOf is the country that a destination names, if it is no more than one and a kind
// of number.
func countryOf(destination string) (code string, ok bool) {
	for {
		if code, ok = country(destination); ok {
			return code, true
		}
		shorter := kindOfNumber.ReplaceAllString(strings.TrimSpace(destination), "")
		if shorter == destination || shorter == "" {
			return "", false
		}
		destination = shorter
	}
}

// liesIn are the countries that a prefix lies in where the named one is none of them, and
// nothing where it is, or where that cannot be said.
func liesIn(prefix, named string) []string {
	code := phonenumbers.GetCountryCodeForRegion(named)
	if code == 0 {
		return nil // such as Antarctica: it has no numbers of its own
	}
	own := strconv.Itoa(code)
	if strings.HasPrefix(own, prefix) || prefix == own {
		return nil
	}
	regions := regionsOf(prefix)
	if strings.HasPrefix(prefix, own) && (len(regions) < 2 || begins(prefix, named)) {
		return nil
	}
	if len(regions) == 1 {
		return regions
	}
	regions = slices.DeleteFunc(slices.Clone(regions), func(region string) bool { return !begins(prefix, region) })
	slices.Sort(regions)
	return regions
}

// regionsOf are the countries that share the calling code of a prefix.
func regionsOf(prefix string) []string {
	for n := 1; n <= 3 && n <= len(prefix); n++ {
		code, err := strconv.Atoi(prefix[:n])
		if err != nil {
			return nil
		}
		if regions := phonenumbers.GetRegionCodesForCountryCode(code); len(regions) > 0 {
			return slices.DeleteFunc(slices.Clone(regions), func(r string) bool { return r == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY })
		}
	}
	return nil
}

// begins says whether numbers of a country begin with a prefix: one like an example of the
// country's, or one that goes on with the same digit. It can overlook some and makes none
// up.
func begins(prefix, region string) bool {
	special := []phonenumbers.PhoneNumberType{phonenumbers.PREMIUM_RATE, phonenumbers.PAGER, phonenumbers.UAN, phonenumbers.PERSONAL_NUMBER}
	for _, kind := range slices.Concat(voice, special) {
		example := phonenumbers.GetExampleNumberForType(region, kind)
		if example == nil {
			continue
		}
		digits := strings.TrimPrefix(phonenumbers.Format(example, phonenumbers.E164), "+")
		if len(digits) <= len(prefix) {
			if strings.HasPrefix(prefix, digits) {
				return true
			}
			continue
		}
		tails := []string{digits[len(prefix):]}
		for d := range 10 {
			tails = append(tails, strings.Repeat(strconv.Itoa(d), len(digits)-len(prefix)))
		}
		for _, tail := range tails {
			n, err := phonenumbers.Parse("+"+prefix+tail, "")
			if err == nil && phonenumbers.Format(n, phonenumbers.E164) == "+"+prefix+tail && phonenumbers.IsValidNumberForRegion(n, region) {
				return true
			}
		}
	}
	return false
}
