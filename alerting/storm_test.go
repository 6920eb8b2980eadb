package alerting

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
	"fairdial/cases"
	"fairdial/store/journal"
)

func stormy(o *Options) { o.Storm = Storm{Over: 5, Window: 10 * time.Minute} }

func storm(from, n int) (out []cases.Case) {
	for i := range n {
		c := caseOf(fmt.Sprintf("storm%04d", from+i), 60+i%40, 1)
		c.OrganizerName = fmt.Sprintf("Organizer %04d +1425555%04d", from+i, from+i)
		out = append(out, c)
	}
	return out
}

func TestAStormIsOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter(stormy)
	w.put(storm(0, 3)...)
	require.Equal(t, Report{Cases: 3, Posted: 3}, w.run(a), "three are no storm")
	w.put(storm(3, 30)...)
	require.Equal(t, Report{Cases: 33, Posted: 1, Digested: 30}, w.run(a))
	require.Equal(t, Report{Cases: 33}, w.run(a))
	require.Len(t, w.parents(), 4)
	text := string(w.parents()[3].Blocks)
	require.Contains(t, text, "Storm · 30 new cases")
	require.Contains(t, text, "Contoso Industries 30")
	require.Equal(t, []string{`<https://fairdial.example/|Open in the console>`}, w.parents()[3].Active(), "the console is one click away")
	require.NotRegexp(t, `1425555\d{4}`, text)

	w.clock.move(9 * time.Minute)
	w.put(storm(33, 1)...)
	require.Equal(t, Report{Cases: 34, Updated: 1, Digested: 1}, w.run(a), "it goes on in place")
	require.Contains(t, string(w.parents()[3].Blocks), "Storm · 31 new cases")

	// The storm is over: cases are told by themselves again, those that got worse among them.
	w.clock.move(11 * time.Minute)
	worse := storm(3, 1)[0]
	worse.Score = 99
	w.put(append(storm(40, 1), worse)...)
	require.Equal(t, Report{Cases: 35, Posted: 2}, w.run(a))
	// And the next storm has a message of its own.
	w.put(storm(50, 20)...)
	require.Equal(t, Report{Cases: 55, Posted: 1, Digested: 20}, w.run(a))
	require.Len(t, w.parents(), 7)
}

// A thousand cases in a minute, Slack refusing half of the calls, the process killed at one
// write after the other: one digest that counts them all, and nothing lost or told twice.
func TestAThousandCasesInAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	half := make([]slackfake.Fault, 0, 60)
	for i := range 60 {
		fault := slackfake.None()
		switch i % 4 {
		case 0:
			fault = slackfake.RateLimited(time.Second)
		case 2:
			fault = slackfake.RateLimited(2 * time.Second)
		case 3:
			fault = slackfake.DroppedAfter()
		}
		half = append(half, fault)
	}
	w.slack.Fail("chat.postMessage", half...)
	w.slack.Fail("chat.update", half...)
	kills, n := 0, 1
	for second := 0; second < 60; second += 6 {
		w.put(storm(second*1000/60, 100)...)
		for again := true; again; n++ {
			j := &dying{Journal: w.journal, batches: true, left: n%3 + 1, after: n%2 == 0}
			r, err := w.alerter(stormy, func(o *Options) { o.Journal, o.Lease = j, 4*time.Second }).Run(t.Context())
			w.clock.move(2 * time.Second)
			if again = err != nil; again {
				require.ErrorIs(t, err, errKilled)
				kills++
				w.clock.move(3 * time.Second) // until the dead run's message is another's to take over
			}
			require.NotContains(t, r.Problem, token)
			if kills > 400 {
				t.Fatal("no run gets through")
			}
		}
		w.clock.move(time.Second)
	}
	// The dead runs' messages are left to them for a while; then whatever is missing is told.
	for range 5 {
		w.clock.move(61 * time.Second)
		_, err := w.alerter(stormy).Run(t.Context())
		require.NoError(t, err)
	}
	require.Greater(t, kills, 5)
	require.Len(t, w.slack.Messages(channelID), 1, "one digest and nothing else")
	require.Contains(t, string(w.parents()[0].Blocks), "Storm · 1,000 new cases")
	events, err := w.journal.Events(t.Context(), Stream, journal.Filter{})
	require.NoError(t, err)
	told := map[string]int{}
	for _, e := range events {
		require.Equal(t, KindDigested, e.Kind)
		told[e.Subject]++
	}
	require.Len(t, told, 1000)
	for id, times := range told {
		require.Equal(t, 1, times, id)
	}
	all, err := w.journal.Events(t.Context(), digestStream, journal.Filter{})
	require.NoError(t, err)
	bodies := w.log.String()
	for _, e := range all {
		bodies += e.Body + e.Reason
	}
	for _, call := range w.slack.Calls("") {
		bodies += fmt.Sprint(call.Form)
	}
	require.NotRegexp(t, `1425555\d{4}`, bodies, "no full phone number anywhere")
	require.NotContains(t, bodies, token)
	t.Logf("killed %d times, %d calls to Slack", kills, len(w.slack.Calls("")))
}

// late reads deliveries, and then another run tells its digest before the rest is read.
type late struct {
	Journal
	meanwhile func()
}

func (l *late) Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error) {
	heads, err := l.Journal.Heads(ctx, stream, f)
	if do := l.meanwhile; stream == Stream && do != nil {
		l.meanwhile = nil
		do()
	}
	return heads, err
}

// A run that has read the deliveries, and is overtaken before it tells its digest, counts no
// case a second time.
func TestARunThatWasOvertakenCountsNoCaseTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(storm(0, 40)...)
	slow := w.alerter(stormy, func(o *Options) {
		o.Journal = &late{Journal: w.journal, meanwhile: func() {
			require.Equal(t, 40, w.run(w.alerter(stormy)).Digested)
		}}
	})
	require.Zero(t, w.run(slow).Digested)
	w.put(storm(40, 1)...)
	require.Equal(t, 1, w.run(slow).Digested)
	require.Len(t, w.parents(), 1)
	require.Contains(t, w.parents()[0].Text, "41 new cases")
}

// Two processes at once tell one digest.
func TestTwoRunsTellOneDigest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(storm(0, 40)...)
	errs := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := w.alerter(stormy).Run(t.Context())
			errs <- err
		}()
	}
	for range 3 {
		require.NoError(t, <-errs)
	}
	w.clock.move(2 * time.Minute)
	w.run(w.alerter(stormy))
	require.Len(t, w.parents(), 1)
	require.Contains(t, w.parents()[0].Text, "40 new cases")
}
