package simulate

import (
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func text(n number, mask int) string { return string(n.appendTo(nil, mask)) }

// Every country's made-up numbers are valid ones of that country by a library that
// this package does not use.
func TestNumbersAreValidInTheirCountry(t *testing.T) {
	a, err := readAtlas()
	require.NoError(t, err)
	d := newDice(1)
	for _, p := range a.places {
		if p.iso == "" || p.premium {
			continue
		}
		wrong := 0
		for range 40 {
			n, err := phonenumbers.Parse(text(a.in(d, p.iso), 0), "")
			require.NoError(t, err, p.name)
			if !phonenumbers.IsValidNumber(n) || phonenumbers.GetRegionCodeForNumber(n) != p.iso {
				wrong++
			}
		}
		require.LessOrEqual(t, wrong, 1, p.name)
	}
}

func TestNorthAmericanNumbers(t *testing.T) {
	a, err := readAtlas()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		d := newDice(rapid.Uint64().Draw(t, "seed"))
		n := text(a.northAmerican(d), 0)
		if len(n) != 12 || n[:2] != "+1" {
			t.Fatalf("%s is no +1 number", n)
		}
		if nxx := n[5:8]; nxx[0] < '2' || nxx[1:] == "11" || nxx == "555" {
			t.Fatalf("%s has no valid office code", n)
		}
	})
	d := newDice(2)
	require.Regexp(t, `^\+1900[2-9]\d{6}$`, text(a.premium(d), 0))
	require.Regexp(t, `^\+18(00|88|77|66|55|44|33)[2-9]\d{6}$`, text(a.tollFree(d), 0))
	require.Regexp(t, `^\+1605475\d{4}$`, text(a.block(d, "605475"), 0))
	require.Regexp(t, `^\+16057154\d{3}$`, text(a.block(d, "6057154"), 0))
	for _, b := range a.highCost {
		require.Contains(t, a.places[a.block(d, b).place].name, "United States")
	}
	offshore := a.offshoreISO()
	require.Contains(t, offshore, "JM")
	require.Contains(t, offshore, "DO")
	require.NotContains(t, offshore, "PR") // Zone A, with an entry of its own
	require.NotContains(t, offshore, "US")
}

func TestMasking(t *testing.T) {
	n := number{digits: 12025550123}
	require.Equal(t, "+12025550123", text(n, 0))
	require.Equal(t, "+12025550***", text(n, 3))
	require.Equal(t, "+1202555****", text(n, 4))
	for country, digits := range map[string]int{"BE": 3, "CH": 4, "DE": 3, "FR": 4, "SE": 3, "US": 0, "CA": 0, "GB": 0, "KR": 0} {
		require.Equal(t, digits, masked(country), country)
	}
}

func TestZoneAIsThePublishedList(t *testing.T) {
	a, err := readAtlas()
	require.NoError(t, err)
	require.Len(t, a.zoneAISO, 42) // 44 with the US and Canada
	require.Contains(t, a.zoneAISO, "PR")
	require.NotContains(t, a.zoneAISO, "JM")
}
