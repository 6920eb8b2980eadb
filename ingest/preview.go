package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"fairdial/usage"
)

// Preview is what a file would bring, with nothing stored.
type Preview struct {
	Format Format
	Rows   []PreviewRow // the first ones
	Read   uint64
	Good   uint64
	Bad    map[Reason]uint64
}

// PreviewRow is one row as it would be taken.
type PreviewRow struct {
	Position uint64
	Record   usage.Record
	Reason   Reason // why it would be rejected
	Detail   string
}

// Preview reads a file as Ingest would and shows its first rows.
func (g *Ingester) Preview(ctx context.Context, path string, first int) (Preview, error) {
	out := Preview{Bad: map[Reason]uint64{}}
	files, _, err := g.expand([]string{path})
	if err != nil {
		return out, err
	}
	defer discard(files)
	for _, f := range files {
		if err := g.preview(ctx, f, first, &out); err != nil {
			return out, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return out, nil
}

func (g *Ingester) preview(ctx context.Context, f file, first int, out *Preview) error {
	c, err := f.open(&meter{})
	if err != nil {
		return err
	}
	defer c.Close()
	for _, part := range c.parts {
		stream, err := part.open()
		if err != nil {
			return err
		}
		err = g.previewRows(ctx, stream, part.size, first, out)
		_ = stream.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *Ingester) previewRows(ctx context.Context, stream io.Reader, size int64, first int, out *Preview) error {
	in, format, _, err := openRows(stream, size, g.mapping)
	if err != nil {
		return err
	}
	out.Format = format
	for {
		r, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		record, reason, detail := r.record("")
		out.Read++
		if reason == "" {
			out.Good++
		} else {
			out.Bad[reason]++
		}
		if len(out.Rows) < first {
			out.Rows = append(out.Rows, PreviewRow{r.position, record, reason, detail})
		}
	}
}
