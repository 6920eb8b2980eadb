package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// Two commands that store the same records at the same time store each once.
func TestTwoIngestsAtOnce(t *testing.T) {
	t.Parallel()
	p := newProgram(t, sampleConfig)
	lines := []string{"UsageId,AAD ObjectId,Call Type,Destination Number,Start Time,End Time,Duration Seconds,Charge,Currency"}
	for i := range 3000 {
		lines = append(lines, fmt.Sprintf("%08d-0000-4000-8000-000000000000,o1,conf_out,+12125550100,2026-02-01T05:00:00Z,2026-02-01T05:01:00Z,60,0,USD", i))
	}
	text := []byte(strings.Join(lines, "\n"))
	var work errgroup.Group
	for i := range 3 {
		file := filepath.Join(t.TempDir(), fmt.Sprintf("%d.csv", i))
		require.NoError(t, os.WriteFile(file, text, 0o600))
		work.Go(func() error {
			if _, stderr, code := p.run("ingest", "--tenant", "t1", file); code != 0 {
				return fmt.Errorf("exit code %d: %s", code, stderr)
			}
			return nil
		})
	}
	require.NoError(t, work.Wait())
	p.ok("rate")
	require.Equal(t, 1+3000, strings.Count(p.ok("ratings", "export", "--month", "2026-02", "-o", "csv"), "\n"))
}
