package detector

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/rules"
)

// sideBySide is how many statements of a pass the engine works on at once: much of a view or a rule
// is work for one thread, and all of them share the engine's memory.
const sideBySide = 2

// beside runs statements side by side. One that finds the engine's memory taken is run again
// with nothing of the pass beside it, so that what fits by itself does not fail.
type beside struct {
	slots chan struct{}
	alone sync.RWMutex
}

func newBeside() *beside { return &beside{slots: make(chan struct{}, sideBySide)} }

// run runs f when it is its turn; f may be run twice.
func (b *beside) run(ctx context.Context, f func() error) error {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.slots }()
	b.alone.RLock()
	err := f()
	b.alone.RUnlock()
	if !outOfMemory(err) || ctx.Err() != nil {
		return err
	}
	b.alone.Lock()
	defer b.alone.Unlock()
	return f()
}

// found is what a rule found among a portion of tenants.
type found struct {
	hits []hit
	cols columns
	took time.Duration
}

// findAll runs rules over the views of a workspace. tick is told of each that is done.
func (d *Detector) findAll(ctx context.Context, w *workspace, all []rules.Rule, tick func()) ([]found, error) {
	out := make([]found, len(all))
	group, ctx := errgroup.WithContext(ctx)
	turns := newBeside()
	var ticking sync.Mutex
	for i, r := range all {
		group.Go(func() error {
			return turns.run(ctx, func() (err error) {
				began := d.o.Now()
				if out[i].hits, out[i].cols, err = find(ctx, w, r, d.o.Parameters[r.ID]); err != nil {
					return err
				}
				out[i].took = d.o.Now().Sub(began)
				ticking.Lock()
				defer ticking.Unlock()
				tick()
				return nil
			})
		})
	}
	return out, group.Wait()
}
