package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// longestRow bounds what one row can take in memory; a usage record has under a
// kilobyte. What is longer goes to the quarantine, cut to this length.
const longestRow = 1 << 20

// lines reads physical lines and counts them.
type lines struct {
	r       *bufio.Reader
	number  uint64 // of the line read last
	pending []line // lines given back, the next first
}

type line struct {
	number   uint64
	text     string
	oversize bool // text is only its beginning
	torn     bool // the file ended before the line did
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 256<<10)} }

// next is the next line without its end, io.EOF after the last.
func (l *lines) next() (line, error) {
	if n := len(l.pending); n > 0 {
		out := l.pending[0]
		l.pending = l.pending[1:]
		return out, nil
	}
	var long []byte
	out := line{number: l.number + 1}
	for {
		part, err := l.r.ReadSlice('\n')
		ended := err == nil
		switch {
		case errors.Is(err, io.EOF) && len(part) == 0 && long == nil && !out.oversize:
			return line{}, io.EOF
		case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull):
			return line{}, err
		}
		if ended || errors.Is(err, io.EOF) {
			l.number++
			out.torn = !ended
			if long == nil && !out.oversize {
				out.text = string(bytes.TrimRight(part, "\r\n"))
				return out, nil
			}
			if out.oversize = out.oversize || len(long)+len(part) > longestRow; !out.oversize {
				long = append(long, part...)
			}
			out.text = string(bytes.TrimRight(long, "\r\n"))
			return out, nil
		}
		if len(long)+len(part) > longestRow {
			out.oversize = true
		}
		if !out.oversize {
			long = append(long, part...)
		}
	}
}

// giveBack makes lines the next to be read.
func (l *lines) giveBack(back ...line) { l.pending = append(back, l.pending...) }
