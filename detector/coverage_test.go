package detector

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rules"
	"fairdial/store/storetest"
)

func TestCoverageNamesWhatNoTestTests(t *testing.T) {
	t.Parallel()
	r := busyDayOf(t, 1, rules.StatusLive, 10)
	r.Parameters = []rules.Param{
		{Name: "longest", Type: "UInt32", Default: 100_000, Meaning: "seconds of a day"},
		{Name: "least", Type: "UInt32", Default: 600, Meaning: "seconds of a day"},
	}
	r.SQL += " WHERE seconds < {longest:UInt32} AND seconds >= {least:UInt32}"
	r.Tests = []rules.Test{
		{Name: "many", Usage: []rules.Usage{{Start: at(2), Minutes: 1, Times: 15}}, Expect: []rules.Expect{{Severity: "warning"}}},
		{Name: "few", Usage: []rules.Usage{{Start: at(2), Minutes: 1, Times: 9}}},
	}
	pack := rules.Pack{r}
	s := storetest.Open(t)
	ticks, of := 0, 0
	c, err := Cover(t.Context(), s, pack, func(done, total int) { ticks, of = done, total })
	require.NoError(t, err)
	require.Equal(t, of, ticks)
	require.Equal(t, []RuleCoverage{{
		ID: "busy-day", Finds: 1, Quiet: 1, Parts: 6, Tested: 3,
		Untested: []string{"parameter longest", "condition seconds < {longest:UInt32}", "condition seconds >= {least:UInt32}"},
	}}, c.Rules)
	require.False(t, c.Rules[0].Enough())
	require.Contains(t, c.Unread["organizer_days"], "new_callees_7d")
	require.NotContains(t, c.Unread["organizer_days"], "seconds")
	require.Contains(t, c.Unread["ties"], "other", "a view that no rule reads")

	// A test of its own for the two conditions, and they are tested.
	r.Tests = append(r.Tests,
		rules.Test{Name: "too short", Usage: []rules.Usage{{Start: at(2), Seconds: 5, Times: 15}}},
		rules.Test{Name: "too long", Usage: []rules.Usage{{Start: at(2), Minutes: 30, Times: 100, Apart: rules.Span{Duration: 1}}}},
	)
	c, err = Cover(t.Context(), s, rules.Pack{r}, nil)
	require.NoError(t, err)
	require.Empty(t, c.Rules[0].Untested)
	require.True(t, c.Rules[0].Enough())
	require.Zero(t, leftovers(t, s))
}
