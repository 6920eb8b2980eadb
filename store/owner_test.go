package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/store"
	"fairdial/store/storetest"
)

// A process can own one store, so every owner here is this binary run again with a role.
const (
	roleEnv = "FAIRDIAL_TEST_ROLE"
	pathEnv = "FAIRDIAL_TEST_PATH"
)

func TestMain(m *testing.M) {
	role := os.Getenv(roleEnv)
	if role == "" {
		storetest.Main(m)
	}
	if err := roles[role](context.Background(), os.Getenv(pathEnv)); err != nil {
		fmt.Fprintln(os.Stderr, role+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

var roles = map[string]func(ctx context.Context, path string) error{
	"own": func(ctx context.Context, path string) error { return hold(ctx, store.Options{Path: path}) },
	"own private": func(ctx context.Context, path string) error {
		return hold(ctx, store.Options{Path: path, Private: true})
	},
	"use":          use,
	"use twice":    useTwice,
	"use for long": useForLong,
	"fail":         fail,
}

// hold opens the store, says so, and closes it when told to.
func hold(ctx context.Context, opts store.Options) error {
	s, err := store.Open(ctx, opts)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	return s.Close()
}

// use writes and reads beside the owner.
func use(ctx context.Context, path string) error {
	s, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		return err
	}
	defer s.Close()
	var applied, records uint64
	if err := errors.Join(
		s.Exec(ctx, "CREATE TABLE IF NOT EXISTS shared (x UInt64) ENGINE = MergeTree ORDER BY x"),
		insert(ctx, s, 1),
		s.QueryRow(ctx, "SELECT uniqExact(number), count() FROM schema_migrations").Scan(&applied, &records),
	); err != nil {
		return err
	}
	if applied == 0 || applied != records {
		return fmt.Errorf("%d migrations, recorded %d times", applied, records)
	}
	return nil
}

func insert(ctx context.Context, s *store.Store, x uint64) error {
	batch, err := s.PrepareBatch(ctx, "INSERT INTO shared")
	if err != nil {
		return err
	}
	if err := batch.Append(x); err != nil {
		return err
	}
	return batch.Send()
}

// useForLong works for two seconds, whatever becomes of the owner, and says how many
// rows it has written.
func useForLong(ctx context.Context, path string) error {
	s, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		return err
	}
	if err := s.Exec(ctx, "CREATE TABLE IF NOT EXISTS shared (x UInt64) ENGINE = MergeTree ORDER BY x"); err != nil {
		return err
	}
	fmt.Println("ready")
	written := 0
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); written++ {
		var n uint64
		if err := errors.Join(insert(ctx, s, 7), s.QueryRow(ctx, "SELECT count() FROM shared WHERE x = 7").Scan(&n)); err != nil {
			return fmt.Errorf("after %d rows: %w", written, err)
		}
	}
	fmt.Println(written)
	return s.Close()
}

// useTwice writes a row, waits, and writes another, the first thing in a batch, whose
// rows cannot be asked for a second time.
func useTwice(ctx context.Context, path string) error {
	s, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		return err
	}
	if err = errors.Join(s.Exec(ctx, "CREATE TABLE shared (x UInt64) ENGINE = MergeTree ORDER BY x"), insert(ctx, s, 1)); err != nil {
		return err
	}
	batch, err := s.PrepareBatch(ctx, "INSERT INTO shared")
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	var n uint64
	if err := errors.Join(batch.Append(uint64(2)), batch.Send(), s.QueryRow(ctx, "SELECT count() FROM shared").Scan(&n)); err != nil {
		return err
	}
	fmt.Println(n)
	return s.Close()
}

// fail expects that the owner lets nobody in.
func fail(ctx context.Context, path string) error {
	_, err := store.Open(ctx, store.Options{Path: path})
	var inUse *store.InUseError
	if !errors.As(err, &inUse) || !errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("opened a store that another process owns: %w", err)
	}
	fmt.Println(inUse)
	return nil
}

type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	stdin io.WriteCloser
}

func start(t *testing.T, role, path string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")}
	p.cmd.Env = append(os.Environ(), roleEnv+"="+role, pathEnv+"="+path)
	p.cmd.Stderr = os.Stderr
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.lines = bufio.NewScanner(out)
	require.NoError(t, p.cmd.Start())
	return p
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	require.True(t, p.lines.Scan(), "the process ended")
	return p.lines.Text()
}

func (p *process) end(t *testing.T) {
	t.Helper()
	_ = p.stdin.Close()
	require.NoError(t, p.cmd.Wait())
}

