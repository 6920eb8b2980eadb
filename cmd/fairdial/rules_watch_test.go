package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// safeBuffer is written by a process and read by its test.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// The daemon takes changed rules into force; those that fail lint, or that the engine
// refuses, leave the old ones in force and say where the mistake is.
func TestTheDaemonReadsRulesAgain(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../rules/pack/many-strangers.yaml")
	require.NoError(t, err)
	own := strings.Replace(string(text), "id: many-strangers", "id: own-rule", 1)
	// Its versions are the test's own.
	own = regexp.MustCompile(`(?m)^version: \d+$`).ReplaceAllString(own, "version: 1")
	folder := t.TempDir()
	save := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "own-rule.new"), []byte(text), 0o600))
		require.NoError(t, os.Rename(filepath.Join(folder, "own-rule.new"), filepath.Join(folder, "own-rule.yaml")))
	}
	save(strings.Replace(own, "status: live", "status: shadow", 1))
	address := freeAddress(t)
	p := newProgram(t, fmt.Sprintf("http: {listen: %q}\nrules: {path: %s}\n", address, folder))
	daemon := p.command(t.Context(), "serve", "--log-level", "info")
	var output safeBuffer
	daemon.Stdout, daemon.Stderr = &output, &output
	require.NoError(t, daemon.Start())
	defer func() {
		require.NoError(t, daemon.Process.Signal(syscall.SIGTERM))
		require.NoError(t, daemon.Wait(), output.String())
	}()
	metrics := func(wanted string) bool {
		response, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return strings.Contains(string(body), wanted+"\n")
	}
	eventually(t, func() bool { return metrics(`fairdial_rules_in_force{status="shadow"} 1`) })
	require.True(t, metrics("fairdial_rules_refused 0"))

	save(strings.Replace(own, "warning: 150", "warning: 1500", 1))
	eventually(t, func() bool { return metrics(`fairdial_rules_reloads_total{outcome="refused"} 1`) })
	require.True(t, metrics(`fairdial_rules_in_force{status="shadow"} 1`), "the old one stays")
	require.True(t, metrics("fairdial_rules_refused 1"))
	line := 1 + strings.Count(own[:strings.Index(own, "\nthresholds:")+1], "\n")
	require.Contains(t, output.String(), fmt.Sprintf("file=own-rule.yaml line=%d key=thresholds", line))

	save(strings.Replace(own, "FROM new_people", "FROM usage_revisions.parts", 1))
	eventually(t, func() bool { return metrics(`fairdial_rules_reloads_total{outcome="refused"} 2`) })
	require.Contains(t, output.String(), "key=sql mistake=\"refused: ")

	save(strings.Replace(own, "version: 1", "version: 2", 1))
	eventually(t, func() bool { return metrics(`fairdial_rules_reloads_total{outcome="applied"} 1`) })
	require.True(t, metrics("fairdial_rules_refused 0"))
	require.Contains(t, output.String(), `changes="[own-rule from version 1, shadow, to version 2, live]"`)
}
