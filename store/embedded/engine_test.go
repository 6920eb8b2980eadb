package embedded_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
	"net/http"

	"fairdial/store/embedded"
)

var engine *embedded.Engine

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "fairdial-embedded-")
	if err != nil {
		panic(err)
	}
	engine, err = embedded.Open(context.Background(), embedded.Options{Path: dir})
	if err != nil {
		panic(err)
	}
	code := m.Run()
	if err := engine.Close(); err != nil {
		panic(err)
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func conn(t testing.TB, rt http.RoundTripper) driver.Conn {
	c, err := clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{"embedded:0"}, MaxOpenConns: 64,
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) { return rt, nil },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestSmoke(t *testing.T) {
	c := conn(t, engine)
	ctx := t.Context()
	require.NoError(t, c.Exec(ctx, "CREATE DATABASE IF NOT EXISTS d"))
	require.NoError(t, c.Exec(ctx, "CREATE TABLE d.t (a UInt64, s LowCardinality(String), at DateTime64(7,'UTC')) ENGINE=MergeTree ORDER BY a"))
	b, err := c.PrepareBatch(ctx, "INSERT INTO d.t")
	require.NoError(t, err)
	for i := range 100000 {
		require.NoError(t, b.Append(uint64(i), "x", time.Unix(int64(i), 0)))
	}
	require.NoError(t, b.Send())
	var n uint64
	require.NoError(t, c.QueryRow(ctx, "SELECT count() FROM d.t").Scan(&n))
	require.Equal(t, uint64(100000), n)
	t0 := time.Now()
	for range 200 {
		require.NoError(t, c.QueryRow(ctx, "SELECT count() FROM d.t WHERE a = {a:UInt64}", clickhouse.Named("a", 5)).Scan(&n))
	}
	t.Log(time.Since(t0) / 200)
	cctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	t0 = time.Now()
	err = c.QueryRow(cctx, "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number)=1").Scan(&n)
	t.Log(err, time.Since(t0))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
