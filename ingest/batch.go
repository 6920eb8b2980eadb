package ingest

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"fairdial/usage"
)

// batch is the reading of one file.
type batch struct {
	g          *Ingester
	id         uuid.UUID
	tenantID   string
	file       string
	source     string
	sourceAt   time.Time
	readBefore bool // this very file was read to its end before
	counts     Counts
	twins      map[uuid.UUID]uint32 // how often a broken row has come
}

//go:embed sql/insert.sql
var insertSQL string

// write judges a chunk, stores what is new in one insert, and counts.
func (b *batch) write(ctx context.Context, chunk []incoming) error {
	if len(chunk) == 0 {
		return nil
	}
	known, err := b.g.existing(ctx, b.tenantID, chunk)
	if err != nil {
		return err
	}
	verdicts := b.judge(chunk, known)
	if err := b.store(ctx, chunk, verdicts); err != nil {
		return fmt.Errorf("store records of %s: %w", b.file, err)
	}
	for _, v := range verdicts {
		b.counts.Read++
		switch {
		case v.duplicate:
			b.counts.Duplicate++
		case v.ignored:
			b.counts.Ignored++
		default:
			b.counts.Accepted++
		}
		if v.corrected {
			b.counts.Corrected++
		}
	}
	return nil
}

func (b *batch) store(ctx context.Context, chunk []incoming, verdicts []verdict) error {
	rows := make([]storing, 0, len(chunk))
	storedAt := b.g.now().UTC()
	for i := range chunk {
		if verdicts[i].write {
			rows = append(rows, storing{
				incoming: &chunk[i], verdict: &verdicts[i], batch: b, storedAt: storedAt,
				destination: b.g.classifier.Classify(chunk[i].record.CalleeNumber),
			})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	insert, err := b.g.conn.PrepareBatch(clickhouse.Context(ctx, clickhouse.WithColumnNamesAndTypes(columnTypes)), insertSQL)
	if err != nil {
		return err
	}
	for i, c := range columns {
		if err := insert.Column(i).Append(c.values(rows)); err != nil {
			_ = insert.Abort()
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return insert.Send()
}

// Classifier says what a dialled number is.
type Classifier interface {
	Classify(number string) usage.Destination
	Version() string
}
