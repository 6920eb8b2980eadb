// Package storetest gives tests a real store: the embedded engine, one a test binary,
// and an empty, migrated database for each test.
package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"fairdial/store"
	"fairdial/store/embedded"
)

var shared struct {
	once   sync.Once
	dir    string
	engine *embedded.Engine
	err    error
}

// Main runs a package's tests and closes the engine they shared. A package that uses
// Open has
//
//	func TestMain(m *testing.M) { storetest.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	if err := shutdown(); err != nil {
		fmt.Fprintln(os.Stderr, "close the tests' engine:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Open returns a store in a database of its own, with every migration applied. The
// database is dropped when the test has passed and kept, until the process ends, when
// it has failed. Tests may run in parallel.
func Open(t testing.TB) *store.Store {
	t.Helper()
	engine := Engine(t)
	name := "t_" + strings.ReplaceAll(uuid.NewString()[:13], "-", "")
	s, err := store.On(t.Context(), engine, store.Options{Database: name})
	if err != nil {
		t.Fatalf("open the test's store: %v", err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			if err := s.Exec(context.Background(), "DROP DATABASE IF EXISTS "+name+" SYNC"); err != nil {
				t.Errorf("drop the test's database: %v", err)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("close the test's store: %v", err)
		}
	})
	return s
}

// Engine returns the engine that the test binary's tests share.
func Engine(t testing.TB) *embedded.Engine {
	t.Helper()
	shared.once.Do(func() {
		base := Folder()
		removeLeftovers(base)
		shared.dir, shared.err = os.MkdirTemp(base, prefix+strconv.Itoa(os.Getpid())+"-")
		if shared.err == nil {
			shared.engine, shared.err = embedded.Open(context.Background(), embedded.Options{Path: shared.dir})
		}
	})
	if shared.err != nil {
		t.Fatalf("open the tests' engine: %v", shared.err)
	}
	return shared.engine
}

const prefix = "fairdial-test-"

// Dir returns a folder for a store that a test's own processes open. It is removed after
// the test, and is in memory like the shared engine's.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(Folder(), prefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		t.Fatalf("make a folder for the test's store: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the test's store: %v", err)
		}
	})
	return dir
}

// Folder is where the engine's data goes: into memory where there is such a place and
// nobody has asked for another, since tests make and drop many small files.
func Folder() string {
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); os.Getenv("TMPDIR") == "" && err == nil && info.IsDir() {
		if probe, err := os.MkdirTemp(memory, prefix+"probe-"); err == nil {
			_ = os.Remove(probe)
			return memory
		}
	}
	return os.TempDir()
}

// removeLeftovers removes the folders of test binaries that were killed.
func removeLeftovers(base string) {
	dirs, _ := filepath.Glob(filepath.Join(base, prefix+"*"))
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		if _, err := os.Stat("/proc/" + pid); os.IsNotExist(err) {
			_ = os.RemoveAll(dir)
		}
	}
}

func shutdown() error {
	if shared.engine == nil {
		return nil
	}
	if err := shared.engine.Close(); err != nil {
		return err
	}
	return os.RemoveAll(shared.dir)
}
