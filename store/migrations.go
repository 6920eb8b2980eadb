package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

//go:embed sql/*.sql
var statements embed.FS

// ErrMigrationChanged: a migration that this store has applied reads differently in
// this binary. A change belongs in a new file.
var ErrMigrationChanged = errors.New("a migration was changed after it was applied")

// ErrNewerStore: the store has migrations this binary does not know.
var ErrNewerStore = errors.New("the store was made by a newer version of Fairdial")

// migration is one numbered file of statements, each written so that it can be run again.
type migration struct {
	number     uint32
	name       string
	hash       string // SHA-256 of the file, hexadecimal
	statements []string
}

var migrationFile = regexp.MustCompile(`^(\d{4})_([a-z0-9_]+)\.sql$`)

// knownMigrations are those of this binary.
func knownMigrations() ([]migration, error) {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, err
	}
	return readMigrations(files)
}

// readMigrations reads the numbered files of a folder, in order.
func readMigrations(files fs.FS) ([]migration, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	var all []migration
	for _, entry := range entries {
		if path.Ext(entry.Name()) != ".sql" {
			continue
		}
		m := migrationFile.FindStringSubmatch(entry.Name())
		if m == nil {
			return nil, fmt.Errorf("the migration %s is not named like 0001_name.sql", entry.Name())
		}
		text, err := fs.ReadFile(files, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read the migration %s: %w", entry.Name(), err)
		}
		number, _ := strconv.ParseUint(m[1], 10, 32) // four digits
		sum := sha256.Sum256(text)
		all = append(all, migration{
			number: uint32(number), name: m[2],
			hash: hex.EncodeToString(sum[:]), statements: splitStatements(string(text)),
		})
	}
	slices.SortFunc(all, func(a, b migration) int { return int(a.number) - int(b.number) })
	for i := 1; i < len(all); i++ {
		if all[i].number == all[i-1].number {
			return nil, fmt.Errorf("two migrations have the number %04d: %s and %s", all[i].number, all[i-1].name, all[i].name)
		}
	}
	return all, nil
}

// splitStatements: a statement ends with a semicolon at the end of a line.
func splitStatements(text string) []string {
	var all []string
	var lines []string
	for line := range strings.Lines(text) {
		code := strings.TrimSpace(withoutComment(line))
		if code == "" && len(lines) == 0 {
			continue // comments before a statement stay out
		}
		if strings.HasSuffix(code, ";") {
			rest := strings.TrimRight(withoutComment(line), " \t\r\n;")
			all = append(all, strings.TrimSpace(strings.Join(lines, "")+rest))
			lines = nil
			continue
		}
		lines = append(lines, line)
	}
	if rest := strings.TrimSpace(strings.Join(lines, "")); rest != "" {
		all = append(all, rest)
	}
	return all
}

// withoutComment cuts a line where a comment begins outside quotes.
func withoutComment(line string) string {
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '\'':
			quoted = !quoted
		case !quoted && strings.HasPrefix(line[i:], "--"):
			return line[:i]
		}
	}
	return line
}

// migrate brings the store to the newest schema this binary knows, and records each
// migration once all of its statements have run. Killed in between, it runs the
// migration again: statements are written IF NOT EXISTS.
func migrate(ctx context.Context, conn driver.Conn, all []migration, cluster string, now func() time.Time) error {
	shape := newTopology(cluster, all)
	table, err := statements.ReadFile("sql/schema_migrations.sql")
	if err != nil {
		return err
	}
	for _, statement := range splitStatements(string(table)) {
		if err = run(ctx, conn, shape, statement); err != nil {
			return fmt.Errorf("make the table of migrations: %w", err)
		}
	}
	applied, err := appliedMigrations(ctx, conn)
	if err != nil {
		return err
	}
	if err = compare(all, applied); err != nil {
		return err
	}
	record, err := statements.ReadFile("sql/record_migration.sql")
	if err != nil {
		return err
	}
	for _, m := range all {
		if _, ok := applied[m.number]; ok {
			continue
		}
		for i, statement := range m.statements {
			if err := run(ctx, conn, shape, statement); err != nil {
				return fmt.Errorf("migration %04d_%s.sql, statement %d: %w", m.number, m.name, i+1, err)
			}
		}
		if err := conn.Exec(ctx, string(record),
			clickhouse.Named("number", m.number), clickhouse.Named("name", m.name),
			clickhouse.Named("sha256", m.hash), clickhouse.DateNamed("applied_at", now().UTC(), clickhouse.MicroSeconds),
		); err != nil {
			return fmt.Errorf("record migration %04d_%s.sql: %w", m.number, m.name, err)
		}
	}
	return nil
}

// compare refuses a store whose applied migrations are not among those known.
func compare(all []migration, applied map[uint32]string) error {
	known := map[uint32]bool{}
	for _, m := range all {
		known[m.number] = true
		if hash, ok := applied[m.number]; ok && hash != m.hash {
			return fmt.Errorf("%w: %04d_%s.sql was applied with the hash %.12s and is %.12s now; restore the file and put the change into a new one",
				ErrMigrationChanged, m.number, m.name, hash, m.hash)
		}
	}
	for number := range applied {
		if !known[number] {
			return fmt.Errorf("%w: it has migration %04d, which this binary does not know; run the version that made it, or a later one", ErrNewerStore, number)
		}
	}
	return nil
}

// ErrOlderStore: the store's owner has not applied migrations that this binary needs.
var ErrOlderStore = errors.New("the process that owns the store runs an older version of Fairdial")

// sameSchema checks a store that somebody else migrates.
func sameSchema(ctx context.Context, conn driver.Conn) error {
	all, err := knownMigrations()
	if err != nil {
		return err
	}
	applied, err := appliedMigrations(ctx, conn)
	if err != nil {
		return err
	}
	if err := compare(all, applied); err != nil {
		return err
	}
	for _, m := range all {
		if _, ok := applied[m.number]; !ok {
			return fmt.Errorf("%w: migration %04d_%s is missing; restart it with this version", ErrOlderStore, m.number, m.name)
		}
	}
	return nil
}

func run(ctx context.Context, conn driver.Conn, shape topology, statement string) error {
	rendered, err := shape.render(statement)
	if err != nil {
		return err
	}
	for _, statement := range rendered {
		if err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func appliedMigrations(ctx context.Context, conn driver.Conn) (map[uint32]string, error) {
	text, err := statements.ReadFile("sql/applied_migrations.sql")
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, string(text))
	if err != nil {
		return nil, fmt.Errorf("read the table of migrations: %w", err)
	}
	defer rows.Close()
	applied := map[uint32]string{}
	for rows.Next() {
		var number uint32
		var hash string
		if err := rows.Scan(&number, &hash); err != nil {
			return nil, fmt.Errorf("read the table of migrations: %w", err)
		}
		applied[number] = hash
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the table of migrations: %w", err)
	}
	return applied, nil
}
