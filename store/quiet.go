package store

import (
	"context"
	"errors"
	"io"
	"regexp"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// quiet is a connection whose errors do not tell what a query was asked with. Over HTTP the
// driver puts parameters into the address, which net/http repeats in every error; and the
// engine repeats values and whole queries in its exceptions.
type quiet struct{ driver.Conn }

// quietError says what an error says, without what must not be read in a log.
type quietError struct {
	cause error
	text  string
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.cause }

var (
	// asked is what an address asks for.
	asked = regexp.MustCompile(`(\b[a-z]+://[^\s"?]*)\?[^\s"]*`)
	// within is where in a query, with its values in place, the engine could not go on.
	within = regexp.MustCompile(`(?is)(in scope|while (?:processing|executing|evaluating)) .*?(\. \([A-Z_]+\)|$)`)
	// dialled is a phone number in E.164, as it stands in a text or in an address.
	dialled = regexp.MustCompile(`(?:\+|%2[Bb])[0-9]{3,11}([0-9]{4})`)
)

// hush leaves an error as it is where there is nothing to leave out.
func hush(err error) error {
	if err == nil {
		return nil
	}
	if _, already := errors.AsType[*quietError](err); already {
		return err
	}
	was := err.Error()
	text := within.ReplaceAllString(asked.ReplaceAllString(was, "$1"), "$1 the query$2")
	text = dialled.ReplaceAllString(text, "•••$1")
	if text == was {
		return err
	}
	return &quietError{err, text}
}

func (q quiet) Select(ctx context.Context, dest any, query string, args ...any) error {
	return hush(q.Conn.Select(ctx, dest, query, args...))
}

func (q quiet) Query(ctx context.Context, query string, args ...any) (driver.Rows, error) {
	rows, err := q.Conn.Query(ctx, query, args...)
	if err != nil {
		return nil, hush(err)
	}
	return quietRows{rows}, nil
}

func (q quiet) QueryRow(ctx context.Context, query string, args ...any) driver.Row {
	return quietRow{q.Conn.QueryRow(ctx, query, args...)}
}

func (q quiet) PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error) {
	batch, err := q.Conn.PrepareBatch(ctx, query, opts...)
	if err != nil {
		return nil, hush(err)
	}
	return quietBatch{batch}, nil
}

func (q quiet) Exec(ctx context.Context, query string, args ...any) error {
	return hush(q.Conn.Exec(ctx, query, args...))
}

func (q quiet) QueryFormat(ctx context.Context, format, query string, args ...any) (io.ReadCloser, error) {
	stream, err := q.Conn.QueryFormat(ctx, format, query, args...)
	return stream, hush(err)
}

func (q quiet) InsertFormat(ctx context.Context, format, query string, data io.Reader) error {
	return hush(q.Conn.InsertFormat(ctx, format, query, data))
}

func (q quiet) Ping(ctx context.Context) error { return hush(q.Conn.Ping(ctx)) }

type quietRow struct{ driver.Row }

func (r quietRow) Err() error                { return hush(r.Row.Err()) }
func (r quietRow) Scan(dest ...any) error    { return hush(r.Row.Scan(dest...)) }
func (r quietRow) ScanStruct(dest any) error { return hush(r.Row.ScanStruct(dest)) }

type quietRows struct{ driver.Rows }

func (r quietRows) Err() error                { return hush(r.Rows.Err()) }
func (r quietRows) Close() error              { return hush(r.Rows.Close()) }
func (r quietRows) Scan(dest ...any) error    { return hush(r.Rows.Scan(dest...)) }
func (r quietRows) ScanStruct(dest any) error { return hush(r.Rows.ScanStruct(dest)) }

type quietBatch struct{ driver.Batch }

func (b quietBatch) Append(v ...any) error    { return hush(b.Batch.Append(v...)) }
func (b quietBatch) AppendStruct(v any) error { return hush(b.Batch.AppendStruct(v)) }
func (b quietBatch) Flush() error             { return hush(b.Batch.Flush()) }
func (b quietBatch) Send() error              { return hush(b.Batch.Send()) }
func (b quietBatch) Close() error             { return hush(b.Batch.Close()) }
