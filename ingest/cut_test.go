package ingest

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"fairdial/store"
)

// cutShort is a store that takes so many writes and no more, as a process that was killed.
type cutShort struct {
	*store.Store
	left int
}

func (c *cutShort) PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error) {
	batch, err := c.Store.PrepareBatch(ctx, query, opts...)
	if err != nil {
		return nil, err
	}
	return &cutBatch{batch, c}, nil
}

type cutBatch struct {
	driver.Batch
	conn *cutShort
}

func (b *cutBatch) Send() error {
	if b.conn.left == 0 {
		_ = b.Abort()
		return errCut
	}
	b.conn.left--
	return b.Batch.Send()
}
