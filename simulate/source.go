package simulate

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// source writes one tenant's usage in one form.
type source interface {
	// month ends the file of the month before and begins the next.
	month(m month) error
	// write adds a row and says in which file it is and where: the line in a CSV
	// or JSON Lines file, with the header as line 1, or the index in a page, from 1.
	write(c *call, f fault) (file string, position int, err error)
	close() error
}

func openSource(dir string, t *tenant, d *dice) source {
	switch t.form {
	case formGraph:
		return &graphPages{dir: dir, row: newRow(t), width: pageWidth(len(t.organizers) * len(t.hours))}
	case formLines:
		return &lines{dir: dir, row: newRow(t)}
	case formOld:
		return &oldExport{dir: dir, row: newRow(t)}
	}
	e := &export{dir: dir, row: newRow(t)}
	// The names are random, and in the order of the months all the same: a folder
	// read by name gives corrections after what they correct.
	for range t.hours {
		var id [16]byte
		for i := range id {
			id[i] = byte(d.Uint32())
		}
		e.names = append(e.names, hex.EncodeToString(id[:]))
	}
	slices.Sort(e.names)
	return e
}

// bundle is a file that is written once, with a large buffer.
type bundle struct {
	*bufio.Writer
	file *os.File
}

func createFile(path string) (*bundle, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", path, err)
	}
	return &bundle{bufio.NewWriterSize(f, 256<<10), f}, nil
}

// put writes text. A bufio.Writer keeps its first error, and close tells it.
func (b *bundle) put(text ...string) {
	for _, s := range text {
		_, _ = b.WriteString(s)
	}
}

func (b *bundle) close() error {
	err := b.Flush()
	if cerr := b.file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", b.file.Name(), err)
	}
	return nil
}

// export is the admin center's: one ZIP a month with the CSV and its parameters.
type export struct {
	dir   string
	row   *row
	names []string
	count int
	name  string
	file  *bundle
	zip   *zip.Writer
	csv   io.Writer
	line  int
}

func (e *export) month(m month) error {
	if err := e.close(); err != nil {
		return err
	}
	from := m.start
	if e.count > 0 {
		from -= overlap
	}
	e.name = "Export.callingplans." + e.names[e.count] + ".zip"
	e.count++
	var err error
	if e.file, err = createFile(filepath.Join(e.dir, e.name)); err != nil {
		return err
	}
	e.zip = zip.NewWriter(e.file)
	// The archive's clock is the data's: equal options give equal bytes.
	made := m.end.time().Add(50 * time.Hour)
	add := func(name string) (io.Writer, error) {
		return e.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: made})
	}
	w, err := add("parameters.json")
	if err != nil {
		return fmt.Errorf("write %s: %w", e.name, err)
	}
	if _, err = fmt.Fprintf(w, `{"startTime": "%s", "endTime": "%s", "capabilities": ["MCOMEETADD", "MCOMEETADD_DIALOUT_US", "MCOPSTNPP"]}`,
		from.time().Format(time.RFC3339), m.end.time().Format(time.RFC3339)); err != nil {
		return fmt.Errorf("write %s: %w", e.name, err)
	}
	if e.csv, err = add("PSTN.calls." + made.Format(time.DateOnly) + ".csv"); err != nil {
		return fmt.Errorf("write %s: %w", e.name, err)
	}
	buffered := bufio.NewWriterSize(e.csv, 64<<10)
	e.csv, e.line = buffered, 1
	_, err = buffered.WriteString(columns25)
	return err
}

func (e *export) write(c *call, f fault) (string, int, error) {
	e.line++
	_, err := e.csv.Write(e.row.csv(c, f, false))
	return e.name, e.line, err
}

func (e *export) close() error {
	if e.zip == nil {
		return nil
	}
	if err := e.csv.(*bufio.Writer).Flush(); err != nil {
		return fmt.Errorf("write %s: %w", e.name, err)
	}
	if err := e.zip.Close(); err != nil {
		return fmt.Errorf("write %s: %w", e.name, err)
	}
	e.zip = nil
	return e.file.close()
}

