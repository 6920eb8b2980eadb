package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"
)

// reading is a file of a run on its way to the store. Its report is whole when its last
// chunk is stored.
type reading struct {
	file    file
	batch   *batch
	entry   Entry
	report  FileReport
	skipped []Skipped
	resumed bool // begun by a run that was cut short
	done    bool // to its end, stored and in the ledger
}

// end gives the line that ends the file in the ledger.
func (r *reading) end() Entry {
	r.done = true
	r.report.Counts, r.entry.Counts = r.batch.counts, r.batch.counts
	return r.entry
}

// readings takes files to the store: one goroutine parses while the other looks up and
// stores, so that both cores have work; two chunks are in memory and used by turns.
func (g *Ingester) readings(ctx context.Context, run *run, tenantID string, files []*reading, meter *meter) error {
	full, empty := make(chan *chunk), make(chan *chunk, 2)
	empty <- &chunk{}
	empty <- &chunk{}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		defer close(full)
		p := &parser{run: run, rows: g.chunkRows, meter: meter, full: full, empty: empty, whole: map[string]bool{}, mapping: g.mapping}
		return p.parse(ctx, files)
	})
	work.Go(func() error {
		for c := range full {
			if err := g.keep(ctx, tenantID, c); err != nil {
				return err
			}
			for _, r := range c.ended {
				for _, m := range r.report.Broken {
					g.logger.Warn("a member of a ZIP could not be read to its end; export it again", "tenant", tenantID, "member", m.File, "reason", m.Reason)
				}
				g.logger.Debug("file read", "tenant", tenantID, "file", r.file.name, "read", r.report.Read, "accepted", r.report.Accepted,
					"duplicate", r.report.Duplicate, "ignored", r.report.Ignored, "rejected", r.report.Rejected)
			}
			empty <- c
		}
		return nil
	})
	return work.Wait()
}

// parser fills chunks with what stands in the files of a run.
type parser struct {
	run   *run
	rows  int // of a chunk
	meter *meter
	full  chan<- *chunk
	empty <-chan *chunk
	chunk *chunk
	whole map[string]bool // contents that this run has read to their end
	// mapping is of foreign layouts; nil for those that Fairdial knows.
	mapping *Mapping
}

func (p *parser) parse(ctx context.Context, files []*reading) error {
	if err := p.take(ctx); err != nil {
		return err
	}
	for _, r := range files {
		if r.done {
			p.meter.add(int(r.file.size))
			continue
		}
		if err := p.read(ctx, r); err != nil {
			return err
		}
	}
	return p.give(ctx)
}

