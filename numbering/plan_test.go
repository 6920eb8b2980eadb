package numbering

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/usage"
)

func newPlan(t testing.TB, opts ...Option) *Plan {
	t.Helper()
	p, err := New(opts...)
	require.NoError(t, err)
	return p
}

// The expectations are worked out by hand from the published plans, not from the
// tables.
func TestClassify(t *testing.T) {
	const (
		geographic = usage.ClassGeographic
		tollFree   = usage.ClassTollFree
		premium    = usage.ClassPremium
		personal   = usage.ClassPersonal
		nowhere    = usage.ClassNonGeographic
		satellite  = usage.ClassSatellite
		unknown    = usage.ClassUnknown
	)
	in := func(country string, class usage.Class, zoneA bool) usage.Destination {
		return usage.Destination{Country: country, Class: class, ZoneA: zoneA}
	}
	nanp := func(country, region string, class usage.Class, zoneA bool, npaNXX string) usage.Destination {
		return usage.Destination{Country: country, Region: region, Class: class, ZoneA: zoneA, NPANXX: npaNXX}
	}
	cases := []struct {
		number, why string
		want        usage.Destination
	}{
		{"+12125550123", "Manhattan", nanp("US", "NY", geographic, true, "212555")},
		{"+12022240000", "Washington, DC", nanp("US", "DC", geographic, true, "202224")},
		{"+18085550000", "Hawaii", nanp("US", "HI", geographic, true, "808555")},
		{"+19075550000", "Alaska", nanp("US", "AK", geographic, true, "907555")},
		{"+16215550000", "Houston overlay of 2025, kept by hand", nanp("US", "TX", geographic, true, "621555")},
		{"+14165550000", "Toronto", nanp("CA", "ON", geographic, true, "416555")},
		{"+19025550000", "Nova Scotia and Prince Edward Island share it", nanp("CA", "", geographic, true, "902555")},
		{"+18675550000", "three territories share it", nanp("CA", "", geographic, true, "867555")},
		{"+17875550000", "Puerto Rico is its own Zone A entry", nanp("PR", "", geographic, true, "787555")},
		{"+19395550000", "Puerto Rico's second code", nanp("PR", "", geographic, true, "939555")},
		{"+13407740000", "US Virgin Islands", nanp("VI", "", geographic, false, "340774")},
		{"+16716460000", "Guam", nanp("GU", "", geographic, false, "671646")},
		{"+16702340000", "Northern Mariana Islands", nanp("MP", "", geographic, false, "670234")},
		{"+16846330000", "American Samoa", nanp("AS", "", geographic, false, "684633")},
		{"+18765550000", "Jamaica", nanp("JM", "", geographic, false, "876555")},
		{"+16585550000", "Jamaica's second code", nanp("JM", "", geographic, false, "658555")},
		{"+18095550000", "Dominican Republic", nanp("DO", "", geographic, false, "809555")},
		{"+18295550000", "Dominican Republic", nanp("DO", "", geographic, false, "829555")},
		{"+18495550000", "Dominican Republic", nanp("DO", "", geographic, false, "849555")},
		{"+12423220000", "Bahamas", nanp("BS", "", geographic, false, "242322")},
		{"+12464260000", "Barbados", nanp("BB", "", geographic, false, "246426")},
		{"+12644970000", "Anguilla", nanp("AI", "", geographic, false, "264497")},
		{"+12684600000", "Antigua and Barbuda", nanp("AG", "", geographic, false, "268460")},
		{"+12844940000", "British Virgin Islands", nanp("VG", "", geographic, false, "284494")},
		{"+13459490000", "Cayman Islands", nanp("KY", "", geographic, false, "345949")},
		{"+14412920000", "Bermuda", nanp("BM", "", geographic, false, "441292")},
		{"+14734400000", "Grenada", nanp("GD", "", geographic, false, "473440")},
		{"+16499460000", "Turks and Caicos Islands", nanp("TC", "", geographic, false, "649946")},
		{"+16644910000", "Montserrat", nanp("MS", "", geographic, false, "664491")},
		{"+17215420000", "Sint Maarten", nanp("SX", "", geographic, false, "721542")},
		{"+17584520000", "St Lucia", nanp("LC", "", geographic, false, "758452")},
		{"+17674480000", "Dominica", nanp("DM", "", geographic, false, "767448")},
		{"+17844560000", "St Vincent and the Grenadines", nanp("VC", "", geographic, false, "784456")},
		{"+18686220000", "Trinidad and Tobago", nanp("TT", "", geographic, false, "868622")},
		{"+18694650000", "St Kitts and Nevis", nanp("KN", "", geographic, false, "869465")},

		{"+18005550199", "toll-free", nanp("US", "", tollFree, true, "800555")},
		{"+18334110199", "N11 is an exchange in toll-free codes", nanp("US", "", tollFree, true, "833411")},
		{"+18225550199", "toll-free code not yet in service", nanp("US", "", tollFree, true, "822555")},
		{"+19005550199", "premium: never Zone A", nanp("US", "", premium, false, "900555")},
		{"+12129760199", "former pay-per-call exchange", nanp("US", "NY", geographic, true, "212976")},
		{"+6490840123", "New Zealand: only 0900 is premium", usage.Destination{Country: "NZ", Class: usage.ClassUnknown, ZoneA: true}},
		{"+64900123456", "New Zealand 0900", usage.Destination{Country: "NZ", Class: usage.ClassPremium}},
		{"+15005550006", "5YY belongs to the whole plan", nanp("", "", nowhere, false, "500555")},
		{"+15385550006", "5YY of 2025", nanp("", "", nowhere, false, "538555")},
		{"+16005550006", "Canadian non-geographic", nanp("CA", "", nowhere, false, "600555")},
		{"+16225550006", "Canadian non-geographic", nanp("CA", "", nowhere, false, "622555")},
		{"+17005550006", "interexchange carriers", nanp("", "", nowhere, false, "700555")},
		{"+17105550006", "US government", nanp("US", "", nowhere, false, "710555")},
		{"+12119555012", "N11 is no area code", nanp("", "", unknown, false, "211955")},
		{"+15355550123", "reserved 5YY, not assigned", nanp("", "", unknown, false, "535555")},
		{"+19995550123", "not assigned", nanp("", "", unknown, false, "999555")},
		{"+12129110123", "N11 is no exchange", nanp("", "", unknown, false, "212911")},
		{"+12121550123", "an exchange begins with 2 to 9", nanp("", "", unknown, false, "212155")},
		{"+12120550123", "an exchange begins with 2 to 9", nanp("", "", unknown, false, "212055")},
		{"+1212555012", "a digit short", in("", unknown, false)},
		{"+121255501234", "a digit too many", in("", unknown, false)},
		{"+1", "nothing but the code", in("", unknown, false)},

		{"+493012345678", "Berlin", in("DE", geographic, true)},
		{"+4915123456789", "German mobile", in("DE", geographic, true)},
		{"+498001234567", "German freephone", in("DE", tollFree, true)},
		{"+499001123456", "German premium", in("DE", premium, false)},
		{"+4970012345678", "German personal number", in("DE", personal, false)},
		{"+491805123456", "German shared cost", in("DE", nowhere, false)},
		{"+33142345678", "Paris", in("FR", geographic, true)},
		{"+33912345678", "French internet line is an ordinary one", in("FR", geographic, true)},
		{"+33899123456", "French premium", in("FR", premium, false)},
		{"+442079460958", "London", in("GB", geographic, true)},
		{"+443031237300", "UK 03 is charged as geographic", in("GB", geographic, true)},
		{"+449098790000", "UK premium", in("GB", premium, false)},
		{"+448712345678", "UK 087 is charged as a service", in("GB", premium, false)},
		{"+447012345678", "UK personal number", in("GB", personal, false)},
		{"+441481722222", "Guernsey, in the UK's numbering plan", in("GG", geographic, true)},
		{"+441534444444", "Jersey", in("JE", geographic, true)},
		{"+441624686868", "Isle of Man", in("IM", geographic, true)},
		{"+447781123456", "Guernsey mobile", in("GG", geographic, true)},
		{"+74951234567", "Moscow", in("RU", geographic, true)},
		{"+77172701234", "Astana", in("KZ", geographic, false)},
		{"+77011234567", "Kazakh mobile", in("KZ", geographic, false)},
		{"+390612345678", "Rome keeps its 0", in("IT", geographic, true)},
		{"+390669812345", "Vatican", in("VA", geographic, false)},
		{"+4722123456", "Oslo", in("NO", geographic, true)},
		{"+4779021234", "Svalbard", in("SJ", geographic, false)},
		{"+61291234567", "Sydney", in("AU", geographic, true)},
		{"+61891641234", "Christmas Island", in("CX", geographic, false)},
		{"+61891621234", "Cocos Islands", in("CC", geographic, false)},
		{"+358912345678", "Helsinki", in("FI", geographic, true)},
		{"+3581812345", "Åland", in("AX", geographic, false)},
		{"+212520123456", "Morocco", in("MA", geographic, false)},
		{"+212528812345", "Western Sahara or southern Morocco", in("MA", geographic, false)},
		{"+262262161234", "Réunion", in("RE", geographic, false)},
		{"+262269601234", "Mayotte", in("YT", geographic, false)},
		{"+29022158", "St Helena", in("SH", geographic, false)},
		{"+2908999", "Tristan da Cunha", in("TA", geographic, false)},
		{"+590590201234", "Guadeloupe", in("GP", geographic, false)},
		{"+59994151234", "Curaçao", in("CW", geographic, false)},
		{"+5997151234", "Bonaire", in("BQ", geographic, false)},
		{"+85223456789", "Hong Kong", in("HK", geographic, true)},
		{"+886223456789", "Taipei", in("TW", geographic, true)},
		{"+38338123456", "Kosovo has a code of its own", in("XK", geographic, false)},
		{"+41582345678", "Swiss company number is an ordinary line", in("CH", geographic, true)},
		{"+81570012345", "Japan's Navi Dial is charged above", in("JP", nowhere, false)},
		{"+390187", "far too short", in("IT", geographic, true)},
		{"+571738933147", "too few digits fit to call it premium", in("CO", unknown, false)},
		{"00571738933147", "00 leads to the country as + does", in("CO", unknown, false)},
		{"6054751234", "without a plus it is E.164 all the same, never a national number", in("MY", geographic, true)},
		{"571738933147", "without either it must be a valid number", in("", unknown, false)},

		{"+870773123456", "Inmarsat", in("", satellite, false)},
		{"+881631234567", "Iridium", in("", satellite, false)},
		{"+881288887777", "global mobile satellite", in("", satellite, false)},
		{"+8821612345678", "Thuraya", in("", satellite, false)},
		{"+88234512345678", "international network", in("", nowhere, false)},
		{"+883510012345", "international network", in("", nowhere, false)},
		{"+80012345678", "international freephone", in("", tollFree, false)},
		{"+80812345678", "international shared cost", in("", nowhere, false)},
		{"+979123456789", "international premium", in("", premium, false)},
		{"+878101234567890", "personal telecommunication", in("", personal, false)},
		{"+87112345678", "old Inmarsat code", in("", satellite, false)},
		{"+2101234567", "no such country code", in("", unknown, false)},
	}
	p := newPlan(t)
	for _, c := range cases {
		t.Run(c.number+" "+c.why, func(t *testing.T) {
			require.Equal(t, c.want, p.Classify(c.number))
		})
	}
}

