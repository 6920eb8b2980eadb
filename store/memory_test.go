package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/store"
	"fairdial/store/storetest"
)

// counted counts what reaches the engine.
type counted struct {
	driver.Conn
	n atomic.Int64
}

func (c *counted) Select(ctx context.Context, dest any, query string, args ...any) error {
	c.n.Add(1)
	return c.Conn.Select(ctx, dest, query, args...)
}

type subject struct {
	Subject  string   `ch:"subject"`
	Versions []uint32 `ch:"versions"`
}

const subjectsSQL = `SELECT subject, arraySort(groupArray(version)) AS versions FROM journal_events WHERE stream = {stream:String} GROUP BY subject ORDER BY subject`

func TestWhatWasReadIsGivenAgainUntilTheStoreChanges(t *testing.T) {
	s := storetest.Open(t)
	engine := &counted{Conn: s.Conn}
	m := store.Remembering(engine, 1<<20)
	ctx := context.Background()
	read := func(stream string) (out []subject) {
		require.NoError(t, m.Select(store.Reading(ctx), &out, subjectsSQL, clickhouse.Named("stream", stream)))
		return out
	}
	cost := func(stream string) int64 {
		before := engine.n.Load()
		read(stream)
		return engine.n.Load() - before
	}
	write := func(name string, version int) {
		require.NoError(t, s.Exec(ctx, fmt.Sprintf("INSERT INTO journal (stream, subject, version, event_id, actor) VALUES ('case', '%s', %d, '%s', 'ann')", name, version, uuid.NewString())))
	}
	write("a", 1)
	first := []subject{{"a", []uint32{1}}}
	require.Equal(t, first, read("case"))
	require.Equal(t, int64(1), cost("case"), "only what the store consists of is asked")
	require.Equal(t, int64(2), cost("note"), "another parameter is another question")

	got := read("case")
	got[0].Subject, got[0].Versions[0] = "changed", 9
	require.Equal(t, first, read("case"), "whoever gets rows may change them")

	for change, step := range map[string]func(){
		"an insert":  func() { write("a", 2) },
		"a deletion": func() { require.NoError(t, s.Exec(ctx, "DELETE FROM journal WHERE version = 1")) },
		"a mutation": func() {
			require.NoError(t, s.Exec(ctx, "ALTER TABLE journal DELETE WHERE version > 50 SETTINGS mutations_sync = 1"))
		},
		"a merge":     func() { write("b", 1); write("b", 2); require.NoError(t, s.Exec(ctx, "OPTIMIZE TABLE journal FINAL")) },
		"a truncate":  func() { require.NoError(t, s.Exec(ctx, "TRUNCATE TABLE journal")) },
		"many writes": func() { write("c", 51); write("c", 52); write("d", 1) },
	} {
		step()
		var want []subject
		require.NoError(t, s.Select(ctx, &want, subjectsSQL, clickhouse.Named("stream", "case")))
		require.Equal(t, want, read("case"), "after %s", change)
	}

	var plain []subject
	before := engine.n.Load()
	for range 2 {
		require.NoError(t, m.Select(ctx, &plain, subjectsSQL, clickhouse.Named("stream", "case")))
	}
	require.Equal(t, int64(2), engine.n.Load()-before, "who does more than answer a request reads the store")
}

// What goes with a statement in its context is part of the question.
func TestWhatIsAskedWithMoreThanParametersIsRead(t *testing.T) {
	s := storetest.Open(t)
	for _, number := range []uint32{1, 2} {
		table, err := ext.NewTable("given", ext.Column("version", "UInt32"))
		require.NoError(t, err)
		require.NoError(t, table.Append(number))
		for query, with := range map[string]clickhouse.QueryOption{
			"SELECT 'x' AS subject, groupArray(version) AS versions FROM given WHERE 0 = (SELECT count() FROM journal)": clickhouse.WithExternalTable(table),
			"SELECT 'x' AS subject, [{n:UInt32}] AS versions WHERE 0 = (SELECT count() FROM journal)":                   clickhouse.WithParameters(clickhouse.Parameters{"n": fmt.Sprint(number)}),
		} {
			var got []subject
			require.NoError(t, s.Select(clickhouse.Context(store.Reading(context.Background()), with), &got, query))
			require.Equal(t, []subject{{"x", []uint32{number}}}, got)
		}
	}
}

// In one reading all is of the store as it was when the first was read, or newer.
func TestAReadingSeesWhatWasThereWhenItBegan(t *testing.T) {
	s := storetest.Open(t)
	ctx := context.Background()
	count := func(ctx context.Context) uint64 {
		var rows []struct {
			N uint64 `ch:"n"`
		}
		require.NoError(t, s.Select(ctx, &rows, "SELECT count() AS n FROM journal"))
		return rows[0].N
	}
	var written atomic.Uint64
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for range 60 {
				least := written.Load()
				require.GreaterOrEqual(t, count(store.Reading(ctx)), least)
				time.Sleep(time.Millisecond)
			}
		})
	}
	for i := range 40 {
		require.NoError(t, s.Exec(ctx, fmt.Sprintf("INSERT INTO journal (stream, subject, version, event_id, actor) VALUES ('case', 's', %d, generateUUIDv4(), 'ann')", i)))
		written.Add(1)
	}
	work.Wait()
}

