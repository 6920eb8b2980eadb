package embedded_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"fairdial/store/embedded"
	"fairdial/store/storetest"
)

// engine is shared: a process can have one.
var engine *embedded.Engine

// socket serves engine to clients as another process would see it.
var socket string

func TestMain(m *testing.M) {
	if role := os.Getenv(roleEnv); role != "" {
		os.Exit(play(role))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp(storetest.Folder(), "fairdial-embedded-")
	must(err)
	defer os.RemoveAll(dir)
	engine, err = embedded.Open(context.Background(), embedded.Options{Path: filepath.Join(dir, "data")})
	must(err)
	socket = filepath.Join(dir, "sock")
	listener, err := net.Listen("unix", socket)
	must(err)
	server := &http.Server{Handler: engine.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	defer func() { must(engine.Close()) }()
	defer server.Close()
	return m.Run()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func overSocket(path string) http.RoundTripper {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
		DisableCompression: true,
	}
}

func connect(t testing.TB, transport http.RoundTripper, database string) driver.Conn {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{"embedded:0"}, Auth: clickhouse.Auth{Database: database},
		MaxOpenConns: 64, MaxIdleConns: 16,
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) { return transport, nil },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return conn
}

// both runs a test through the engine's two doors, each time in a new database.
func both(t *testing.T, test func(t *testing.T, conn driver.Conn)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) { test(t, fresh(t, engine)) })
	t.Run("socket", func(t *testing.T) { test(t, fresh(t, overSocket(socket))) })
}

// fresh returns a connection to a new database.
func fresh(t testing.TB, transport http.RoundTripper) driver.Conn {
	t.Helper()
	name := strings.ToLower("t_" + strings.NewReplacer("/", "_", " ", "_", "#", "_").Replace(t.Name()))
	admin := connect(t, transport, "default")
	require.NoError(t, admin.Exec(t.Context(), "CREATE DATABASE `"+name+"`"))
	t.Cleanup(func() {
		require.NoError(t, admin.Exec(context.Background(), "DROP DATABASE `"+name+"` SYNC"))
	})
	return connect(t, transport, name)
}

func scalar[T any](t testing.TB, conn driver.Conn, query string, args ...any) T {
	t.Helper()
	return scalarIn[T](t, t.Context(), conn, query, args...)
}

func scalarIn[T any](t testing.TB, ctx context.Context, conn driver.Conn, query string, args ...any) T {
	t.Helper()
	var value T
	require.NoError(t, conn.QueryRow(ctx, query, args...).Scan(&value), query)
	return value
}

func execute(t testing.TB, conn driver.Conn, queries ...string) {
	t.Helper()
	for _, query := range queries {
		require.NoError(t, conn.Exec(t.Context(), query), query)
	}
}

// code is the ClickHouse error code that err carries; 0 for none.
func code(err error) int32 {
	var exception *clickhouse.Exception
	if ok := asError(err, &exception); !ok {
		return 0
	}
	return exception.Code
}

func copyAll(w *strings.Builder, r interface{ Read([]byte) (int, error) }) (int64, error) {
	return io.Copy(w, r)
}
