package embedded_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
)

const (
	endless    = "SELECT count() FROM numbers(10000000000000) WHERE sipHash64(number) = 1"
	endlessRow = "SELECT number, toString(number) FROM numbers(10000000000000)"
)

func running(t testing.TB, conn driver.Conn) uint64 {
	return scalar[uint64](t, conn, "SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%'")
}

// quiet waits until no query is left running.
func quiet(t testing.TB, conn driver.Conn) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); running(t, conn) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			require.Empty(t, scalar[[]string](t, conn, "SELECT groupArray(query) FROM system.processes WHERE query NOT LIKE '%system.processes%'"))
		}
	}
}

func TestCancelStopsTheQuery(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		execute(t, conn, "CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY tuple()")
		for name, query := range map[string]func(ctx context.Context) error{
			"computing": func(ctx context.Context) error { return conn.QueryRow(ctx, endless).Err() },
			"between blocks": func(ctx context.Context) error {
				rows, err := conn.Query(ctx, endlessRow)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
				}
				return rows.Err()
			},
			"statement":     func(ctx context.Context) error { return conn.Exec(ctx, endless) },
			"insert select": func(ctx context.Context) error { return conn.Exec(ctx, "INSERT INTO t "+endless) },
			"many inserts": func(ctx context.Context) error {
				return conn.Exec(ctx, "INSERT INTO t SELECT number FROM numbers(10000000000) WHERE sipHash64(number) = 1")
			},
			"create as select": func(ctx context.Context) error {
				return conn.Exec(ctx, "CREATE OR REPLACE TABLE u ENGINE = MergeTree ORDER BY tuple() AS "+endless)
			},
		} {
			t.Run(name, func(t *testing.T) {
				for _, how := range []string{"cancel", "deadline"} {
					ctx, cancel := context.WithCancel(t.Context())
					if how == "deadline" {
						ctx, cancel = context.WithTimeout(t.Context(), 150*time.Millisecond)
					} else {
						time.AfterFunc(150*time.Millisecond, cancel)
					}
					begin := time.Now()
					err := query(ctx)
					require.ErrorIs(t, err, ctx.Err(), how)
					require.Less(t, time.Since(begin), 10*time.Second, how)
					cancel()
					quiet(t, conn)
				}
			})
		}
		require.Zero(t, scalar[uint64](t, conn, "SELECT count() FROM t"))
	})
}

func TestCancelBeforeTheQueryBegins(t *testing.T) {
	conn := connect(t, engine, "default")
	for i := range 300 { // at every moment of a query that takes about a millisecond
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*10*time.Microsecond)
		var n uint8
		if err := conn.QueryRow(ctx, "SELECT 1").Scan(&n); err == nil {
			require.Equal(t, uint8(1), n)
		}
		cancel()
	}
	require.Equal(t, uint8(2), scalar[uint8](t, conn, "SELECT 2"))
}

func TestRowsClosedEarlyStopTheQuery(t *testing.T) {
	conn := connect(t, engine, "default")
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		rows, err := conn.Query(ctx, endlessRow)
		require.NoError(t, err)
		require.True(t, rows.Next())
		cancel() // the driver's Close reads a result to its end otherwise
		_ = rows.Close()
	}
	quiet(t, conn)
}

func TestShortQueryDoesNotWaitForALongOne(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		ctx, cancel := context.WithCancel(t.Context())
		var long sync.WaitGroup
		for range 3 {
			long.Go(func() { _ = conn.QueryRow(ctx, endless).Err() })
		}
		for running(t, conn) < 3 {
			time.Sleep(time.Millisecond)
		}
		begin := time.Now()
		for range 5 {
			require.Equal(t, uint8(1), scalar[uint8](t, conn, "SELECT 1"))
		}
		require.Less(t, time.Since(begin), 15*time.Second)
		require.Equal(t, uint64(3), running(t, conn))
		cancel()
		long.Wait()
	})
}

func TestWaitingForASessionEndsWithTheContext(t *testing.T) {
	conn := connect(t, engine, "default")
	busy, release := context.WithCancel(t.Context())
	var held sync.WaitGroup
	for range 16 { // the default of Options.Connections
		held.Go(func() {
			_ = conn.QueryRow(busy, "SELECT sleepEachRow(0.01) FROM numbers(100000) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0").Err()
		})
	}
	// Nobody is left to ask the engine how many run: until all are, a question is answered.
	for end := time.Now().Add(time.Minute); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		begin := time.Now()
		err := conn.QueryRow(ctx, "SELECT 1").Err()
		cancel()
		if err == nil && begin.Before(end) {
			continue
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, time.Since(begin), 10*time.Second)
		break
	}
	release()
	held.Wait()
	require.Equal(t, uint8(1), scalar[uint8](t, conn, "SELECT 1"))
}

