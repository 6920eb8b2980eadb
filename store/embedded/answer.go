package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

// answer is what comes back: all of it when it is short, else a stream.
type answer struct {
	body   io.ReadCloser
	length int64 // of the body in bytes; -1 for a stream
	format string
	tag    string // announces how an exception in the body would be marked
}

func whole(data []byte, format string) *answer {
	return &answer{body: io.NopCloser(bytes.NewReader(data)), length: int64(len(data)), format: format}
}

// answer runs a request. The error is an *Exception, or the context's.
func (e *Engine) answer(ctx context.Context, r *request) (*answer, error) {
	if isHello(r) {
		return e.hello(r)
	}
	settings := standing(ctx, r.settings)
	for name := range settings {
		if !settingName.MatchString(name) {
			return nil, exceptionf(codeBadArguments, "%q is not the name of a setting (BAD_ARGUMENTS)", name)
		}
	}
	var st statement
	var err error
	if r.parts == nil && r.rows == nil {
		if st, err = parseStatement(r.query); err != nil {
			return nil, err
		}
	}
	op, err := e.start(ctx, r.database, settings)
	if err != nil {
		return nil, err
	}
	a, err := op.answer(r, st, settings)
	if err == nil {
		return a, nil
	}
	if !errors.Is(err, errAbandoned) {
		op.finish()
	}
	if cause := context.Cause(op.ctx); ctx.Err() != nil || errors.Is(cause, ErrClosed) {
		return nil, firstError(context.Cause(ctx), ErrClosed)
	}
	return nil, err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// answer leaves the operation to finish when it returns an error; otherwise it is
// finished, or the answer's body finishes it.
func (op *operation) answer(r *request, st statement, settings map[string]string) (*answer, error) {
	s := op.session
	first := settings
	if r.parts != nil {
		first = standing(op.ctx, nil) // readonly, and the like, would keep the tables out
	}
	if err := s.prepare(r.database, first); err != nil {
		return nil, err
	}
	if r.parts != nil {
		s.spoiled = true // the tables stay with the connection
		text, err := op.readParts(r)
		if err != nil {
			return nil, err
		}
		if st, err = parseStatement(text); err != nil {
			return nil, err
		}
		if err := s.set(settings); err != nil {
			return nil, err
		}
	}
	if readonly := settings["readonly"]; readonly != "" && readonly != "0" {
		if r.rows != nil {
			return nil, readonlyError("INSERT is not a query that only reads")
		}
		if err := guardReadonly(st); err != nil {
			return nil, err
		}
	}
	switch {
	case r.rows != nil:
		return op.insert(r.query, r.rowsFormat, r.rows, r.params)
	case st.selects:
		return op.stream(st, r)
	default:
		return op.materialise(st.text, r)
	}
}

func (op *operation) materialise(query string, r *request) (*answer, error) {
	data, err := op.collect(query, r.format, r.params)
	if err != nil {
		return nil, err
	}
	op.finish()
	return whole(data, r.format), nil
}

// collect runs a statement whose output is held whole.
func (op *operation) collect(query, format string, params []parameter) (data []byte, err error) {
	s := op.session
	if !op.run(func() { data, err = s.run(query, format, params) }, func() {}) {
		return nil, errAbandoned
	}
	return data, err
}

// insert runs INSERT … SELECT * FROM file(pipe). The rows of one block of the Native
// format, which is what a batch of the driver is, become one part and are there all at
// once or not at all; see README.md.
func (op *operation) insert(head, format string, rows io.ReadCloser, params []parameter) (*answer, error) {
	if err := op.load(head, format, "", rows, params); err != nil {
		return nil, err
	}
	op.finish()
	return whole(nil, format), nil
}

func (op *operation) load(head, format, structure string, rows io.ReadCloser, params []parameter) error {
	f, err := newFeed(rows)
	if err != nil {
		return err
	}
	op.feeding(f)
	go f.pump(func() { op.engine.killUntilFound(op) })
	query := head + " SELECT * FROM " + f.source(format, structure)
	s := op.session
	if !op.run(func() {
		_, err = s.run(query, nativeFormat, params)
	}, func() { _ = f.finish(true) }) {
		return errAbandoned
	}
	broken := f.broken.Load()
	failure := f.finish(err != nil)
	if err != nil && !broken {
		return err // and closing the rows after it is what broke them
	}
	return failure
}

func (op *operation) stream(st statement, r *request) (*answer, error) {
	format := nonEmpty(st.output, r.format)
	body, short, err := openStream(op, st.text, r.format, r.params)
	if err != nil {
		return nil, err
	}
	if body == nil {
		if len(short) == 0 && format == nativeFormat {
			short = op.describe(st.text, r.params)
		}
		op.finish()
		return whole(short, format), nil
	}
	tag := strings.ToLower(rand.Text()[:16])
	return &answer{body: &framed{ReadCloser: body, format: format, tag: tag}, length: -1, format: format, tag: tag}, nil
}

// describe words the header of a result without rows, which the engine leaves out: a
// server tells the columns' names and types all the same. The query is analysed, not run.
func (op *operation) describe(query string, params []parameter) []byte {
	out, err := op.collect("DESCRIBE TABLE (\n"+query+"\n)", "RowBinary", params)
	if err != nil {
		return nil // a clause that a subquery cannot have; no columns, then
	}
	const fields = 7 // name, type, default kind and expression, comment, codec, TTL
	var columns [][2]string
	var row [fields]string
	for i := 0; len(out) > 0; i = (i + 1) % fields {
		n, width := binary.Uvarint(out)
		if width <= 0 || uint64(len(out)-width) < n {
			return nil
		}
		row[i], out = string(out[width:width+int(n)]), out[width+int(n):]
		if i == fields-1 {
			columns = append(columns, [2]string{row[0], row[1]})
		}
	}
	header := binary.AppendUvarint(nil, uint64(len(columns)))
	header = binary.AppendUvarint(header, 0) // rows
	for _, column := range columns {
		for _, text := range column {
			header = append(binary.AppendUvarint(header, uint64(len(text))), text...)
		}
	}
	return header
}

// framed ends a body with the exception that its stream ended with.
type framed struct {
	io.ReadCloser
	format, tag string
	rest        []byte
	over        bool
}

func (f *framed) Read(p []byte) (int, error) {
	if !f.over {
		n, err := f.ReadCloser.Read(p)
		var exception *Exception
		if !errors.As(err, &exception) {
			return n, err
		}
		f.over, f.rest = true, exception.frame(f.tag, f.format)
		return n, nil
	}
	if len(f.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// readParts makes a temporary table of every part that a structure was given for, and
// returns the query.
func (op *operation) readParts(r *request) (query string, err error) {
	query = r.query
	for {
		part, err := r.parts.NextPart()
		if err == io.EOF {
			return query, nil
		}
		if err != nil {
			return "", fmt.Errorf("read the external tables: %w", err)
		}
		name := part.FormName()
		structure, isTable := r.structures[name]
		switch {
		case isTable:
			table := quoteName(name)
			if _, err := op.session.exec("CREATE TEMPORARY TABLE " + table + " (" + structure + ") ENGINE = Memory"); err != nil {
				return "", err
			}
			// Closing a part reads it to its end; what must be let go of is the body.
			rows := struct {
				io.Reader
				io.Closer
			}{part, r.body}
			if err := op.load("INSERT INTO "+table, r.formats[name], structure, rows, nil); err != nil {
				return "", err
			}
		case name == "query":
			text, err := io.ReadAll(part)
			if err != nil {
				return "", fmt.Errorf("read the query: %w", err)
			}
			query += string(text)
		}
	}
}

const helloQuery = "SELECT displayName(), version(), revision(), timezone()"

func isHello(r *request) bool {
	return r.parts == nil && r.rows == nil && strings.HasPrefix(r.query, helloQuery)
}

// hello answers the query the driver opens with. It decodes that one answer at its own
// revision of the protocol; told that the server's is 0, it takes the engine's Native
// format as it comes from then on.
func (e *Engine) hello(r *request) (*answer, error) {
	var revision int
	if _, err := fmt.Sscan(r.protocol, &revision); err != nil {
		revision = 0
	}
	name, version, zone := new(proto.ColStr), new(proto.ColStr), new(proto.ColStr)
	var zero proto.ColUInt32
	name.Append("fairdial")
	version.Append(e.version)
	zero.Append(0)
	zone.Append("UTC")
	block := proto.Block{Columns: 4, Rows: 1, Info: proto.BlockInfo{BucketNum: -1}}
	var b proto.Buffer
	if err := block.EncodeBlock(&b, revision, proto.Input{
		{Name: "displayName()", Data: name},
		{Name: "version()", Data: version},
		{Name: "revision()", Data: zero},
		{Name: "timezone()", Data: zone},
	}); err != nil {
		return nil, fmt.Errorf("word the engine's greeting: %w", err)
	}
	return whole(b.Buf, nativeFormat), nil
}
