package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// kills is how often the pipeline is killed: a few in every run of the suite, more
// where FAIRDIAL_KILLS says so.
func kills(t *testing.T) int {
	text := os.Getenv("FAIRDIAL_KILLS")
	if text == "" {
		return 12
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "FAIRDIAL_KILLS")
	return n
}

// A pipeline killed at random moments, each command run again until it ends, gives
// the ledger, ratings, cases and messages of one that nobody disturbed.
func TestKilledAndRunAgainGivesTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	t.Parallel()
	world := t.TempDir()
	calm, harried := newProgram(t, sampleConfig), newProgram(t, sampleConfig)
	calm.ok("simulate", "--out", world, "--seed", "7", "--tenants", "2", "--organizers", "120", "--months", "1", "--from", "2026-02")

	steps := pipeline(t, world)
	took := make([]time.Duration, len(steps))
	for i, step := range steps {
		start := time.Now()
		calm.ok(step...)
		took[i] = time.Since(start)
	}

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	n := kills(t)
	per := max(1, n/len(steps))
	done := 0
	for i, step := range steps {
		for range per {
			if !harried.killed(time.Duration(random.Int64N(int64(took[i])+1)), step...) {
				done++
			}
		}
		harried.ok(step...)
	}
	t.Logf("killed %d times", done)
	require.Positive(t, done)

	want, got := outcome(t, calm), outcome(t, harried)
	for what := range want {
		require.Equal(t, want[what], got[what], what)
	}
	require.NotEmpty(t, want["cases"], "a world without cases would prove nothing")
}

// pipeline is the main job as a list of commands on a simulated world.
func pipeline(t *testing.T, world string) (steps [][]string) {
	t.Helper()
	steps = append(steps, []string{"tenants", "import", filepath.Join(world, "tenants.json")})
	tenants, err := os.ReadDir(filepath.Join(world, "usage"))
	require.NoError(t, err)
	for _, tenant := range tenants {
		snapshots, err := os.ReadDir(filepath.Join(world, "directory", tenant.Name()))
		require.NoError(t, err)
		for _, s := range snapshots {
			steps = append(steps, []string{
				"directory", "import", "--tenant", tenant.Name(), "--at", s.Name(),
				filepath.Join(world, "directory", tenant.Name(), s.Name()),
			})
		}
		steps = append(steps, []string{"ingest", "--tenant", tenant.Name(), filepath.Join(world, "usage", tenant.Name())})
	}
	return append(steps,
		[]string{"rate"},
		[]string{"detect", "--from", "2026-02-01", "--to", "2026-03-01", "--step", "1h"},
		[]string{"alert"},
	)
}

// outcome is all that a person can see of the work done, without run ids and clocks.
func outcome(t *testing.T, p *program) map[string]any {
	t.Helper()
	out := map[string]any{
		"ratings":   rated(t, p.ok("ratings", "export", "--month", "2026-02", "-o", "csv"), "usage_id", "bucket", "seconds", "amount"),
		"statement": p.ok("statement", "--month", "2026-02", "-o", "json"),
	}
	for what, args := range map[string][]string{
		"ledger":     {"-o", "json", "ledger", "list"},
		"quarantine": {"-o", "json", "quarantine", "list"},
		"cases":      {"-o", "json", "cases", "list"},
		"messages":   {"-o", "json", "alert", "list"},
	} {
		var v any
		require.NoError(t, json.Unmarshal([]byte(p.ok(args...)), &v), what)
		out[what] = timeless(v)
	}
	out["ledger"] = firstReadings(out["ledger"].([]any))
	return out
}

// firstReadings leaves out that a file was read again: a folder's earlier files are when
// the command that a kill ended is run again.
func firstReadings(ledger []any) (out []any) {
	seen := map[string]bool{}
	for _, entry := range ledger {
		e := entry.(map[string]any)
		key := fmt.Sprint(e["tenant_id"], " ", e["file"])
		if !seen[key] {
			seen[key] = true
			out = append(out, entry)
		}
	}
	return out
}

// timeless leaves out what two runs cannot share: ids of runs and wall-clock times.
func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			switch k {
			case "batch_id", "stored_at", "recorded_at", "detected_at", "rejected_at", "sent_at", "started_at", "finished_at", "event_id", "run_id":
			default:
				out[k] = timeless(x)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = timeless(x)
		}
		return out
	default:
		return v
	}
}
