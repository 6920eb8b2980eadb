package store

import (
	"context"
	"io/fs"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// MigrateFrom runs the migrations of a folder.
func MigrateFrom(ctx context.Context, conn driver.Conn, files fs.FS, now func() time.Time) error {
	all, err := readMigrations(files)
	if err != nil {
		return err
	}
	return migrate(ctx, conn, all, "", now)
}

// OnCluster is what the migrations of a folder become on a cluster.
func OnCluster(cluster string, files fs.FS) ([]string, error) {
	all, err := readMigrations(files)
	if err != nil {
		return nil, err
	}
	shape := newTopology(cluster, all)
	var out []string
	for _, m := range all {
		for _, statement := range m.statements {
			rendered, err := shape.render(statement)
			if err != nil {
				return nil, err
			}
			out = append(out, rendered...)
		}
	}
	return out, nil
}

var SplitStatements = splitStatements

// Remembering is a connection that keeps answers.
func Remembering(conn driver.Conn, size int) Memory {
	return Memory{&memory{Conn: conn, size: size}}
}

// Memory is what a connection keeps.
type Memory struct{ *memory }

// Holding is its size, in bytes.
func (m Memory) Holding() int { return m.holding }

// Holds says whether an answer to a statement without parameters is kept.
func (m Memory) Holds(query string) bool {
	for k := range m.kept {
		if k.sum == sumOf(query, nil) {
			return true
		}
	}
	return false
}
