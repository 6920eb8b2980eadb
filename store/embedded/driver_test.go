package embedded_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"fairdial/store/embedded"
)

func TestTheRestOfTheDriver(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		ctx := t.Context()
		require.NoError(t, conn.Ping(ctx))
		version, err := conn.ServerVersion()
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(engine.Version(), version.Version.String()), "%s and %s", engine.Version(), version)
		require.Equal(t, engine.Version(), scalar[string](t, conn, "SELECT version()"))

		execute(t, conn, "CREATE TABLE t (a UInt32, b String, c DateTime64(3, 'UTC') DEFAULT now64(3), m String MATERIALIZED upper(b)) ENGINE = MergeTree ORDER BY a")
		require.NoError(t, conn.Exec(ctx, "INSERT INTO t (a, b) VALUES ({a:UInt32}, {b:String})", clickhouse.Named("a", 1), clickhouse.Named("b", "it's; me")))
		require.NoError(t, conn.Exec(ctx, "INSERT INTO t (a, b) VALUES ($1, $2)", 2, "two"))
		require.NoError(t, conn.Exec(clickhouse.Context(ctx, clickhouse.WithAsync(true)), "INSERT INTO t (a, b) VALUES (3, 'three')"))
		batch, err := conn.PrepareBatch(ctx, "INSERT INTO t (b, a)")
		require.NoError(t, err)
		type row struct {
			A uint32    `ch:"a"`
			B string    `ch:"b"`
			C time.Time `ch:"c"`
			M string    `ch:"m"`
		}
		require.NoError(t, batch.AppendStruct(&row{A: 4, B: "four"}))
		require.NoError(t, batch.Send())
		var rows []row
		require.NoError(t, conn.Select(ctx, &rows, "SELECT a, b, c, m FROM t ORDER BY a"))
		require.Len(t, rows, 4)
		require.Equal(t, []string{"IT'S; ME", "TWO", "THREE", "FOUR"}, []string{rows[0].M, rows[1].M, rows[2].M, rows[3].M})
		require.WithinDuration(t, time.Now(), rows[3].C, time.Minute)

		found, err := conn.Query(ctx, "SELECT toDecimal64(1, 6) AS d, toNullable(b) AS b FROM t LIMIT 1")
		require.NoError(t, err)
		require.Equal(t, "Decimal(18, 6)", found.ColumnTypes()[0].DatabaseTypeName())
		require.True(t, found.ColumnTypes()[1].Nullable())
		require.NoError(t, found.Close())

		// The same token twice is one insert, on a table that keeps tokens.
		execute(t, conn, "CREATE TABLE once (x UInt8) ENGINE = MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 100")
		for range 2 {
			token := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"insert_deduplication_token": "a"}))
			batch, err := conn.PrepareBatch(token, "INSERT INTO once")
			require.NoError(t, err)
			require.NoError(t, batch.Append(uint8(1)))
			require.NoError(t, batch.Send())
		}
		require.Equal(t, uint64(1), scalar[uint64](t, conn, "SELECT count() FROM once"))

		require.Equal(t, int32(81), code(connect(t, engine, "no_such_database").Exec(ctx, "SELECT 1")))
	})
}

func TestOpenRefuses(t *testing.T) {
	_, err := embedded.Open(t.Context(), embedded.Options{})
	require.ErrorContains(t, err, "no data folder")
	_, err = embedded.Open(t.Context(), embedded.Options{Path: t.TempDir(), LibraryPath: "/no/such/libchdb.so"})
	require.ErrorIs(t, err, embedded.ErrNoLibrary)
	_, err = embedded.Open(t.Context(), embedded.Options{Path: t.TempDir()})
	require.ErrorIs(t, err, embedded.ErrEngineBusy)
}
