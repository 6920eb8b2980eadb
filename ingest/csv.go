package ingest

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// longestRecord is how many physical lines one quoted record may span. A quote that is
// still open after that was never meant to be one.
const longestRecord = 20

// csvReader reads the admin center's CSV (RFC 4180). encoding/csv is not used because
// one stray quote would make it swallow the rest of the file: here such a row goes to
// the quarantine by itself and reading goes on with the line after it.
type csvReader struct {
	lines  *lines
	header header
	comma  byte // what separates cells
}

func newCSVReader(r io.Reader) (*csvReader, error) {
	c := &csvReader{lines: newLines(r), comma: ','}
	for {
		first, err := c.lines.next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty: it has not even a header")
		}
		if err != nil {
			return nil, err
		}
		text := strings.TrimPrefix(first.text, "\ufeff")
		if strings.TrimSpace(text) == "" {
			continue
		}
		if strings.Contains(text, "\r") {
			return nil, errors.New("its lines end in CR alone, as old Macs wrote them; save it with LF or CRLF")
		}
		cells, open, bad := splitCells(text)
		if open || bad {
			return nil, fmt.Errorf("the header's quotes do not pair: %s", shorten(text, 300))
		}
		c.header, err = parseHeader(cells, text)
		return c, err
	}
}

// next is the next row, io.EOF after the last.
func (c *csvReader) next() (row, error) {
	for {
		first, err := c.lines.next()
		if err != nil {
			return row{}, err
		}
		if strings.TrimSpace(first.text) == "" && !first.oversize {
			continue
		}
		return c.row(first)
	}
}

func (c *csvReader) row(first line) (row, error) {
	out := row{position: first.number, raw: first.text}
	if first.oversize {
		out.trouble, out.detail = ReasonOversized, fmt.Sprintf("the line is longer than %d bytes; its beginning is kept", longestRow)
		return out, nil
	}
	cells, open, bad := splitCellsBy(first.text, c.comma)
	if open && !bad {
		more, whole, err := c.join(first)
		if err != nil {
			return row{}, err
		}
		if more != nil {
			cells, open, out.raw = more, false, whole
		}
	}
	switch {
	case open || bad:
		out.trouble, out.detail = ReasonBadQuoting, "the row's quotes do not pair"
	case len(cells) < len(c.header.columns):
		out.trouble, out.detail = ReasonTruncated, fmt.Sprintf("%d of %d columns", len(cells), len(c.header.columns))
	case len(cells) > len(c.header.columns):
		out.trouble, out.detail = ReasonExtraColumns, fmt.Sprintf("%d columns where the header has %d", len(cells), len(c.header.columns))
	}
	for i, cell := range cells {
		if i < len(c.header.columns) && c.header.columns[i] >= 0 {
			out.cells[c.header.columns[i]] = cell
		}
	}
	return out, nil
}

// join reads on while a quote is open. Unless that ends in a record of the right width,
// it gives the lines back and no cells: the quote was a mistake of the first line alone.
func (c *csvReader) join(first line) (cells []string, whole string, err error) {
	text := first.text
	var taken []line
	for range longestRecord {
		next, err := c.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		taken = append(taken, next)
		if next.oversize || len(text)+len(next.text) > longestRow {
			break
		}
		text += "\n" + next.text
		cells, open, bad := splitCellsBy(text, c.comma)
		if bad {
			break
		}
		if !open {
			if len(cells) == len(c.header.columns) {
				return cells, text, nil
			}
			break
		}
	}
	c.lines.giveBack(taken...)
	return nil, "", nil
}

// splitCells splits a record at its commas.
func splitCells(text string) (cells []string, open, bad bool) { return splitCellsBy(text, ',') }

// splitCellsBy splits a record. open: it ends inside quotes. bad: something other than a
// comma follows a closing quote.
func splitCellsBy(text string, comma byte) (cells []string, open, bad bool) {
	cells = make([]string, 0, 26)
	for {
		if !strings.HasPrefix(text, `"`) {
			i := strings.IndexByte(text, comma)
			if i < 0 {
				return append(cells, text), false, false
			}
			cells = append(cells, text[:i])
			text = text[i+1:]
			continue
		}
		var cell strings.Builder
		text = text[1:]
		for {
			i := strings.IndexByte(text, '"')
			if i < 0 {
				return append(cells, cell.String()+text), true, false
			}
			cell.WriteString(text[:i])
			text = text[i+1:]
			if !strings.HasPrefix(text, `"`) {
				break
			}
			cell.WriteByte('"')
			text = text[1:]
		}
		cells = append(cells, cell.String())
		switch {
		case text == "":
			return cells, false, false
		case text[0] != comma:
			return cells, false, true
		}
		text = text[1:]
	}
}
