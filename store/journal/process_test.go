package journal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

const (
	raceEnv  = "FAIRDIAL_TEST_RACE" // the folder of the store; makes this binary a racer
	versions = 15
	racing   = 2 // goroutines a process
)

func TestMain(m *testing.M) {
	path := os.Getenv(raceEnv)
	if path == "" {
		storetest.Main(m)
	}
	if err := race(context.Background(), path); err != nil {
		fmt.Fprintln(os.Stderr, "race:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// race appends to one subject until it has all its versions, and prints those it won. A
// process takes part as the owner of the store or through the owner's socket, as it comes.
func race(ctx context.Context, path string) error {
	s, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		return err
	}
	j := journal.New(s, time.Now, uuid.New)
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	for g := range racing {
		wg.Go(func() {
			actor := fmt.Sprintf("%d.%d", os.Getpid(), g)
			if err := climb(ctx, j, actor, func(version uint32) {
				mu.Lock()
				defer mu.Unlock()
				fmt.Println(version, actor)
			}); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = err
			}
		})
	}
	wg.Wait()
	return errors.Join(failed, s.Close())
}

func climb(ctx context.Context, j *journal.Journal, actor string, won func(version uint32)) error {
	for {
		last, _, err := j.Latest(ctx, "case", "contested")
		if err != nil {
			return err
		}
		if last.Version >= versions {
			return nil
		}
		e := event("contested", last.Version+1, actor)
		if err = j.Append(ctx, e); err == nil {
			won(e.Version)
			continue
		}
		var conflict *journal.ConflictError
		if !errors.As(err, &conflict) {
			return err
		}
		if conflict.Winner.Actor == actor {
			return fmt.Errorf("%s lost against itself", actor)
		}
	}
}

func TestProcessesRace(t *testing.T) {
	path := storetest.Dir(t)
	out := make([]string, 3)
	var wg sync.WaitGroup
	for i := range out {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), raceEnv+"="+path)
			cmd.Stderr = os.Stderr
			text, err := cmd.Output()
			if err != nil {
				t.Errorf("a racer: %v", err)
			}
			out[i] = string(text)
		})
	}
	wg.Wait()
	winners := map[int]string{}
	processes := map[string]bool{}
	for _, text := range out {
		for line := range strings.Lines(text) {
			number, actor, _ := strings.Cut(strings.TrimSpace(line), " ")
			version, err := strconv.Atoi(number)
			require.NoError(t, err)
			require.NotContains(t, winners, version, "two were told that they had won version %d", version)
			winners[version] = actor
			pid, _, _ := strings.Cut(actor, ".")
			processes[pid] = true
		}
	}
	require.Len(t, winners, versions)
	require.Greater(t, len(processes), 1, "only one process ever won: that was no race")
}
