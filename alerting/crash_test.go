package alerting

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
	"fairdial/cases"
)

// texts are what stands in the channel, without order.
func texts(messages []slackfake.Message) map[string]int {
	out := map[string]int{}
	for _, m := range messages {
		text, _, _ := strings.Cut(m.Text, ":")
		out[fmt.Sprint(m.ThreadTS != "", text)]++
	}
	return out
}

// Killed at any write to the log, before it or after, with Slack answering or breaking off
// after it took the message: the next run brings the channel to where a calm run brings it,
// and nothing stands there twice.
func TestKilledAnywhereTellsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tell := func(round, n int) {
		first, second := caseOf("first", 60+10*round, 1), caseOf("second", 60+10*round, 1)
		second.OrganizerName = "Sam Okoro"
		w.put([]cases.Case{first, second}[:n]...)
	}
	setUp := func() {
		require.NoError(t, w.store.Exec(t.Context(), "TRUNCATE TABLE journal"))
		for _, m := range w.slack.Messages(channelID) {
			w.slack.Delete(channelID, m.TS)
		}
		w.slack.Mend()
	}
	// Two rounds: the cases are posted, then they get worse.
	calm := func(n int) map[string]int {
		setUp()
		for round := range 2 {
			tell(round, n)
			w.run(w.alerter())
		}
		require.Len(t, w.slack.Messages(channelID), 2*n)
		return texts(w.slack.Messages(channelID))
	}
	want := map[int]map[string]int{1: calm(1), 2: calm(2)}

	killed, adopted := 0, 0
	for _, breaksOff := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			count := 1
			if !breaksOff && !after {
				count = 2
			}
			for n := 1; ; n++ {
				setUp()
				done := true
				for round := range 2 {
					tell(round, count)
					if breaksOff {
						w.slack.Fail("chat.postMessage", slackfake.DroppedAfter(), slackfake.DroppedAfter())
					}
					_, err := w.alerter(func(o *Options) { o.Journal = &dying{Journal: w.journal, left: n, after: after} }).Run(t.Context())
					if err != nil {
						require.ErrorIs(t, err, errKilled)
						killed++
						done = false
					}
					w.slack.Mend()
					r := w.run(w.alerter())
					adopted += r.Adopted
					require.Equal(t, Report{Cases: count}, w.run(w.alerter()), "nothing is left to do")
				}
				require.Equal(t, want[count], texts(w.slack.Messages(channelID)), "killed at write %d, after it: %v, Slack breaks off: %v", n, after, breaksOff)
				if done {
					break
				}
			}
		}
	}
	require.Equal(t, 20, killed, "two writes a case and round: one time with two cases, three times with one")
	require.Positive(t, adopted, "some were found in the channel")
	t.Logf("killed %d times, adopted %d messages", killed, adopted)
}

// Slack takes the message and breaks off: the same run finds it and sends nothing twice.
func TestAnAnswerThatNeverCameIsLookedFor(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]slackfake.Fault{
		"taken, then broken off":            {slackfake.DroppedAfter()},
		"broken off before":                 {slackfake.Dropped()},
		"an error of the server":            {slackfake.Status(503)},
		"an error that leaves it open":      {slackfake.Refused("fatal_error")},
		"two different ones":                {slackfake.Dropped(), slackfake.Status(500)},
		"asked to wait":                     {slackfake.RateLimited(7 * time.Second)},
		"asked to wait without a time":      {slackfake.RateLimited(0)},
		"broken off, then asked to wait":    {slackfake.DroppedAfter(), slackfake.RateLimited(time.Second)},
		"an answer that takes too long":     {slackfake.Slow(400 * time.Millisecond)},
		"two answers that take too long":    {slackfake.Slow(400 * time.Millisecond), slackfake.Slow(400 * time.Millisecond)},
		"asked to wait, more than once too": {slackfake.RateLimited(time.Second), slackfake.RateLimited(time.Second), slackfake.RateLimited(time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			sender, err := NewSlack(SlackOptions{Token: NewToken(token), APIURL: w.slack.URL, Timeout: 200 * time.Millisecond})
			require.NoError(t, err)
			w.slack.Chatter(channelID, 250) // more than a page
			c := caseOf("x", 70, 1)
			w.put(c)
			w.slack.Fail("chat.postMessage", faults...)
			r := w.run(w.alerter(func(o *Options) { o.Sender = sender }))
			for try := 0; r.Failed > 0 && try < 20; try++ { // it may still arrive after we gave up on it: the next run finds it
				time.Sleep(500 * time.Millisecond)
				r = w.run(w.alerter(func(o *Options) { o.Sender = sender }))
			}
			require.Equal(t, 1, r.Posted+r.Adopted, "%+v", r)
			require.Len(t, w.parents(), 251)
			c.Score = 90 // the message that counts is the one that stands there
			w.put(c)
			require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(w.alerter()))
		})
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(caseOf("x", 70, 1), caseOf("y", 60, 1))
	w.slack.Fail("chat.postMessage", slackfake.RateLimited(20*time.Second))
	require.Equal(t, Report{Cases: 2, Posted: 2}, w.run(w.alerter()))
	calls := w.slack.Calls("chat.postMessage")
	require.GreaterOrEqual(t, calls[1].At.Sub(calls[0].At), 20*time.Second)

	// More than a pass waits for: the next passes, of other processes too, keep to it.
	w.put(caseOf("z", 70, 1), caseOf("zz", 60, 1))
	w.slack.Fail("chat.postMessage", slackfake.RateLimited(10*time.Minute))
	asked := w.clock.now()
	r, err := w.alerter().Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, r.Failed)
	require.Equal(t, 1, r.Deferred)
	r, err = w.alerter().Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, r.Deferred)
	require.Contains(t, r.Problem, "Slack asked to wait")
	w.clock.move(9*time.Minute + 45*time.Second)
	require.Equal(t, Report{Cases: 4, Posted: 2}, w.run(w.alerter()), "the rest of the wait is short")
	calls = w.slack.Calls("chat.postMessage")
	require.Len(t, calls, 6)
	require.GreaterOrEqual(t, calls[4].At.Sub(asked), 10*time.Minute)
}

