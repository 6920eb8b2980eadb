package rates

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/store/storetest"
)

func TestARowWhoseCountryIsNotItsPrefixsIsNamed(t *testing.T) {
	for rows, want := range map[string]string{
		",Germany,49,,,0,0.1\n":                     "",
		",Germany,33,,,0,0.1\n":                     `the destination "Germany" is DE, and prefix 33 lies in FR`,
		",Germany - Mobile,4915;4916;336,,,0,0.1\n": "prefix 336 lies in FR",
		",Germany mobile (premium),49900,,,0,0.1\n": "",
		// Numbering plans that countries share.
		",United States,1,,,0,0.1\n":                "",
		",Canada,1,,,0,0.1\n":                       "",
		",United States,1212;1800,,,0,0.1\n":        "",
		",Canada,1416;1800,,,0,0.1\n":               "",
		",United States,1876,,,0,0.1\n":             `"United States" is US, and prefix 1876 lies in JM`,
		",United States,1787,,,0,0.1\n":             "prefix 1787 lies in PR",
		",Puerto Rico,1787;1939,,,0,0.1\n":          "",
		",Jamaica,1212,,,0,0.1\n":                   "prefix 1212 lies in US",
		",Kazakhstan,77,,,0,0.1\n":                  "",
		",Kazakhstan,7495,,,0,0.1\n":                "prefix 7495 lies in RU",
		",Russia,7495,,,0,0.1\n":                    "",
		",Guernsey,441481;447781,,,0,0.1\n":         "",
		",Guernsey,442079,,,0,0.1\n":                "prefix 442079 lies in GB",
		",Holy See,3906698,,,0,0.1\n":               "",
		",Antarctica,67210,,,0,0.1\n":               "", // it has no numbers of its own to compare
		",Iridium,8816,,,0,0.1\n":                   "", // is no country
		",Germany and France,49;33,,,0,0.1\n":       "",
		",Georgia,1404,,,0,0.1\n":                   "prefix 1404 lies in US",
		",Guinea-Bissau mobile,24595,,,0,0.1\n":     "",
		",Niger,234,,,0,0.1\n":                      "prefix 234 lies in NG",
		",Congo - Kinshasa,24397,,,0,0.1\n":         "",
		",Germany,498765432109876,,,0,0.1\n":        "", // whose calling code it has
		",United States,999,,,0,0.1\n":              "", // lies nowhere: nothing to contradict
		"DE,Germany,49,,,0,0.1\n,France,49,,,0,0\n": `the destination "France" is FR, and prefix 49 lies in DE`,
	} {
		sheet, err := Parse(strings.NewReader(published+rows), "")
		require.NoError(t, err)
		got := sheet.Mismatches()
		if want == "" {
			require.Empty(t, got, rows)
			continue
		}
		require.Len(t, got, 1, rows)
		require.Contains(t, got[0].Text, want)
		require.Equal(t, 1+strings.Count(rows, "\n"), got[0].Row, rows)
	}
}

func TestASheetWithAnotherCountryIsStoredOnlyWhenThatIsAllowed(t *testing.T) {
	s := storetest.Open(t)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	src := Source{ValidFrom: from, StoredAt: from}
	read := func() Source {
		src.Reader = strings.NewReader(published + ",Germany,33,,,0,0.1\n")
		return src
	}
	_, err := Import(t.Context(), s, read())
	var e *Error
	require.ErrorAs(t, err, &e)
	require.ErrorContains(t, err, "row 2: the destination")
	src.AllowMismatch = true
	_, err = Import(t.Context(), s, read())
	require.NoError(t, err)
}

