package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func asError(err error, target any) bool { return errors.As(err, target) }

func TestEveryTypeGoesInAndOut(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		execute(t, conn, `CREATE TABLE everything (
			id UInt64, small Int8, big UInt256, f Float64, flag Bool, name String, low LowCardinality(String),
			lown LowCardinality(Nullable(String)), fixed FixedString(4), d Date, dt DateTime('UTC'), dt7 DateTime64(7, 'UTC'),
			dec Decimal(18, 6), decn Nullable(Decimal(18, 6)), e Enum8('a' = 1, 'b c' = -2), u UUID, ip IPv4,
			arr Array(String), nested Array(Array(UInt32)), m Map(String, UInt64), tup Tuple(UInt8, String), j String,
			pairs Nested(k String, v UInt8)
		) ENGINE = MergeTree ORDER BY id`)
		at := time.Date(2026, 2, 28, 23, 59, 59, 123456700, time.UTC)
		id := uuid.New()
		cash := decimal.RequireFromString("-12345678.901234")
		rows := [][]any{
			{
				uint64(1), int8(-5), big.NewInt(77), 1.5, true, "it's\n\"quoted\"\t\\", "us", "x", "abcd", at, at, at,
				cash, &cash, "b c", id, "10.0.0.1",
				[]string{"a", "", "c"},
				[][]uint32{{1, 2}, {}},
				map[string]uint64{"a": 1},
				[]any{uint8(9), "t"},
				`{"a":[1,"b"]}`,
				[]string{"k"},
				[]uint8{3},
			},
			{
				uint64(2), int8(0), big.NewInt(0), -0.25, false, "", "", nil, "\x00\x00\x00\x00", time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC(),
				decimal.Zero, nil, "a", uuid.Nil, "0.0.0.0",
				[]string{},
				[][]uint32{},
				map[string]uint64{},
				[]any{uint8(0), ""},
				"",
				[]string{},
				[]uint8{},
			},
		}
		batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO everything")
		require.NoError(t, err)
		for _, row := range rows {
			require.NoError(t, batch.Append(row...))
		}
		require.NoError(t, batch.Send())

		found, err := conn.Query(t.Context(), "SELECT name, low, lown, dt7, dec, decn, e, u, arr, nested, m, j, flag, pairs.k, toString(big) FROM everything ORDER BY id")
		require.NoError(t, err)
		defer found.Close()
		for i := 0; found.Next(); i++ {
			var (
				name, low, e, j, bignum string
				lown                    *string
				dt7                     time.Time
				dec                     decimal.Decimal
				decn                    *decimal.Decimal
				u                       uuid.UUID
				arr, keys               []string
				nested                  [][]uint32
				m                       map[string]uint64
				flag                    bool
			)
			require.NoError(t, found.Scan(&name, &low, &lown, &dt7, &dec, &decn, &e, &u, &arr, &nested, &m, &j, &flag, &keys, &bignum))
			want := rows[i]
			require.Equal(t, want[5], name)
			require.Equal(t, want[6], low)
			if want[7] == nil {
				require.Nil(t, lown)
				require.Nil(t, decn)
			} else {
				require.Equal(t, want[7], *lown)
				require.True(t, want[13].(*decimal.Decimal).Equal(*decn))
			}
			require.Equal(t, want[11], dt7)
			require.True(t, want[12].(decimal.Decimal).Equal(dec), "%s", dec)
			require.Equal(t, want[14], e)
			require.Equal(t, want[15], u)
			require.Equal(t, want[17], arr)
			require.Equal(t, want[18], nested)
			require.Equal(t, want[19], m)
			require.Equal(t, want[21], j)
			require.Equal(t, want[4], flag)
			require.Equal(t, want[22], keys)
			require.Equal(t, want[2].(*big.Int).String(), bignum)
		}
		require.NoError(t, found.Err())
		require.Equal(t, uint64(2), scalar[uint64](t, conn, "SELECT count() FROM everything"))
	})
}

func TestResultWithoutRowsHasColumns(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		execute(t, conn, "CREATE TABLE empty (a Enum8('x' = 1), b DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY a")
		for query, want := range map[string][]string{
			"SELECT a, b, sum(1) AS n FROM empty GROUP BY a, b":                           {"a", "b", "n"},
			"SELECT * FROM empty -- and a comment":                                        {"a", "b"},
			"WITH x AS (SELECT a FROM empty) SELECT a AS only FROM x WHERE {p:UInt8} = 9": {"only"},
		} {
			ctx := clickhouse.Context(t.Context(), clickhouse.WithParameters(clickhouse.Parameters{"p": "1"}))
			rows, err := conn.Query(ctx, query)
			require.NoError(t, err, query)
			require.Equal(t, want, rows.Columns(), query)
			require.False(t, rows.Next())
			require.NoError(t, rows.Err())
			require.NoError(t, rows.Close())
		}
		var n uint64
		require.ErrorContains(t, conn.QueryRow(t.Context(), "SELECT sum(1) FROM empty GROUP BY a").Scan(&n), "no rows")
	})
}

