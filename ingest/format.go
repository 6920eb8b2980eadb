package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Format is how a file is written.
type Format string

// The formats that are read, told apart by content.
const (
	FormatZIP       Format = "zip"
	FormatGZIP      Format = "gzip"
	FormatCSV       Format = "csv"
	FormatGraphJSON Format = "graph_json"
	FormatJSONLines Format = "json_lines"
	FormatMapped    Format = "mapped" // foreign, by a mapping file
	FormatUnknown   Format = "unknown"
)

// sniffed is how much of a file decides its format.
const sniffed = 64 << 10

// sniff tells the format of a file from its beginning.
func sniff(head []byte) Format {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return FormatZIP
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return FormatGZIP
	}
	text := unmarked(head)
	switch {
	case len(text) == 0:
		return FormatUnknown
	case text[0] == '[':
		return FormatGraphJSON
	case text[0] == '{':
		return sniffObject(text)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	cells, _, _ := splitCells(strings.TrimRight(string(first), "\r"))
	known := 0
	for _, c := range cells {
		if _, ok := fieldByName[plainName(c)]; ok {
			known++
		}
	}
	if known >= 3 || known > 0 && known == len(cells) {
		return FormatCSV
	}
	return FormatUnknown
}

// sniffObject tells a Graph page from the first of many records, by the keys at the top.
func sniffObject(text []byte) Format {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return FormatUnknown
	}
	for d.More() {
		token, err := d.Token()
		key, isKey := token.(string)
		if err != nil || !isKey {
			return FormatUnknown
		}
		if key == "value" || strings.HasPrefix(key, "@odata.nextLink") || strings.HasPrefix(key, "@odata.count") {
			return FormatGraphJSON
		}
		if _, known := fieldByName[plainName(key)]; known {
			return FormatJSONLines
		}
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return FormatUnknown
		}
	}
	return FormatUnknown
}

// rows reads one file's rows.
type rows interface {
	next() (row, error) // io.EOF after the last
}

// ErrFormat: the file is none that Fairdial reads.
var ErrFormat = errors.New("neither an admin-center ZIP or CSV, nor Graph getPstnCalls JSON, nor JSON Lines of such rows")

// openRows recognises what r holds, size bytes of it, and gives its rows and the header
// they have.
// A mapping says what a foreign layout means; nil is for those that Fairdial knows.
func openRows(r io.Reader, size int64, m *Mapping) (rows, Format, string, error) {
	buffered := bufio.NewReaderSize(r, sniffed)
	head, err := buffered.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, FormatUnknown, "", err
	}
	if sniff(head) != FormatGZIP {
		return openPlain(buffered, head, m)
	}
	z, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, FormatGZIP, "", fmt.Errorf("gzip: %w", err)
	}
	unpacked := bufio.NewReaderSize(newBounded(z, size), sniffed)
	if head, err = unpacked.Peek(sniffed); err != nil && !errors.Is(err, io.EOF) {
		return nil, FormatGZIP, "", fmt.Errorf("gzip: %w", err)
	}
	return openPlain(unpacked, head, m)
}

func openPlain(r *bufio.Reader, head []byte, m *Mapping) (rows, Format, string, error) {
	if m != nil {
		in, header, err := m.open(r)
		return in, FormatMapped, header, err
	}
	switch format := sniff(head); format {
	case FormatCSV:
		c, err := newCSVReader(r)
		if err != nil {
			return nil, format, "", err
		}
		return c, format, c.header.text, nil
	case FormatGraphJSON:
		return newPageReader(r), format, "", nil
	case FormatJSONLines:
		if first, _, _ := bytes.Cut(unmarked(head), []byte("\n")); string(bytes.TrimSpace(first)) == "{" {
			return newBareReader(r), format, "", nil
		}
		return &jsonLinesReader{newLines(r)}, format, "", nil
	case FormatZIP, FormatGZIP:
		return nil, format, "", fmt.Errorf("%w: what is packed twice is not unpacked", ErrFormat)
	}
	text := unmarked(head)
	switch {
	case len(text) == 0:
		return nil, FormatUnknown, "", fmt.Errorf("%w: it is empty", ErrFormat)
	case bytes.HasPrefix(text, []byte("Usage")):
		// A CSV by its first words, though its header is not one that can be read.
		_, err := newCSVReader(r)
		return nil, FormatCSV, "", err
	default:
		return nil, FormatUnknown, "", fmt.Errorf("%w; it begins with %q", ErrFormat, printable(head))
	}
}

// unmarked is text without a byte order mark and the white space before it.
func unmarked(head []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
}

func printable(head []byte) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '.'
	}, shorten(string(head[:min(len(head), 40)]), 40))
}
