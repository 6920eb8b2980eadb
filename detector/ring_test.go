package detector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

// A rule may name a ring in a column members: the case lists them, the organizer among them.
// From when it is opened it waits for somebody, and is due earlier once it is critical.
func TestACaseListsTheRingAndIsDue(t *testing.T) {
	t.Parallel()
	j := builtIn(t)
	j.terms = cases.Terms{Critical: 3600, Warning: 86400}
	row := func(at time.Time, severity, facts string) finding {
		return finding{
			ID: findingID("ring", who{"t", "ben"}, day(2), 0), TenantID: "t", OrganizerID: "ben", RuleID: "ring", RuleStatus: "live", Family: "ring", Weight: 0.7,
			Severity: severity, At: at, WindowStart: day(1), WindowEnd: day(31), Facts: facts, Outcome: outcomeHit,
		}
	}
	events := j.fold(cases.Case{}, []finding{
		row(day(2), "warning", `{"members":["cyd","ann"]}`),
		row(day(2).Add(2*time.Hour), "critical", `{"members":["cyd","dan"]}`),
	})
	require.Len(t, events, 2)
	require.Equal(t, []string{"ann", "ben", "cyd"}, events[0].State.Members)
	require.Equal(t, day(3), events[0].State.DueAt)
	require.Equal(t, []string{"ann", "ben", "cyd", "dan"}, events[1].State.Members)
	require.Equal(t, day(2).Add(3*time.Hour), events[1].State.DueAt)
	none := j.fold(cases.Case{}, []finding{row(day(2), "warning", `{"numbers":["1"]}`)})
	require.Empty(t, none[0].State.Members)

	// What reopens the case of one of a ring takes it out of it.
	merged := events[1].State
	merged.RingCase, merged.Status, merged.Closings = "c-ring", cases.StatusClosed, []time.Time{day(3)}
	late := row(day(8), "critical", `{}`)
	late.ID, late.WindowStart = findingID("ring", who{"t", "ben"}, day(9), 1), day(5)
	again := j.fold(merged, []finding{late})
	require.Equal(t, cases.KindReopened, again[0].Kind)
	require.Empty(t, again[0].State.RingCase)
	require.Equal(t, day(8).Add(time.Hour), again[0].State.DueAt)
}
