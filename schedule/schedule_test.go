package schedule_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/schedule"
)

// log is a Recorder in memory.
type log struct {
	mu   sync.Mutex
	runs []schedule.Run
}

func (l *log) Record(_ context.Context, r schedule.Run) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs = append(l.runs, r)
	return nil
}

func (l *log) LastSlot(_ context.Context, job string) (time.Time, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range slices.Backward(l.runs) {
		if r.Job == job && r.Outcome == schedule.Started {
			return r.Slot, true, nil
		}
	}
	return time.Time{}, false, nil
}

func (l *log) outcomes(job string) (out []schedule.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.runs {
		if r.Job == job {
			out = append(out, r.Outcome)
		}
	}
	return out
}

func start(t *testing.T, l *log, jobs ...schedule.Job) (stop func() error) {
	t.Helper()
	s, err := schedule.New(schedule.Options{
		Jobs: jobs, Recorder: l, Now: time.Now, Grace: 10 * time.Second,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return func() error { cancel(); return <-ended }
}

// ran says that a job of this name was started at the slot before the daemon came up.
func ran(job string, slot time.Time) *log {
	return &log{runs: []schedule.Run{{Job: job, Slot: slot, Outcome: schedule.Started}}}
}

func TestARunIsRecordedAtItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := ran("rate", time.Now())
		stop := start(t, l, schedule.Job{Name: "rate", Spec: "0 * * * *", Run: func(context.Context, time.Time) (string, error) {
			time.Sleep(time.Minute)
			return "3 months", nil
		}})
		time.Sleep(90 * time.Minute)
		require.NoError(t, stop())
		require.Equal(t, []schedule.Outcome{schedule.Started, schedule.Started, schedule.Done}, l.outcomes("rate"))
		last := l.runs[2]
		require.Equal(t, "3 months", last.Detail)
		require.Equal(t, time.Minute, last.Took)
		require.Equal(t, time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC), last.Slot)
		require.False(t, last.CaughtUp)
	})
}

func TestASlotMissedWhileDownIsCaughtUpOnce(t *testing.T) {
	for _, c := range []struct{ spec, down, want string }{
		{"0 * * * *", "5h30m", "5h0m0s"},
		{"0 * * * *", "30m", ""},
		{"30 1 * * *", "49h", "25h30m0s"},
		{"@every 10m", "65m", "1h0m0s"},
		{"@every 10m", "9m", ""},
		{"0 0 1 1 *", "2h", ""},
	} {
		t.Run(c.spec+" down "+c.down, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				down, err := time.ParseDuration(c.down)
				require.NoError(t, err)
				before := time.Now().UTC()
				l := ran("x", before)
				time.Sleep(down)
				var slots []time.Time
				stop := start(t, l, schedule.Job{Name: "x", Spec: c.spec, Run: func(_ context.Context, slot time.Time) (string, error) {
					slots = append(slots, slot)
					return "", nil
				}})
				synctest.Wait()
				require.NoError(t, stop())
				if c.want == "" {
					require.Empty(t, slots)
					return
				}
				require.Len(t, slots, 1)
				require.Equal(t, c.want, slots[0].Sub(before).String())
				require.True(t, l.runs[len(l.runs)-1].CaughtUp)
			})
		})
	}
}

func TestAJobThatNeverRanRunsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		stop := start(t, l, schedule.Job{Name: "x", Spec: "0 0 1 1 *", Run: func(context.Context, time.Time) (string, error) { return "", nil }})
		synctest.Wait()
		require.NoError(t, stop())
		require.Equal(t, []schedule.Outcome{schedule.Started, schedule.Done}, l.outcomes("x"))
	})
}

func TestARunIsSkippedWhileTheOneBeforeGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := ran("slow", time.Now())
		stop := start(t, l, schedule.Job{Name: "slow", Spec: "0 * * * *", Run: func(context.Context, time.Time) (string, error) {
			time.Sleep(90 * time.Minute)
			return "", nil
		}})
		time.Sleep(165 * time.Minute)
		require.NoError(t, stop())
		require.Equal(t, []schedule.Outcome{schedule.Started, schedule.Started, schedule.Skipped, schedule.Done}, l.outcomes("slow"))
	})
}

func TestAPanicFailsTheRunAndNotTheDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		stop := start(t, l,
			schedule.Job{Name: "bad", Spec: "0 * * * *", Run: func(context.Context, time.Time) (string, error) { panic("boom") }},
			schedule.Job{Name: "good", Spec: "0 * * * *", Run: func(context.Context, time.Time) (string, error) { return "", errors.New("no store") }},
		)
		time.Sleep(61 * time.Minute)
		require.NoError(t, stop())
		require.Equal(t, []schedule.Outcome{schedule.Started, schedule.Failed, schedule.Started, schedule.Failed}, l.outcomes("bad"))
		require.Equal(t, []schedule.Outcome{schedule.Started, schedule.Failed, schedule.Started, schedule.Failed}, l.outcomes("good"))
	})
}

func TestStopCancelsWhatRunsAndWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		rolledBack := false
		stop := start(t, l, schedule.Job{Name: "x", Spec: "0 * * * *", Run: func(ctx context.Context, _ time.Time) (string, error) {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			rolledBack = true
			return "", ctx.Err()
		}})
		synctest.Wait()
		require.NoError(t, stop())
		require.True(t, rolledBack)
		require.Equal(t, []schedule.Outcome{schedule.Started, schedule.Failed}, l.outcomes("x"))
	})
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := start(t, &log{}, schedule.Job{Name: "x", Spec: "0 * * * *", Run: func(context.Context, time.Time) (string, error) {
			time.Sleep(time.Hour)
			return "", nil
		}})
		synctest.Wait()
		require.ErrorContains(t, stop(), "still running 10s after")
		time.Sleep(2 * time.Hour)
	})
}

func TestEveryBadScheduleIsNamed(t *testing.T) {
	_, err := schedule.New(schedule.Options{Jobs: []schedule.Job{{Name: "a", Spec: "x"}, {Name: "b", Spec: ""}, {Name: "c", Spec: "* *"}}})
	require.ErrorContains(t, err, "job a")
	require.ErrorContains(t, err, "job c")
	require.NotContains(t, err.Error(), "job b")
}
