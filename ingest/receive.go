package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// Received is usage that came over the wire: the body of one answer or request.
type Received struct {
	TenantID string
	Source   string // kind of the source, as the ledger names it: graph, push
	// Name tells this receipt from every other one. The same name and body again is the
	// same receipt tried again: nothing is stored twice. The same body under another name
	// is the source saying so anew, which can be a correction back.
	Name  string
	At    time.Time // UTC; when the source gave it
	Actor string
	Body  []byte
	// Verdict is told what became of each row, once the row is stored; may be nil.
	Verdict func(RowVerdict)
}

// RowVerdict is what became of one row.
type RowVerdict struct {
	// Row is the row's place in the body: its index in an array from 1, its line otherwise.
	Row     uint64
	UsageID string // as far as it could be read
	Outcome string // accepted, corrected, duplicate, ignored, rejected
	Reason  Reason // of a rejection
	Detail  string
}

// Receive stores what came over the wire just as if it had been a file. When it returns
// without an error the records are in the store; a body that cannot be read (to its end)
// is told of in the report's Error.
func (g *Ingester) Receive(ctx context.Context, in Received) (FileReport, error) {
	f, err := g.spool(in.Name, bytes.NewReader(in.Body))
	if err != nil {
		return FileReport{}, err
	}
	defer discard([]file{f})
	sum := sha256.New()
	sum.Write([]byte(in.Name))
	sum.Write([]byte{0})
	sum.Write(in.Body)
	f.hash, f.modified = string(sum.Sum(nil)), in.At.UTC()
	release, err := g.locks.acquire(ctx, in.TenantID)
	if err != nil {
		return FileReport{}, err
	}
	defer release()
	run, end, err := g.beginRun(ctx, in.TenantID, in.Actor, []file{f})
	if err != nil {
		return FileReport{}, err
	}
	readings, err := g.place(ctx, run, in.TenantID, in.Actor, []file{f})
	if err != nil {
		return FileReport{}, err
	}
	r := readings[0]
	r.batch.source, r.entry.Source, r.batch.told = in.Source, in.Source, in.Verdict
	if err := g.readings(ctx, run, in.TenantID, readings, &meter{}); err != nil {
		return FileReport{}, err
	}
	if !r.done {
		return FileReport{}, errors.New("what was received was not read to its end")
	}
	return r.report, errors.Join(end(), r.report.check())
}
