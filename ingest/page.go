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
	open     []byte // the braces and brackets that are open, kept for the next element
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

// element reads one element, whose first byte is given. Only one that is no JSON is looked
// at for where it was torn: what a text may look like must not decide about a good one.
func (p *pageReader) element(first byte) (row, error) {
	if first != '{' && first != '[' {
		return p.junk()
	}
	if end := p.end(); end > 0 {
		if out := jsonRow(p.index+1, string(p.buf[:end])); out.trouble == "" {
			p.index++
			p.buf = p.buf[end:]
			return out, nil
		}
	}
	return p.damaged(first)
}

// end is how long the element is that the buffer begins with; 0 if it is no JSON, as
// soon as that shows.
func (p *pageReader) end() int {
	open := p.open[:0]
	quoted := false
	last := byte(0) // the byte before that is no white space
	for i := 0; i < longestRow; i++ {
		if i >= len(p.buf) && !p.more() {
			return 0
		}
		b := p.buf[i]
		switch {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
			if b == '\n' {
				return 0
			}
		case b == '{' || b == '[':
			if i > 0 && open[len(open)-1] == '{' && last != ':' {
				return 0
			}
			open = append(open, b)
			p.open = open
		case b == '}' || b == ']':
			if open[len(open)-1] != b-2 { // '{' and '[' stand two before their partners
				return 0
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return i + 1
			}
		}
		if !isSpace(b) {
			last = b
		}
	}
	return 0
}

// damaged reads an element that is no JSON, to where it ends or the next record opens.
func (p *pageReader) damaged(first byte) (row, error) {
	var open []byte   // the braces and brackets that are open
	var records []int // where a record may open in what seems to be a list of this one
	last := byte(0)   // the byte before that is no white space
	quoted, escaped := false, false
	for i := 0; ; i++ {
		if i >= len(p.buf) && !p.more() {
			if err := p.failed(); err != nil {
				return row{}, err
			}
			if n := p.firstRecord(records); n > 0 {
				return p.cut(n), nil
			}
			p.finished = true
			return p.torn(p.take(len(p.buf)), "the page ends in the middle of this record"), nil
		}
		if i >= longestRow {
			if n := p.firstRecord(records); n > 0 {
				return p.cut(n), nil
			}
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
			if start, found := opensRecord(p.buf[:i], last); found && first == '{' {
				return p.cut(start), nil
			}
			quoted = false
		case quoted && b == '\n':
			quoted, last = false, 0 // no text holds a line break: this one was torn
		case quoted:
		case b == '"':
			quoted = true
		case b == '{' && i > 0 && open[len(open)-1] == '{' && last != ':':
			return p.cut(i), nil // inside an object only a value may open
		case b == '{' || b == '[':
			if b == '{' && last == ',' {
				records = append(records, i)
			}
			open = append(open, b)
		case b == '}' && open[len(open)-1] == '{', b == ']' && open[len(open)-1] == '[':
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			if n := p.firstRecord(records); n > 0 && first == '{' {
				return p.cut(n), nil
			}
			p.index++
			return jsonRow(p.index, p.take(i+1)), nil
		}
		if !isSpace(b) {
			last = b
		}
	}
}

// firstRecord is the first of the places in the buffer at which a record opens, one with
// the time of a call; 0 if none does.
func (p *pageReader) firstRecord(places []int) int {
	for _, n := range places {
		text, _, _ := bytes.Cut(p.buf[n:], []byte("}"))
		if holdsRecord(text) {
			return n
		}
	}
	return 0
}

// cut gives what stands before the record that opens at i as torn.
func (p *pageReader) cut(i int) row {
	raw := bytes.TrimRight(p.buf[:i], " \t\r\n,")
	out := p.torn(string(raw), "the record ends before it is whole")
	p.buf = p.buf[i:]
	return out
}

// opensRecord says whether text, whose last byte but white space is given, ends in }, {
// and where its last brace is.
func opensRecord(text []byte, last byte) (int, bool) {
	if last != '{' {
		return 0, false
	}
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
