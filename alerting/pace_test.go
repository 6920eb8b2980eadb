package alerting

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

// The real timer: one message a second, and a cancelled pass does not wait.
func TestPaceInRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &Alerter{clock: time.Now, sleep: sleep, pace: rate.NewLimiter(rate.Every(time.Second), 1)}
		begin := time.Now()
		for range 4 {
			require.NoError(t, a.turn(t.Context()))
		}
		require.Equal(t, 3*time.Second, time.Since(begin))

		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, a.turn(ctx), context.DeadlineExceeded)
		require.Equal(t, 3300*time.Millisecond, time.Since(begin))
	})
}

// Tries are spaced out, more each time, and end.
func TestRetriesBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &Alerter{clock: time.Now, sleep: sleep}
		var at []time.Duration
		begin := time.Now()
		err := a.patiently(t.Context(), func() error {
			at = append(at, time.Since(begin))
			return &SendError{Code: codeNoAnswer, class: unsure}
		})
		require.ErrorContains(t, err, codeNoAnswer)
		require.Len(t, at, tries)
		require.GreaterOrEqual(t, at[1], 250*time.Millisecond)
		require.GreaterOrEqual(t, at[2]-at[1], 375*time.Millisecond)

		// A bounded call does not begin a wait that it cannot see the end of.
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin = time.Now()
		err = a.patiently(ctx, func() error { return &SendError{Code: "rate_limited", class: later, RetryAfter: 10 * time.Second} })
		require.ErrorContains(t, err, "rate_limited")
		require.Zero(t, time.Since(begin))
	})
}
