package numbering

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/usage"
)

// The library's own matching code, which this package does not use, is the
// yardstick here: the tables and the automaton must come to the same answers.

// e164 makes the library's form of a number without its parser, which would
// mend what is to be tested.
func e164(code int, national string) *phonenumbers.PhoneNumber {
	zeros := 0
	for zeros < len(national)-1 && national[zeros] == '0' {
		zeros++
	}
	value, _ := strconv.ParseUint(national, 10, 64)
	country, leading := int32(code), zeros > 0
	count := int32(zeros)
	return &phonenumbers.PhoneNumber{
		CountryCode: &country, NationalNumber: &value, ItalianLeadingZero: &leading, NumberOfLeadingZeros: &count,
	}
}

// classOf is what each of the library's kinds must become.
func classOf(kind phonenumbers.PhoneNumberType) usage.Class {
	switch kind {
	case phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP, phonenumbers.UAN:
		return usage.ClassGeographic
	case phonenumbers.TOLL_FREE:
		return usage.ClassTollFree
	case phonenumbers.PREMIUM_RATE:
		return usage.ClassPremium
	case phonenumbers.PERSONAL_NUMBER:
		return usage.ClassPersonal
	case phonenumbers.SHARED_COST, phonenumbers.PAGER, phonenumbers.VOICEMAIL:
		return usage.ClassNonGeographic
	default:
		return usage.ClassUnknown
	}
}

// TestAreaCodesAgree goes through every area code and, of its exchanges, all the
// telling ones and a sample of the others, which moves by area code.
func TestAreaCodesAgree(t *testing.T) {
	exchanges := map[int]bool{}
	for _, nxx := range []int{0, 100, 199, 200, 211, 300, 310, 411, 500, 555, 700, 911, 950, 958, 959, 976, 999} {
		exchanges[nxx] = true
	}
	const every = 41 // prime to 1000: all exchanges are tried over the area codes
	p := newPlan(t)
	asked, agreed := 0, 0
	for npa := 200; npa <= 999; npa++ {
		for nxx := range 1000 {
			if !exchanges[nxx] && (nxx+npa)%every != 0 {
				continue
			}
			if checkExchange(t, p, npa, nxx) {
				agreed++
			}
			asked++
		}
	}
	// Were the library silent, agreement would mean nothing.
	require.Greater(t, agreed, asked/3)
}

// checkExchange compares one exchange and says whether the library knew it.
func checkExchange(t *testing.T, p *Plan, npa, nxx int) bool {
	national := fmt.Sprintf("%03d%03d0123", npa, nxx)
	number := e164(1, national)
	country := phonenumbers.GetRegionCodeForNumber(number)
	if country == "" {
		return false
	}
	got := p.Classify("+1" + national)
	class := classOf(phonenumbers.GetNumberType(number))

	switch area := p.areas[npa]; {
	case nxx < 200:
		// The library names a Caribbean country by its area code alone; no
		// exchange begins with 0 or 1. (800-14x and 809-[01]xx can be dialled
		// inside the Dominican Republic only.)
		require.Empty(t, got.Country, national)
		return true
	case area.class == usage.ClassGeographic && nxx%100 == 11:
		// The library takes a service code for an exchange.
		require.Empty(t, got.Country, national)
		require.Equal(t, usage.ClassUnknown, got.Class, national)
		return true
	case npa/100 == 5 && area.class == usage.ClassNonGeographic:
		// 5YY is shared by the whole plan. The library names the US, as the first
		// of all the countries that it gives these numbers to.
		require.Equal(t, "US", country, national)
		require.Empty(t, got.Country, national)
		require.Equal(t, usage.ClassPersonal, class, national)
		return true
	}
	require.Equal(t, country, got.Country, national)
	switch {
	case country != "US" && country != "CA":
		// Small islands: the area code decides the class here, the library knows
		// single exchanges of them. None is in Zone A but Puerto Rico.
		require.Equal(t, country == "PR" && got.Class == usage.ClassGeographic, got.ZoneA, national)
	case npa == 600 || npa == 622 || npa == 633:
		// The library calls Canada's non-geographic codes VoIP and personal.
		require.Equal(t, usage.ClassNonGeographic, got.Class, national)
	default:
		require.Equal(t, class, got.Class, national)
		require.Equal(t, class != usage.ClassPremium, got.ZoneA, national)
	}
	return true
}