func TestClassifyForms(t *testing.T) {
	p := newPlan(t)
	same := map[string][]string{
		"+16054751234": {
			"16054751234", " +1 605 475 1234 ", "+1 (605) 475-1234", "+1.605.475.1234", "tel:+1-605-475-1234",
			"TEL:+16054751234;ext=12", "0016054751234", "+0016054751234", "01116054751234", "'+16054751234",
			"+1 605 475 1234 x12", "+16054751234 ext. 7", "+16054751234,,1234#", "\u202a+1\u00a0605\u2011475\u20101234\u202c",
			"＋１６０５４７５１２３４",
		},
		"+442079460958": {
			"442079460958", "+44 (0)20 7946 0958", "+44 020 7946 0958", "00442079460958", "011 44 20 7946 0958",
			"tel:+44-20-7946-0958",
		},
		"+74951234567": {"+7 8 495 123 45 67", "74951234567"},
	}
	for plain, forms := range same {
		want := p.Classify(plain)
		require.NotEqual(t, usage.ClassUnknown, want.Class, plain)
		for _, form := range forms {
			require.Equal(t, want, p.Classify(form), "%q", form)
		}
	}
}

func TestClassifyGarbage(t *testing.T) {
	p := newPlan(t)
	for _, text := range []string{
		"", " ", "+", "++16054751234", "+1+6054751234", "anonymous", "sip:alice@example.org", "tel:", "N/A", "null",
		"12", "911", "+911", "+4999", "0", "00", "000", "011", "+0123456789", "01142734567", "+49", "2125550123", "8005550199",
		"1-800-FLOWERS", "+1605475123４五", "+1 605 475 1234\x00", "\xff\xfe", "٠١٢٣٤", "****", "+****", "xxx", "+1***", "1605***",
		strings.Repeat("1", 25), "+1" + strings.Repeat(" ", 200) + "6054751234", strings.Repeat("*", 1000), "=1+2",
		"'; DROP TABLE usage; --", "99999999999999",
	} {
		got := p.Classify(text)
		got.Masked = false
		require.Equal(t, usage.Destination{Class: usage.ClassUnknown}, got, "%q", text)
	}
}

