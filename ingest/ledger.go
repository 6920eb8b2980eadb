package ingest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"
)

// Counts says what became of the rows of a file. Read is always the sum of accepted,
// duplicate, ignored and rejected.
type Counts struct {
	Read      uint64 `json:"read"`
	Accepted  uint64 `json:"accepted"`
	Duplicate uint64 `json:"duplicate"`
	Ignored   uint64 `json:"ignored"`
	Rejected  uint64 `json:"rejected"`
	// Corrected is the part of accepted and ignored that replaced an older revision.
	Corrected uint64 `json:"corrected"`
}

func (c *Counts) add(d Counts) {
	c.Read += d.Read
	c.Accepted += d.Accepted
	c.Duplicate += d.Duplicate
	c.Ignored += d.Ignored
	c.Rejected += d.Rejected
	c.Corrected += d.Corrected
}

// errUnbalanced would be a defect of this package: rows that nobody accounts for.
var errUnbalanced = errors.New("the counts do not balance")

func (c Counts) check() error {
	if c.Read != c.Accepted+c.Duplicate+c.Ignored+c.Rejected {
		return fmt.Errorf("%w: %+v", errUnbalanced, c)
	}
	return nil
}

// The states of a file in the ledger.
const (
	stateStarted  = "started"
	stateFinished = "finished"
	stateFailed   = "failed"
)

// Entry is one line of the ledger: a file that was read to its end, or could not be.
type Entry struct {
	BatchID  uuid.UUID `json:"batch_id" ch:"batch_id"`
	TenantID string    `json:"tenant_id" ch:"tenant_id"`
	Source   string    `json:"source" ch:"source"`
	File     string    `json:"file" ch:"file"`
	Format   string    `json:"format" ch:"format"`
	State    string    `json:"state" ch:"state"`
	Counts
	Detail      string    `json:"detail,omitempty" ch:"detail"`
	At          time.Time `json:"stored_at" ch:"at"` // UTC
	Actor       string    `json:"actor" ch:"actor"`
	ContentHash string    `json:"-" ch:"content_hash"`
}

type entryRow struct {
	BatchID     uuid.UUID `ch:"batch_id"`
	TenantID    string    `ch:"tenant_id"`
	Source      string    `ch:"source"`
	File        string    `ch:"file"`
	ContentHash string    `ch:"content_hash"`
	Format      string    `ch:"format"`
	State       string    `ch:"state"`
	Read        uint64    `ch:"read"`
	Accepted    uint64    `ch:"accepted"`
	Duplicate   uint64    `ch:"duplicate"`
	Ignored     uint64    `ch:"ignored"`
	Rejected    uint64    `ch:"rejected"`
	Corrected   uint64    `ch:"corrected"`
	Detail      string    `ch:"detail"`
	At          time.Time `ch:"at"`
	Actor       string    `ch:"actor"`
}

var (
	//go:embed sql/ledger.sql
	ledgerSQL string
	//go:embed sql/batches_of_content.sql
	batchesOfContentSQL string
)

// record appends states of batches to the ledger, all of them or none.
func (g *Ingester) record(ctx context.Context, entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	insert, err := g.conn.PrepareBatch(ctx, "INSERT INTO ingest_ledger")
	for i := 0; err == nil && i < len(entries); i++ {
		e := &entries[i]
		err = insert.AppendStruct(&entryRow{
			e.BatchID, e.TenantID, e.Source, e.File, e.ContentHash, e.Format, e.State, e.Read, e.Accepted,
			e.Duplicate, e.Ignored, e.Rejected, e.Corrected, e.Detail, g.now().UTC(), e.Actor,
		})
	}
	if err == nil {
		err = insert.Send()
	}
	if err != nil {
		return fmt.Errorf("ledger of %d files, the first of them %s: %w", len(entries), entries[0].File, err)
	}
	return nil
}

// contentBatch is a batch that read a content.
type contentBatch struct {
	ContentHash string    `ch:"content_hash"`
	BatchID     uuid.UUID `ch:"batch_id"`
	File        string    `ch:"file"`
	Began       time.Time `ch:"began"`
	State       string    `ch:"state"`
	Format      string    `ch:"format"`
	Detail      string    `ch:"detail"`
	Read        uint64    `ch:"read"`
	Accepted    uint64    `ch:"accepted"`
	Duplicate   uint64    `ch:"duplicate"`
	Ignored     uint64    `ch:"ignored"`
	Rejected    uint64    `ch:"rejected"`
	Corrected   uint64    `ch:"corrected"`
}

func (b *contentBatch) counts() Counts {
	return Counts{b.Read, b.Accepted, b.Duplicate, b.Ignored, b.Rejected, b.Corrected}
}

// batchesOf gives the batches that read the contents of files before, whatever their
// names, by content hash, oldest first.
func (g *Ingester) batchesOf(ctx context.Context, tenantID string, files []file) (map[string][]contentBatch, error) {
	table, err := ext.NewTable("contents", ext.Column("content_hash", "String"))
	for i := 0; err == nil && i < len(files); i++ {
		err = table.Append(files[i].hash)
	}
	var batches []contentBatch
	if err == nil {
		ctx = clickhouse.Context(ctx, clickhouse.WithExternalTable(table))
		err = g.conn.Select(ctx, &batches, batchesOfContentSQL, clickhouse.Named("tenant_id", tenantID))
	}
	if err != nil {
		return nil, fmt.Errorf("look %d files up in the ledger: %w", len(files), err)
	}
	out := map[string][]contentBatch{}
	for _, b := range batches {
		out[b.ContentHash] = append(out[b.ContentHash], b)
	}
	return out, nil
}

// Ledger lists the files read, newest last; an empty tenant means all.
func (g *Ingester) Ledger(ctx context.Context, tenantID string) ([]Entry, error) {
	var rows []entryRow
	if err := g.conn.Select(ctx, &rows, ledgerSQL, clickhouse.Named("tenant_id", tenantID)); err != nil {
		return nil, fmt.Errorf("list the ledger: %w", err)
	}
	out := make([]Entry, len(rows))
	for i, r := range rows {
		out[i] = Entry{
			BatchID: r.BatchID, TenantID: r.TenantID, Source: r.Source, File: r.File, Format: r.Format, State: r.State,
			Counts: Counts{r.Read, r.Accepted, r.Duplicate, r.Ignored, r.Rejected, r.Corrected},
			Detail: r.Detail, At: r.At, Actor: r.Actor,
		}
	}
	return out, nil
}
