package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonLinesReader reads one object a line.
type jsonLinesReader struct{ lines *lines }

func (j *jsonLinesReader) next() (row, error) {
	for {
		l, err := j.lines.next()
		if err != nil {
			return row{}, err
		}
		text := l.text
		if l.number == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		switch {
		case l.oversize:
			return row{
				position: l.number, raw: text, trouble: ReasonOversized,
				detail: fmt.Sprintf("the line is longer than %d bytes; its beginning is kept", longestRow),
			}, nil
		case strings.TrimSpace(text) == "":
			continue
		}
		return jsonRow(l.number, []byte(strings.TrimSpace(text))), nil
	}
}

// pageReader reads the elements of Graph pages: {"value":[…]}, a bare array, or several
// of these one after the other. It cuts the elements out by their braces and parses each
// by itself, so that a broken one does not take the others with it.
type pageReader struct {
	r      *bufio.Reader
	index  uint64 // of the element read last, counted over all pages of the file
	inside bool   // between the brackets of the array
	ended  bool
}

func newPageReader(r io.Reader) *pageReader {
	return &pageReader{r: bufio.NewReaderSize(r, 256<<10)}
}

func (p *pageReader) next() (row, error) {
	if p.ended {
		return row{}, io.EOF
	}
	for {
		if !p.inside {
			found, err := p.findArray()
			if err != nil {
				return row{}, err
			}
			if !found {
				p.ended = true
				return row{}, io.EOF
			}
			p.inside = true
		}
		b, err := p.r.ReadByte()
		if errors.Is(err, io.EOF) {
			// The array never ends, but between two elements: the page was cut off here.
			p.ended = true
			return p.torn("", "the page ends before its array does"), nil
		}
		if err != nil {
			return row{}, err
		}
		switch b {
		case ' ', '\t', '\r', '\n', ',':
			continue
		case ']':
			p.inside = false
			continue
		}
		return p.element(b)
	}
}

func (p *pageReader) torn(raw, detail string) row {
	p.index++
	return row{position: p.index, raw: raw, trouble: ReasonTruncated, detail: detail}
}

// element reads one element, whose first byte is given.
func (p *pageReader) element(first byte) (row, error) {
	raw := []byte{first}
	depth, quoted, escaped := 0, false, false
	for b := first; ; {
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			depth--
		}
		if depth == 0 && !quoted {
			if first == '{' || first == '[' || first == '"' {
				p.index++
				return jsonRow(p.index, raw), nil
			}
			// A number or word: it ends where the next comma or bracket is.
			next, err := p.r.Peek(1)
			if err != nil || bytes.ContainsAny(next, ",]}\r\n\t ") {
				p.index++
				return jsonRow(p.index, raw), nil
			}
		}
		var err error
		if b, err = p.r.ReadByte(); errors.Is(err, io.EOF) {
			p.ended = true
			return p.torn(string(raw), "the page ends in the middle of this record"), nil
		} else if err != nil {
			return row{}, err
		}
		// A line that opens a new record while one is open tells that the open one was torn.
		if b == '{' && len(raw) > 0 && depth == 1 && startsRecord(raw) {
			if err := p.r.UnreadByte(); err != nil {
				return row{}, err
			}
			return p.torn(strings.TrimRight(string(raw), "\r\n\t ,"), "the record ends before it is whole"), nil
		}
		if raw = append(raw, b); len(raw) > longestRow {
			p.ended = true
			out := p.torn(string(raw), fmt.Sprintf("the record is longer than %d bytes; its beginning is kept, the rest of the page is not read", longestRow))
			out.trouble = ReasonOversized
			return out, nil
		}
	}
}

// startsRecord says whether a brace after raw stands where only a new record can: raw
// ends with a line break after a comma or a torn value, not with a colon.
func startsRecord(raw []byte) bool {
	trimmed := bytes.TrimRight(raw, " \t\r\n")
	if len(trimmed) == len(raw) || !bytes.ContainsRune(raw[len(trimmed):], '\n') {
		return false
	}
	last := trimmed[len(trimmed)-1]
	return last != ':' && last != '['
}

// findArray goes on to the opening bracket of the next array of rows: at the top, or
// under the key "value" of an object at the top. It says false at the end of the file.
func (p *pageReader) findArray() (bool, error) {
	depth, quoted, escaped := 0, false, false
	var word []byte // the text of the string that was read last
	key := ""
	for {
		b, err := p.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
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
		case b == '[' && (depth == 0 || depth == 1 && key == "value"):
			return true, nil
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			depth = max(0, depth-1)
			key = ""
		case b == ',':
			key = ""
		}
	}
}
