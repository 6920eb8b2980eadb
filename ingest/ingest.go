// Package ingest takes usage files to the store: every record once, every broken row to
// the quarantine, every file's counts to the ledger. README.md states the rules.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"fairdial/store/journal"
)

// Conn is what ingest needs of the store.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
	PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error)
}

// Options are what an Ingester needs; all are required but ChunkRows.
type Options struct {
	Conn       Conn
	Journal    *journal.Journal
	Classifier Classifier
	Now        func() time.Time
	NewID      func() uuid.UUID
	Logger     *slog.Logger
	Stdin      io.Reader
	TempDir    string // where stdin is kept while it is read; "" is the system's
	ChunkRows  int    // rows looked up and stored at once; 0 means 50,000
}

// Ingester stores usage files.
type Ingester struct {
	conn       Conn
	journal    *journal.Journal
	classifier Classifier
	now        func() time.Time
	newID      func() uuid.UUID
	logger     *slog.Logger
	stdin      io.Reader
	tempDir    string
	chunkRows  int
}

// New makes an Ingester.
func New(o Options) *Ingester {
	if o.ChunkRows == 0 {
		o.ChunkRows = 50_000
	}
	return &Ingester{
		conn: o.Conn, journal: o.Journal, classifier: o.Classifier, now: o.Now, newID: o.NewID,
		logger: o.Logger, stdin: o.Stdin, tempDir: o.TempDir, chunkRows: o.ChunkRows,
	}
}

// Progress is told how many of the bytes of all files are read.
type Progress interface{ Set(done, total int64) }

// FileReport is what became of one file.
type FileReport struct {
	File   string `json:"file"`
	Format Format `json:"format"`
	Counts
	// Error says why the file could not be read (further); what was read before counts.
	Error string `json:"error,omitempty"`
}

// Report is what became of all files.
type Report struct {
	Files   []FileReport `json:"files"`
	Total   Counts       `json:"total"`
	Skipped []Skipped    `json:"skipped,omitempty"`
}

// Ingest stores the usage files of a tenant. A file that cannot be read is told of in its
// report and does not stop the others; the error is for what stops the whole: a path
// that is not there, the store, the end of ctx.
func (g *Ingester) Ingest(ctx context.Context, tenantID, actor string, paths []string, progress Progress) (Report, error) {
	files, skipped, err := expand(paths, g.stdin, g.tempDir)
	if err != nil {
		return Report{}, err
	}
	defer func() {
		for _, f := range files {
			if f.temp {
				_ = os.Remove(f.path)
			}
		}
	}()
	report := Report{Files: []FileReport{}, Skipped: skipped}
	meter := &meter{progress: progress}
	for _, f := range files {
		meter.total += f.size
	}
	for _, f := range files {
		one, err := g.file(ctx, tenantID, actor, f, meter)
		if err != nil {
			return report, err
		}
		report.Files = append(report.Files, one)
		report.Total.add(one.Counts)
		g.logger.Debug("file read", "tenant", tenantID, "file", f.name, "read", one.Read, "accepted", one.Accepted,
			"duplicate", one.Duplicate, "ignored", one.Ignored, "rejected", one.Rejected)
	}
	return report, report.Total.check()
}

func (g *Ingester) file(ctx context.Context, tenantID, actor string, f file, meter *meter) (FileReport, error) {
	hash, err := f.contentHash()
	if err != nil {
		return FileReport{}, err
	}
	resume, readBefore, err := g.begin(ctx, tenantID, f.base(), hash)
	if err != nil {
		return FileReport{}, err
	}
	b := &batch{
		g: g, id: resume, tenantID: tenantID, file: f.base(), source: "file", sourceAt: f.modified(g.now), readBefore: readBefore,
	}
	entry := Entry{
		BatchID: b.id, TenantID: tenantID, Source: b.source, File: f.base(), ContentHash: string(hash),
		State: stateStarted, Actor: actor,
	}
	if resume == uuid.Nil {
		b.id = g.newID()
		entry.BatchID = b.id
		if err := g.record(ctx, entry); err != nil {
			return FileReport{}, err
		}
	}
	report := FileReport{File: f.name, Format: FormatUnknown}
	unreadable := g.parts(ctx, b, f, &report, meter)
	if err := stops(ctx, unreadable); err != nil {
		return FileReport{}, err
	}
	report.Counts, entry.Counts, entry.Format, entry.State = b.counts, b.counts, string(report.Format), stateFinished
	if unreadable != nil {
		report.Error, entry.Detail, entry.State = unreadable.Error(), unreadable.Error(), stateFailed
	}
	if err := b.counts.check(); err != nil {
		return FileReport{}, fmt.Errorf("%s: %w", f.name, err)
	}
	return report, g.record(ctx, entry)
}

// unreadable marks an error of the file itself, not of the store.
type unreadable struct{ error }

func (u unreadable) Unwrap() error { return u.error }

// stops gives the errors that end the whole run.
func stops(ctx context.Context, err error) error {
	var file unreadable
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &file):
		return nil
	default:
		return err
	}
}

// parts reads every stream of a file. A ZIP whose member is broken gives what can be read.
func (g *Ingester) parts(ctx context.Context, b *batch, f file, report *FileReport, meter *meter) error {
	parts, zipped, passed, err := f.parts()
	if err != nil {
		return unreadable{err}
	}
	for _, name := range passed {
		g.logger.Info("ZIP member passed over", "file", f.name, "member", name)
	}
	if zipped {
		report.Format = FormatZIP
		if len(parts) == 0 {
			return unreadable{fmt.Errorf("%s: the ZIP holds no CSV", f.name)}
		}
	}
	for _, p := range parts {
		format, err := g.part(ctx, b, p, meter)
		if !zipped {
			report.Format = format
		}
		var broken unreadable
		if zipped && errors.As(err, &broken) {
			err = b.rejectMember(ctx, p, broken)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// meter adds up the bytes read over all files.
type meter struct {
	progress Progress
	done     int64
	total    int64
}

func (m *meter) add(n int) {
	if m.progress != nil {
		m.done += int64(n)
		m.progress.Set(min(m.done, m.total), m.total)
	}
}
