package plan

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/usage"
)

func TestTheBuiltInPlanIsWhatTheProviderPublishes(t *testing.T) {
	p := Default()
	require.Equal(t, time.UTC, p.Location())
	terms := p.InForce(usage.Month{Year: 2026, Month: 2})
	require.Len(t, terms.Pool.Countries, 47)
	require.Contains(t, terms.Pool.Countries, Country("PR"))
	require.Contains(t, terms.Pool.Countries, Country("NO"), "YAML 1.1 would read a bare NO as false")
	for _, c := range []Country{"JM", "GU", "VI", "AS", "MP"} {
		require.NotContains(t, terms.Pool.Countries, c)
	}
	require.Equal(t, []Country{"US", "CA"}, terms.Addon.Countries)
	require.Empty(t, terms.Identities.Addon.ServicePlans, "no identity of the add-on is published")
	require.True(t, terms.TollFreeCountsAsUS)
	require.Equal(t, Purchased, terms.Pool.Units)
	require.Equal(t, Assigned, terms.SelectPool.Units)
	require.Equal(t, decimal.RequireFromString("0.01"), terms.Reconciliation.Tolerance)

	// The provider's worked example: 115 licences make 6,900 minutes.
	require.Equal(t, int64(6900*60), terms.Pool.PoolSeconds(115, "US"))
	require.Equal(t, int64(900*60), terms.Pool.PoolSeconds(1, "KR"))
	require.Equal(t, int64(60*60), terms.SelectPool.PoolSeconds(1, "KR"), "the complimentary minutes are of the full subscription")
}

func TestAMonthFollowsTheVersionInForceAtItsStart(t *testing.T) {
	p := mustParse(t, with("minutes_per_licence: 60", "minutes_per_licence: 61", 1)+
		strings.Replace(secondVersion(t), "2020-11-01", "2026-02-02", 1))
	pool := func(year int, month time.Month) int {
		return p.InForce(usage.Month{Year: year, Month: month}).Pool.MinutesPerLicence
	}
	require.Equal(t, 61, pool(1999, 1), "the first version holds for all before it")
	require.Equal(t, 61, pool(2026, 2), "a version that starts on the second day does not hold for the month")
	require.Equal(t, 60, pool(2026, 3))
}

func TestTheIDIsOfTheTermsAlone(t *testing.T) {
	month := usage.Month{Year: 2021, Month: 1}
	id := Default().InForce(month).ID
	require.Regexp(t, `^teams-audio-conferencing@[0-9a-f]{12}$`, id)
	require.Equal(t, id, mustParse(t, string(builtIn)+strings.Replace(secondVersion(t), "2020-11-01", "2030-01-01", 1)).InForce(month).ID,
		"a later version changes nothing for the months before it")

	changed := map[string]string{}
	for what, text := range map[string]string{
		"increment":  with("increment_seconds: 1 ", "increment_seconds: 6 ", 1),
		"zone":       with("time_zone: UTC", "time_zone: Asia/Kolkata", 1),
		"country":    with("countries: [US, CA] #", "countries: [US, CA, PR] #", 1),
		"plan":       with("9974d6cf", "9974d6d0", 1),
		"tolerance":  with(`"0.01"`, `"0.02"`, 1),
		"by country": with("RU: 900", "RU: 901", 1),
	} {
		got := mustParse(t, text).InForce(month).ID
		require.NotEqual(t, id, got, what)
		require.Empty(t, changed[got], "%s and %s have the same id", what, changed[got])
		changed[got] = what
	}
}

func TestConfigurationNamesLicences(t *testing.T) {
	month := usage.Month{Year: 2026, Month: 2}
	p := Default()
	addon := NewIdentity([]string{"A1D0C0DE-0A0B-4C0D-8E0F-00000D1A1008"}, nil)
	got := p.With(Identities{Addon: addon}).InForce(month)
	require.Equal(t, []GUID{"a1d0c0de-0a0b-4c0d-8e0f-00000d1a1008"}, got.Identities.Addon.ServicePlans)
	require.Equal(t, p.Identities.Conferencing, got.Identities.Conferencing, "an empty list leaves the published ones")
	require.NotEqual(t, p.InForce(month).ID, got.ID)
	require.Empty(t, p.Identities.Addon.ServicePlans, "the plan itself is not changed")
}

