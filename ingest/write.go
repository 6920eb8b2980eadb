package ingest

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"

	"fairdial/usage"
)

// chunk is rows that are looked up and stored together, of as many files as fill it: a
// thousand small pages cost the store no more than one large file.
type chunk struct {
	good  []incoming
	bad   []rejection
	begun []Entry    // of files whose first rows may be in the chunk
	ended []*reading // files of which nothing comes after the chunk
}

func (c *chunk) clear() {
	c.good, c.bad, c.begun, c.ended = c.good[:0], c.bad[:0], c.begun[:0], c.ended[:0]
}

// keep stores a chunk. The ledger names a file before its first row is stored, and its
// counts after the last.
func (g *Ingester) keep(ctx context.Context, tenantID string, c *chunk) error {
	if err := g.record(ctx, c.begun...); err != nil {
		return err
	}
	if err := g.reject(ctx, tenantID, c.bad); err != nil {
		return err
	}
	for i := range c.bad {
		if bad := &c.bad[i]; bad.batch.told != nil {
			bad.batch.told(RowVerdict{Row: bad.position, UsageID: bad.usageID, Outcome: "rejected", Reason: bad.reason, Detail: bad.detail})
		}
	}
	if err := g.write(ctx, tenantID, c.good); err != nil {
		return err
	}
	ended := make([]Entry, len(c.ended))
	for i, r := range c.ended {
		if err := r.batch.counts.check(); err != nil {
			return fmt.Errorf("%s: %w", r.file.name, err)
		}
		ended[i] = r.end()
	}
	return g.record(ctx, ended...)
}

var (
	//go:embed sql/insert.sql
	insertSQL string
	//go:embed sql/keep_replaced.sql
	keepReplacedSQL string
)

// write judges rows, stores what is new in one insert, and counts.
func (g *Ingester) write(ctx context.Context, tenantID string, good []incoming) error {
	if len(good) == 0 {
		return nil
	}
	known, err := g.existing(ctx, tenantID, good)
	if err != nil {
		return err
	}
	verdicts := judge(good, known)
	if err := g.store(ctx, good, verdicts); err != nil {
		return fmt.Errorf("store %d records of %s: %w", len(good), good[0].batch.file, err)
	}
	if slices.ContainsFunc(verdicts, func(v verdict) bool { return v.write && v.corrected }) {
		// Killed before, it is made up for by the tenant's next correction; until then sums look for it themselves.
		if err := g.conn.Exec(ctx, keepReplacedSQL, clickhouse.Named("tenant_id", tenantID)); err != nil {
			return fmt.Errorf("keep what records of %s replaced: %w", good[0].batch.file, err)
		}
	}
	for i, v := range verdicts {
		if told := good[i].batch.told; told != nil {
			told(RowVerdict{Row: good[i].position, UsageID: good[i].record.ID, Outcome: v.outcome()})
		}
		counts := &good[i].batch.counts
		counts.Read++
		switch {
		case v.duplicate:
			counts.Duplicate++
		case v.ignored:
			counts.Ignored++
		default:
			counts.Accepted++
		}
		if v.corrected {
			counts.Corrected++
		}
	}
	return nil
}

func (g *Ingester) store(ctx context.Context, good []incoming, verdicts []verdict) error {
	rows := make([]storing, 0, len(good))
	storedAt, version := g.now().UTC(), g.classifier.Version()
	for i := range good {
		if verdicts[i].write {
			rows = append(rows, storing{
				incoming: &good[i], verdict: &verdicts[i], storedAt: storedAt,
				destination: g.classifier.Classify(good[i].record.CalleeNumber), numbering: version,
			})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	insert, err := g.conn.PrepareBatch(clickhouse.Context(ctx, clickhouse.WithColumnNamesAndTypes(columnTypes)), insertSQL)
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
