// Package embedded runs ClickHouse inside the process, from the library libchdb, and
// speaks to it as a server's HTTP interface would: Engine is an http.RoundTripper for
// clickhouse-go's TransportFunc, and has an http.Handler that serves the same on a
// socket. See README.md for what the engine promises and what it costs.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say how to run the engine. The zero value of each is a sensible default.
type Options struct {
	// Path is the data folder; it is created. Required.
	Path string
	// LibraryPath is the file libchdb.so; "" looks for it, see Locate.
	LibraryPath string
	// Connections bounds how many queries run side by side, results that are still
	// being fetched included; more of them wait. Default 16.
	Connections int
	// MemoryLimit bounds what the engine allocates, in bytes. Default 1 GiB.
	MemoryLimit int64
	// MergeThreads bounds the background threads that merge parts. Default 2.
	MergeThreads int
	// Logger gets what goes wrong outside any query. Default: nothing is logged.
	Logger *slog.Logger
}

// ErrEngineBusy is returned by Open while this process has another engine open: the
// library serves one data folder at a time.
var ErrEngineBusy = errors.New("this process has an embedded engine open already, and can have one at a time: close the other first")

// Engine is ClickHouse in this process. It is safe for concurrent use.
type Engine struct {
	path    string
	lib     *library
	log     *slog.Logger
	pool    *pool
	control *session // for KILL QUERY, so that it never waits for a free session
	killing sync.Mutex
	version string

	ctx      context.Context // ends when the engine closes
	cancel   context.CancelCauseFunc
	mu       sync.Mutex // guards closing against running.Add
	closing  bool
	running  sync.WaitGroup
	sessions atomic.Int64
	closed   chan struct{}
}

// The library cannot serve two folders at a time, whoever asks.
var inUse atomic.Bool

// Open starts the engine on the folder Options.Path. The caller makes sure that no
// other process has the folder open (package store keeps a lock file), and calls Close
// before the process ends.
func Open(ctx context.Context, opts Options) (_ *Engine, err error) {
	if opts.Path == "" {
		return nil, errors.New("open the embedded engine: no data folder given")
	}
	if err = ctx.Err(); err != nil {
		return nil, err
	}
	file, err := Locate(opts.LibraryPath)
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(opts.Path)
	if err != nil {
		return nil, fmt.Errorf("open the embedded engine in %s: %w", opts.Path, err)
	}
	// Without the folder `metadata` the engine takes the store for a new one and does
	// not start the task that drops tables: DROP … SYNC would wait for ever.
	if err = os.MkdirAll(filepath.Join(path, "metadata"), 0o750); err != nil {
		return nil, fmt.Errorf("make the data folder of the embedded engine: %w", err)
	}
	if !inUse.CompareAndSwap(false, true) {
		return nil, ErrEngineBusy
	}
	defer func() {
		if err != nil {
			inUse.Store(false)
		}
	}()
	lib, err := loadLibrary(file)
	if err != nil {
		return nil, err
	}
	e := &Engine{path: path, lib: lib, log: opts.Logger, closed: make(chan struct{})}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.ctx, e.cancel = context.WithCancelCause(context.Background())
	args := arguments(path, opts)
	e.pool = &pool{max: positive(opts.Connections, 16), open: func() (*session, error) {
		return openSession(lib, args, e.sessions.Add(1))
	}}
	if e.control, err = e.pool.open(); err != nil {
		return nil, fmt.Errorf("open the embedded engine in %s: %w", path, err)
	}
	out, err := e.control.exec("SELECT version(), timezone()")
	version, zone, _ := strings.Cut(strings.TrimSpace(string(out)), "\t")
	if err == nil && zone != "UTC" {
		err = fmt.Errorf("its time zone is %s, not UTC", zone)
	}
	if err != nil {
		e.control.close()
		return nil, fmt.Errorf("open the embedded engine in %s: %w", path, err)
	}
	e.version = version
	return e, nil
}

