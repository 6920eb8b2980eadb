// Package ingest takes usage files to the store: every record once, every broken row to
// the quarantine, every file's counts to the ledger. README.md states the rules.
package ingest

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"fairdial/store/journal"
)

// Conn is what ingest needs of the store.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
	PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error)
	Exec(ctx context.Context, query string, args ...any) error
}

// Options are what an Ingester needs; all are required but the last three.
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
	// LockDir keeps processes from ingesting for one tenant at once: they would both find
	// a record new. It is the same for all processes on a store; "" locks in this process only.
	LockDir string
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
	locks      *locks
	mapping    *Mapping
}

// With is an Ingester on the same store that reads a foreign layout.
func (g *Ingester) With(m *Mapping) *Ingester {
	other := *g
	other.mapping = m
	return &other
}

// New makes an Ingester.
func New(o Options) *Ingester {
	if o.ChunkRows == 0 {
		o.ChunkRows = 50_000
	}
	return &Ingester{
		conn: o.Conn, journal: o.Journal, classifier: o.Classifier, now: o.Now, newID: o.NewID,
		logger: o.Logger, stdin: o.Stdin, tempDir: o.TempDir, chunkRows: o.ChunkRows,
		locks: newLocks(o.LockDir, o.Logger),
	}
}

// Progress is told how many of the bytes of all files are read.
type Progress interface{ Set(done, total int64) }

// FileReport is what became of one file.
type FileReport struct {
	File   string `json:"file"`
	Format Format `json:"format"`
	Counts
	// Broken are the members of a ZIP that could not be read (to their end), and why. Each is
	// a row of the quarantine too, however many rows it held.
	Broken []Skipped `json:"broken,omitempty"`
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
	files, skipped, err := g.expand(paths)
	if err != nil {
		return Report{}, err
	}
	defer discard(files)
	if err := hashAll(ctx, files); err != nil {
		return Report{}, err
	}
	release, err := g.locks.acquire(ctx, tenantID)
	if err != nil {
		return Report{}, err
	}
	defer release()
	run, end, err := g.beginRun(ctx, tenantID, actor, files)
	if err != nil {
		return Report{}, err
	}
	meter := &meter{progress: progress}
	for _, f := range files {
		meter.total += f.size
	}
	readings, err := g.place(ctx, run, tenantID, actor, files)
	if err != nil {
		return Report{}, err
	}
	err = g.readings(ctx, run, tenantID, readings, meter)
	report := Report{Files: []FileReport{}, Skipped: skipped}
	for _, r := range readings {
		if r.done {
			report.Files = append(report.Files, r.report)
			report.Skipped = append(report.Skipped, r.skipped...)
			report.Total.add(r.report.Counts)
		}
	}
	if err == nil {
		err = end()
	}
	if err != nil {
		return report, err
	}
	return report, report.Total.check()
}

// place gives every file of a run its batch: the one in which it was begun, or a new one.
func (g *Ingester) place(ctx context.Context, run *run, tenantID, actor string, files []file) ([]*reading, error) {
	batches, err := g.batchesOf(ctx, tenantID, files)
	if err != nil {
		return nil, err
	}
	out := make([]*reading, len(files))
	for i, f := range files {
		r := &reading{
			file: f, report: FileReport{File: f.name, Format: FormatUnknown},
			batch: &batch{
				id: g.newID(), tenantID: tenantID, file: f.base(), source: "file", sourceAt: f.modified, place: i, run: run,
				readBefore: slices.ContainsFunc(batches[f.hash], func(c contentBatch) bool { return c.State == stateFinished }),
			},
		}
		done, resume := run.take(f, batches[f.hash])
		switch {
		case done != nil:
			r.done, r.batch.id = true, done.BatchID
			r.report.Format, r.report.Counts, r.report.Error = Format(done.Format), done.counts(), done.Detail
		case resume != nil:
			r.resumed, r.batch.id = true, resume.BatchID
		}
		run.places[r.batch.id] = i
		r.entry = Entry{
			BatchID: r.batch.id, TenantID: tenantID, Source: r.batch.source, File: r.batch.file, ContentHash: f.hash, Actor: actor,
			State: stateStarted,
		}
		out[i] = r
	}
	return out, nil
}

// meter adds up the bytes read over all files.
type meter struct {
	progress Progress
	done     int64
	total    int64
	paused   bool
}

// pause leaves out what is read now: it will be read again.
func (m *meter) pause(on bool) { m.paused = on }

func (m *meter) add(n int) {
	if m.progress != nil && !m.paused {
		m.done += int64(n)
		m.progress.Set(min(m.done, m.total), m.total)
	}
}