func TestManyAtOnce(t *testing.T) {
	both(t, func(t *testing.T, conn driver.Conn) {
		execute(t, conn, "CREATE TABLE t (g UInt32, i UInt32) ENGINE = MergeTree ORDER BY (g, i)")
		var all sync.WaitGroup
		errs := make(chan error, 100)
		for g := range 24 { // more than there are sessions
			all.Go(func() {
				for i := range 5 {
					ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 1000 + g%5}))
					batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t")
					if err == nil {
						if err = batch.Append(uint32(g), uint32(i)); err == nil {
							err = batch.Send()
						}
					}
					var n uint64
					if err == nil {
						err = conn.QueryRow(ctx, "SELECT count() FROM t WHERE g = {g:UInt32} AND getSetting('max_block_size') = {b:UInt64}",
							clickhouse.Named("g", g), clickhouse.Named("b", 1000+g%5)).Scan(&n)
					}
					if err == nil && n != uint64(i+1) {
						err = fmt.Errorf("writer %d sees %d rows after %d", g, n, i+1)
					}
					if err != nil {
						errs <- err
						return
					}
				}
			})
		}
		all.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, uint64(120), scalar[uint64](t, conn, "SELECT count() FROM t"))
	})
}

// brokenReader gives data and then fails, as a client does that dies while it sends.
type brokenReader struct {
	io.Reader
	stall chan struct{} // if set, what it waits for before it fails
}

func (b *brokenReader) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		if b.stall != nil {
			<-b.stall
		}
		return n, fmt.Errorf("the sender died")
	}
	return n, err
}

func (b *brokenReader) Close() error { return nil }

func TestRowsThatBreakOffAreNotInserted(t *testing.T) {
	conn := fresh(t, engine)
	execute(t, conn, "CREATE TABLE t (a UInt64, s String) ENGINE = MergeTree ORDER BY a")
	database := scalar[string](t, conn, "SELECT currentDatabase()")
	native := func(rows int) string {
		body, err := conn.QueryFormat(t.Context(), "Native", fmt.Sprintf("SELECT number AS a, toString(number) AS s FROM numbers(%d) SETTINGS max_block_size = 1000000", rows))
		require.NoError(t, err)
		text := new(strings.Builder)
		_, err = copyAll(text, body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		return text.String()
	}
	block := native(1000)
	for name, c := range map[string]struct{ format, data string }{
		"nothing sent":         {"Native", ""},
		"inside a block":       {"Native", block[:len(block)/2]},
		"between two blocks":   {"Native", block + block},
		"many blocks":          {"Native", strings.Repeat(block, 500)},
		"text, after a line":   {"CSV", strings.Repeat("1,a\n", 1000)},
		"text, inside a line":  {"CSV", strings.Repeat("1,a\n", 200000) + "7,b"},
		"text, inside a quote": {"TSV", "1\ta\n2"},
	} {
		for _, transport := range []http.RoundTripper{engine, overSocket(socket)} {
			t.Run(fmt.Sprintf("%s %T", name, transport), func(t *testing.T) {
				query := url.Values{"query": {"INSERT INTO t (a, s) FORMAT " + c.format}, "database": {database}}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://embedded/?"+query.Encode(), &brokenReader{Reader: strings.NewReader(c.data)})
				require.NoError(t, err)
				response, err := transport.RoundTrip(req)
				if err == nil {
					require.NotEqual(t, http.StatusOK, response.StatusCode)
					require.NoError(t, response.Body.Close())
				}
				quiet(t, conn)
				require.Zero(t, scalar[uint64](t, conn, "SELECT count() FROM t"))
			})
		}
	}
	t.Run("cancelled while the rows are awaited", func(t *testing.T) {
		for _, transport := range []http.RoundTripper{engine, overSocket(socket)} {
			stall := make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(200*time.Millisecond, cancel)
			time.AfterFunc(1200*time.Millisecond, func() { close(stall) })
			query := url.Values{"query": {"INSERT INTO t (a, s) FORMAT Native"}, "database": {database}}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://embedded/?"+query.Encode(), &brokenReader{Reader: strings.NewReader(block), stall: stall})
			require.NoError(t, err)
			_, err = transport.RoundTrip(req) //nolint:bodyclose // there is none
			require.ErrorIs(t, err, context.Canceled)
			quiet(t, conn)
			require.Zero(t, scalar[uint64](t, conn, "SELECT count() FROM t"))
		}
	})
	t.Run("refused before the rows are read", func(t *testing.T) {
		batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t (a, s)")
		require.NoError(t, err)
		for i := range 200_000 { // more than the pipe holds
			require.NoError(t, batch.Append(uint64(i), strings.Repeat("x", 20)))
		}
		execute(t, conn, "ALTER TABLE t DROP COLUMN s")
		require.Equal(t, int32(16), code(batch.Send()), "NO_SUCH_COLUMN_IN_TABLE")
	})
}
