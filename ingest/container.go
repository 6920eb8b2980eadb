package ingest

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// part is one stream of rows of a file: the file itself, or a member of a ZIP.
type part struct {
	index  uint64 // of the member, from 0
	member string // "" for the file itself
	size   int64  // bytes of the stream
	open   func() (io.ReadCloser, error)
	// verify reads a packed stream to its end, without which its checksum is not known: rows
	// of a damaged one are not to be trusted, however well they look. nil if not packed.
	verify func() error
}

// container is an open file and its streams. The members of a ZIP that are not even
// looked at are named in passed; parameters.json belongs there and is not.
type container struct {
	file   *os.File
	zipped bool
	parts  []part
	passed []string
}

func (c *container) Close() error { return c.file.Close() }

// maxMembers bounds the members of a ZIP: an export has a handful.
const maxMembers = 10_000

// open opens a file, and as a ZIP if it is one.
func (f file) open(meter *meter) (*container, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.name, err)
	}
	c := &container{file: in}
	counted := &counting{in, meter}
	head := make([]byte, 4)
	n, _ := in.ReadAt(head, 0)
	if sniff(head[:n]) != FormatZIP {
		whole := part{size: f.size, open: func() (io.ReadCloser, error) { return io.NopCloser(counted), nil }}
		if sniff(head[:n]) == FormatGZIP {
			whole.verify = f.verifyGZIP
		}
		c.parts = []part{whole}
		return c, nil
	}
	c.zipped = true
	archive, err := zip.NewReader(counted, f.size)
	if err == nil && len(archive.File) > maxMembers {
		err = fmt.Errorf("it has %d members", len(archive.File))
	}
	if err != nil {
		_ = in.Close()
		return nil, fmt.Errorf("%s: the ZIP cannot be read: %w; export it again", f.name, err)
	}
	for i, member := range archive.File {
		switch name := path.Base(member.Name); {
		case member.FileInfo().IsDir(), strings.EqualFold(name, "parameters.json"):
		case passOver(name) != "":
			c.passed = append(c.passed, member.Name)
		default:
			open := func() (io.ReadCloser, error) { return openMember(member, f.size) }
			c.parts = append(c.parts, part{
				index: uint64(i), member: member.Name, size: int64(min(member.UncompressedSize64, 1<<62)), open: open,
				verify: func() error {
					meter.pause(true)
					defer meter.pause(false)
					in, err := open()
					if err != nil {
						return err
					}
					defer in.Close()
					_, err = io.Copy(io.Discard, in)
					return err
				},
			})
		}
	}
	return c, nil
}

func (f file) verifyGZIP() error {
	in, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := gzip.NewReader(bufio.NewReaderSize(in, sniffed))
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, newBounded(z, f.size))
	return err
}

// encrypted is the bit of a member's flags that says so (APPNOTE 4.4.4).
const encrypted = 1

func openMember(member *zip.File, packed int64) (io.ReadCloser, error) {
	if member.Flags&encrypted != 0 {
		return nil, errors.New("the member is encrypted; export it without a password")
	}
	in, err := member.Open()
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{newBounded(in, min(int64(min(member.CompressedSize64, 1<<62)), packed)), in}, nil
}

// bounded ends a stream that unpacks beyond measure.
type bounded struct {
	r           io.Reader
	packed      int64
	read, limit int64
}

// What packed bytes may unpack to. A CSV of calls is packed ten to forty times smaller;
// deflate can reach a thousand times, and nothing but an attack does.
const (
	unpacksAlways = 1 << 30 // bytes that are read whatever they were packed into
	unpacksTimes  = 500
)

func newBounded(r io.Reader, packed int64) *bounded {
	return &bounded{r: r, packed: packed, limit: max(unpacksAlways, unpacksTimes*min(packed, 1<<50))}
}

var errUnpacks = errors.New("it unpacks beyond measure and is no export")

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.read += int64(n); b.read > b.limit {
		return 0, fmt.Errorf("%w: more than %d bytes from %d", errUnpacks, b.limit, b.packed)
	}
	return n, err
}

// counting tells the meter of the bytes that are read of a file, packed or not.
type counting struct {
	file  *os.File
	meter *meter
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	c.meter.add(n)
	return n, err
}

func (c *counting) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.file.ReadAt(p, at)
	c.meter.add(n)
	return n, err
}