// arguments are the engine's server settings. The defaults are those of a big server
// that is alone on its machine; here it is a guest in the daemon.
func arguments(path string, opts Options) []string {
	const mib = 1 << 20
	args := []string{
		"fairdial", "--path=" + path,
		"--config-file=",
	} // else it reads ./config.xml and /etc/clickhouse-local
	for _, s := range []struct {
		name  string
		value int64
	}{
		{"max_server_memory_usage", positive(opts.MemoryLimit, 1024*mib)},
		{"mark_cache_size", 64 * mib},
		{"index_mark_cache_size", 16 * mib},
		{"uncompressed_cache_size", 0},
		{"index_uncompressed_cache_size", 0},
		{"primary_index_cache_size", 64 * mib},
		{"query_condition_cache_size", 16 * mib},
		{"mmap_cache_size", 100},
		{"compiled_expression_cache_size", 32 * mib},
		{"vector_similarity_index_cache_size", 0},
		{"text_index_tokens_cache_size", 0},
		{"text_index_header_cache_size", 0},
		{"text_index_postings_cache_size", 0},
		{"iceberg_metadata_files_cache_size", 0},
		{"parquet_metadata_cache_size", 0},
		{"background_pool_size", int64(positive(opts.MergeThreads, 2))},
		{"background_merges_mutations_concurrency_ratio", 2},
		{"background_common_pool_size", 1},
		{"background_schedule_pool_size", 2},
		{"memory_worker_period_ms", 200},
		{"max_thread_pool_size", 500},
		{"max_thread_pool_free_size", 64},
		{"max_io_thread_pool_size", 8},
		{"max_io_thread_pool_free_size", 8},
	} {
		args = append(args, "--"+s.name+"="+strconv.FormatInt(s.value, 10))
	}
	return args
}

func positive[N int | int64](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}

// Version is the engine's version, such as "26.5.1.1".
func (e *Engine) Version() string { return e.version }

// Path is the data folder, absolute.
func (e *Engine) Path() string { return e.path }

// Close cancels what runs, waits for it to stop, and stops the engine. The process must
// not end before it has returned. It may be called more than once.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closing {
		e.mu.Unlock()
		<-e.closed
		return nil
	}
	e.closing = true
	e.mu.Unlock()

	e.pool.shut()
	e.cancel(ErrClosed)
	e.running.Wait()
	for _, s := range e.pool.takeAll() {
		s.close()
	}
	e.control.close() // the last one: the engine stops with it
	inUse.Store(false)
	close(e.closed)
	return nil
}

// enter counts an operation, so that Close waits for it.
func (e *Engine) enter() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return ErrClosed
	}
	e.running.Add(1)
	return nil
}

// kill tells the engine to stop what the session runs, and reports whether it was found
// running. The query itself stops a little later.
func (e *Engine) kill(s *session) (found bool, err error) {
	e.killing.Lock()
	defer e.killing.Unlock()
	// ASYNC: with SYNC the engine could hang when it was closed afterwards.
	out, err := e.control.exec("KILL QUERY WHERE Settings['log_comment'] = " + quoteText(s.tag) + " ASYNC")
	return len(out) > 0, err
}

// standing completes a request's settings with those that every statement has here.
func standing(ctx context.Context, settings map[string]string) map[string]string {
	all := map[string]string{
		"implicit_select":    "0", // clickhouse-local's own; "1 + 1" is no statement
		"max_execution_time": "0", // seconds
	}
	maps.Copy(all, settings)
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		// The driver sets the limit to some seconds more than what is left, a little
		// different each time; a limit below that is the caller's own.
		if limit, err := strconv.ParseFloat(all["max_execution_time"], 64); err != nil || limit == 0 || limit > left.Seconds() {
			all["max_execution_time"] = strconv.Itoa(backstop(left))
		}
	}
	delete(all, "log_comment") // ours: kill finds queries by it
	return all
}

// backstop is the time limit, in seconds, that stops a query should cancelling it fail.
// It is coarse so that it seldom has to be SET.
func backstop(left time.Duration) int {
	for _, seconds := range []int{5, 30, 120, 600, 3600} {
		if left < time.Duration(seconds)*time.Second {
			return seconds
		}
	}
	return 0
}