// oldExport is the older CSV, unpacked.
type oldExport struct {
	dir  string
	row  *row
	name string
	file *bundle
	line int
}

func (e *oldExport) month(m month) error {
	if err := e.close(); err != nil {
		return err
	}
	e.name = "PSTN.calls." + m.end.time().Add(50*time.Hour).Format(time.DateOnly) + ".csv"
	var err error
	if e.file, err = createFile(filepath.Join(e.dir, e.name)); err != nil {
		return err
	}
	e.line = 1
	_, err = e.file.WriteString(columns20)
	return err
}

func (e *oldExport) write(c *call, f fault) (string, int, error) {
	e.line++
	_, err := e.file.Write(e.row.csv(c, f, true))
	return e.name, e.line, err
}

func (e *oldExport) close() error {
	if e.file == nil {
		return nil
	}
	err := e.file.close()
	e.file = nil
	return err
}

// lines is one Graph row a line.
type lines struct {
	dir  string
	row  *row
	name string
	file *bundle
	line int
}

func (l *lines) month(m month) error {
	if err := l.close(); err != nil {
		return err
	}
	l.name = "pstn-calls-" + m.name + ".jsonl"
	var err error
	l.file, err = createFile(filepath.Join(l.dir, l.name))
	l.line = 0
	return err
}

func (l *lines) write(c *call, f fault) (string, int, error) {
	l.line++
	if _, err := l.file.Write(l.row.json(c, f, true)); err != nil {
		return "", 0, err
	}
	return l.name, l.line, l.file.WriteByte('\n')
}

func (l *lines) close() error {
	if l.file == nil {
		return nil
	}
	err := l.file.close()
	l.file = nil
	return err
}

// graphPages is the answer of getPstnCalls: pages of 1,000 rows, one request a
// month. Files are numbered through, so that their names tell the order.
type graphPages struct {
	dir   string
	row   *row
	m     month
	width int // digits of the page's number
	begun bool
	page  int // of all
	skip  int // rows of the month's earlier pages
	rows  int // in this page
	body  bytes.Buffer
}

const pageRows = 1000

func (g *graphPages) month(m month) error {
	if err := g.close(); err != nil {
		return err
	}
	g.m, g.begun, g.skip = m, true, 0
	return nil
}

func (g *graphPages) write(c *call, f fault) (string, int, error) {
	if g.rows == pageRows {
		if err := g.flush(true); err != nil {
			return "", 0, err
		}
	}
	if g.rows > 0 {
		g.body.WriteString(",\n")
	}
	g.body.Write(g.row.json(c, f, false))
	g.rows++
	return g.name(), g.rows, nil
}

func (g *graphPages) name() string { return fmt.Sprintf("page-%0*d.json", g.width, g.page+1) }

// pageWidth is how many digits keep the pages' names in their order, four at
// least. An organizer has far fewer than 1,000 rows a month on average.
func pageWidth(organizerMonths int) int {
	return max(4, len(strconv.Itoa(organizerMonths)))
}

func (g *graphPages) flush(more bool) error {
	f, err := createFile(filepath.Join(g.dir, g.name()))
	if err != nil {
		return err
	}
	f.put(`{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.callRecords.pstnCallLogRow)","@odata.count":`,
		strconv.Itoa(g.rows), `,"value":[`, "\n", g.body.String(), "\n]")
	g.skip += g.rows
	if more {
		fmt.Fprintf(f, `,"@odata.nextLink":"https://graph.microsoft.com/v1.0/communications/callRecords/getPstnCalls(from=%s,to=%s)?$skip=%d"`,
			g.m.start.time().Format(time.DateOnly), g.m.end.time().Format(time.DateOnly), g.skip)
	}
	f.put("}\n")
	g.page++
	g.rows = 0
	g.body.Reset()
	return f.close()
}

func (g *graphPages) close() error {
	if !g.begun {
		return nil
	}
	g.begun = false
	return g.flush(false)
}