func claimed(t *testing.T, path string) (c struct {
	PID     int
	Socket  string
	Private bool
},
) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path, "fairdial.lock"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &c))
	return c
}

func TestOthersUseTheStoreThroughItsOwner(t *testing.T) {
	for name, path := range map[string]string{
		"short path": filepath.Join(storetest.Dir(t), "data"),
		"long path":  filepath.Join(storetest.Dir(t), strings.Repeat("long/", 25), "data"),
	} {
		t.Run(name, func(t *testing.T) {
			owner := start(t, "own", path)
			require.Equal(t, "ready", owner.line(t))
			claim := claimed(t, path)
			require.Equal(t, owner.cmd.Process.Pid, claim.PID)
			info, err := os.Stat(claim.Socket)
			require.NoError(t, err)
			require.Equal(t, os.ModeSocket|0o600, info.Mode())
			require.Equal(t, path, filepath.Dir(claim.Socket))

			for range 2 {
				start(t, "use", path).end(t)
			}
			if len(claim.Socket) < 100 {
				require.Equal(t, "2\n", curl(t, claim.Socket, "SELECT count() FROM shared"))
			}
			owner.end(t)
			_, err = os.Stat(claim.Socket)
			require.ErrorIs(t, err, os.ErrNotExist)
			left, err := filepath.Glob(filepath.Join(path, ".socket-*"))
			require.NoError(t, err)
			require.Empty(t, left)

			start(t, "use", path).end(t) // now as the owner
		})
	}
}

// curl is a client that knows nothing of Fairdial.
func curl(t *testing.T, socket, query string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	response, err := client.Post("http://store/", "text/plain", strings.NewReader(query))
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	client.CloseIdleConnections()
	return string(text)
}

func TestAPrivateOwnerLetsNobodyIn(t *testing.T) {
	path := storetest.Dir(t)
	owner := start(t, "own private", path)
	require.Equal(t, "ready", owner.line(t))
	begin := time.Now()
	other := start(t, "fail", path)
	require.Equal(t, fmt.Sprintf("the store in %s is in use by process %d, which does not let others in: wait for it to end, or stop it", path, owner.cmd.Process.Pid), other.line(t))
	other.end(t)
	require.Less(t, time.Since(begin), 5*time.Second)
	owner.end(t)
	start(t, "use", path).end(t)
}

func TestAKilledOwnerLeavesNoLock(t *testing.T) {
	path := storetest.Dir(t)
	for _, role := range []string{"own", "own private"} {
		owner := start(t, role, path)
		require.Equal(t, "ready", owner.line(t))
		require.NoError(t, owner.cmd.Process.Signal(syscall.SIGKILL))
		require.Error(t, owner.cmd.Wait())
		start(t, "use", path).end(t)
	}
}

// Several processes work while the owner closes its store: one of them takes over, the
// others turn to it, and no request fails.
func TestSomebodyTakesOverWhenTheOwnerCloses(t *testing.T) {
	path := storetest.Dir(t)
	owner := start(t, "own", path)
	require.Equal(t, "ready", owner.line(t))
	var others []*process
	for range 3 {
		others = append(others, start(t, "use for long", path))
	}
	for _, other := range others {
		require.Equal(t, "ready", other.line(t))
	}
	time.Sleep(300 * time.Millisecond)
	owner.end(t)
	total := 0
	for _, other := range others {
		var n int
		_, err := fmt.Sscan(other.line(t), &n)
		require.NoError(t, err)
		require.Positive(t, n)
		total += n
		other.end(t)
	}
	last := start(t, "own", path)
	require.Equal(t, "ready", last.line(t))
	require.Equal(t, fmt.Sprintln(total), curl(t, claimed(t, path).Socket, "SELECT count() FROM shared WHERE x = 7"))
	last.end(t)
}

// A request under way when its server is killed fails, and must: nobody knows what
// became of it. The next one finds its way.
func TestSomebodyTakesOverWhenTheOwnerIsKilled(t *testing.T) {
	path := storetest.Dir(t)
	owner := start(t, "own", path)
	require.Equal(t, "ready", owner.line(t))
	other := start(t, "use twice", path)
	require.Equal(t, "ready", other.line(t))
	require.NoError(t, owner.cmd.Process.Signal(syscall.SIGKILL))
	require.Error(t, owner.cmd.Wait())
	_, err := io.WriteString(other.stdin, "\n")
	require.NoError(t, err)
	require.Equal(t, "2", other.line(t))
	require.Equal(t, other.cmd.Process.Pid, claimed(t, path).PID)
	other.end(t)
}