// A second sheet from the same moment takes the place of the first only if that is said.
func TestASheetOfTheSameMomentIsRefused(t *testing.T) {
	s := storetest.Open(t)
	feb := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	bring := func(perMinute string, change func(*Source)) (Stored, error) {
		src := Source{Reader: strings.NewReader(published + ",Germany,49,,,0," + perMinute + "\n"), File: "february.csv", ValidFrom: feb, StoredAt: feb.Add(time.Hour)}
		if change != nil {
			change(&src)
		}
		return Import(t.Context(), s, src)
	}
	first, err := bring("0.1", nil)
	require.NoError(t, err)
	again, err := bring("0.1", nil)
	require.NoError(t, err, "the same sheet is no other")
	require.True(t, again.Unchanged)
	_, err = bring("0.2", nil)
	require.ErrorIs(t, err, ErrSameMoment)
	require.ErrorContains(t, err, "february.csv in USD from 2026-02-01T00:00:00Z")
	_, err = bring("0.2", func(s *Source) { s.Replace = true })
	require.ErrorIs(t, err, ErrNoReason)
	all, err := List(t.Context(), s)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, first.ID, all[0].ID)

	_, err = bring("0.2", func(s *Source) { s.ValidFrom = feb.AddDate(0, 1, 0) })
	require.NoError(t, err)
	second, err := bring("0.2", func(s *Source) {
		s.Replace, s.Reason, s.Actor, s.StoredAt = true, "wrong rates", "eve", feb.Add(2*time.Hour)
	})
	require.NoError(t, err)
	require.Equal(t, first.ID, *second.Replaced)
	all, err = List(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, []string{second.ID.String(), "eve", "wrong rates"}, []string{all[0].ID.String(), all[0].Actor, all[0].Reason})
}

// Rows that differ in the number called from alone are both taken; a meeting dials out from a
// bridge, which is no mobile.
func TestTheNumberCalledFromTellsRatesApart(t *testing.T) {
	sheet, err := Parse(strings.NewReader(published+
		",Germany,49,Wireless,All Number Types,0,0.3\n,Germany,49,Wireline,All Number Types,0,0.2\n,Germany,4930,Premium,,0,0.4\n"+
		",France,33,Wireline,,0,0.2\n,France,33,All Number Types,,0,0.1\n"), "")
	require.NoError(t, err)
	rate := func(number string) string {
		var got *Rate
		for _, l := range ranges(sheet.Rates, "", false) {
			if l.starts <= placeOf(number) {
				got = l.rate
			}
		}
		return got.PerMinute.String()
	}
	require.Equal(t, "0.2", rate("4989123456"), "from a line before from a mobile")
	require.Equal(t, "0.4", rate("4930123456"), "the longest prefix whatever it is called from")
	require.Equal(t, "0.1", rate("33123456789"), "from any before from a line")

	_, err = Parse(strings.NewReader(published+",Germany,49,Wireless,,0,0.3\n,Germany,49,Wireless,,0,0.2\n"), "")
	require.ErrorContains(t, err, "row 3: prefix 49 (All Number Types) has a rate in row 2 already")
	_, err = Parse(strings.NewReader(published+",Germany,49,Bridge,,0,0.3\n"), "")
	require.ErrorContains(t, err, `row 2: originating number type "Bridge"`)

	// Where it tells nothing apart the sheet is the one that was stored before it was looked at.
	plain, err := Parse(strings.NewReader(published+",Germany,49,All Number Types,,0,0.3\n"), "")
	require.NoError(t, err)
	marked, err := Parse(strings.NewReader(published+",Germany,49,Wireless,,0,0.3\n"), "")
	require.NoError(t, err)
	require.Equal(t, plain.hash(), marked.hash())
	other, err := Parse(strings.NewReader(published+",Germany,49,Wireline,All Number Types,0,0.3\n,Germany,49,Wireless,All Number Types,0,0.2\n"+
		",Germany,4930,Premium,,0,0.4\n,France,33,Wireline,,0,0.2\n,France,33,All Number Types,,0,0.1\n"), "")
	require.NoError(t, err)
	require.NotEqual(t, sheet.hash(), other.hash())
}
