// Package replies keeps the answers to requests that named themselves, so that a caller who
// does not know whether a request arrived can send it again: it is answered as it was, and
// not done twice. Several processes may share a store.
package replies

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
)

// Kept is how long a request is known by its key.
const Kept = 24 * time.Hour

// ErrOther: the key has been used for a request that says something else.
var ErrOther = errors.New("the key names another request")

// UnderWayError: the request began and has not ended. Where a process died in it, nobody
// knows whether it was done.
type UnderWayError struct{ Began time.Time } // UTC

func (e *UnderWayError) Error() string {
	return "the request began at " + e.Began.Format(time.RFC3339) + " and has not ended"
}

// Reply is an answer.
type Reply struct {
	Status  int
	Headers map[string]string
	Body    []byte
}

// Conn is what replies need of the store.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
	PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error)
}

// Book holds the replies of a store.
type Book struct {
	conn  Conn
	now   func() time.Time
	newID func() uuid.UUID
}

// New makes a book on a store.
func New(conn Conn, now func() time.Time, newID func() uuid.UUID) *Book {
	return &Book{conn: conn, now: now, newID: newID}
}

// Turn is the right to do what a request asks. It ends with Give or LetGo.
type Turn struct {
	book *Book
	row  row
}

// The steps of a request.
const (
	begun = "begun"
	given = "given"
	letGo = "let_go"
)

type row struct {
	Key         string            `ch:"-"`
	RequestID   uuid.UUID         `ch:"request_id"`
	Step        string            `ch:"step"`
	Fingerprint string            `ch:"fingerprint"`
	Status      uint16            `ch:"status"`
	Headers     map[string]string `ch:"headers"`
	Body        string            `ch:"body"`
	BeganAt     time.Time         `ch:"began_at"`
}

var (
	//go:embed sql/insert.sql
	insertSQL string
	//go:embed sql/rows.sql
	rowsSQL string
)

// Begin asks for the turn of the request with the key: a turn where it is the first, the
// answer where it was given before, else ErrOther or an *UnderWayError. The fingerprint
// tells what is asked.
func (b *Book) Begin(ctx context.Context, key, fingerprint string) (*Turn, *Reply, error) {
	holder, answer, err := b.look(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	var mine row
	if holder == nil {
		mine = row{Key: key, RequestID: b.newID(), Step: begun, Fingerprint: fingerprint, BeganAt: b.now().UTC().Truncate(time.Millisecond)}
		if err := b.write(ctx, mine); err != nil {
			return nil, nil, err
		}
		if holder, answer, err = b.look(ctx, key); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case holder == nil:
		return nil, nil, errors.New("a request was written and cannot be read back")
	case holder.RequestID == mine.RequestID:
		return &Turn{b, mine}, nil, nil
	case holder.Fingerprint != fingerprint:
		return nil, nil, ErrOther
	case answer == nil:
		return nil, nil, &UnderWayError{holder.BeganAt.UTC()}
	}
	return nil, answer, nil
}

// look is who has the turn of a key, and the answer that was given.
func (b *Book) look(ctx context.Context, key string) (holder *row, answer *Reply, err error) {
	var rows []row
	err = b.conn.Select(ctx, &rows, rowsSQL, clickhouse.Named("key", key), clickhouse.DateNamed("since", b.now().UTC().Add(-Kept), clickhouse.MilliSeconds))
	if err != nil {
		return nil, nil, fmt.Errorf("read what was answered: %w", err)
	}
	for i, r := range rows {
		switch {
		case r.Step == begun && holder == nil:
			holder = &rows[i]
		case holder == nil || r.RequestID != holder.RequestID: // came while another had the turn
		case r.Step == given:
			answer = &Reply{Status: int(r.Status), Headers: r.Headers, Body: []byte(r.Body)}
		case r.Step == letGo:
			holder = nil
		}
	}
	return holder, answer, nil
}

func (b *Book) write(ctx context.Context, r row) error {
	batch, err := b.conn.PrepareBatch(ctx, insertSQL)
	if err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	if r.Headers == nil {
		r.Headers = map[string]string{}
	}
	if err := batch.Append(r.Key, r.RequestID, r.Step, r.Fingerprint, r.Status, r.Headers, r.Body, r.BeganAt); err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	return nil
}

// Give keeps the answer.
func (t *Turn) Give(ctx context.Context, a Reply) error {
	r := t.row
	r.Step, r.Status, r.Headers, r.Body = given, uint16(a.Status), a.Headers, string(a.Body) //nolint:gosec // three digits
	return t.book.write(ctx, r)
}

// LetGo says that nothing was done: the key may be used again.
func (t *Turn) LetGo(ctx context.Context) error {
	r := t.row
	r.Step = letGo
	return t.book.write(ctx, r)
}
