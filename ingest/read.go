package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// chunk is rows that are looked up and stored together.
type chunk struct {
	good []incoming
	bad  []rejection
}

// part reads one stream: one goroutine parses while the other looks up and stores, so
// that both cores have work; at most two chunks are in memory.
func (g *Ingester) part(ctx context.Context, b *batch, p part, meter *meter) (Format, error) {
	stream, err := p.open()
	if err != nil {
		return FormatUnknown, unreadable{fmt.Errorf("%s: %w", b.name(p), err)}
	}
	defer stream.Close()
	rows, format, header, err := openRows(&countingReader{stream, meter})
	if err != nil {
		return format, unreadable{fmt.Errorf("%s: %w", b.name(p), err)}
	}
	chunks := make(chan chunk)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		defer close(chunks)
		return b.parse(ctx, p, rows, format, header, chunks)
	})
	work.Go(func() error {
		for c := range chunks {
			if err := b.reject(ctx, c.bad); err != nil {
				return err
			}
			if err := b.write(ctx, c.good); err != nil {
				return err
			}
		}
		return nil
	})
	return format, work.Wait()
}

// memberBits is how far up in a position the index of the ZIP member stands.
const memberBits = 40

func (b *batch) parse(ctx context.Context, p part, rows rows, format Format, header string, chunks chan<- chunk) error {
	var c chunk
	send := func() error {
		select {
		case chunks <- c:
			c = chunk{}
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for {
		r, err := rows.next()
		if errors.Is(err, io.EOF) {
			return send()
		}
		if err != nil {
			// What was read before still counts.
			return errors.Join(unreadable{fmt.Errorf("%s: broken off: %w", b.name(p), err)}, send())
		}
		record, reason, detail := r.record(b.tenantID)
		if reason != "" {
			c.bad = append(c.bad, rejection{
				row: r, member: p.member, format: format, header: header, usageID: record.ID, reason: reason, detail: detail,
			})
		} else {
			in := incoming{record: record, position: p.index<<memberBits | r.position, format: string(format)}
			in.content, in.core = contentHashes(&in.record)
			c.good = append(c.good, in)
		}
		if len(c.good)+len(c.bad) >= b.g.chunkRows {
			if err := send(); err != nil {
				return err
			}
		}
	}
}

// name is how messages call a stream.
func (b *batch) name(p part) string {
	if p.member == "" {
		return b.file
	}
	return b.file + ": " + p.member
}

// modified is when the source last touched the file.
func (f file) modified(now func() time.Time) time.Time {
	if info, err := os.Stat(f.path); err == nil && !f.temp {
		return info.ModTime().UTC()
	}
	return now().UTC()
}

type countingReader struct {
	io.Reader
	meter *meter
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.meter.add(n)
	return n, err
}
