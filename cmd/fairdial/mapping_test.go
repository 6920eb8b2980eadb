package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A foreign layout is connected by a mapping file alone: looked at, ingested, rated.
func TestAForeignLayoutIsConnectedByItsMapping(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	mapping := write("sbc.yaml", `
format: csv
delimiter: "\t"
header: [uuid, owner, to, begin, minutes, kind]
columns: {id: uuid, userId: owner, calleeNumber: to, startDateTime: begin, duration: minutes, callType: kind}
values: {callType: {C: conf_out, "*": other}}
time_layout: "01/02/2006 3:04 PM"
time_zone: America/Chicago
duration_unit: min
`)
	lines := []string{}
	for id := range strings.SplitSeq("a b c d e f g h i j k l", " ") {
		lines = append(lines, id+"\to1\t+12125550100\t01/31/2026 11:30 PM\t2.5\tC")
	}
	calls := write("calls.tsv", strings.Join(append(lines, "m\to1\t+12125550100\tyesterday\t1\tC"), "\n")+"\n")
	p := newProgram(t, sampleConfig)

	shown := p.ok("ingest", "--mapping", mapping, "--dry-run", calls)
	require.Equal(t, 12, strings.Count(shown, "\n"), "a head, ten rows and the sum")
	require.Contains(t, shown, "2026-02-01T05:30:00Z")
	require.Contains(t, shown, "13 rows, 12 good, 1 bad_date; nothing is stored")
	require.NotContains(t, shown, "12125550100")
	require.NoDirExists(t, p.data)

	var report struct {
		Total struct{ Read, Accepted, Rejected int }
	}
	require.NoError(t, json.Unmarshal([]byte(p.ok("-o", "json", "ingest", "--mapping", mapping, "--tenant", "t1", calls)), &report))
	require.Equal(t, 12, report.Total.Accepted)
	require.Equal(t, 1, report.Total.Rejected)
	p.ok("rate")
	require.Contains(t, p.ok("ratings", "export", "--month", "2026-02", "-o", "csv"), "a,unfunded,150,")
	told, _, _ := p.run("doctor")
	require.Contains(t, told, "12 revisions of 1 tenants, newest call 2026-02-01 05:30")
	_, stderr, code := p.run("ingest", "--mapping", calls, "--dry-run", calls)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "mapping")
}