func TestParametersArriveAsTheyAre(t *testing.T) {
	conn := connect(t, engine, "default")
	remote := connect(t, overSocket(socket), "default")
	for _, text := range []string{"", "plain", "it's", `back\slash`, "tab\tnewline\nreturn\r", `"double"`, "null\x00byte", `\N`, "ünï", "{x:String}", "; DROP TABLE t --"} {
		require.Equal(t, text, scalar[string](t, conn, "SELECT {v:String}", clickhouse.Named("v", text)), "%q", text)
		require.Equal(t, text, scalar[string](t, remote, "SELECT {v:String}", clickhouse.Named("v", text)), "%q", text)
	}
	require.Equal(t, []string{"a'b", "", `c\d`, "e\nf"},
		scalar[[]string](t, conn, "SELECT {v:Array(String)}", clickhouse.Named("v", []string{"a'b", "", `c\d`, "e\nf"})))
	require.Nil(t, scalar[*string](t, conn, "SELECT {v:Nullable(String)}", clickhouse.Named("v", nil)))
	require.Equal(t, int64(-9), scalar[int64](t, conn, "SELECT {a:Int64} + {b:Int64}", clickhouse.Named("a", 1), clickhouse.Named("b", -10)))
	at := time.Date(2026, 3, 1, 0, 0, 0, 123456000, time.UTC)
	require.Equal(t, at, scalar[time.Time](t, conn, "SELECT {v:DateTime64(6, 'UTC')}", clickhouse.Named("v", at)))
	id := uuid.New()
	require.Equal(t, id, scalar[uuid.UUID](t, conn, "SELECT {v:UUID}", clickhouse.Named("v", id)))
	// In DDL and in INSERT too, and a parameter of one query is gone in the next.
	db := fresh(t, engine)
	execute(t, db, "CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s")
	require.NoError(t, db.Exec(t.Context(), "INSERT INTO t SELECT {v:String}", clickhouse.Named("v", "x'; y")))
	require.Equal(t, "x'; y", scalar[string](t, db, "SELECT s FROM t"))
	require.Equal(t, int32(456), code(db.QueryRow(t.Context(), "SELECT {v:String}").Err()), "UNKNOWN_QUERY_PARAMETER")
}

func TestAnyStringSurvivesAsParameter(t *testing.T) {
	conn := connect(t, engine, "default")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		var back string
		if err := conn.QueryRow(context.Background(), "SELECT {v:String}", clickhouse.Named("v", text)).Scan(&back); err != nil {
			t.Fatal(err)
		}
		if back != text {
			t.Fatalf("%q came back as %q", text, back)
		}
	})
}

func TestSettingsHoldForOneQuery(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		with := func(settings clickhouse.Settings) context.Context {
			return clickhouse.Context(t.Context(), clickhouse.WithSettings(settings))
		}
		for range 3 {
			ctx := with(clickhouse.Settings{"max_threads": 1, "max_block_size": 77})
			require.Equal(t, "1 77", scalarIn[string](t, ctx, conn, "SELECT concat(toString(getSetting('max_threads')), ' ', toString(getSetting('max_block_size')))"))
			require.NotEqual(t, "77", scalar[string](t, conn, "SELECT toString(getSetting('max_block_size'))"))
		}
		require.Equal(t, int32(115), code(conn.Exec(with(clickhouse.Settings{"no_such_setting": 1}), "SELECT 1")), "UNKNOWN_SETTING")
		require.Equal(t, int32(36), code(conn.Exec(with(clickhouse.Settings{"a b; DROP": 1}), "SELECT 1")))
		require.Equal(t, uint8(1), scalar[uint8](t, conn, "SELECT 1"))

		err := conn.QueryRow(with(clickhouse.Settings{"max_execution_time": 1}), "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1").Err()
		require.Equal(t, int32(159), code(err), "TIMEOUT_EXCEEDED: %v", err)
		err = conn.QueryRow(with(clickhouse.Settings{"max_memory_usage": 10_000_000}), "SELECT length(groupArray(toString(number))) FROM numbers(10000000)").Err()
		require.Equal(t, int32(241), code(err), "MEMORY_LIMIT_EXCEEDED: %v", err)
	})
}

