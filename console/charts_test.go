package console

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheDayChartDrawsTheUsualDay(t *testing.T) {
	day := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	chart := string(dayChart(habits{Usual: 50 * 60, Days: []dayUse{{Day: day, Seconds: 100 * 60, Calls: 2, Flagged: 1}}}, day, day.AddDate(0, 0, 10)))
	require.Contains(t, chart, `y1="82.0" y2="82.0"`, "half the height of the largest day")
	require.Contains(t, chart, "2026-02-01: 100 min, 2 calls")
	require.Contains(t, chart, `class="mark"`)
	require.Empty(t, dayChart(habits{}, day, day))
	require.Contains(t, string(hourChart([]hourUse{{Weekday: 7, Hour: 23, Seconds: 60}})), "Sunday 23:00: 1 min")
}
