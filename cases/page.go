package cases

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"fairdial/store/journal"
)

// Order is how cases are put in a row. Equals follow by exposure, the largest first, and id.
type Order string

// The orders.
const (
	ByRisk     Order = "risk"     // the highest first
	ByExposure Order = "exposure" // the largest first
	ByAge      Order = "age"      // the oldest first
)

// Mark is a place in a row of cases: that after one case. It holds though cases change.
type Mark struct {
	Rank     int64 // what the order goes by
	Exposure int64 // seconds
	ID       string
}

// MarkOf is the place after a case.
func MarkOf(c Case, by Order) Mark {
	m := Mark{Rank: int64(c.Score), Exposure: c.ExposureSeconds, ID: c.ID}
	switch by {
	case ByExposure:
		m.Rank = c.ExposureSeconds
	case ByAge:
		m.Rank = -c.OpenedAt.Unix()
	case ByRisk:
	}
	return m
}

// PageRequest asks for the next cases of a row; empty fields narrow nothing.
type PageRequest struct {
	Tenants     []string
	OrganizerID string
	Status      Status
	Severity    Severity
	MinScore    int
	Assignee    string    // part of a name, or "none"
	Text        string    // part of an id or a name
	Active      time.Time // only cases that wait for somebody then: neither closed nor put off
	By          Order     // risk by default
	After       Mark      // the zero mark is the begin
	Limit       int
}

// Conn is what pages of cases are read from.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
}

// Pages reads cases page by page, filtered and put in order by the store.
type Pages struct{ conn Conn }

// NewPages makes a reader of pages.
func NewPages(conn Conn) *Pages { return &Pages{conn: conn} }

//go:embed sql/page.sql
var pageSQL string

// Page is at most Limit cases after the mark.
func (p *Pages) Page(ctx context.Context, r PageRequest) ([]Case, error) {
	var found []journal.Event
	active := ""
	if !r.Active.IsZero() {
		active = r.Active.UTC().Format(time.RFC3339Nano)
	}
	err := p.conn.Select(ctx, &found, pageSQL, clickhouse.Named("active", active),
		clickhouse.Named("tenants", append([]string{}, r.Tenants...)), clickhouse.Named("organizer_id", r.OrganizerID),
		clickhouse.Named("status", string(r.Status)), clickhouse.Named("severity", string(r.Severity)), clickhouse.Named("min_score", int64(r.MinScore)),
		clickhouse.Named("assignee", r.Assignee), clickhouse.Named("text", r.Text), clickhouse.Named("sort", string(r.By)),
		clickhouse.Named("after_id", r.After.ID), clickhouse.Named("after_rank", r.After.Rank), clickhouse.Named("after_exposure", r.After.Exposure),
		clickhouse.Named("limit", uint64(max(r.Limit, 0)))) //nolint:gosec // not below 0
	if err != nil {
		return nil, fmt.Errorf("read a page of cases: %w", err)
	}
	events, err := decode(found)
	if err != nil {
		return nil, err
	}
	out := make([]Case, len(events))
	for i, e := range events {
		out[i] = e.State
	}
	return out, nil
}