func TestReadonlyHolds(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		execute(t, conn, "CREATE TABLE t (x UInt8) ENGINE = MergeTree ORDER BY x", "INSERT INTO t VALUES (1)")
		for _, level := range []int{1, 2} {
			ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"readonly": level}))
			require.Equal(t, uint64(1), scalarIn[uint64](t, ctx, conn, "SELECT count() FROM t"))
			for _, query := range []string{
				"INSERT INTO t VALUES (2)", "DROP TABLE t", "CREATE TABLE u (x UInt8) ENGINE = Memory", "SET readonly = 0",
				"INSERT INTO t SELECT 5 SETTINGS readonly = DEFAULT", "SELECT 1 SETTINGS readonly = DEFAULT", "SELECT 1 SETTINGS READONLY=0",
				"SELECT * FROM file('/etc/hostname', LineAsString)", "SELECT file('/etc/hostname')", "SELECT * FROM `file`('/etc/hostname', LineAsString)",
				"WITH x AS (SELECT * FROM url('http://127.0.0.1:1/', LineAsString)) SELECT * FROM x", "SELECT 1 INTO OUTFILE '/tmp/never'",
				"TRUNCATE TABLE t", "KILL QUERY WHERE 1", "SYSTEM STOP MERGES",
			} {
				require.Equal(t, int32(164), code(conn.Exec(ctx, query)), "READONLY %d: %s", level, query)
			}
			_, err := conn.PrepareBatch(ctx, "INSERT INTO t")
			require.NoError(t, err)
			require.Equal(t, int32(62), code(conn.Exec(ctx, "SELECT 1; DROP TABLE t")))
		}
		execute(t, conn, "INSERT INTO t VALUES (2)") // the next query may write again
		require.Equal(t, uint64(2), scalar[uint64](t, conn, "SELECT count() FROM t"))
	})
}

func TestExternalTables(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		execute(t, conn, "CREATE TABLE t (id String) ENGINE = MergeTree ORDER BY id",
			"INSERT INTO t SELECT concat('id-', toString(number)) FROM numbers(300000)")
		wanted, err := ext.NewTable("wanted", ext.Column("id", "String"), ext.Column("n", "Nullable(UInt32)"))
		require.NoError(t, err)
		for i := range 100_000 {
			require.NoError(t, wanted.Append(fmt.Sprintf("id-%d", i*3), uint32(i)))
		}
		other, err := ext.NewTable("other", ext.Column("x", "Enum8('a' = 1)"))
		require.NoError(t, err)
		require.NoError(t, other.Append("a"))
		ctx := clickhouse.Context(t.Context(), clickhouse.WithExternalTable(wanted, other), clickhouse.WithParameters(clickhouse.Parameters{"p": "7"}),
			clickhouse.WithSettings(clickhouse.Settings{"readonly": 2}))
		for range 2 {
			require.Equal(t, uint64(100_007), scalarIn[uint64](t, ctx, conn, "SELECT count() + {p:UInt8} FROM t WHERE id IN (SELECT id FROM wanted) AND (SELECT x FROM other) = 'a'"))
		}
		require.Equal(t, int32(60), code(conn.QueryRow(t.Context(), "SELECT count() FROM wanted").Err()), "the table is gone")
		require.Equal(t, int32(47), code(conn.QueryRow(ctx, "SELECT nope FROM wanted").Err()))
	})
}

func TestExceptions(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		for query, want := range map[string]int32{
			"SELECT nope":                        47,
			"SELECT * FROM no_such_table":        60,
			"SELEC 1":                            62,
			"":                                   62,
			"-- nothing":                         62,
			"SELECT 1; SELECT 2":                 62,
			"DROP TABLE no_such_table":           60,
			"INSERT INTO no_such_table SELECT 1": 60,
			"SELECT throwIf(1, 'it''s me')":      395,
			"1 + 1":                              62,
		} {
			err := conn.Exec(t.Context(), query)
			require.Equal(t, want, code(err), "%s: %v", query, err)
		}
		require.Equal(t, uint8(1), scalar[uint8](t, conn, "SELECT 1;"))
	})
}

func TestExceptionInTheMiddleOfAResult(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		for _, message := range []string{"", "x", "a long message " + strings.Repeat("na ", 300), "__exception__\r\n"} {
			rows, err := conn.Query(t.Context(), "SELECT number, throwIf(number = 3000000, {m:String}) FROM numbers(10000000)", clickhouse.Named("m", message))
			require.NoError(t, err)
			n := 0
			for rows.Next() {
				n++
			}
			require.Positive(t, n)
			require.Equal(t, int32(395), code(rows.Err()), "after %d rows: %v", n, rows.Err())
			_ = rows.Close()
		}
	})
}

