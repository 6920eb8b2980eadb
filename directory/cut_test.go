package directory_test

import (
	"context"
	"errors"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"fairdial/store"
)

var errCut = errors.New("cut short")

// cutShort is a store that takes so many writes and no more, as a process that was killed.
type cutShort struct {
	*store.Store
	left int
}

func (c *cutShort) PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error) {
	if c.left == 0 {
		return nil, errCut
	}
	c.left--
	return c.Store.PrepareBatch(ctx, query, opts...)
}