func TestEligibilityIsSaidNeverAssumed(t *testing.T) {
	addon := Default().InForce(usage.Month{Year: 2026, Month: 2}).Addon
	for _, tt := range []struct {
		channel, segment string
		ok               bool
		why              string
	}{
		{"ea", "commercial", true, ""},
		{"CSP", "gcc", true, ""},
		{"", "education", true, "the tenant's channel is not known"},
		{"retail", "", false, `the add-on is not offered in the channel "retail"; the tenant's segment is not known`},
		{"ees", "gcc_high", false, `the add-on is not offered in the segment "gcc_high"`},
	} {
		ok, why := addon.Eligible(tt.channel, tt.segment)
		require.Equal(t, tt.ok, ok, tt)
		require.Equal(t, tt.why, why)
	}
}

func TestMistakesAreNamedWithLineAndKeyAllAtOnce(t *testing.T) {
	text := with("time_zone: UTC", "time_zone: Mars/Olympus", 1)
	text = strings.Replace(text, "countries: [US, CA] #", "countries: [US, us, US] #", 1)
	text = strings.Replace(text, "countries: [US, CA]\n", "countries: [US, CA, US]\n", 1)
	text = strings.Replace(text, "units: assigned", "units: bought", 1)
	text = strings.Replace(text, "increment_tenths: 1", "increment_tenths: 0", 1)
	text = strings.Replace(text, "      increment_seconds: 1 #", "      increments: 1 #", 1)
	text = strings.Replace(text, `tolerance: "0.01"`, `tolerance: "a cent"`, 1)
	text = strings.Replace(text, "[MCOPSTNC, MCOPSTNPP]", "MCOPSTNC", 1)
	text = strings.Replace(text, "free_call: [FREECALL]", "free_call: [mcopstnpp]", 1)

	_, err := Parse("plan.yaml", []byte(text))
	var e *Error
	require.ErrorAs(t, err, &e)
	lines := strings.Split(text, "\n")
	got := map[string]string{}
	for _, p := range e.Problems {
		got[p.Key] = p.Text
		require.Positive(t, p.Line)
		leaf := p.Key[strings.LastIndexAny(p.Key, ".")+1:]
		leaf, _, _ = strings.Cut(leaf, "[")
		if leaf != "increment_seconds" { // it is missing; the line is its group's
			require.Contains(t, lines[p.Line-1], leaf, "%s is not on line %d", p.Key, p.Line)
		}
	}
	require.Contains(t, got["time_zone"], "America/New_York")
	require.Contains(t, got["versions[0].addon.countries[1]"], "capitals")
	require.Contains(t, got["versions[0].select_pool.countries[2]"], "twice")
	require.Contains(t, got["versions[0].select_pool.units"], "neither purchased nor assigned")
	require.Contains(t, got["versions[0].credits.increment_tenths"], "0 is not between 1 and 600")
	require.Contains(t, got["versions[0].pool.increments"], `no key "increments"`)
	require.Contains(t, got["versions[0].pool.increment_seconds"], "missing")
	require.NotEmpty(t, got["versions[0].reconciliation.tolerance"])
	require.Contains(t, got["identities.credits.sku_part_numbers"], "not a list")
	require.Contains(t, got["versions[0].reconciliation.capabilities.free_call[0]"], "already stands under credits")
	require.Len(t, got, 10, err.Error())
	require.Contains(t, err.Error(), "entitlement plan plan.yaml:\n  line ")
}

