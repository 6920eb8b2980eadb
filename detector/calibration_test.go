package detector

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/cases"
)

func TestCalibrationIsALineThroughItsKnots(t *testing.T) {
	c, err := readCalibration("# source\nraw,risk\n0,0\n0.5,0.2\n1,1\n")
	require.NoError(t, err)
	for raw, want := range map[float64]float64{-1: 0, 0: 0, 0.25: 0.1, 0.5: 0.2, 0.75: 0.6, 1: 1, 2: 1} {
		require.InDelta(t, want, c.risk(raw), 1e-9, "raw %g", raw)
	}
}

func TestCalibrationIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"falls":            "raw,risk\n0,0\n0.5,0.9\n1,0.8\n",
		"twice the same":   "raw,risk\n0,0\n0.5,0.5\n0.5,0.6\n1,1\n",
		"above one":        "raw,risk\n0,0\n1,1.2\n",
		"does not end":     "raw,risk\n0,0\n0.5,1\n",
		"does not begin":   "raw,risk\n0.1,0\n1,1\n",
		"no number":        "raw,risk\n0,x\n1,1\n",
		"nothing":          "",
		"a column too few": "raw,risk\n0\n",
	} {
		_, err := readCalibration(text)
		require.Error(t, err, name)
	}
}

func builtIn(t require.TestingT) scorer {
	c, err := readCalibration(calibrationText)
	require.NoError(t, err)
	return scorer{open: 50, means: c}
}

func TestRulesOfAFamilyDoNotCountTwice(t *testing.T) {
	s := builtIn(t)
	finding := func(family string, weight float64) cases.Finding {
		return cases.Finding{Family: family, Weight: weight}
	}
	one := s.score([]cases.Finding{finding("volume", 0.7)})
	require.Equal(t, one, s.score([]cases.Finding{finding("volume", 0.7), finding("volume", 0.7), finding("volume", 0.2)}))
	require.Greater(t, s.score([]cases.Finding{finding("volume", 0.7), finding("ring", 0.7)}), one)
	require.Zero(t, s.score(nil))
	require.Equal(t, 100, s.score([]cases.Finding{finding("volume", 1)}))
}

// A further finding never makes an organizer more honest, and half of certainty stays the
// risk from which cases are opened.
func TestMoreFindingsAreNoLessRisk(t *testing.T) {
	s := builtIn(t)
	require.Equal(t, 50, s.score([]cases.Finding{{Family: "any", Weight: 0.5}}))
	rapid.Check(t, func(t *rapid.T) {
		var list []cases.Finding
		before := 0
		for range rapid.IntRange(1, 6).Draw(t, "findings") {
			list = append(list, cases.Finding{Family: rapid.StringMatching("[a-c]").Draw(t, "family"), Weight: rapid.Float64Range(0, 1).Draw(t, "weight")})
			now := s.score(list)
			require.GreaterOrEqual(t, now, before)
			require.LessOrEqual(t, now, 100)
			before = now
		}
	})
}
