package detector

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestWhatFindsTheMemoryTakenIsRunAgainAlone(t *testing.T) {
	t.Parallel()
	taken := fmt.Errorf("make the feature view calls: %w", &clickhouse.Exception{Code: 241})
	turns := newBeside()
	var group errgroup.Group
	var running, most atomic.Int64
	runs := make([]atomic.Int64, 8)
	for i := range runs {
		group.Go(func() error {
			return turns.run(t.Context(), func() error {
				now := running.Add(1)
				defer running.Add(-1)
				most.Store(max(most.Load(), now))
				if runs[i].Add(1) == 1 && i%2 == 0 {
					return taken
				}
				if i%2 == 0 && now > 1 {
					return errors.New("not alone")
				}
				return nil
			})
		})
	}
	require.NoError(t, group.Wait())
	for i := range runs {
		require.EqualValues(t, 1+(i+1)%2, runs[i].Load())
	}
	require.LessOrEqual(t, most.Load(), int64(sideBySide))

	var n int
	fails := func(err error) error { return turns.run(t.Context(), func() error { n++; return err }) }
	require.ErrorIs(t, fails(taken), taken)
	require.Equal(t, 2, n, "once more, and no more")
	other := errors.New("another")
	require.ErrorIs(t, fails(other), other)
	require.Equal(t, 3, n)

	ended, end := context.WithCancel(t.Context())
	end()
	for range sideBySide {
		turns.slots <- struct{}{}
	}
	require.ErrorIs(t, turns.run(ended, func() error { return nil }), context.Canceled)
}
