package console

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed sql
var sqlFiles embed.FS

// Conn is what the pages need of the store; they only read.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
}

// views read what pages show from the store. Each query is bounded in time or in rows.
type views struct {
	conn  Conn
	peers *peerMemo
	dials *dialMemo
}

func newViews(conn Conn) views { return views{conn, &peerMemo{}, &dialMemo{}} }

func (v views) read(ctx context.Context, dest any, name string, args ...any) error {
	if v.conn == nil {
		return nil
	}
	query, err := sqlFiles.ReadFile("sql/" + name + ".sql")
	if err != nil {
		return fmt.Errorf("console query %s: %w", name, err)
	}
	if err := v.conn.Select(ctx, dest, string(query), args...); err != nil {
		return fmt.Errorf("console query %s: %w", name, err)
	}
	return nil
}

func named(name string, value any) any { return clickhouse.Named(name, value) }

func instant(name string, at time.Time) any {
	return clickhouse.DateNamed(name, at.UTC(), clickhouse.Seconds)
}

// source is how fresh a tenant's usage is.
type source struct {
	TenantID string    `ch:"tenant_id"`
	Tenant   string    `ch:"tenant"`
	StoredAt time.Time `ch:"stored_at"`   // UTC
	Newest   time.Time `ch:"newest_call"` // UTC, when it began; 1970 where there is none
	Files    uint64    `ch:"files"`
}

// quietFor is after how long without a call a tenant's usage is no longer fresh: over a weekend
// there may be none.
const quietFor = 3 * 24 * time.Hour

// Stale says that no call is known of the last days.
func (s source) Stale(now time.Time) bool { return now.Sub(s.Newest) > quietFor }

// Called says whether a call is known at all.
func (s source) Called() bool { return s.Newest.Year() > 1970 }

func (v views) sources(ctx context.Context) (out []source, err error) {
	err = v.read(ctx, &out, "sources")
	return only(ctx, out, func(s source) string { return s.TenantID }), err
}

// waitingRows is how many rejected rows of each tenant nobody has decided on.
func (v views) waitingRows(ctx context.Context) (map[string]int64, error) {
	var found []struct {
		TenantID string `ch:"tenant_id"`
		Rows     int64  `ch:"rows"`
	}
	err := v.read(ctx, &found, "waiting_rows", scopeOf(ctx))
	out := map[string]int64{}
	for _, f := range found {
		out[f.TenantID] = f.Rows
	}
	return out, err
}

// job is the newest run of a scheduled job.
type job struct {
	Job     string    `ch:"job" json:"job"`
	At      time.Time `ch:"at" json:"at"`
	Outcome string    `ch:"outcome" json:"outcome"`
	Detail  string    `ch:"detail" json:"detail"`
}

func (v views) jobs(ctx context.Context) (out []job, err error) {
	if identity(ctx).Scoped() { // what a job says may be of any tenant
		return nil, nil
	}
	return out, v.read(ctx, &out, "jobs")
}
