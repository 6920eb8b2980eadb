package scorecard

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// five are two abusers found, one missed; and of the honest one alerted, one not.
func five() []Organizer {
	return []Organizer{
		{
			OrganizerID: "a", Abuse: true, Shape: "resale", Score: 90, AlertedAt: start.Add(10 * time.Hour), FirstAbuse: start,
			AbusiveSeconds: 1000, SecondsToCome: 800, Rules: []string{"many-strangers", "peer-multiple"},
		},
		{
			OrganizerID: "b", Abuse: true, Shape: "resale", Score: 60, AlertedAt: start.Add(30 * time.Hour), FirstAbuse: start,
			AbusiveSeconds: 500, SecondsToCome: 100, Rules: []string{"many-strangers"},
		},
		{OrganizerID: "c", Abuse: true, Shape: "ring", FirstAbuse: start, AbusiveSeconds: 500},
		{OrganizerID: "d", Archetype: "recruiter", TenureDays: 13, Score: 60, AlertedAt: start, Rules: []string{"many-strangers"}},
		{OrganizerID: "e", Archetype: "recruiter", TenureDays: 42, Score: 40},
	}
}

func TestCard(t *testing.T) {
	c := New(five(), 50)
	require.Equal(t, 5, c.Organizers)
	require.Equal(t, 3, c.Abusers)
	require.Equal(t, 3, c.Alerts)
	require.Equal(t, Share{2, 3}, c.Precision)
	require.Equal(t, Share{2, 3}, c.Recall)
	require.Equal(t, Delay{Count: 2, Median: 20, P90: 28}, c.Delay, "10 and 30: nine tenths of the way is 28")
	require.Equal(t, Share{900, 2000}, c.ToCome, "the missed one's seconds count in the whole")
	require.Equal(t, []Shape{
		{Name: "resale", Recall: Share{2, 2}, Delay: Delay{Count: 2, Median: 20, P90: 28}, ToCome: Share{900, 1500}},
		{Name: "ring", Recall: Share{0, 1}, ToCome: Share{0, 500}},
	}, c.Shapes)
	require.Equal(t, []Group{{"recruiter", Share{1, 2}}}, c.Archetypes)
	require.Equal(t, []Group{{"42 days and more", Share{0, 1}}, {"under 14 days", Share{1, 1}}}, c.Tenures)
	require.Equal(t, []Rule{
		{ID: "many-strangers", Precision: Share{2, 3}, Alone: Share{1, 2}},
		{ID: "peer-multiple", Precision: Share{1, 1}},
	}, c.Rules)
}

func TestAveragePrecision(t *testing.T) {
	// By falling risk: 90 abuse; 60 one of two; 40 honest; 0 the missed abuser.
	// 1/3·1/1 + 1/3·2/3 + 0 + 1/3·3/5 = 1/3·(1 + 0.6667 + 0.6) = 0.7556.
	require.InDelta(t, 0.75556, averagePrecision(five()), 1e-5)

	tests := []struct {
		name string
		list []Organizer
		want float64
	}{
		{"nobody", nil, 0},
		{"no abusers", []Organizer{{Score: 90}}, 0},
		{"all right", []Organizer{{Abuse: true, Score: 2}, {Abuse: true, Score: 1}, {}}, 1},
		{"upside down", []Organizer{{Abuse: true}, {Score: 9}}, 0.5},
		{"evidence ranks those without a case", []Organizer{{Evidence: 0.2}, {Abuse: true, Evidence: 0.4}, {Abuse: true, Score: 1, Evidence: 0.1}, {}}, 1},
		{"a case comes before any evidence", []Organizer{{Abuse: true, Evidence: 0.9}, {Score: 50}}, 0.5},
		{"all alike is the share of abusers", []Organizer{{Abuse: true, Score: 7}, {Score: 7}, {Score: 7}, {Score: 7}}, 0.25},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.InDelta(t, tt.want, averagePrecision(tt.list), 1e-9)
		})
	}
}

func TestReliability(t *testing.T) {
	got, brier := reliability(five())
	// (1-0.9)² + (1-0.6)² + 0.6² + 0.4² = 0.01 + 0.16 + 0.36 + 0.16 = 0.69, over four cases.
	require.InDelta(t, 0.1725, brier, 1e-9)
	require.Len(t, got, 3, "bands without a case are left out")
	require.Equal(t, Share{0, 1}, got[0].Abuse)
	require.Equal(t, Share{1, 2}, got[1].Abuse)
	require.InDelta(t, 0.6, got[1].Mean, 1e-9)
	require.Equal(t, 90, got[2].From)

	_, none := reliability(nil)
	require.Zero(t, none)
}

func TestBandsCoverEveryRiskOnce(t *testing.T) {
	for risk := 1; risk <= 100; risk++ {
		n := 0
		for _, b := range bands() {
			if risk >= b.From && risk <= b.To {
				n++
			}
		}
		require.Equal(t, 1, n, "risk %d", risk)
	}
}

func TestWilson(t *testing.T) {
	// Textbook: 9 of 10 lie between 0.596 and 0.982.
	low, high := wilson(Share{9, 10})
	require.InDelta(t, 0.596, low, 0.001)
	require.InDelta(t, 0.982, high, 0.001)
	low, high = wilson(Share{10, 10})
	require.InDelta(t, 0.722, low, 0.001)
	require.InDelta(t, 1.0, high, 1e-9)
}

func TestQuantile(t *testing.T) {
	require.Zero(t, quantile(nil, 0.5))
	require.InDelta(t, 7.0, quantile([]float64{7}, 0.9), 1e-9)
	require.InDelta(t, 2.5, quantile([]float64{1, 2, 3, 4}, 0.5), 1e-9)
	require.InDelta(t, 3.7, quantile([]float64{1, 2, 3, 4}, 0.9), 1e-9)
}

func TestShareOfNothingIsNull(t *testing.T) {
	text, err := json.Marshal([]Share{{}, {1, 4}})
	require.NoError(t, err)
	require.JSONEq(t, `[{"part":0,"whole":0,"share":null},{"part":1,"whole":4,"share":0.25}]`, string(text))
}
