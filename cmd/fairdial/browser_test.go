package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// screenshotsInto is the environment variable that names the folder for pictures.
const screenshotsInto = "FAIRDIAL_SCREENSHOTS"

// People use the console in a real browser, from the first start to a closed month.
func TestTheConsoleInABrowser(t *testing.T) {
	chromium := browser()
	if chromium == "" {
		must, _ := strconv.ParseBool(os.Getenv("CI"))
		require.False(t, must, "no Chromium is installed (apt-get install chromium), and where CI=true the console must be walked")
		t.Skip("no Chromium is installed (apt-get install chromium), so nothing is walked in a browser")
	}
	t.Parallel()
	walk := filepath.Join("..", "..", "console", "e2e")
	if _, err := os.Stat(filepath.Join(walk, "node_modules")); err != nil {
		install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
		install.Dir = walk
		out, err := install.CombinedOutput()
		require.NoError(t, err, "npm ci in console/e2e: %s", out)
	}
	address := freeAddress(t)
	p := newProgram(t, fmt.Sprintf("http: {listen: %q}\nenforcement: {throttle_people: 2}\njobs: {rate: \"\", detect: \"\", enforce: \"\", sweep: \"\"}\n", address))
	p.ok("demo", "--dir", filepath.Dir(p.config), "--serve=false", "--tenants", "2", "--organizers", "160", "--months", "2")

	into := os.Getenv(screenshotsInto)
	var tenant, organizer string
	if into == "" { // nobody wants such names in pictures
		tenant, organizer = hostile(t, p)
	}

	daemon := p.command(t.Context(), "serve")
	var said output
	daemon.Stdout, daemon.Stderr = &said, &said
	require.NoError(t, daemon.Start())
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
	})
	eventually(t, func() bool {
		response, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		return err == nil && response.StatusCode == http.StatusOK
	})
	token := regexp.MustCompile(`(?m)^  ([A-Z0-9]{26})$`).FindStringSubmatch(said.String())
	require.Len(t, token, 2, "the first start prints a set-up token: %s", &said)

	walker := exec.CommandContext(t.Context(), "node", "walk.mjs")
	walker.Dir = walk
	walker.Env = append(os.Environ(), "BASE=http://"+address, "TOKEN="+token[1], "CHROMIUM="+chromium,
		"FAIRDIAL="+os.Args[0], beFairdial+"=1", "CONFIG="+p.config, "DATA="+p.data, "HOSTILE_TENANT="+tenant, "HOSTILE_ORGANIZER="+organizer)
	if into != "" {
		absolute, err := filepath.Abs(into)
		require.NoError(t, err)
		walker.Env = append(walker.Env, "SHOTS="+absolute)
	}
	walked, err := walker.CombinedOutput()
	require.NoError(t, err, "%s\nthe daemon said:\n%s", walked, &said)
	t.Logf("%s", walked)
}

// Where CI=true a machine without a browser is no green one.
func TestTheWalkIsNotSkippedWhereItMustBe(t *testing.T) {
	t.Parallel()
	walk := func(ci string) (string, error) {
		test := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheConsoleInABrowser$", "-test.v")
		test.Env = append(os.Environ(), "PATH="+t.TempDir(), "CI="+ci)
		out, err := test.CombinedOutput()
		return string(out), err
	}
	out, err := walk("true")
	require.Error(t, err, out)
	require.Contains(t, out, "must be walked")
	out, err = walk("")
	require.NoError(t, err, out)
	require.Contains(t, out, "SKIP")
}

func browser() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// output is what a process says while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