func TestClassifyMasked(t *testing.T) {
	cases := []struct {
		number, why string
		want        usage.Destination
	}{
		{"+1605475****", "area code and exchange are left", usage.Destination{Country: "US", Region: "SD", Class: usage.ClassGeographic, ZoneA: true, NPANXX: "605475", HighCost: true}},
		{"+1 605 475 xxxx", "x masks too", usage.Destination{Country: "US", Region: "SD", Class: usage.ClassGeographic, ZoneA: true, NPANXX: "605475", HighCost: true}},
		{"+1605475XXXX", "X masks too", usage.Destination{Country: "US", Region: "SD", Class: usage.ClassGeographic, ZoneA: true, NPANXX: "605475", HighCost: true}},
		{"+1605715****", "a thousands block cannot be told", usage.Destination{Country: "US", Region: "SD", Class: usage.ClassGeographic, ZoneA: true, NPANXX: "605715"}},
		{"+16057154***", "a thousands block can be told", usage.Destination{Country: "US", Region: "SD", Class: usage.ClassGeographic, ZoneA: true, NPANXX: "605715", HighCost: true}},
		{"+160547*****", "the exchange is hidden", usage.Destination{Country: "US", Region: "SD", Class: usage.ClassGeographic, ZoneA: true}},
		{"+1605***1234", "the exchange is hidden", usage.Destination{Country: "US", Region: "SD", Class: usage.ClassGeographic, ZoneA: true}},
		{"+1900***", "cut short, premium all the same", usage.Destination{Country: "US", Class: usage.ClassPremium}},
		{"+1212911****", "no exchange", usage.Destination{Class: usage.ClassUnknown, NPANXX: "212911"}},
		{"+16*********", "no area code is left", usage.Destination{Class: usage.ClassUnknown}},
		{"1605475****", "without a plus", usage.Destination{Country: "US", Region: "SD", Class: usage.ClassGeographic, ZoneA: true, NPANXX: "605475", HighCost: true}},
		{"+4930****", "Berlin", usage.Destination{Country: "DE", Class: usage.ClassGeographic, ZoneA: true}},
		{"+4930123456***", "Berlin", usage.Destination{Country: "DE", Class: usage.ClassGeographic, ZoneA: true}},
		{"+491511335***", "a mobile a digit short, not the longer voicemail", usage.Destination{Country: "DE", Class: usage.ClassGeographic, ZoneA: true}},
		{"+33 1***", "Paris, cut short", usage.Destination{Country: "FR", Class: usage.ClassGeographic, ZoneA: true}},
		{"+3314234****", "Paris", usage.Destination{Country: "FR", Class: usage.ClassGeographic, ZoneA: true}},
		{"+3389912****", "French premium", usage.Destination{Country: "FR", Class: usage.ClassPremium}},
		{"+4414817****", "Guernsey", usage.Destination{Country: "GG", Class: usage.ClassGeographic, ZoneA: true}},
		{"+4420794*****", "London", usage.Destination{Country: "GB", Class: usage.ClassGeographic, ZoneA: true}},
		{"+7717270****", "Astana", usage.Destination{Country: "KZ", Class: usage.ClassGeographic}},
		{"+4779021***", "Svalbard", usage.Destination{Country: "SJ", Class: usage.ClassGeographic}},
		{"+49*******", "only the country is left", usage.Destination{Country: "DE", Class: usage.ClassUnknown, ZoneA: true}},
		{"+8816312*****", "Iridium", usage.Destination{Class: usage.ClassSatellite}},
		{"+4*********", "no country is left", usage.Destination{Class: usage.ClassUnknown}},
		{"493012345***", "without a plus", usage.Destination{Country: "DE", Class: usage.ClassGeographic, ZoneA: true}},
	}
	p := newPlan(t)
	for _, c := range cases {
		t.Run(c.number+" "+c.why, func(t *testing.T) {
			c.want.Masked = true
			require.Equal(t, c.want, p.Classify(c.number))
		})
	}
}

