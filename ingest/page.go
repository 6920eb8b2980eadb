package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// pageReader reads the elements of Graph pages: {"value":[…]}, a bare array, several of
// these one after the other, or bare objects. It cuts the elements out by their braces
// and parses each by itself, so that a broken one does not take the others with it.
type pageReader struct {
	r        io.Reader
	room     []byte // what buf is a part of
	buf      []byte // what is read and not used yet
	err      error  // of r
	index    uint64 // of the element read last, counted over all pages of the file
	inside   bool   // between the brackets of an array
	bare     bool   // objects without an array around them
	lost     bool   // the place in the page is lost: the next record is to be found
	finished bool
}

func newPageReader(r io.Reader) *pageReader { return &pageReader{r: r} }

// newBareReader reads objects that follow one another, each over many lines.
func newBareReader(r io.Reader) *pageReader { return &pageReader{r: r, bare: true, inside: true} }

// pageBuffer is how much is read at once.
const pageBuffer = 256 << 10

// more reads more behind what is in the buffer; false at the end of the file.
func (p *pageReader) more() bool {
	if cap(p.buf)-len(p.buf) < pageBuffer/4 {
		if cap(p.room) < 2*len(p.buf)+pageBuffer {
			p.room = make([]byte, 0, 2*len(p.buf)+pageBuffer)
		}
		p.buf = append(p.room[:0], p.buf...)
	}
	for p.err == nil {
		var n int
		n, p.err = p.r.Read(p.buf[len(p.buf):cap(p.buf)])
		p.buf = p.buf[:len(p.buf)+n]
		if n > 0 {
			return true
		}
	}
	return false
}

// peek is the next byte, false at the end of the file.
func (p *pageReader) peek() (byte, bool) {
	if len(p.buf) == 0 && !p.more() {
		return 0, false
	}
	return p.buf[0], true
}

// take gives the next n bytes away.
func (p *pageReader) take(n int) string {
	text := string(p.buf[:n])
	p.buf = p.buf[n:]
	return text
}

func (p *pageReader) next() (row, error) {
	for !p.finished {
		if p.lost {
			p.find()
			continue
		}
		if !p.inside && !p.findArray() {
			break
		}
		b, there := p.peek()
		switch {
		case !there:
			p.finished = true
			if err := p.failed(); err != nil {
				return row{}, err
			}
			if !p.bare {
				// The array never ends, though the last element does: the page was cut off here.
				return p.torn("", "the page ends before its array does"), nil
			}
		case b == ',' || isSpace(b):
			p.buf = p.buf[1:]
		case b == ']' && !p.bare:
			p.buf = p.buf[1:]
			p.inside = false
		default:
			return p.element(b)
		}
	}
	p.finished = true
	return row{}, p.over()
}

// failed is the error of the file, if its end is none.
func (p *pageReader) failed() error {
	if errors.Is(p.err, io.EOF) {
		return nil
	}
	return p.err
}

// over is the error with which the rows end.
func (p *pageReader) over() error {
	if err := p.failed(); err != nil {
		return err
	}
	return io.EOF
}

func (p *pageReader) torn(raw, detail string) row {
	p.index++
	return row{position: p.index, raw: raw, trouble: ReasonTruncated, detail: detail}
}

