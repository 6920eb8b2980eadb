package detector

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rules"
)

func TestAConditionDecidesWhichRowsAreFindings(t *testing.T) {
	t.Parallel()
	p := newPast(t,
		rules.Usage{Organizer: "early", Start: at(2), Minutes: 1, Times: 12},
		// The row that the condition takes is not the first of its day.
		rules.Usage{Organizer: "late", Start: at(2), Minutes: 1, Times: 12},
		rules.Usage{Organizer: "late", Start: rules.Moment{Time: at(2).Add(11 * 3600e9)}, Minutes: 1},
	)
	find := func(when string) (out []string, err error) {
		r := busyDayOf(t, 1, rules.StatusLive, 10)
		r.When = when
		b, err := p.detector(r).Backtest(t.Context(), BacktestRequest{From: day(1), To: day(4)}, nil)
		for _, c := range b.Live.Cases {
			out = append(out, c.OrganizerID+" "+c.OpenedAt.Format("15:04"))
		}
		return out, err
	}
	got, err := find("")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"early 09:00", "late 09:00"}, got)
	got, err = find("value > 12 and not has_baseline and baseline == 0")
	require.NoError(t, err)
	require.Equal(t, []string{"late 20:00"}, got)
	got, err = find("at.Hour() >= 18 or severity == 'critical'")
	require.NoError(t, err)
	require.Equal(t, []string{"late 20:00"}, got)
	got, err = find("false")
	require.NoError(t, err)
	require.Empty(t, got)

	// Only the engine knows the types of columns; the place of the mistake is told all the same.
	_, err = find("organizer_id > 3")
	mistakes, ok := errors.AsType[*rules.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "when", mistakes.Problems[0].Key)
	require.Zero(t, leftovers(t, p.store))
}

// Thinning after a condition that always holds is the same as thinning in SQL.
func TestThinningInGoIsThatOfSQL(t *testing.T) {
	t.Parallel()
	p := newPast(t,
		rules.Usage{Organizer: "a", Start: at(2), Minutes: 3, Times: 40, Days: 6},
		rules.Usage{Organizer: "b", Start: at(3), Minutes: 45, Times: 16, Days: 2},
		rules.Usage{Organizer: "c", Start: rules.Moment{Time: day(1).AddDate(0, 0, -1)}, Minutes: 10, Times: 60, Days: 3},
	)
	var results []Side
	for _, when := range []string{"", "true"} {
		r := busyDayOf(t, 1, rules.StatusLive, 4)
		r.When = when
		b, err := p.detector(r).Backtest(t.Context(), BacktestRequest{From: day(1).AddDate(0, 0, -2), To: day(10)}, nil)
		require.NoError(t, err)
		require.Greater(t, b.Rules[0].Hits, 8)
		results = append(results, b.Live)
	}
	require.Equal(t, results[0].Cases, results[1].Cases)
	require.Len(t, results[0].Log, len(results[1].Log))
	for i, e := range results[0].Log {
		require.Equal(t, e.State.Findings, results[1].Log[i].State.Findings)
	}
}