func TestSQLFeatures(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		execute(t, conn,
			"CREATE TABLE t (k UInt32, at DateTime('UTC'), v Int64) ENGINE = MergeTree ORDER BY k SETTINGS lightweight_mutation_projection_mode = 'rebuild'",
			"INSERT INTO t SELECT number % 10, toDateTime('2026-01-01 00:00:00', 'UTC') + number * 60, number FROM numbers(1000)",
			"CREATE VIEW above AS SELECT * FROM t WHERE v > {low:Int64}",
			"ALTER TABLE t ADD COLUMN note String DEFAULT 'none'",
			"ALTER TABLE t ADD PROJECTION by_v (SELECT v, count() GROUP BY v)",
			"ALTER TABLE t MATERIALIZE PROJECTION by_v SETTINGS mutations_sync = 1",
			"CREATE MATERIALIZED VIEW sums ENGINE = SummingMergeTree ORDER BY k AS SELECT k, sum(v) AS s FROM t GROUP BY k",
			"CREATE TABLE rmt (k UInt32, v UInt8, r UInt8) ENGINE = ReplacingMergeTree(r) ORDER BY k",
			"INSERT INTO rmt VALUES (1, 1, 1), (1, 2, 2)",
		)
		require.Equal(t, uint64(100), scalar[uint64](t, conn, "SELECT count() FROM above(low = 899)"))
		require.Equal(t, "none", scalar[string](t, conn, "SELECT note FROM t LIMIT 1"))
		require.Equal(t, uint64(24), scalar[uint64](t, conn, `SELECT count() FROM (SELECT toStartOfHour(at) AS h, count() FROM t WHERE k = 1 GROUP BY h
			ORDER BY h WITH FILL FROM toDateTime('2026-01-01 00:00:00', 'UTC') TO toDateTime('2026-01-02 00:00:00', 'UTC') STEP 3600)`))
		require.Equal(t, int64(45), scalar[int64](t, conn, "SELECT max(s) FROM (SELECT sum(v) OVER (PARTITION BY intDiv(v, 10) ORDER BY v ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM t WHERE v < 10)"))
		execute(t, conn, "DELETE FROM t WHERE k = 3 SETTINGS lightweight_deletes_sync = 2")
		require.Equal(t, uint64(900), scalar[uint64](t, conn, "SELECT count() FROM t"))
		execute(t, conn, "INSERT INTO t (k, at, v) VALUES (1, now(), 5)", "OPTIMIZE TABLE t FINAL", "OPTIMIZE TABLE rmt FINAL")
		require.Equal(t, int64(5), scalar[int64](t, conn, "SELECT s FROM sums WHERE k = 1"))
		require.Equal(t, uint8(2), scalar[uint8](t, conn, "SELECT v FROM rmt"))
		var names []string
		rows, err := conn.Query(t.Context(), "SHOW TABLES")
		require.NoError(t, err)
		for rows.Next() {
			var name string
			require.NoError(t, rows.Scan(&name))
			names = append(names, name)
		}
		require.Contains(t, names, "above")
		require.NotEmpty(t, scalar[string](t, conn, "EXPLAIN SELECT 1"))
		require.Equal(t, uint8(1), scalar[uint8](t, conn, "EXISTS TABLE t"))
		require.Equal(t, "UTC", scalar[string](t, conn, "SELECT timezone()"))
		require.Equal(t, "1970-01-01 00:00:00", scalar[string](t, conn, "SELECT toString(toDateTime(0))"))
		execute(t, conn, "DROP TABLE sums SYNC")
	})
}

func TestWideResult(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		columns := make([]string, 1200)
		for i := range columns {
			columns[i] = fmt.Sprintf("number + %d AS c%d", i, i)
		}
		rows, err := conn.Query(t.Context(), "SELECT "+strings.Join(columns, ", ")+" FROM numbers(3)")
		require.NoError(t, err)
		require.Len(t, rows.Columns(), 1200)
		require.NoError(t, rows.Close())
	})
}

func TestFormats(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		body, err := conn.QueryFormat(t.Context(), "CSVWithNames", "SELECT number AS n, 'a,b' AS s FROM numbers(2)")
		require.NoError(t, err)
		text := new(strings.Builder)
		_, err = copyAll(text, body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		require.Equal(t, "\"n\",\"s\"\n0,\"a,b\"\n1,\"a,b\"\n", text.String())

		execute(t, conn, "CREATE TABLE t (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
		require.NoError(t, conn.InsertFormat(t.Context(), "CSV", "INSERT INTO t (a, b)", strings.NewReader("1,\"x;y\"\n2,z\n")))
		require.Equal(t, []string{"x;y", "z"}, scalar[[]string](t, conn, "SELECT groupArray(b) FROM (SELECT b FROM t ORDER BY a)"))
	})
}