func TestZoneAHasTheProvidersEntries(t *testing.T) {
	p := newPlan(t)
	require.Len(t, p.zoneA, 47, "44 entries, of which the United Kingdom stands for four codes")
	for country := range strings.FieldsSeq("AU AT BE BR BG CA CN HR CZ DK EE FI FR DE GR HK HU IN IE IT JP LU MY MX NL " +
		"NZ NO PL PT PR RO RU SG SK SI ZA KR ES SE CH TW TH GB GG IM JE US") {
		require.True(t, p.zoneA[country], country)
	}
}

func TestHighCost(t *testing.T) {
	p := newPlan(t)
	require.True(t, p.Classify("+16054770000").HighCost)
	require.True(t, p.Classify("+17122276999").HighCost, "7122276 is a thousands block")
	require.False(t, p.Classify("+17122275999").HighCost, "its neighbour is not")
	require.False(t, p.Classify("+16054760000").HighCost)
	require.False(t, p.Classify("+441605477000").HighCost, "blocks are of +1 only")

	file := write(t, "# ours\nblock,why\n515739 ,free conference calls\n3105550199,one number\n")
	q := newPlan(t, HighCostFile(file))
	require.True(t, q.Classify("+15157390000").HighCost)
	require.True(t, q.Classify("+13105550199").HighCost)
	require.False(t, q.Classify("+13105550198").HighCost)
	require.False(t, q.Classify("+1310555****").HighCost, "one number cannot be told once masked")
	require.True(t, q.Classify("+16054770000").HighCost, "the published blocks stay")
	require.NotEqual(t, p.Version(), q.Version())
}