// element reads one element, whose first byte is given.
func (p *pageReader) element(first byte) (row, error) {
	if first != '{' && first != '[' {
		return p.junk()
	}
	var open []byte // the braces and brackets that are open
	quoted, escaped := false, false
	last := byte(0) // the byte before that is no white space
	for i := 0; ; i++ {
		if i >= len(p.buf) && !p.more() {
			if err := p.failed(); err != nil {
				return row{}, err
			}
			p.finished = true
			return p.torn(p.take(len(p.buf)), "the page ends in the middle of this record"), nil
		}
		if i >= longestRow {
			out := p.torn(p.take(i), fmt.Sprintf("the record is longer than %d bytes; its beginning is kept", longestRow))
			out.trouble, p.lost = ReasonOversized, true
			return out, nil
		}
		b := p.buf[i]
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case quoted && b == '"':
			// What looks like a text that ends in }, { is a text that was torn: the quote is
			// the first one of the next record.
			if last == '{' {
				if start, found := opensRecord(p.buf[:i]); found {
					return p.cut(start), nil
				}
			}
			quoted = false
		case quoted && b == '\n':
			quoted, last = false, 0 // no text holds a line break: this one was torn
		case quoted:
		case b == '"':
			quoted = true
		case b == '{' && len(open) == 1 && first == '{' && last != ':':
			return p.cut(i), nil // only a value may open inside a record
		case b == '{' || b == '[':
			open = append(open, b)
		case b == '}' && open[len(open)-1] == '{', b == ']' && open[len(open)-1] == '[':
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			p.index++
			return jsonRow(p.index, p.take(i+1)), nil
		}
		if !isSpace(b) {
			last = b
		}
	}
}

// cut gives what stands before the record that opens at i as torn.
func (p *pageReader) cut(i int) row {
	raw := bytes.TrimRight(p.buf[:i], " \t\r\n,")
	out := p.torn(string(raw), "the record ends before it is whole")
	p.buf = p.buf[i:]
	return out
}

// opensRecord says whether text ends in }, { and where its last brace is.
func opensRecord(text []byte) (int, bool) {
	rest := bytes.TrimRight(text, " \t\r\n")
	for _, c := range []byte("{,}") {
		if len(rest) == 0 || rest[len(rest)-1] != c {
			return 0, false
		}
		rest = bytes.TrimRight(rest[:len(rest)-1], " \t\r\n")
	}
	return bytes.LastIndexByte(text, '{'), true
}

// junk reads what stands where a record should: to the next comma, brace or bracket.
func (p *pageReader) junk() (row, error) {
	n := 1
	for n < longestRow && (n < len(p.buf) || p.more()) && bytes.IndexByte([]byte(",{]\n"), p.buf[n]) < 0 {
		n++
	}
	if err := p.failed(); err != nil && n == len(p.buf) {
		return row{}, err
	}
	p.index++
	return row{position: p.index, raw: p.take(n), trouble: ReasonBadJSON, detail: "something that is no record"}, nil
}

// find goes on to the next place where a record opens: }, {".
func (p *pageReader) find() {
	p.lost = false
	last, before := byte(0), byte(0) // the two bytes before that are no white space
	for {
		b, there := p.peek()
		if !there {
			p.finished = true
			return
		}
		if b == '{' && last == ',' && before == '}' {
			return
		}
		p.buf = p.buf[1:]
		if !isSpace(b) {
			last, before = b, last
		}
	}
}

// findArray goes on to the opening bracket of the next array of rows: at the top, or
// under the key "value" of an object at the top. It says false at the end of the file.
func (p *pageReader) findArray() bool {
	depth, quoted, escaped := 0, false, false
	var word []byte // the text of the string that was read last
	key, last := "", byte(0)
	for {
		b, there := p.peek()
		if !there {
			return false
		}
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case quoted && b == '"':
			quoted = false
		case quoted:
			if len(word) < 64 {
				word = append(word, b)
			}
		case b == '"':
			quoted, word = true, word[:0]
		case b == ':':
			key = string(word)
		case b == '{' && depth == 0 && last == ',':
			// A stray bracket had closed the array: records go on.
			p.inside = true
			return true
		case b == '[' && (depth == 0 || depth == 1 && key == "value"):
			p.buf = p.buf[1:]
			p.inside = true
			return true
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			depth = max(0, depth-1)
			key = ""
		case b == ',':
			key = ""
		}
		p.buf = p.buf[1:]
		if !isSpace(b) {
			last = b
		}
	}
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }
