package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairdial/store/embedded"
	"fairdial/store/storetest"
)

// A test that needs a process of its own runs this binary again with a role to play.
const (
	roleEnv = "FAIRDIAL_TEST_ROLE"
	pathEnv = "FAIRDIAL_TEST_PATH"
)

var roles = map[string]func(context.Context, *embedded.Engine, driver.Conn) error{
	"exit under load": exitUnderLoad,
	"write for ever":  writeForEver,
	"count":           countRows,
	"signals":         signals,
	"big result":      bigResult,
	"big batch":       bigBatch,
	"reopen":          reopen,
	"idle":            func(context.Context, *embedded.Engine, driver.Conn) error { return nil },
}

func play(role string) int {
	ctx := context.Background()
	before := handled()
	e, err := embedded.Open(ctx, embedded.Options{Path: os.Getenv(pathEnv)})
	must(err)
	conn, err := clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{"embedded:0"}, MaxOpenConns: 64,
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) { return e, nil },
	})
	must(err)
	must(roles[role](ctx, e, conn))
	must(e.Close())
	must(conn.Close())
	must(e.Close()) // a second time does nothing
	// The driver's goroutine behind rows that were never closed is the caller's to end.
	must(goleak.Find(goleak.IgnoreTopFunction("github.com/ClickHouse/clickhouse-go/v2.(*httpConnect).query.func1")))
	if after := handled(); after&goSignals != before&goSignals {
		must(fmt.Errorf("the signals handled were %x and are %x", before, after))
	}
	fmt.Println("rss", status("VmHWM"))
	return 0
}

// status reads a line of /proc/self/status, in kilobytes.
func status(name string) int {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.Atoi(strings.Fields(value)[0])
			return n
		}
	}
	return 0
}

// goSignals leaves out 32 and above, some of which are libc's own.
const goSignals = 1<<31 - 1

// handled is the set of signals that the process catches.
func handled() uint64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "SigCgt:"); ok {
			set, _ := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			return set
		}
	}
	return 0
}

func child(t testing.TB, role, path string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(append(os.Environ(), roleEnv+"="+role, pathEnv+"="+path), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

func output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)
	return string(out)
}

const events = "CREATE TABLE IF NOT EXISTS events (writer UInt32, n UInt64, at DateTime64(3, 'UTC'), text String) ENGINE = MergeTree ORDER BY (writer, n)"

func send(ctx context.Context, conn driver.Conn, writer uint32, from uint64, rows int) error {
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO events")
	if err != nil {
		return err
	}
	for i := range rows {
		if err := batch.Append(writer, from+uint64(i), time.Now(), "text"); err != nil {
			return err
		}
	}
	return batch.Send()
}

func exitUnderLoad(ctx context.Context, e *embedded.Engine, conn driver.Conn) error {
	if err := conn.Exec(ctx, events); err != nil {
		return err
	}
	var load sync.WaitGroup
	for writer := range uint32(3) {
		load.Go(func() {
			for n := uint64(0); send(ctx, conn, writer, n, 1000) == nil; n += 1000 {
			}
		})
	}
	load.Go(func() { _ = conn.QueryRow(ctx, endless).Err() })
	load.Go(func() { // a result that nobody fetches
		if rows, err := conn.Query(ctx, endlessRow); err == nil {
			rows.Next()
		}
	})
	time.Sleep(150 * time.Millisecond)
	if err := e.Close(); err != nil {
		return err
	}
	load.Wait()
	if err := conn.Exec(ctx, "SELECT 1"); err == nil {
		return fmt.Errorf("a closed engine runs queries")
	}
	return nil
}

func TestExitUnderLoadIsClean(t *testing.T) {
	path := storetest.Dir(t)
	times := 20
	if testing.Short() {
		times = 3
	}
	for range times { // the same folder: what one leaves, the next opens
		output(t, child(t, "exit under load", path))
	}
}

// reopen changes folders in one process.
func reopen(ctx context.Context, e *embedded.Engine, conn driver.Conn) error {
	if _, err := embedded.Open(ctx, embedded.Options{Path: e.Path()}); !errors.Is(err, embedded.ErrEngineBusy) {
		return fmt.Errorf("a second engine: %w", err)
	}
	if err := errors.Join(conn.Exec(ctx, events), send(ctx, conn, 1, 0, 10)); err != nil {
		return err
	}
	if err := e.Close(); err != nil {
		return err
	}
	for i, want := range []uint64{0, 10} {
		path := e.Path()
		if i == 0 {
			path += "-other"
		}
		again, err := embedded.Open(ctx, embedded.Options{Path: path, Connections: 1})
		if err != nil {
			return err
		}
		c, err := clickhouse.Open(&clickhouse.Options{
			Protocol: clickhouse.HTTP, Addr: []string{"embedded:0"},
			TransportFunc: func(*http.Transport) (http.RoundTripper, error) { return again, nil },
		})
		if err != nil {
			return err
		}
		var n uint64
		if err := errors.Join(c.Exec(ctx, events), c.QueryRow(ctx, "SELECT count() FROM events").Scan(&n), c.Close(), again.Close()); err != nil {
			return err
		}
		if n != want {
			return fmt.Errorf("%s has %d rows", path, n)
		}
	}
	return nil
}

func TestAnotherFolderAfterClose(t *testing.T) {
	output(t, child(t, "reopen", filepath.Join(storetest.Dir(t), "a")))
}

func writeForEver(ctx context.Context, _ *embedded.Engine, conn driver.Conn) error {
	if err := conn.Exec(ctx, events); err != nil {
		return err
	}
	var out sync.Mutex
	errs := make(chan error)
	for writer := range uint32(3) {
		go func() {
			for n := uint64(0); ; n += 100 {
				if err := send(ctx, conn, writer, n, 100); err != nil {
					errs <- err
					return
				}
				out.Lock()
				fmt.Println(writer, n+100)
				out.Unlock()
			}
		}()
	}
	return <-errs
}

func countRows(ctx context.Context, _ *embedded.Engine, conn driver.Conn) error {
	rows, err := conn.Query(ctx, "SELECT writer, count(), max(n) + 1, uniqExact(n) FROM events GROUP BY writer")
	if err != nil {
		return err
	}
	for rows.Next() {
		var writer uint32
		var count, last, different uint64
		if err := rows.Scan(&writer, &count, &last, &different); err != nil {
			return err
		}
		if count != last || count != different {
			return fmt.Errorf("writer %d: %d rows, up to %d, %d different", writer, count, last, different)
		}
		fmt.Println(writer, count)
	}
	return rows.Err()
}

func TestKilledProcessLosesNoAcknowledgedRow(t *testing.T) {
	path := t.TempDir() // on a disk
	acknowledged := map[string]int{}
	rounds := 3
	for round := range rounds {
		cmd := child(t, "write for ever", filepath.Join(path, strconv.Itoa(round)))
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		clear(acknowledged)
		var kill sync.Once // some time after every writer has written
		for lines := bufio.NewScanner(out); lines.Scan(); {
			writer, n, _ := strings.Cut(lines.Text(), " ")
			acknowledged[writer], err = strconv.Atoi(n)
			require.NoError(t, err)
			if len(acknowledged) == 3 {
				kill.Do(func() {
					time.AfterFunc(time.Duration(100+200*round)*time.Millisecond, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
				})
			}
		}
		require.Error(t, cmd.Wait())
		require.Len(t, acknowledged, 3)
		for line := range strings.Lines(output(t, child(t, "count", filepath.Join(path, strconv.Itoa(round))))) {
			writer, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			if writer == "rss" {
				continue
			}
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			// One batch more may be there than was acknowledged, never less, never a part of one.
			require.Contains(t, []int{acknowledged[writer], acknowledged[writer] + 100}, n)
			delete(acknowledged, writer)
		}
		require.Empty(t, acknowledged)
	}
}

func signals(ctx context.Context, _ *embedded.Engine, conn driver.Conn) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGQUIT} {
		arrived := make(chan os.Signal, 1)
		signal.Notify(arrived, sig)
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			return err
		}
		select {
		case <-arrived:
		case <-time.After(5 * time.Second):
			return fmt.Errorf("%s did not arrive", sig)
		}
		signal.Reset(sig)
	}
	if err := nilDereference(); err == nil {
		return fmt.Errorf("a nil dereference did not panic")
	}
	var zone, epoch, parsed, month string
	if err := conn.QueryRow(ctx, `SELECT timezone(), toString(toDateTime(0)), toString(parseDateTimeBestEffort('2026-01-01T00:00:00Z')),
		toString(toYYYYMMDD(fromUnixTimestamp64Milli(1767225599999)))`).Scan(&zone, &epoch, &parsed, &month); err != nil {
		return err
	}
	if got := strings.Join([]string{zone, epoch, parsed, month}, "|"); got != "UTC|1970-01-01 00:00:00|2026-01-01 00:00:00|20251231" {
		return fmt.Errorf("times are %s", got)
	}
	if name, _ := time.Now().Zone(); name != "JST" {
		return fmt.Errorf("Go's own time zone became %s", name)
	}
	return nil
}

func nilDereference() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	nowhere().x = 1
	return nil
}

//go:noinline
func nowhere() *struct{ x int } { return nil }

func TestSignalsAndTimeZoneStayGos(t *testing.T) {
	output(t, child(t, "signals", storetest.Dir(t), "TZ=Asia/Tokyo"))
}

// bigResult reads far more than may be held, and says what was held.
func bigResult(ctx context.Context, _ *embedded.Engine, conn driver.Conn) error {
	rows, err := conn.Query(ctx, "SELECT number, toString(number) FROM numbers(50000000)")
	if err != nil {
		return err
	}
	var n uint64
	for rows.Next() {
		n++
	}
	if n != 50_000_000 {
		return fmt.Errorf("%d rows", n)
	}
	return rows.Err()
}

// bigBatch sends a million rows in one batch.
func bigBatch(ctx context.Context, _ *embedded.Engine, conn driver.Conn) error {
	if err := conn.Exec(ctx, events); err != nil {
		return err
	}
	begin := time.Now()
	if err := send(ctx, conn, 1, 0, 1_000_000); err != nil {
		return err
	}
	fmt.Println("sent in", time.Since(begin))
	var count, parts uint64
	if err := conn.QueryRow(ctx, "SELECT count(), uniqExact(_part) FROM events").Scan(&count, &parts); err != nil {
		return err
	}
	if count != 1_000_000 || parts != 1 {
		return fmt.Errorf("%d rows in %d parts", count, parts)
	}
	return nil
}

func peak(t testing.TB, out string) int {
	t.Helper()
	_, text, ok := strings.Cut(out, "rss ")
	require.True(t, ok, out)
	kib, err := strconv.Atoi(strings.TrimSpace(text))
	require.NoError(t, err)
	return kib / 1024
}

func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("reads fifty million rows, and measures memory")
	}
	idle := peak(t, output(t, child(t, "idle", storetest.Dir(t))))
	result := peak(t, output(t, child(t, "big result", storetest.Dir(t))))
	batch := peak(t, output(t, child(t, "big batch", storetest.Dir(t))))
	t.Logf("peak of resident memory: idle %d MiB, a result of 1.1 GB %d MiB, a batch of a million rows %d MiB", idle, result, batch)
	require.Less(t, idle, 350)
	require.Less(t, result, idle+250)
	require.Less(t, batch, idle+600)
}