func TestOnlyWhatFollowsFromTablesIsKept(t *testing.T) {
	s := storetest.Open(t)
	engine := &counted{Conn: s.Conn}
	m := store.Remembering(engine, 1<<20)
	for query, kept := range map[string]bool{
		"SELECT toString(count()) AS subject, emptyArrayUInt32() AS versions FROM usage":                                      true,
		"SELECT toString(count()) AS subject, emptyArrayUInt32() AS versions FROM journal WHERE at < now()":                   false,
		"SELECT toString(generateUUIDv4()) AS subject, emptyArrayUInt32() AS versions FROM journal LIMIT 1":                   false,
		"SELECT toString(count()) AS subject, emptyArrayUInt32() AS versions FROM system.parts":                               false,
		"SELECT toString(count()) AS subject, emptyArrayUInt32() AS versions FROM system.tables WHERE name IN ('journal')":    false,
		"SELECT 'x' AS subject, emptyArrayUInt32() AS versions":                                                               false,
		"SELECT toString(count()) AS subject, emptyArrayUInt32() AS versions FROM replaced_usage -- of journal, and of now()": true,
	} {
		again := int64(0)
		for range 2 {
			var out []subject
			before := engine.n.Load()
			require.NoError(t, m.Select(store.Reading(context.Background()), &out, query))
			again = engine.n.Load() - before
		}
		require.Equal(t, kept, again == 1 && m.Holds(query), query)
	}
}

// Rows of any shape that the driver fills are given to each as their own.
func TestRowsOfEveryShapeAreGivenAsOnesOwn(t *testing.T) {
	s := storetest.Open(t)
	ctx := context.Background()
	require.NoError(t, s.Exec(ctx, "INSERT INTO journal (stream, subject, version, event_id, actor) VALUES ('case', 'a', 1, generateUUIDv4(), 'ann')"))
	type shown struct {
		Text   *string          `ch:"text"`
		None   *string          `ch:"none"`
		Amount *decimal.Decimal `ch:"amount"`
		At     time.Time        `ch:"recorded_at"`
		Lists  [][]string       `ch:"lists"`
		Own    *bool
	}
	const query = `SELECT toNullable('text') AS text, NULL::Nullable(String) AS none, toNullable(toDecimal64(1.5, 2)) AS amount, recorded_at, [['a'], ['b', 'c']] AS lists FROM journal`
	m := store.Remembering(s.Conn, 1<<20)
	read := func() shown {
		var out []shown
		require.NoError(t, m.Select(store.Reading(ctx), &out, query))
		require.Len(t, out, 1)
		return out[0]
	}
	want := read()
	require.True(t, m.Holds(query))
	got := read()
	require.Equal(t, want, got)
	*got.Text, got.Lists[1][0], got.Own = "changed", "changed", new(bool)
	require.Equal(t, want, read())
	require.Nil(t, read().Own)
}

// stuck does not answer the first time until it need not any more.
type stuck struct {
	driver.Conn
	asked atomic.Int64
	began chan struct{}
}

func (c *stuck) Select(ctx context.Context, dest any, query string, args ...any) error {
	if query == subjectsSQL && c.asked.Add(1) == 1 {
		close(c.began)
		<-ctx.Done()
		return ctx.Err()
	}
	return c.Conn.Select(ctx, dest, query, args...)
}

func TestWhoWaitsForAnotherAsksThemselvesWhereThatOneGoes(t *testing.T) {
	s := storetest.Open(t)
	conn := &stuck{Conn: s.Conn, began: make(chan struct{})}
	m := store.Remembering(conn, 1<<20)
	ask := func(ctx context.Context) error {
		var out []subject
		return m.Select(store.Reading(ctx), &out, subjectsSQL, clickhouse.Named("stream", "case"))
	}
	first, goes := context.WithCancel(context.Background())
	answers := make(chan error, 2)
	go func() { answers <- ask(first) }()
	<-conn.began
	go func() { answers <- ask(context.Background()) }()
	time.Sleep(50 * time.Millisecond)
	goes()
	one, other := <-answers, <-answers
	require.True(t, one == nil || other == nil, "%v, %v", one, other)
	require.Equal(t, int64(2), conn.asked.Load())
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	s := storetest.Open(t)
	m := store.Remembering(s.Conn, 40_000)
	ctx := context.Background()
	require.NoError(t, s.Exec(ctx, "INSERT INTO journal (stream, subject, version, event_id, actor) SELECT 'case', toString(number), 1, generateUUIDv4(), 'ann' FROM numbers(1000)"))
	for i := range 200 {
		var out []subject
		require.NoError(t, m.Select(store.Reading(ctx), &out, "SELECT subject, [version] AS versions FROM journal WHERE subject <= {to:String} ORDER BY subject LIMIT {limit:UInt32}", clickhouse.Named("to", "9"), clickhouse.Named("limit", uint32(i)))) //nolint:gosec // small
		require.Len(t, out, i)
		require.LessOrEqual(t, m.Holding(), 40_000)
	}
	require.Positive(t, m.Holding())
}
