package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkBacktestOfAYear: the whole pack over a year of the demo's population, 4,000
// organizers of eight tenants, by the program itself. "cpu-s" is the processor time that it
// takes, which other work beside does not stretch as it does "s": on two cores that have nothing
// else to do, the year takes between half and all of it. FAIRDIAL_BENCH_YEAR names a folder that
// keeps the year's store for the next time.
func BenchmarkBacktestOfAYear(b *testing.B) {
	p := newProgram(b, "licences: {addon: {service_plans: [a1d0c0de-0a0b-4c0d-8e0f-00000d1a1008], sku_part_numbers: [MCOMEETADD_DIALOUT_US_CA]}}\n")
	if dir := os.Getenv("FAIRDIAL_BENCH_YEAR"); dir != "" {
		p.data = filepath.Join(dir, "data")
	}
	made := filepath.Join(filepath.Dir(p.data), "made")
	if _, err := os.Stat(made); err != nil {
		require.NoDirExists(b, p.data, "the year in it is not whole: remove it")
		makeYear(b, p)
		require.NoError(b, os.WriteFile(made, nil, 0o600))
	}
	var report struct {
		Calls int64 `json:"calls"`
		Rules []any `json:"rules"`
		Live  struct {
			Cases []any `json:"cases"`
		} `json:"live"`
	}
	var took, cpu time.Duration
	for b.Loop() {
		cmd := p.command(b.Context(), "backtest", "--from", "2025-01-01", "--to", "2026-01-01", "-o", "json")
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		began := time.Now()
		require.NoError(b, cmd.Run(), errOut.String())
		took, cpu = time.Since(began), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
		require.NoError(b, json.Unmarshal(out.Bytes(), &report))
	}
	require.Greater(b, report.Calls, int64(1_000_000))
	require.NotEmpty(b, report.Live.Cases)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took.Seconds(), "s")
	b.ReportMetric(cpu.Seconds(), "cpu-s")
	b.ReportMetric(float64(report.Calls), "calls")
}

// makeYear stores a year of the demo's population.
func makeYear(b *testing.B, p *program) {
	b.Helper()
	world := filepath.Join(b.TempDir(), "world")
	p.ok("simulate", "--out", world, "--seed", "1", "--from", "2025-01", "--months", "12")
	p.ok("tenants", "import", filepath.Join(world, "tenants.json"))
	snapshots, err := filepath.Glob(filepath.Join(world, "directory", "*", "*"))
	require.NoError(b, err)
	require.NotEmpty(b, snapshots)
	for _, dir := range snapshots {
		p.ok("directory", "import", "--tenant", filepath.Base(filepath.Dir(dir)), "--at", filepath.Base(dir), dir)
	}
	tenants, err := filepath.Glob(filepath.Join(world, "usage", "*"))
	require.NoError(b, err)
	require.Len(b, tenants, 8)
	for _, dir := range tenants {
		p.ok("ingest", "--tenant", filepath.Base(dir), dir)
	}
}
