package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// History is all events of a subject, oldest first.
func (j *Journal) History(ctx context.Context, stream, subject string) ([]Event, error) {
	var events []Event
	err := j.conn.Select(ctx, &events, historySQL, clickhouse.Named("stream", stream), clickhouse.Named("subject", subject))
	if err != nil {
		return nil, fmt.Errorf("history of %s %s: %w", stream, subject, err)
	}
	return events, nil
}

// Latest is the newest event of a subject, false if it has none.
func (j *Journal) Latest(ctx context.Context, stream, subject string) (Event, bool, error) {
	var found []Event
	err := j.conn.Select(ctx, &found, latestSQL, clickhouse.Named("stream", stream), clickhouse.Named("subject", subject))
	if err != nil {
		return Event{}, false, fmt.Errorf("newest event of %s %s: %w", stream, subject, err)
	}
	if len(found) == 0 {
		return Event{}, false, nil
	}
	return found[0], true, nil
}

// Filter narrows a reading; empty fields do not.
type Filter struct {
	Subject     string
	TenantID    string
	OrganizerID string
	// Since leaves out what was recorded before.
	Since time.Time
}

// Heads is the newest event of each subject of a stream, by subject. With
// Filter.Since, only of subjects that have changed since.
func (j *Journal) Heads(ctx context.Context, stream string, f Filter) ([]Event, error) {
	return j.filtered(ctx, "newest events", headsSQL, stream, f)
}

// Events is all events of a stream in the order in which they were recorded.
func (j *Journal) Events(ctx context.Context, stream string, f Filter) ([]Event, error) {
	return j.filtered(ctx, "events", recordedSQL, stream, f)
}

func (j *Journal) filtered(ctx context.Context, what, query, stream string, f Filter) ([]Event, error) {
	since := f.Since
	if since.IsZero() {
		since = time.Unix(0, 0)
	}
	var events []Event
	err := j.conn.Select(ctx, &events, query,
		clickhouse.Named("stream", stream), clickhouse.Named("subject", f.Subject),
		clickhouse.Named("tenant_id", f.TenantID), clickhouse.Named("organizer_id", f.OrganizerID),
		clickhouse.DateNamed("since", since.UTC(), clickhouse.NanoSeconds))
	if err != nil {
		return nil, fmt.Errorf("%s of stream %s: %w", what, stream, err)
	}
	return events, nil
}

// Mark tells whether a stream has grown: it differs as soon as anybody, in this process or
// another, has appended to the stream.
type Mark struct {
	Events uint64    `ch:"events"`
	Newest time.Time `ch:"newest"`
}

// Mark reads a stream's mark, which costs far less than its events.
func (j *Journal) Mark(ctx context.Context, stream string) (Mark, error) {
	var found []Mark
	if err := j.conn.Select(ctx, &found, markSQL, clickhouse.Named("stream", stream)); err != nil {
		return Mark{}, fmt.Errorf("mark of stream %s: %w", stream, err)
	}
	return found[0], nil // an aggregate without GROUP BY has one row
}