func TestAPlanThatSaysNothingIsRefused(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "a comment": "# none", "a list": "- 1\n", "broken": "name: [", "no versions": "versions: []"} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x.yaml", []byte(text))
			var e *Error
			require.ErrorAs(t, err, &e)
			require.NotEmpty(t, e.Problems)
		})
	}
}

func TestOneServicePlanCannotGiveTwoThings(t *testing.T) {
	_, err := Parse("x.yaml", []byte(with("9974d6cf-cd24-4ba2-921c-e2aa687da846", "3E26EE1F-8a5f-4d52-aee2-b81ce45c8f40", 1)))
	require.ErrorContains(t, err, "already a service plan of conferencing")
}

func TestLoad(t *testing.T) {
	p, err := Load("")
	require.NoError(t, err)
	require.Equal(t, Default(), p)

	file := filepath.Join(t.TempDir(), "plan.yaml")
	_, err = Load(file)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(file, []byte(with("name: teams", "name: own", 1)), 0o600))
	p, err = Load(file)
	require.NoError(t, err)
	require.Equal(t, "own-audio-conferencing", p.Name)
}

func FuzzParse(f *testing.F) {
	f.Add(builtIn)
	f.Add([]byte("versions: [{from: 2020-01-01, pool: {units: x}}]"))
	f.Add([]byte("{a: &a [*a]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("fuzz.yaml", data)
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("an error of another kind: %v", err)
		}
		if err == nil {
			require.NotEmpty(t, p.InForce(usage.Month{Year: 2026, Month: 2}).ID)
		}
	})
}

// with is the built-in plan with a text replaced, which must be there.
func with(old, replacement string, n int) string {
	if !strings.Contains(string(builtIn), old) {
		panic("the built-in plan has no " + old)
	}
	return strings.Replace(string(builtIn), old, replacement, n)
}

// secondVersion is the version of the built-in plan, to be added to it once more.
func secondVersion(t *testing.T) string {
	t.Helper()
	_, version, ok := strings.Cut(string(builtIn), "versions:\n")
	require.True(t, ok)
	return version
}

func mustParse(t *testing.T, text string) Plan {
	t.Helper()
	p, err := Parse("test.yaml", []byte(text))
	require.NoError(t, err)
	return p
}

func TestASKUsMinutes(t *testing.T) {
	month := usage.Month{Year: 2026, Month: 2}
	own := func(list string) string {
		return with("minutes_per_licence_by_sku: {}", "minutes_per_licence_by_sku: {"+list+"}", 1)
	}
	p := mustParse(t, own("SPE_E5: 90, Meeting_Room: 0"))
	parts, minutes := p.InForce(month).Pool.SKUMinutes()
	require.Equal(t, []string{"meeting_room", "spe_e5"}, parts)
	require.Equal(t, []int64{0, 90}, minutes)
	require.NotEqual(t, Default().InForce(month).ID, p.InForce(month).ID)
	require.Equal(t, Default().InForce(month).ID, mustParse(t, with("      minutes_per_licence_by_sku: {} # part number: minutes, before the tenant's country; may be left out\n", "", 1)).InForce(month).ID,
		"a plan written before there were any stays the same plan")
	_, err := Parse("plan.yaml", []byte(own("SPE_E5: 90, spe_e5: 60")))
	require.ErrorContains(t, err, "twice")
	_, err = Parse("plan.yaml", []byte(own("SPE_E5: -1")))
	require.ErrorContains(t, err, "-1 is not between 0 and 100000")
}

// The terms are kept with ratings as JSON, and must come back as the same plan version.
func TestTermsComeBackFromJSON(t *testing.T) {
	p := Default()
	p.Versions[0].Pool.MinutesPerLicenceBySKU = map[Name]int{"SPE_E5": 90}
	terms := p.InForce(usage.Month{Year: 2026, Month: 2})
	text, err := json.Marshal(terms)
	require.NoError(t, err)
	var back Terms
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, terms.ID, p.id(back))
	require.True(t, terms.From.Equal(back.From.Time))
}
