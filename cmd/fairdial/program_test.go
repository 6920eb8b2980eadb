package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The tests run the real program: the test binary itself, told by an environment
// variable to be fairdial.
const beFairdial = "FAIRDIAL_TEST_BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beFairdial) != "" {
		os.Exit(run())
	}
	if address := os.Getenv(beProvider); address != "" {
		fmt.Fprintln(os.Stderr, "the identity provider:", runProvider(address))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// program is fairdial on one data folder.
type program struct {
	t      testing.TB
	data   string
	config string
	env    []string
}

// newProgram gives an empty data folder and a configuration with the text given.
func newProgram(t testing.TB, config string) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{t: t, data: filepath.Join(dir, "data"), config: filepath.Join(dir, "fairdial.yaml")}
	require.NoError(t, os.WriteFile(p.config, []byte(config), 0o600))
	return p
}

func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], append([]string{"--config", p.config, "--data", p.data, "--log-level", "warn"}, args...)...)
	cmd.Env = append(append(os.Environ(), beFairdial+"=1"), p.env...)
	return cmd
}

// run runs a command to its end and gives what it wrote and its exit code.
func (p *program) run(args ...string) (stdout, stderr string, code int) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := p.command(ctx, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(p.t, err, "fairdial %v", args)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// ok runs a command that must succeed and gives its stdout.
func (p *program) ok(args ...string) string {
	p.t.Helper()
	stdout, stderr, code := p.run(args...)
	require.Zero(p.t, code, "fairdial %v\n%s\n%s", args, stdout, stderr)
	return stdout
}

// killed starts a command and kills it after a time; it says whether the command
// had ended by itself before.
func (p *program) killed(after time.Duration, args ...string) (ended bool) {
	p.t.Helper()
	cmd := p.command(p.t.Context(), args...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(p.t, cmd.Start())
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if timer.Stop() {
		require.NoError(p.t, err, "fairdial %v\n%s", args, output.String())
		return true
	}
	return false
}
