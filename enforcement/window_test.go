package enforcement

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The last hour's minutes count, of a call that began before it too: otherwise long calls
// would talk all day under any limit.
func TestTheMinutesOfTheLastHour(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	for name, c := range map[string]struct {
		call    leg
		minutes uint64
		legs    int
	}{
		"goes on":                          {leg{start: at(-20)}, 20, 1},
		"goes on, since hours":             {leg{start: at(-300)}, 60, 1},
		"began before, ended in it":        {leg{start: at(-90), end: at(-45), seconds: 45 * 60}, 15, 0},
		"ended before":                     {leg{start: at(-180), end: at(-60), seconds: 120 * 60}, 0, 0},
		"as billed":                        {leg{start: at(-30), end: at(-20), seconds: 11 * 60}, 11, 0},
		"reported alone":                   {leg{start: at(-30), end: at(-20)}, 10, 0},
		"ends later than now":              {leg{start: at(-30), end: at(5)}, 30, 1},
		"its end was never reported":       {leg{start: at(-25 * 60)}, 0, 0},
		"begins later":                     {leg{start: at(1)}, 0, 0},
		"ended before it began, by clocks": {leg{start: at(-10), end: at(-11)}, 0, 0},
	} {
		used := (&window{calls: map[string]leg{"c": c.call}}).used(now)
		require.Equal(t, recent{Seconds: c.minutes * 60, Legs: uint64(c.legs)}, used, name)
	}
}
