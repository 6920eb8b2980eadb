package journal

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
)

// Conn is what the journal needs of the store.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
	PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error)
}

// Journal reads and appends events. It holds no state; any number may work on the same
// store, in this process or others.
type Journal struct {
	conn  Conn
	now   func() time.Time
	newID func() uuid.UUID
}

// New makes a journal on a store.
func New(conn Conn, now func() time.Time, newID func() uuid.UUID) *Journal {
	return &Journal{conn: conn, now: now, newID: newID}
}

var (
	//go:embed sql/insert.sql
	insertSQL string
	//go:embed sql/at_version.sql
	atVersionSQL string
	//go:embed sql/batch_winners.sql
	batchWinnersSQL string
	//go:embed sql/latest.sql
	latestSQL string
	//go:embed sql/history.sql
	historySQL string
	//go:embed sql/heads.sql
	headsSQL string
	//go:embed sql/mark.sql
	markSQL string
	//go:embed sql/recorded.sql
	recordedSQL string
)

// Append writes an event at the version it names. If another event stands there
// already, or is written first, nothing counts of this one and the error is a
// *ConflictError that tells which.
//
// First written is decided by the engine, not by a clock: a MergeTree numbers blocks in
// the order in which it makes them visible, so once the read-back sees this event at the
// lowest number no lower one can appear. Replicated tables give numbers before the block
// is visible; there the insert's deduplication token, one a version, lets only one in.
// An event whose id is in the log already (a writer that tries again after a crash) is
// no conflict.
func (j *Journal) Append(ctx context.Context, e Event) error {
	if err := e.check(); err != nil {
		return err
	}
	e = j.complete(e, j.now())
	winner, there, err := j.atVersion(ctx, e)
	if err != nil {
		return err
	}
	if !there {
		token := strings.Join([]string{e.Stream, e.Subject, fmt.Sprint(e.Version)}, "/")
		insert := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"insert_deduplication_token": token}))
		if err = j.insert(insert, []Event{e}); err != nil {
			return err
		}
		if winner, there, err = j.atVersion(ctx, e); err != nil {
			return err
		}
		if !there {
			return fmt.Errorf("%s %s: version %d was written but cannot be read back", e.Stream, e.Subject, e.Version)
		}
	}
	if winner.EventID != e.EventID {
		return &ConflictError{Lost: e, Winner: winner}
	}
	return nil
}

// AppendBatch writes events of many subjects in one insert. It gives those that lost
// against an event that stood at their version first; the others count.
func (j *Journal) AppendBatch(ctx context.Context, events []Event) ([]*ConflictError, error) {
	if len(events) == 0 {
		return nil, nil
	}
	recordedAt := j.now().UTC().Truncate(time.Microsecond)
	mine := make([]Event, len(events))
	for i, e := range events {
		if err := e.check(); err != nil {
			return nil, err
		}
		mine[i] = j.complete(e, recordedAt)
	}
	if err := j.insert(ctx, mine); err != nil {
		return nil, err
	}
	var winners []Event
	if err := j.conn.Select(ctx, &winners, batchWinnersSQL, clickhouse.DateNamed("recorded_at", recordedAt, clickhouse.NanoSeconds)); err != nil {
		return nil, fmt.Errorf("read back %d events: %w", len(mine), err)
	}
	type key struct {
		stream, subject string
		version         uint32
	}
	at := make(map[key]Event, len(winners))
	for _, w := range winners {
		at[key{w.Stream, w.Subject, w.Version}] = w
	}
	var lost []*ConflictError
	for _, e := range mine {
		w, there := at[key{e.Stream, e.Subject, e.Version}]
		if !there {
			return nil, fmt.Errorf("%s %s: version %d was written but cannot be read back", e.Stream, e.Subject, e.Version)
		}
		if w.EventID != e.EventID {
			lost = append(lost, &ConflictError{Lost: e, Winner: w})
		}
	}
	return lost, nil
}

func (j *Journal) complete(e Event, recordedAt time.Time) Event {
	if e.EventID == uuid.Nil {
		e.EventID = j.newID()
	}
	if e.At.IsZero() {
		e.At = recordedAt
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	e.RecordedAt = recordedAt.UTC().Truncate(time.Microsecond)
	return e
}

func (j *Journal) insert(ctx context.Context, events []Event) error {
	batch, err := j.conn.PrepareBatch(ctx, insertSQL)
	if err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	for i := range events {
		if err := batch.AppendStruct(&events[i]); err != nil {
			return fmt.Errorf("append to the journal: %w", err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	return nil
}

func (j *Journal) atVersion(ctx context.Context, e Event) (Event, bool, error) {
	var found []Event
	err := j.conn.Select(ctx, &found, atVersionSQL,
		clickhouse.Named("stream", e.Stream), clickhouse.Named("subject", e.Subject), clickhouse.Named("version", e.Version))
	if err != nil {
		return Event{}, false, fmt.Errorf("read version %d of %s %s: %w", e.Version, e.Stream, e.Subject, err)
	}
	if len(found) == 0 {
		return Event{}, false, nil
	}
	return found[0], true, nil
}
