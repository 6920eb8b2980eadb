package console

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/cases"
)

// Console answers people, programs and gateways.
type Console struct {
	http.Handler
	opts  Options
	views views
}

// prepareEvery is how soon after usage or cases have changed their pages are quick again.
const prepareEvery = time.Minute

// KeepPrepared prepares now and again until ctx ends. What fails is read again when a page asks.
func (c *Console) KeepPrepared(ctx context.Context, logger *slog.Logger) {
	tick := time.NewTicker(prepareEvery)
	defer tick.Stop()
	for {
		if err := c.Prepare(ctx); err != nil && ctx.Err() == nil {
			logger.Warn("the first case that is looked at will take longer", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Prepare reads what cases are shown beside, so that who opens the first one after a start, or
// after a pass, need not wait for it: all cases in the order of lists, whom the organizers of the
// highest risk called, and the use of the first one's tenant. What is known already is not read again.
func (c *Console) Prepare(ctx context.Context) error {
	all, err := c.opts.Cases.Outlines(ctx, cases.PageRequest{Limit: 1})
	if err != nil || len(all) == 0 {
		return err
	}
	first, err := c.opts.Cases.Get(ctx, all[0].ID)
	if err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { _, err := c.views.everybody(ctx, spanOf(first)); return err })
	work.Go(func() error { _, err := ring(ctx, c.opts, c.views, first, spanOf(first)); return err })
	return work.Wait()
}