// What a person must mend stops the pass, is recorded with the reason, and is tried again.
func TestWhatAPersonMustMend(t *testing.T) {
	t.Parallel()
	for code, hint := range map[string]string{
		"invalid_auth": "slack.token_file", "channel_not_found": "slack.channel", "not_in_channel": "/invite", "missing_scope": "chat:write",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a := w.alerter()
			c := caseOf("a", 90, 1)
			w.put(append(manyCases(3), c)...)
			w.slack.Fail("chat.postMessage", slackfake.Always(slackfake.Refused(code)))
			for range 2 {
				r, err := a.Run(t.Context())
				require.NoError(t, err)
				require.Equal(t, 1, r.Failed)
				require.Equal(t, 3, r.Deferred, "the others would fail in the same way")
				require.Contains(t, r.Problem, hint)
			}
			require.Len(t, w.slack.Calls("chat.postMessage"), 2)
			require.Contains(t, w.reasons(a, c.ID)[0], hint)
			w.slack.Mend()
			require.Equal(t, Report{Cases: 4, Posted: 4}, w.run(a))
			require.Len(t, w.parents(), 4)
			got := w.reasons(a, c.ID)
			require.Equal(t, "posted: new_case", got[len(got)-1])
		})
	}
}

// A message that Slack does not take stands in nobody's way.
func TestOneRefusedMessageDoesNotBlockTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(manyCases(4)...)
	w.slack.Fail("chat.postMessage", slackfake.Refused("invalid_blocks"), slackfake.None(), slackfake.Refused("some_new_code"))
	a := w.alerter()
	r, err := a.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, r.Posted)
	require.Equal(t, 2, r.Failed)
	require.Contains(t, r.Problem, "some_new_code")
	require.Equal(t, Report{Cases: 4, Posted: 2}, w.run(a))
	require.Len(t, w.parents(), 4)
}

// While Slack is down a pass gives up early and the next one tells everything, once.
func TestAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(manyCases(10)...)
	for _, method := range []string{"chat.postMessage", "conversations.history", "conversations.list"} {
		w.slack.Fail(method, slackfake.Always(slackfake.Status(503)))
	}
	a := w.alerter()
	for range 3 {
		r, err := a.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, misses, r.Failed)
		require.Equal(t, 7, r.Deferred)
	}
	w.slack.Mend()
	require.Equal(t, Report{Cases: 10, Posted: 10}, w.run(a))
	require.Len(t, w.parents(), 10)
}

// Without leave to read the channel a message whose fate is unknown is sent again, and the
// log says why it may appear twice.
func TestWithoutHistoryAMessageIsSentAtLeastOnce(t *testing.T) {
	t.Parallel()
	for name, scopes := range map[string][]string{
		"the channel's id is known, its history may not be read": {"chat:write", "channels:read"},
		"the channel's id cannot be found out":                   {"chat:write", "channels:history"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.slack.SetScopes(scopes...)
			c := caseOf("x", 70, 1)
			w.put(c)
			_, err := w.alerter(func(o *Options) { o.Journal = &dying{Journal: w.journal, left: 2} }).Run(t.Context())
			require.ErrorIs(t, err, errKilled)
			require.Len(t, w.parents(), 1, "it is there, but nobody wrote that down")
			a := w.alerter()
			require.Equal(t, Report{Cases: 1, Posted: 1}, w.run(a))
			require.Len(t, w.parents(), 2)
			got := w.reasons(a, c.ID)
			require.Contains(t, got[0], "posted: new_case; sent again without looking for the first:")
			require.Contains(t, w.log.String(), "a message may appear twice")
		})
	}
}

