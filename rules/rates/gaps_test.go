package rates

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/store/storetest"
)

func TestGapsAreNamedByRow(t *testing.T) {
	for name, c := range map[string]struct {
		rows string
		want []Problem
	}{
		"a country by its code":              {",Germany,49;4917,,,0,0.1\n", nil},
		"mobiles alone":                      {",Kenya,254,,,0,0.1\n,Germany mobile,4917;4916,,,0,0.1\n", []Problem{{3, "+49 has rates for some of its numbers, and those that begin with +491"}}},
		"all of its first digits":            {",Germany,491;492;493;494;495;496;497;498;499,,,0,0.1\n", nil},
		"one of them forgotten":              {",Germany,491;492;493;494;495;496;498,,,0,0.1\n,Germany,499,,,0,0.1\n", []Problem{{2, "begin with +497 have none"}}},
		"a digit deeper":                     {",Germany,491;492;493;494;495;496;498;499;4970;4971;4972;4973;4974;4975;4976;4977;4978,,,0,0.1\n", []Problem{{2, "begin with +4979"}}},
		"numbers that begin with a zero":     {",Ivory Coast,22501;22505;22507;2252,,,0,0.1\n", nil},
		"a plan that countries share":        {",Jamaica,1876,,,0,0.1\n,Guernsey,441481,,,0,0.1\n", nil},
		"satellites":                         {",Iridium,8816,,,0,0.1\n", nil},
		"premium covers premium alone":       {",Germany,49900,,Premium,0,2\n", nil},
		"what holds for one origin alone":    {"DE,Germany,49,,,0,0.1\n,Germany,4930,,,0,0.2\n", []Problem{{2 + 1, "+49 has rates"}}},
		"an origin's own on top of the rest": {"DE,Germany,4930,,,0,0.1\n,Germany,49,,,0,0.2\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			sheet, err := Parse(strings.NewReader(published+c.rows), "")
			require.NoError(t, err)
			got := sheet.Gaps()
			require.Len(t, got, len(c.want))
			for i, want := range c.want {
				require.Equal(t, want.Row, got[i].Row)
				require.Contains(t, got[i].Text, want.Text)
			}
		})
	}
}

func TestASheetWithAGapIsStoredOnlyWhenThatIsAllowed(t *testing.T) {
	s := storetest.Open(t)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	src := func(allow bool) Source {
		return Source{Reader: strings.NewReader(published + ",Berlin,4930,,,0,0.1\n"), ValidFrom: from, StoredAt: from, AllowGaps: allow}
	}
	_, err := Import(t.Context(), s, src(false))
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 2, e.Problems[0].Row)
	all, err := List(t.Context(), s)
	require.NoError(t, err)
	require.Empty(t, all)
	stored, err := Import(t.Context(), s, src(true))
	require.NoError(t, err)
	require.Equal(t, uint32(1), stored.Rows)
}
