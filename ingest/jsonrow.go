package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonRow makes a row of one JSON object with Graph's property names or the CSV's column
// names; other names are passed over. Numbers are kept as they are written: money is
// never a float.
func jsonRow(position uint64, raw string) row {
	out := row{position: position, raw: raw}
	if out.flat(raw) {
		return out
	}
	out.cells = [fields]string{}
	if err := out.nested(raw); err != nil {
		out.trouble, out.detail = ReasonBadJSON, err.Error()
		if errors.Is(err, io.ErrUnexpectedEOF) {
			out.trouble, out.detail = ReasonTruncated, "the object ends before it is whole"
		}
	}
	return out
}

// set fills the cell of a property. A property that is null or empty does not blank what
// another name of the same field gave.
func (r *row) set(name, value string) {
	if value == "" {
		return
	}
	f, known := fieldByExactName[name]
	if !known {
		f, known = fieldByName[plainName(name)]
	}
	if known {
		r.cells[f] = value
	}
}

// flat reads the objects that nearly all records are: texts without escapes, plain
// numbers, words. It says false for any other, right or wrong, which nested reads.
func (r *row) flat(raw string) bool {
	s := scanner{text: raw}
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return s.end()
	}
	for {
		name, ok := s.quoted()
		if !ok || !s.take(':') {
			return false
		}
		value, ok := s.quoted()
		if !ok {
			if value, ok = s.word(); !ok {
				return false
			}
		}
		r.set(name, value)
		if s.take(',') {
			continue
		}
		return s.take('}') && s.end()
	}
}

// scanner reads the plain parts of JSON; it gives up on the others.
type scanner struct {
	text string
	at   int
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) take(c byte) bool {
	s.space()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.text)
}

func (s *scanner) quoted() (string, bool) {
	s.space()
	if s.at >= len(s.text) || s.text[s.at] != '"' {
		return "", false
	}
	for i := s.at + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			value := s.text[s.at+1 : i]
			s.at = i + 1
			return value, true
		case c == '\\', c < ' ':
			return "", false
		}
	}
	return "", false
}

// word reads true, false, null (which is no text) and numbers without an exponent.
func (s *scanner) word() (string, bool) {
	s.space()
	start := s.at
	for s.at < len(s.text) && !strings.ContainsRune(",}] \t\r\n", rune(s.text[s.at])) {
		s.at++
	}
	switch word := s.text[start:s.at]; word {
	case "null":
		return "", true
	case "true", "false":
		return word, true
	default:
		return word, plainNumber(word)
	}
}

// plainNumber says whether text is a JSON number without an exponent.
func plainNumber(text string) bool {
	text = strings.TrimPrefix(text, "-")
	before, after, fraction := strings.Cut(text, ".")
	if fraction && !digits(after) {
		return false
	}
	return digits(before) && (before == "0" || before[0] != '0')
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// nested reads any JSON object.
func (r *row) nested(raw string) error {
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	open, err := d.Token()
	if err != nil {
		return torn(err)
	}
	if open != json.Delim('{') {
		return fmt.Errorf("no usage record but %s", shorten(raw, 40))
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return torn(err)
		}
		var value scalar
		if err := d.Decode(&value); err != nil {
			return torn(err)
		}
		r.set(fmt.Sprint(name), string(value))
	}
	if _, err := d.Token(); err != nil {
		return torn(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands after the record's end")
	}
	return nil
}

// torn calls an end that comes too early by one name.
func torn(err error) error {
	if errors.Is(err, io.EOF) || strings.Contains(err.Error(), "unexpected end") {
		return io.ErrUnexpectedEOF
	}
	return err
}

// scalar takes a JSON value as the text it stands for; null and an empty list are none.
type scalar string

// UnmarshalJSON keeps numbers exactly as they are written.
func (s *scalar) UnmarshalJSON(data []byte) error {
	var text string
	switch {
	case data[0] == '"':
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	case bytes.Equal(data, []byte("null")), bytes.Equal(data, []byte("[]")):
	default:
		text = string(data)
	}
	*s = scalar(text)
	return nil
}
