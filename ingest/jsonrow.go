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
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return torn(err)
		}
		if value[0] != '"' && holdsRecord(value) {
			return fmt.Errorf("%v holds another record", name)
		}
		text, err := scalar(value)
		if err != nil {
			return err
		}
		r.set(fmt.Sprint(name), text)
	}
	if _, err := d.Token(); err != nil {
		return torn(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands after the record's end")
	}
	return nil
}

// holdsRecord says whether JSON has the time of a call in it: a record that was torn in a
// list can seem to hold those after it.
func holdsRecord(text []byte) bool {
	return bytes.Contains(text, []byte(`"startDateTime"`)) || bytes.Contains(text, []byte(`"Start Time"`))
}

// torn calls an end that comes too early by one name.
func torn(err error) error {
	if errors.Is(err, io.EOF) || strings.Contains(err.Error(), "unexpected end") {
		return io.ErrUnexpectedEOF
	}
	return err
}

// scalar is the text that a JSON value stands for; null and an empty list are none, and
// numbers stay as they are written.
func scalar(value json.RawMessage) (text string, err error) {
	switch {
	case value[0] == '"':
		err = json.Unmarshal(value, &text)
		return text, err
	case bytes.Equal(value, []byte("null")), bytes.Equal(value, []byte("[]")):
		return "", nil
	default:
		return string(value), nil
	}
}
