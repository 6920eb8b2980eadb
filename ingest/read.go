package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"
)

// chunk is rows that are looked up and stored together.
type chunk struct {
	good []incoming
	bad  []rejection
}

// part reads one stream: one goroutine parses while the other looks up and stores, so
// that both cores have work; two chunks are in memory and used by turns.
func (g *Ingester) part(ctx context.Context, b *batch, p part) (Format, error) {
	if p.verify != nil {
		if err := p.verify(); err != nil {
			return FormatUnknown, unreadable{fmt.Errorf("%s: damaged, and nothing of it is stored: %w; export it again", b.name(p), err)}
		}
	}
	stream, err := p.open()
	if err != nil {
		return FormatUnknown, unreadable{fmt.Errorf("%s: %w", b.name(p), err)}
	}
	defer stream.Close()
	rows, format, header, err := openRows(stream, p.size)
	if err != nil {
		return format, unreadable{fmt.Errorf("%s: %w", b.name(p), err)}
	}
	full, empty := make(chan *chunk), make(chan *chunk, 2)
	empty <- &chunk{}
	empty <- &chunk{}
	var broken error // of the stream; what was read before counts
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() (err error) {
		defer close(full)
		broken, err = b.parse(ctx, p, rows, format, header, full, empty)
		return err
	})
	work.Go(func() error {
		for c := range full {
			if err := b.reject(ctx, c.bad); err != nil {
				return err
			}
			if err := b.write(ctx, c.good); err != nil {
				return err
			}
			empty <- c
		}
		return nil
	})
	if err := work.Wait(); err != nil {
		return format, err
	}
	return format, broken
}

// memberBits is how far up in a position the index of the ZIP member stands.
const memberBits = 40

// parse fills chunks. broken is an error of the stream, err what ends the work.
func (b *batch) parse(ctx context.Context, p part, rows rows, format Format, header string, full chan<- *chunk, empty <-chan *chunk) (broken, err error) {
	for {
		var c *chunk
		select {
		case c = <-empty:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		c.good, c.bad = c.good[:0], c.bad[:0]
		for broken == nil && len(c.good)+len(c.bad) < b.g.chunkRows {
			var r row
			if r, broken = rows.next(); broken == nil {
				b.add(c, p, &r, format, header)
			}
		}
		select {
		case full <- c:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if errors.Is(broken, io.EOF) {
			return nil, nil
		}
		if broken != nil {
			return unreadable{fmt.Errorf("%s: broken off: %w", b.name(p), broken)}, nil
		}
	}
}

func (b *batch) add(c *chunk, p part, r *row, format Format, header string) {
	record, reason, detail := r.record(b.tenantID)
	if reason != "" {
		c.bad = append(c.bad, rejection{
			row: *r, member: p.member, format: format, header: header, usageID: record.ID, reason: reason, detail: detail,
		})
		return
	}
	c.good = append(c.good, incoming{record: record, position: p.index<<memberBits | r.position, format: string(format)})
	in := &c.good[len(c.good)-1]
	in.content, in.core = contentHashes(&in.record)
}

// name is how messages call a stream.
func (b *batch) name(p part) string {
	if p.member == "" {
		return b.file
	}
	return b.file + ": " + p.member
}
