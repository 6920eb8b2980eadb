// Package directory holds who is who: tenants, their organizers, and which licence each
// organizer held when. README.md states the rules.
package directory

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
)

// Conn is what the directory needs of the store.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
	PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error)
}

// Directory reads and writes tenants, organizers and licences.
type Directory struct {
	conn   Conn
	now    func() time.Time
	newID  func() uuid.UUID
	logger *slog.Logger
}

// New makes a directory on a store.
func New(conn Conn, now func() time.Time, newID func() uuid.UUID, logger *slog.Logger) *Directory {
	return &Directory{conn: conn, now: now, newID: newID, logger: logger}
}

//go:embed sql/*.sql
var sqlFiles embed.FS

// query is the text of one file of the folder sql.
func query(name string) string {
	text, err := sqlFiles.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic(err) // a name that the tests would have missed
	}
	return string(text)
}
