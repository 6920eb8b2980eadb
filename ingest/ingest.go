// Package ingest takes usage files to the store: every record once, every broken row to
// the quarantine, every file's counts to the ledger. README.md states the rules.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path"
	"slices"
	"strings"
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
	report := Report{Files: []FileReport{}, Skipped: skipped}
	meter := &meter{progress: progress}
	for _, f := range files {
		meter.total += f.size
	}
	for _, f := range files {
		one, err := g.file(ctx, run, tenantID, actor, f, meter)
		if err != nil {
			return report, err
		}
		report.Files = append(report.Files, one.FileReport)
		report.Skipped = append(report.Skipped, one.skipped...)
		report.Total.add(one.Counts)
		g.logger.Debug("file read", "tenant", tenantID, "file", f.name, "read", one.Read, "accepted", one.Accepted,
			"duplicate", one.Duplicate, "ignored", one.Ignored, "rejected", one.Rejected)
	}
	if err := end(); err != nil {
		return report, err
	}
	return report, report.Total.check()
}

// outcome is what became of a file, and the members of a ZIP that were passed over.
type outcome struct {
	FileReport
	skipped []Skipped
}

func (g *Ingester) file(ctx context.Context, run *run, tenantID, actor string, f file, meter *meter) (outcome, error) {
	batches, err := g.batchesOf(ctx, tenantID, f)
	if err != nil {
		return outcome{}, err
	}
	done, resume := run.take(f, batches)
	if done != nil {
		meter.add(int(f.size))
		return outcome{FileReport: FileReport{File: f.name, Format: Format(done.Format), Counts: done.counts(), Error: done.Detail}}, nil
	}
	b := &batch{
		g: g, id: g.newID(), tenantID: tenantID, file: f.base(), source: "file", sourceAt: f.modified,
		readBefore: slices.ContainsFunc(batches, func(c contentBatch) bool { return c.State == stateFinished }),
	}
	if resume != nil {
		b.id = resume.BatchID
	}
	run.used[b.id] = true
	entry := Entry{
		BatchID: b.id, TenantID: tenantID, Source: b.source, File: f.base(), ContentHash: f.hash,
		State: stateStarted, Actor: actor,
	}
	if resume == nil {
		if err := g.record(ctx, entry); err != nil {
			return outcome{}, err
		}
	}
	out := outcome{FileReport: FileReport{File: f.name, Format: FormatUnknown}}
	broken := g.parts(ctx, b, f, &out, meter)
	if broken == nil && !f.unchanged() {
		broken = unreadable{fmt.Errorf("%s: changed while it was read; ingest it again when it is whole", f.name)}
	}
	if err := stops(ctx, broken); err != nil {
		return outcome{}, err
	}
	out.Counts, entry.Counts, entry.Format, entry.State = b.counts, b.counts, string(out.Format), stateFinished
	if broken != nil {
		out.Error, entry.Detail, entry.State = broken.Error(), broken.Error(), stateFailed
	}
	if err := b.counts.check(); err != nil {
		return outcome{}, fmt.Errorf("%s: %w", f.name, err)
	}
	return out, g.record(ctx, entry)
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

// parts reads every stream of a file. Of a ZIP with a broken member it reads the others.
func (g *Ingester) parts(ctx context.Context, b *batch, f file, out *outcome, meter *meter) error {
	c, err := f.open(meter)
	if err != nil {
		return unreadable{err}
	}
	defer c.Close()
	if !c.zipped {
		out.Format, err = g.part(ctx, b, c.parts[0])
		return err
	}
	out.Format = FormatZIP
	pass := func(member, reason string) {
		out.skipped = append(out.skipped, Skipped{f.name + ": " + member, reason})
	}
	for _, name := range c.passed {
		pass(name, passOver(path.Base(name)))
	}
	read := 0
	for _, p := range c.parts {
		_, err := g.part(ctx, b, p)
		var broken unreadable
		switch {
		case errors.Is(err, ErrFormat):
			pass(p.member, strings.TrimPrefix(err.Error(), b.name(p)+": "))
			continue
		case errors.As(err, &broken):
			err = b.rejectMember(ctx, p, broken)
		}
		if err != nil {
			return err
		}
		read++
	}
	if read == 0 {
		return unreadable{fmt.Errorf("%s: the ZIP holds no usage file among its %d members", f.name, len(c.parts)+len(c.passed))}
	}
	return nil
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
