package ingest

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"fairdial/usage"
)

// incoming is a row that can be trusted, before it is known whether it is new.
type incoming struct {
	record        usage.Record
	position      uint64 // unique in the file: the ZIP member stands above bit 40
	format        string
	content, core uint64
}

// stored is what is known of a revision of a record.
type stored struct {
	UsageID     string    `ch:"usage_id"`
	Revision    uint16    `ch:"revision"`
	ContentHash uint64    `ch:"content_hash"`
	CoreHash    uint64    `ch:"core_hash"`
	Format      string    `ch:"format"`
	BatchID     uuid.UUID `ch:"batch_id"`
	Position    uint64    `ch:"position"`
	StartedAt   time.Time `ch:"started_at"`
}

// verdict is what becomes of an incoming row.
type verdict struct {
	duplicate bool
	ignored   bool // valid, of a call type that is not rated
	corrected bool // replaces an older revision
	write     bool // not stored yet
	revision  uint16
	replaces  time.Time // start of the call in the revision that is replaced
}

//go:embed sql/existing.sql
var existingSQL string

// existing gives the stored revisions of a chunk's records, by usage id, oldest first.
func (g *Ingester) existing(ctx context.Context, tenantID string, chunk []incoming) (map[string][]stored, error) {
	table, err := ext.NewTable("incoming", ext.Column("usage_id", "String"))
	if err != nil {
		return nil, fmt.Errorf("look up %d records: %w", len(chunk), err)
	}
	for _, in := range chunk {
		if err := table.Append(in.record.ID); err != nil {
			return nil, fmt.Errorf("look up %d records: %w", len(chunk), err)
		}
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithExternalTable(table))
	var found []stored
	if err := g.conn.Select(ctx, &found, existingSQL, clickhouse.Named("tenant_id", tenantID)); err != nil {
		return nil, fmt.Errorf("look up %d records: %w", len(chunk), err)
	}
	out := make(map[string][]stored, len(found))
	for _, s := range found {
		out[s.UsageID] = append(out[s.UsageID], s)
	}
	for _, revisions := range out {
		slices.SortFunc(revisions, func(a, b stored) int { return cmp.Compare(a.Revision, b.Revision) })
	}
	return out, nil
}

// judge decides about each row of a chunk, in the order of the file.
//
// What this batch stored at later positions is not looked at: after a crash the file is
// read again from its start, and every row must meet the same past as the first time.
func (b *batch) judge(chunk []incoming, known map[string][]stored) []verdict {
	out := make([]verdict, len(chunk))
	for n, in := range chunk {
		revisions := known[in.record.ID]
		v := verdict{ignored: !in.record.IsConfOut()}
		var newest *stored
		older := false // the row says what a revision before the newest said
		again := false // this very row is stored already
		for i := range revisions {
			s := &revisions[i]
			if s.BatchID == b.id && s.Position == in.position {
				again = true
				v.revision, v.corrected = s.Revision, s.Revision > 0
				break
			}
			if s.BatchID == b.id && s.Position > in.position {
				continue
			}
			if newest != nil && in.same(*newest) {
				older = true
			}
			newest = s
		}
		switch {
		case again:
		case newest == nil:
			v.write, v.replaces = true, in.record.StartedAt
		case in.same(*newest), older && b.readBefore:
			v = verdict{duplicate: true}
		default:
			v.write, v.corrected, v.revision, v.replaces = true, true, newest.Revision+1, newest.StartedAt
		}
		if v.write {
			known[in.record.ID] = append(revisions, stored{
				UsageID: in.record.ID, Revision: v.revision, ContentHash: in.content, CoreHash: in.core,
				Format: in.format, BatchID: b.id, Position: in.position, StartedAt: in.record.StartedAt,
			})
		}
		out[n] = v
	}
	return out
}
