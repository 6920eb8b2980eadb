package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const usageCSV = `UsageId,Call ID,Conference ID,User Location,AAD ObjectId,UPN,User Display Name,Caller ID,Call Type,Number Type,Domestic/International,Destination Dialed,Destination Number,Start Time,End Time,Duration Seconds,Connection Fee,Charge,Currency,Capability
u1,c,1,US,o1,ann@contoso.example,Ann,+17043819293,conf_out,Service,Domestic,United States,+14846760534,2026-02-01T05:00:00Z,2026-02-01T05:10:00Z,600,0,0,USD,MCOMEETADD
u2,c,1,US,o1,ann@contoso.example,Ann,+17043819293,conf_out,Service,Domestic,United States,+14846760534,2026-02-01T05:00:00Z,2026-02-01T05:10:00Z,-1,0,0,USD,MCOMEETADD
`

// The daemon picks a file out of the inbox, rates it, answers over HTTP and to commands
// beside it, and ends within ten seconds of SIGTERM.
func TestTheDaemon(t *testing.T) {
	t.Parallel()
	inbox := t.TempDir()
	address := freeAddress(t)
	p := newProgram(t, fmt.Sprintf(`
tenants:
  - {id: t1, name: Contoso, country: US, segment: commercial, channel: ea}
sources:
  - {name: exports, kind: inbox, path: %s}
http: {listen: %q}
jobs: {inbox: "@every 1s", rate: "@every 1s"}
`, inbox, address))
	daemon := p.command(t.Context(), "serve")
	var output bytes.Buffer
	daemon.Stdout, daemon.Stderr = &output, &output
	require.NoError(t, daemon.Start())
	ended := make(chan error, 1)
	go func() { ended <- daemon.Wait() }()

	get := func(path string) (int, string) {
		response, err := http.Get("http://" + address + path)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(body)
	}
	eventually(t, func() bool { status, _ := get("/readyz"); return status == http.StatusOK })

	// Renamed into place, as a file that appears whole.
	folder := filepath.Join(inbox, "t1")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "x.csv.tmp"), []byte(usageCSV), 0o600))
	require.NoError(t, os.Rename(filepath.Join(folder, "x.csv.tmp"), filepath.Join(folder, "x.csv")))

	var ledger []struct{ Read, Accepted, Rejected int }
	eventually(t, func() bool {
		require.NoError(t, json.Unmarshal([]byte(p.ok("-o", "json", "ledger", "list")), &ledger))
		return len(ledger) == 1 && ledger[0].Read == 2
	})
	require.Equal(t, 1, ledger[0].Accepted)
	require.Equal(t, 1, ledger[0].Rejected)
	eventually(t, func() bool {
		return strings.Contains(p.ok("ratings", "export", "--month", "2026-02", "-o", "csv"), "u1,")
	})

	for path, want := range map[string]string{
		"/healthz":               "ok",
		"/metrics":               `fairdial_job_runs_total{job="inbox",outcome="done"}`,
		"/api/v1/cases":          `{"cases":[],"next":null}`,
		"/api/v1/decisions/o1":   `"decision":"allow"`,
		"/api/v1/decisions/none": `"decision":"allow"`,
		"/":                      "set-up token",
	} {
		status, body := get(path)
		require.Equal(t, http.StatusOK, status, path)
		require.Contains(t, body, want, path)
	}

	require.NoError(t, daemon.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-ended:
		require.NoError(t, err, output.String())
	case <-time.After(15 * time.Second):
		_ = daemon.Process.Kill()
		t.Fatal("the daemon goes on after SIGTERM\n" + output.String())
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("it did not come to pass within a minute")
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"version"}, exitDone, ""},
		{[]string{"ingest", "x.csv"}, exitUsage, "--tenant ID is missing"},
		{[]string{"ingest", "--tenant", "t"}, exitUsage, "requires at least 1 arg"},
		{[]string{"nonsense"}, exitUsage, "nonsense"},
		{[]string{"rate", "--month", "february"}, exitUsage, "want YYYY-MM"},
		{[]string{"statement"}, exitUsage, "--month YYYY-MM is missing"},
		{[]string{"cases", "list", "-o", "csv"}, exitUsage, "-o csv is not one of"},
		{[]string{"--no-such-flag"}, exitUsage, "no-such-flag"},
		{[]string{"ingest", "--tenant", "t", "nowhere.csv"}, exitFailed, "nowhere.csv"},
		{[]string{"cases", "show", "c-0"}, exitFailed, "no such case"},
		{[]string{"--config", "nowhere.yaml", "version"}, exitFailed, "nowhere.yaml"},
	} {
		_, stderr, code := p.run(c.args...)
		require.Equal(t, c.code, code, "%v: %s", c.args, stderr)
		require.Contains(t, stderr, c.says, "%v", c.args)
	}
}
