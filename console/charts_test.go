package console

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
)

func english() locale { return localeOf(language.English) }

// wellFormed holds a chart against the rules of XML.
func wellFormed(t *testing.T, chart string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(chart))
	for {
		if _, err := d.Token(); err != nil {
			require.ErrorIs(t, err, io.EOF, chart)
			return
		}
	}
}

func TestTheDayChartHasAxesBaselinePeersAndCalls(t *testing.T) {
	day := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	c := dayPlot{
		From: day, To: day.AddDate(0, 0, 10), Usual: 50 * 60,
		Days:  []dayUse{{Day: day, Seconds: 100 * 60, Calls: 2, Flagged: 1}},
		Peers: []peerDay{{Day: day, High: 25 * 60}, {Day: day.AddDate(0, 0, 1), High: 50 * 60}},
		Calls: []call{{At: day.Add(12 * time.Hour), Seconds: 90 * 60}},
	}
	chart := string(dayChart(english(), c))
	wellFormed(t, chart)
	require.Contains(t, chart, ">minutes</text>", "the axis names its unit")
	require.Contains(t, chart, ">100</text>", "and reaches what is highest")
	require.Contains(t, chart, `class="own" points="64.0,88.0 900.0,88.0 "`, "the usual day lies at half the height of the largest")
	require.Contains(t, chart, `class="peers" points="105.8,123.0 189.4,88.0 "`)
	require.Contains(t, chart, "2026-02-01: 100 min, 2 calls")
	require.Contains(t, chart, "<title>2026-02-01 12:00 UTC: 90 min</title>", "a call that proves a finding has a mark of its own")
	require.Contains(t, chart, `class="mark"`)
	require.Contains(t, chart, `viewBox="0 0 330 `, "letters keep their size on a narrow screen")
	require.Empty(t, dayChart(english(), dayPlot{From: day, To: day}))
	heat := string(hourChart(english(), []hourUse{{Weekday: 7, Hour: 23, Seconds: 60}}))
	wellFormed(t, heat)
	require.Contains(t, heat, "Sunday 23:00: 1 min")
	require.Contains(t, heat, "1 minutes, the busiest hour", "colours have a scale")
}

func TestTicksAreRound(t *testing.T) {
	for minutes, want := range map[float64]float64{0: 1, 0.4: 1, 1.5: 2, 3: 5, 6: 10, 12: 20, 4999: 5000, 5001: 10000} {
		require.Equal(t, want, tick(minutes), "%v", minutes)
	}
}
