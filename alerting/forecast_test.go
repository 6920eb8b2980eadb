package alerting

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

// What is forecast of a stretch of the log is what happens when the same is told step by
// step to a real Slack.
func TestAForecastIsWhatHappens(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Options){
		"plain": func(*Options) {},
		"storm": func(o *Options) { o.Storm = Storm{Over: 4, Window: 150 * time.Minute} },
		"quiet": func(o *Options) { o.Quiet, _ = ParseQuiet("11:00-14:00", time.UTC) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a := w.alerter(change)
			random := rand.New(rand.NewPCG(1, 2))
			state := map[int]cases.Case{}
			var log []cases.Event
			var happened Report
			for hour := range 9 {
				w.clock.at = start.Add(time.Duration(hour) * time.Hour)
				for range random.IntN(7) {
					n := random.IntN(20)
					c, there := state[n]
					if !there {
						c = caseOf(fmt.Sprintf("case%02d", n), 40+random.IntN(40), 1)
						c.Severity = cases.SeverityWarning
					} else if random.IntN(2) == 0 {
						c.Score += 5
					} else {
						c.ExposureSeconds += 3600
					}
					if there && c.UpdatedAt.Equal(w.clock.at) {
						continue
					}
					c.UpdatedAt = w.clock.at
					state[n] = c
					w.put(c)
					c.Version = state[n].Version + 1
					state[n] = c
					log = append(log, cases.Event{CaseID: c.ID, Version: c.Version, At: w.clock.at, State: c})
				}
				happened = add(happened, w.run(a))
			}
			w.clock.at = start.Add(10 * time.Hour)
			happened = add(happened, w.run(a))

			f := a.Forecast(log)
			require.Equal(t, happened.Posted, f.Posted+f.Storms, "messages")
			require.Equal(t, happened.Replied, f.Replies, "replies")
			require.Equal(t, happened.Updated, f.Updates, "updates")
			require.Equal(t, happened.Digested, f.InStorms, "cases in storms")
			require.Equal(t, f.Posted+f.Storms+f.Replies, f.Messages)
			require.Equal(t, map[string]int{channel: f.Messages}, f.Channels)
			require.Positive(t, f.Posted)
			require.Positive(t, f.Replies)
			require.Equal(t, name == "storm", f.Storms > 0)
			require.Equal(t, name == "quiet", f.Delayed > 0)
		})
	}
}

func add(x, y Report) Report {
	x.Posted += y.Posted
	x.Replied += y.Replied
	x.Updated += y.Updated
	x.Digested += y.Digested
	return x
}
