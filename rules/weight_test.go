package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/rules"
)

// A value twice the warning is half way to one four times it.
func TestAWeightRisesWithTheValue(t *testing.T) {
	t.Parallel()
	r := rules.Rule{Thresholds: rules.Thresholds{Warning: 100, Critical: 400}, Weights: rules.Thresholds{Warning: 0.3, Critical: 0.8}}
	for value, want := range map[float64]float64{100: 0.3, 200: 0.55, 400: 0.8, 9_000: 0.8, 1: 0.3} {
		require.InDelta(t, want, r.Weight(value), 1e-12, value)
	}
}

// More of the same never weighs less, and nothing weighs more than the critical weight.
func TestAWeightNeverFalls(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(0.01, 1e6).Draw(t, "warning")
		high := low * rapid.Float64Range(1, 50).Draw(t, "times")
		light := rapid.Float64Range(0.01, 1).Draw(t, "light")
		heavy := rapid.Float64Range(light, 1).Draw(t, "heavy")
		r := rules.Rule{Thresholds: rules.Thresholds{Warning: low, Critical: high}, Weights: rules.Thresholds{Warning: light, Critical: heavy}}
		value := rapid.Float64Range(low, 2*high).Draw(t, "value")
		more := rapid.Float64Range(value, 3*high).Draw(t, "more")
		a, b := r.Weight(value), r.Weight(more)
		require.LessOrEqual(t, a, b+1e-12)
		require.GreaterOrEqual(t, a, light-1e-12)
		require.LessOrEqual(t, b, heavy+1e-12)
	})
}
