package alerting

import (
	"context"
	"errors"

	"fairdial/store/journal"
)

var errKilled = errors.New("killed")

// dying fails at its n-th write, before the write or after it, and at every one that follows.
type dying struct {
	Journal
	left  int
	after bool
	// batches counts writes of many events too.
	batches bool
}

func (d *dying) AppendBatch(ctx context.Context, events []journal.Event) ([]*journal.ConflictError, error) {
	if !d.batches || len(events) == 0 {
		return d.Journal.AppendBatch(ctx, events)
	}
	d.left--
	switch {
	case d.left > 0:
		return d.Journal.AppendBatch(ctx, events)
	case d.left == 0 && d.after:
		if _, err := d.Journal.AppendBatch(ctx, events); err != nil {
			return nil, err
		}
	}
	return nil, errKilled
}

func (d *dying) Append(ctx context.Context, e journal.Event) error {
	d.left--
	switch {
	case d.left > 0:
		return d.Journal.Append(ctx, e)
	case d.left == 0 && d.after:
		if err := d.Journal.Append(ctx, e); err != nil {
			return err
		}
	}
	return errKilled
}