func TestEveryCountryAgrees(t *testing.T) {
	// Countries whose landlines the library itself cannot tell from a
	// neighbour's. Mobile and service numbers are shared by many more.
	shared := map[string]string{
		"EH": "MA", // Western Sahara
		"MF": "BL", // Saint Martin
	}
	p := newPlan(t)
	regions := phonenumbers.GetSupportedRegions()
	require.Greater(t, len(regions), 240)
	for region := range regions {
		code := phonenumbers.GetCountryCodeForRegion(region)
		if code == 1 {
			continue
		}
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				require.NotEqual(t, phonenumbers.FIXED_LINE, kind, region)
				continue
			}
			text := phonenumbers.Format(example, phonenumbers.E164)
			got := p.Classify(text)
			require.Equal(t, phonenumbers.GetRegionCodeForNumber(example), got.Country, "%s %s", region, text)
			if kind == phonenumbers.FIXED_LINE && got.Country != region {
				require.Equal(t, shared[region], got.Country, "%s %s", region, text)
			}
			if len(p.codes[code].ranges) == 0 {
				require.Equal(t, classOf(phonenumbers.GetNumberType(example)), got.Class, "%s %s", region, text)
			}
		}
	}
}

func TestCodesWithoutACountry(t *testing.T) {
	p := newPlan(t)
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		text := phonenumbers.Format(phonenumbers.GetExampleNumberForNonGeoEntity(code), phonenumbers.E164)
		got := p.Classify(text)
		require.Empty(t, got.Country, text)
		require.False(t, got.ZoneA, text)
		require.NotContains(t, []usage.Class{usage.ClassUnknown, usage.ClassGeographic}, got.Class, text)
	}
}

// TestNumbersAgree makes up valid numbers of every calling code by walking its
// automaton, and any others by chance: both must be what the library says.
func TestNumbersAgree(t *testing.T) {
	p := newPlan(t)
	var codes []int
	for at, c := range p.codes {
		if c == nil || len(c.regions) == 0 {
			continue
		}
		c.once.Do(func() { require.NoError(t, c.build(), at) })
		codes = append(codes, at)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, at := range codes {
		for range 40 {
			agree(t, p, at, walk(r, p.codes[at].auto))
			agree(t, p, at, digits(r, 4+r.IntN(9)))
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.SampledFrom(codes).Draw(rt, "code")
		agree(rt, p, at, rapid.StringMatching(`[0-9]{3,14}`).Draw(rt, "national"))
	})
}

type failer interface {
	require.TestingT
	Helper()
}

func agree(t failer, p *Plan, code int, national string) {
	t.Helper()
	c := p.codes[code]
	visible := make([]byte, len(national))
	for i := range visible {
		visible[i] = national[i] - '0'
	}
	label, _, exact := c.auto.match(visible, 0)
	number := e164(code, national)
	require.Equal(t, phonenumbers.IsValidNumber(number), exact, "+%d %s is valid", code, national)
	if !exact {
		return
	}
	country := phonenumbers.GetRegionCodeForNumber(number)
	if country == noRegion {
		country = ""
	}
	require.Equal(t, country, c.places[label].country, "+%d %s", code, national)
	require.Equal(t, classOf(phonenumbers.GetNumberType(number)), c.places[label].class, "+%d %s", code, national)
}

// walk gives a random number that the automaton takes for valid.
func walk(r *rand.Rand, a *automaton) string {
	var national []byte
	for at := a.root; ; {
		n := &a.nodes[at]
		var open []int
		for d, next := range n.next {
			if next != 0 {
				open = append(open, d)
			}
		}
		if len(open) == 0 || n.label != 0 && r.IntN(3) == 0 {
			return string(national)
		}
		d := open[r.IntN(len(open))]
		national = append(national, byte('0'+d))
		at = n.next[d]
	}
}

func digits(r *rand.Rand, n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte('0' + r.IntN(10))
	}
	return string(text)
}
