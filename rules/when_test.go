package rules_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/rules"
)

// withWhen is a rule of the pack with a condition.
func withWhen(t *testing.T, when string) (rules.Rule, error) {
	t.Helper()
	text := strings.Replace(ruleTexts(t)["many-strangers.yaml"], "\nevidence:", "\nwhen: "+when+"\nevidence:", 1)
	return rules.Parse("many-strangers.yaml", []byte(text))
}

func TestAConditionOverARow(t *testing.T) {
	t.Parallel()
	row := rules.Row{
		"value": 120.0, "threshold": 90.0, "baseline": 0.0, "has_baseline": false, "severity": "warning",
		"tenant_id": "t", "organizer_id": "o", "at": time.Date(2026, 3, 1, 5, 0, 0, 0, time.UTC),
		"window_start": time.Date(2026, 2, 22, 0, 0, 0, 0, time.UTC), "window_end": time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		"week_calls": uint64(7), "week_hours": 12.5, "numbers": []string{"+37120000100", "+12125550100"},
	}
	columns := map[string]any{"week_calls": uint64(0), "week_hours": 0.0, "numbers": []string{}}
	for when, want := range map[string]bool{
		"value > 100":             true,
		"value / week_calls > 20": false,

		"severity == 'critical' or week_hours >= 12":       true,
		"has_baseline and value > 3 * baseline":            false,
		"any(numbers, # startsWith '+371')":                true,
		"len(numbers) == 2 and numbers[0] matches '^[+]3'": true,
		"at.Weekday().String() == 'Sunday'":                true,
		"window_end.Sub(window_start).Hours() < 24 * 8":    true,
		"at.Hour() in 6..20":                               false,
		"let n = count(numbers, len(#) > 5); n > 2":        false,
	} {
		r := rules.Rule{When: when}
		c, err := r.Condition(columns)
		if strings.Contains(when, "..") {
			require.ErrorContains(t, err, "a range")
			continue
		}
		require.NoError(t, err, when)
		got, err := c.Holds(row)
		require.NoError(t, err, when)
		require.Equal(t, want, got, when)
	}
	c, err := rules.Rule{}.Condition(columns)
	require.NoError(t, err)
	require.Nil(t, c)
	c, err = rules.Rule{When: "numbers[int(week_calls)] == ''"}.Condition(columns)
	require.NoError(t, err)
	_, err = c.Holds(row)
	require.ErrorContains(t, err, "index out of range")
}

// What is wrong with a condition is told when the rule is read, with its place.
func TestAConditionIsCheckedWhenTheRuleIsRead(t *testing.T) {
	t.Parallel()
	_, err := withWhen(t, "people > 5 and severity == 'critical'")
	require.NoError(t, err, "a column of its SQL may be of any type")
	for when, says := range map[string]string{
		"value >":                   "unexpected token",
		"valeu > 3":                 "unknown name valeu",
		"value > 'three'":           "invalid operation",
		"value + 1":                 "expected bool",
		"now() > at":                "unknown name now",
		"at.Local() == at":          "a method other than",
		"repeat('x', 10) == ''":     "unknown name repeat",
		"fromJSON(severity)":        "unknown name fromJSON",
		"len(1..1000000000) > 2":    "a range",
		"all([1], all([2], # > 1))": "a loop within a loop",
		strings.Repeat("value > 1 and ", 100) + "true": "node",
	} {
		_, err := withWhen(t, `"`+when+`"`)
		mistakes, ok := errors.AsType[*rules.Error](err)
		require.True(t, ok, "%s: %v", when, err)
		require.Len(t, mistakes.Problems, 1)
		p := mistakes.Problems[0]
		require.Equal(t, "many-strangers.yaml", p.File)
		require.Equal(t, "when", p.Key)
		require.Positive(t, p.Line)
		require.Contains(t, p.Text, says, when)
		require.NotContains(t, p.Text, "\n")
	}
	plain, err := withWhen(t, "true")
	require.NoError(t, err)
	other, err := withWhen(t, "false")
	require.NoError(t, err)
	require.NotEqual(t, plain.Hash(), other.Hash(), "a condition counts for the version")
}