// take gets an empty chunk.
func (p *parser) take(ctx context.Context) error {
	select {
	case p.chunk = <-p.empty:
		p.chunk.clear()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// give passes the chunk on.
func (p *parser) give(ctx context.Context) error {
	select {
	case p.full <- p.chunk:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// room makes sure that a row fits into the chunk.
func (p *parser) room(ctx context.Context) error {
	if len(p.chunk.good)+len(p.chunk.bad) < p.rows {
		return nil
	}
	if err := p.give(ctx); err != nil {
		return err
	}
	return p.take(ctx)
}

// read reads a file to its end, or as far as it can be read.
func (p *parser) read(ctx context.Context, r *reading) error {
	r.batch.readBefore = r.batch.readBefore || p.whole[r.file.hash]
	if !r.resumed {
		p.chunk.begun = append(p.chunk.begun, r.entry)
	}
	broken := p.parts(ctx, r)
	if broken == nil && !r.file.unchanged() {
		broken = unreadable{fmt.Errorf("%s: changed while it was read; ingest it again when it is whole", r.file.name)}
	}
	if err := stops(ctx, broken); err != nil {
		return err
	}
	r.entry.Format, r.entry.State = string(r.report.Format), stateFinished
	if broken != nil {
		r.report.Error, r.entry.Detail, r.entry.State = broken.Error(), broken.Error(), stateFailed
	} else {
		p.whole[r.file.hash] = true
	}
	p.chunk.ended = append(p.chunk.ended, r)
	return nil
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
func (p *parser) parts(ctx context.Context, r *reading) error {
	c, err := r.file.open(p.meter)
	if err != nil {
		return unreadable{err}
	}
	defer c.Close()
	if !c.zipped {
		r.report.Format, err = p.part(ctx, r.batch, c.parts[0])
		return err
	}
	r.report.Format = FormatZIP
	pass := func(member, reason string) {
		r.skipped = append(r.skipped, Skipped{r.file.name + ": " + member, reason})
	}
	for _, name := range c.passed {
		pass(name, passOver(path.Base(name)))
	}
	read := 0
	for _, member := range c.parts {
		_, err := p.part(ctx, r.batch, member)
		var broken unreadable
		switch {
		case errors.Is(err, ErrFormat):
			pass(member.member, strings.TrimPrefix(err.Error(), r.batch.name(member)+": "))
			continue
		case errors.As(err, &broken):
			err = p.rejectMember(ctx, r, member, broken)
		}
		if err != nil {
			return err
		}
		read++
	}
	if read == 0 {
		return unreadable{fmt.Errorf("%s: the ZIP holds no usage file among its %d members", r.file.name, len(c.parts)+len(c.passed))}
	}
	return nil
}

// rejectMember keeps that a member of a ZIP could not be read (to its end).
func (p *parser) rejectMember(ctx context.Context, r *reading, member part, broken error) error {
	b := r.batch
	if err := p.room(ctx); err != nil {
		return err
	}
	r.report.Broken = append(r.report.Broken, Skipped{r.file.name + ": " + member.member, strings.TrimPrefix(broken.Error(), b.name(member)+": ")})
	p.chunk.bad = append(p.chunk.bad, rejection{
		batch: b, row: row{raw: broken.Error()}, member: member.member, format: FormatZIP, reason: ReasonBrokenMember, detail: broken.Error(),
	})
	return nil
}

// part reads one stream. An unreadable one is told of by its error; what was read of it
// before counts.
func (p *parser) part(ctx context.Context, b *batch, in part) (Format, error) {
	if in.verify != nil {
		if err := in.verify(); err != nil {
			return FormatUnknown, unreadable{fmt.Errorf("%s: damaged, and nothing of it is stored: %w; export it again", b.name(in), err)}
		}
	}
	stream, err := in.open()
	if err != nil {
		return FormatUnknown, unreadable{fmt.Errorf("%s: %w", b.name(in), err)}
	}
	defer stream.Close()
	rows, format, header, err := openRows(stream, in.size, p.mapping)
	if err != nil {
		return format, unreadable{fmt.Errorf("%s: %w", b.name(in), err)}
	}
	for {
		if err := p.room(ctx); err != nil {
			return format, err
		}
		r, err := rows.next()
		if errors.Is(err, io.EOF) {
			return format, nil
		}
		if err != nil {
			return format, unreadable{fmt.Errorf("%s: broken off: %w", b.name(in), err)}
		}
		p.add(b, in, &r, format, header)
	}
}

// memberBits is how far up in a position the index of the ZIP member stands.
const memberBits = 40

func (p *parser) add(b *batch, from part, r *row, format Format, header string) {
	record, reason, detail := r.record(b.tenantID)
	if reason != "" {
		p.chunk.bad = append(p.chunk.bad, rejection{
			batch: b, row: *r, member: from.member, format: format, header: header, usageID: record.ID, reason: reason, detail: detail,
		})
		return
	}
	p.chunk.good = append(p.chunk.good, incoming{batch: b, record: record, position: from.index<<memberBits | r.position, format: string(format)})
	in := &p.chunk.good[len(p.chunk.good)-1]
	in.content, in.core = contentHashes(&in.record)
}
