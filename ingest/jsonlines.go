package ingest

import (
	"fmt"
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
		return jsonRow(l.number, strings.TrimSpace(text)), nil
	}
}