func TestZoneAFile(t *testing.T) {
	p := newPlan(t, ZoneAFile(write(t, "\ufeffcountry\nUS\nIL\n")))
	require.True(t, p.Classify("+12125550123").ZoneA)
	require.True(t, p.Classify("+97225123456").ZoneA)
	require.False(t, p.Classify("+493012345678").ZoneA)
	require.False(t, p.Classify("+19005550199").ZoneA, "premium is never Zone A")
	require.NotEqual(t, newPlan(t).Version(), p.Version())
}

func TestPremium976(t *testing.T) {
	p := newPlan(t, Premium976())
	for _, number := range []string{"+12129760199", "+1212976****"} {
		d := p.Classify(number)
		require.Equal(t, usage.ClassPremium, d.Class)
		require.False(t, d.ZoneA)
	}
	require.Equal(t, usage.ClassPremium, p.Classify("+19009760199").Class)
	require.NotEqual(t, newPlan(t).Version(), p.Version())
}

func TestNewNamesTheMistake(t *testing.T) {
	cases := []struct {
		name string
		opt  Option
		says []string
	}{
		{"no such file", HighCostFile("/no/such/file.csv"), []string{"high-cost blocks", "/no/such/file.csv", "configuration"}},
		{"short block", HighCostFile(write(t, "605475\n60547\n")), []string{"line 2", `"60547"`, "6 to 10 digits"}},
		{"leading 1", HighCostFile(write(t, "1605475\n")), []string{"line 1", "leave the leading 1 out"}},
		{"letters", HighCostFile(write(t, "block\n605-475\n")), []string{"line 2", "digits only"}},
		{"broken quotes", HighCostFile(write(t, "\"605475\n")), []string{".csv"}},
		{"no zone file", ZoneAFile("/no/such/zone.csv"), []string{"Zone A", "/no/such/zone.csv"}},
		{"zone by name", ZoneAFile(write(t, "US\nGermany\n")), []string{"line 2", `"Germany"`, "ISO 3166-1"}},
		{"empty zone", ZoneAFile(write(t, "country\n")), []string{"at least one"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(c.opt)
			require.Error(t, err)
			for _, s := range c.says {
				require.ErrorContains(t, err, s)
			}
		})
	}
}

func TestVersionIsStable(t *testing.T) {
	p := newPlan(t)
	require.Equal(t, p.Version(), newPlan(t).Version())
	for _, part := range []string{"rules:", "nanp:", "zone_a:", "high_cost:", "ranges:", "metadata:"} {
		require.Contains(t, p.Version(), part)
	}
}

func TestClassifyConcurrently(t *testing.T) {
	p := newPlan(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, n := range []string{"+493012345678", "+442079460958", "+12125550123", "+870773123456", "+33 1***"} {
				if p.Classify(n).Class == usage.ClassUnknown {
					t.Errorf("%s: unknown", n)
				}
			}
		})
	}
	wg.Wait()
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "table.csv")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}