// A message that was announced and is no news any more is neither sent nor looked for again.
func TestAnAnnouncementThatIsNoNewsAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := caseOf("x", 70, 1)
	w.put(c)
	w.run(w.alerter())
	c.Score = 80
	w.put(c)
	w.slack.Fail("chat.postMessage", slackfake.Always(slackfake.Dropped()))
	r, err := w.alerter().Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, r.Failed)
	w.slack.Mend()
	c.Score = 70
	w.put(c)
	a := w.alerter()
	require.Contains(t, string(w.parents()[0].Blocks), "80 of 100", "the message had been changed already")
	require.Equal(t, Report{Cases: 1, Updated: 1}, w.run(a))
	require.Contains(t, string(w.parents()[0].Blocks), "70 of 100")
	require.Empty(t, w.replies())
	looked := len(w.slack.Calls("conversations.replies"))
	require.Equal(t, Report{Cases: 1}, w.run(a))
	require.Len(t, w.slack.Calls("conversations.replies"), looked)
}

// The second time a case gets worse is not taken for the first.
func TestARepliesIDIsItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, score := range []int{60, 70, 80} {
		w.put(caseOf("x", score, 1))
		if i == 2 {
			w.slack.Fail("chat.postMessage", slackfake.Dropped(), slackfake.Dropped(), slackfake.Dropped())
			r, err := w.alerter().Run(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, r.Failed)
			require.Len(t, w.replies(), 1)
		}
		w.run(w.alerter())
	}
	require.Len(t, w.replies(), 2)
}

// stuck is a Sender whose first post does not come back until it is let.
type stuck struct {
	Sender
	reached, let chan struct{}
}

func (s *stuck) Post(ctx context.Context, channel, thread, id string, m Message) (Posted, error) {
	close(s.reached)
	<-s.let
	return s.Sender.Post(ctx, channel, thread, id, m)
}

// What another run has announced is left to it until its time is over, and then looked for.
func TestAnotherRunsMessageIsLeftToIt(t *testing.T) {
	t.Parallel()
	for name, dies := range map[string]bool{"the other run goes on": false, "the other run died": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(caseOf("x", 70, 1), caseOf("y", 60, 1))
			slow := &stuck{Sender: w.sender(), reached: make(chan struct{}), let: make(chan struct{})}
			first := w.alerter(func(o *Options) {
				o.Sender = slow
				if dies {
					o.Journal = &dying{Journal: w.journal, left: 2}
				}
			})
			ended := make(chan Report)
			go func() {
				r, _ := first.Run(context.Background())
				ended <- r
			}()
			<-slow.reached

			var waited time.Duration
			var one sync.Once
			second := w.alerter()
			second.sleep = func(ctx context.Context, d time.Duration) error {
				if d > time.Second {
					one.Do(func() {
						waited = d
						slow.let <- struct{}{}
						<-ended
					})
				}
				return w.clock.sleep(ctx, d)
			}
			r := w.run(second)
			require.Greater(t, waited, 50*time.Second, "a minute less what has passed")
			require.LessOrEqual(t, waited, time.Minute)
			require.Len(t, w.parents(), 2)
			if dies {
				require.Equal(t, Report{Cases: 2, Posted: 1, Adopted: 1}, r)
			}
		})
	}
}

// Two programs that run at the same time tell every case once between them. Real time: it
// is about who is faster.
func TestTwoRunsAtOnceTellOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 12
	w.put(manyCases(n)...)
	real := func(o *Options) {
		o.Every, o.Lease, o.Now = time.Millisecond, 3*time.Second, time.Now
	}
	var wg sync.WaitGroup
	for range 2 {
		a := w.alerter(real)
		a.sleep = sleep
		wg.Go(func() {
			if _, err := a.Run(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	last := w.alerter(real)
	last.sleep = sleep
	for try := 0; try < 5 && len(w.parents()) < n; try++ { // on a slow machine one may have run out of time
		w.run(last)
	}
	require.Len(t, w.parents(), n)
	require.Equal(t, Report{Cases: n}, w.run(last))
}
