package store_test

import (
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"fairdial/store"
	"fairdial/store/storetest"
)

var update = flag.Bool("update", false, "write the golden files")

func folder(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

var clock = func() time.Time { return time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC) }

const first = `-- A comment; with a semicolon.
CREATE TABLE IF NOT EXISTS a (x UInt8, s String DEFAULT 'a;b') -- not here;
ENGINE = MergeTree
ORDER BY x;

CREATE VIEW IF NOT EXISTS v AS
SELECT x FROM a;
`

func TestSplitStatements(t *testing.T) {
	require.Equal(t, []string{
		"CREATE TABLE IF NOT EXISTS a (x UInt8, s String DEFAULT 'a;b') -- not here;\nENGINE = MergeTree\nORDER BY x",
		"CREATE VIEW IF NOT EXISTS v AS\nSELECT x FROM a",
	}, store.SplitStatements(first))
	require.Equal(t, []string{"SELECT 1", "SELECT 2"}, store.SplitStatements("SELECT 1; \n\n-- x;\nSELECT 2"))
	require.Empty(t, store.SplitStatements("-- nothing;\n\n"))
}

func TestMigrations(t *testing.T) {
	s := storetest.Open(t) // with the product's own applied, numbers 1 and up
	ctx := t.Context()
	require.NoError(t, s.Exec(ctx, "TRUNCATE TABLE schema_migrations"))
	files := map[string]string{"0001_a.sql": first}
	count := func(query string) (n uint64) {
		require.NoError(t, s.QueryRow(ctx, query).Scan(&n))
		return n
	}
	migrate := func() error { return store.MigrateFrom(ctx, s, folder(files), clock) }

	require.NoError(t, migrate())
	require.NoError(t, migrate(), "a second time nothing is done")
	require.Equal(t, uint64(1), count("SELECT count() FROM schema_migrations WHERE number = 1 AND name = 'a' AND length(sha256) = 64 AND applied_at = '2026-02-01 12:00:00'"))

	files["0002_b.sql"] = "ALTER TABLE a ADD COLUMN IF NOT EXISTS y UInt8;\nALTER TABLE a ADD COLUMN z NoSuchType;"
	err := migrate()
	require.ErrorContains(t, err, "0002_b.sql, statement 2")
	require.Equal(t, uint64(1), count("SELECT count() FROM schema_migrations"), "what failed is not recorded")
	// As after a kill between a statement and its record: it runs again.
	files["0002_b.sql"] = "ALTER TABLE a ADD COLUMN IF NOT EXISTS y UInt8;"
	require.NoError(t, migrate())
	require.Equal(t, uint64(2), count("SELECT count() FROM schema_migrations"))
	require.Zero(t, count("SELECT count() + sum(y) FROM a"))

	files["0001_a.sql"] = first + "\n"
	err = migrate()
	require.ErrorIs(t, err, store.ErrMigrationChanged)
	require.ErrorContains(t, err, "0001_a.sql")
	files["0001_a.sql"] = first

	delete(files, "0002_b.sql")
	err = migrate()
	require.ErrorIs(t, err, store.ErrNewerStore)
	require.ErrorContains(t, err, "0002")
}

func TestMigrationFilesAreChecked(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"is not named like":         {"1_a.sql": "SELECT 1"},
		"have the number 0001":      {"0001_a.sql": "SELECT 1", "0001_b.sql": "SELECT 1"},
		"not known how to run this": {"0001_a.sql": "OPTIMIZE TABLE t"},
	} {
		_, err := store.OnCluster("c", folder(files))
		require.ErrorContains(t, err, name)
	}
}

// No cluster is at hand to run these on; that they parse is checked on the engine.
func TestMigrationsOnACluster(t *testing.T) {
	files := folder(map[string]string{
		"0001_made.sql": `CREATE TABLE IF NOT EXISTS seen
(
    tenant_id LowCardinality(String),
    at        DateTime64(3, 'UTC'),
    INDEX by_at at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (tenant_id, at)
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS log (subject String, tenant_id String)
ENGINE = MergeTree
ORDER BY (subject);

CREATE VIEW IF NOT EXISTS latest AS
SELECT * FROM seen;
`,
		"0002_changed.sql": `ALTER TABLE seen ADD COLUMN IF NOT EXISTS note String;
ALTER TABLE seen ADD INDEX IF NOT EXISTS by_note note TYPE bloom_filter;
ALTER TABLE log MODIFY SETTING index_granularity = 512;
CREATE OR REPLACE VIEW latest AS
SELECT at FROM seen;
DROP VIEW IF EXISTS old;
INSERT INTO log SELECT 'x', '';
`,
	})
	rendered := renderedOnCluster(t, files)
	text := strings.Join(rendered, ";\n\n") + ";\n"
	const file = "testdata/cluster.sql"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), text, "go test ./store -update writes it anew")
}

func TestTheSchemaHasAShapeOnACluster(t *testing.T) {
	rendered := strings.Join(renderedOnCluster(t, os.DirFS("migrations")), ";\n")
	for _, want := range []string{
		"Distributed('main', currentDatabase(), usage_revisions_local, cityHash64(tenant_id))",
		"CREATE TABLE IF NOT EXISTS journal ON CLUSTER", // whole on every server: its order of writing is one
		"CREATE VIEW IF NOT EXISTS usage ON CLUSTER",
	} {
		require.Contains(t, rendered, want)
	}
	require.NotContains(t, rendered, "journal_local")
}

// renderedOnCluster also has the engine parse each statement.
func renderedOnCluster(t *testing.T, files fs.FS) []string {
	t.Helper()
	rendered, err := store.OnCluster("main", files)
	require.NoError(t, err)
	s := storetest.Open(t)
	for _, statement := range rendered {
		var ast string
		require.NoError(t, s.QueryRow(t.Context(), "SELECT formatQuery({q:String})", clickhouse.Named("q", statement)).Scan(&ast), statement)
		if !strings.HasPrefix(statement, "INSERT") {
			require.Contains(t, ast, "ON CLUSTER main", statement)
		}
	}
	return rendered
}
