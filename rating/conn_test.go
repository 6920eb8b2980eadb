package rating_test

import (
	"context"
	"errors"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// settings passes its settings on with the survey of usage.
type settings struct {
	driver.Conn
	set  clickhouse.Settings
	used int
}

func (c *settings) Select(ctx context.Context, dest any, query string, args ...any) error {
	if strings.Contains(query, "FROM usage_revisions") {
		c.used++
		ctx = clickhouse.Context(ctx, clickhouse.WithSettings(c.set))
	}
	return c.Conn.Select(ctx, dest, query, args...)
}

var errKilled = errors.New("killed")

// dying fails at the n-th statement that writes, before or after it has done its work, and
// at all after it: as if the process had been killed there.
type dying struct {
	driver.Conn
	at    int
	after bool // the statement itself was still done
	seen  int
}

func (c *dying) step(do func() error) error {
	c.seen++
	if c.seen > c.at || c.seen == c.at && !c.after {
		return errKilled
	}
	err := do()
	if c.seen == c.at {
		return errKilled
	}
	return err
}

func (c *dying) Exec(ctx context.Context, query string, args ...any) error {
	return c.step(func() error { return c.Conn.Exec(ctx, query, args...) })
}

func (c *dying) PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error) {
	batch, err := c.Conn.PrepareBatch(ctx, query, opts...)
	return &dyingBatch{batch, c}, err
}

type dyingBatch struct {
	driver.Batch
	conn *dying
}

func (b *dyingBatch) Send() error { return b.conn.step(b.Batch.Send) }

// meanwhile does something right before or after usage is rated.
type meanwhile struct {
	driver.Conn
	before, after func()
}

func (c *meanwhile) Exec(ctx context.Context, query string, args ...any) error {
	if !strings.Contains(query, "INSERT INTO rating_rows") {
		return c.Conn.Exec(ctx, query, args...)
	}
	if c.before != nil {
		c.before()
	}
	err := c.Conn.Exec(ctx, query, args...)
	if c.after != nil {
		c.after()
	}
	return err
}
