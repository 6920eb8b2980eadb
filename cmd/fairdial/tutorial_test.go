package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the commands of the tutorial print into it")

// took is how long something took, which is another in each run.
var took = regexp.MustCompile(`\bin \d+(\.\d+)?(ms|m?s| s)\b`)

// The tutorial is run as it stands: its files are written, its commands run in a shell, and
// what they print must be what it shows.
func TestTheTutorial(t *testing.T) {
	t.Parallel()
	const page = "../../docs/tutorial-rule.md"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "tutorial"), os.DirFS("../../docs/tutorial")))
	self, err := filepath.Abs(os.Args[0])
	require.NoError(t, err)
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec %s --config fairdial.yaml --log-level error \"$@\"\n", beFairdial, self)
	require.NoError(t, os.WriteFile(filepath.Join(bin, "fairdial"), []byte(script), 0o700))

	shell := func(command string) string {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		out, _ := cmd.CombinedOutput() // a command that fails shows why
		return took.ReplaceAllString(string(out), "in 0.1 s")
	}
	fence := regexp.MustCompile("(?ms)^```(\\S+)(?: (file|append)=(\\S+))?\n(.*?)^```$")
	var written strings.Builder
	rest := string(text)
	for {
		at := fence.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		part := func(n int) string {
			if at[2*n] < 0 {
				return ""
			}
			return rest[at[2*n]:at[2*n+1]]
		}
		body := part(4)
		switch {
		case part(2) != "":
			mode := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
			if part(2) == "append" {
				mode = os.O_WRONLY | os.O_APPEND
			}
			file, err := os.OpenFile(filepath.Join(dir, part(3)), mode, 0o600)
			require.NoError(t, err)
			_, err = file.WriteString(body)
			require.NoError(t, err)
			require.NoError(t, file.Close())
		case part(1) == "console":
			var real strings.Builder
			for line := range strings.Lines(body) {
				if command, ok := strings.CutPrefix(line, "$ "); ok {
					real.WriteString(line)
					real.WriteString(shell(command))
				}
			}
			if !*update {
				require.Equal(t, body, real.String(), "run go test ./cmd/fairdial -run TestTheTutorial -update, and read what changed")
			}
			body = real.String()
		}
		written.WriteString(rest[:at[8]] + body + rest[at[9]:at[1]])
		rest = rest[at[1]:]
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(written.String()+rest), 0o644))
	}
}
