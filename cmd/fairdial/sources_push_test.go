package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/console"
)

const pushKey = "sender-0123456789abcdef"

// pushWorld is the program with one push source.
func pushWorld(t *testing.T) (p *program, address string) {
	t.Helper()
	address = freeAddress(t)
	keys := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(keys, []byte(pushKey+" sbc\n"), 0o600))
	return newProgram(t, fmt.Sprintf(`
http: {listen: %q}
jobs: {rate: "", detect: "", enforce: "", alert: "", carry: ""}
sources:
  - {name: sbc, kind: push, tenant: t1, key_file: %s}
`, address, keys)), address
}

func pushBody(t *testing.T, address, key string, body []byte, headers ...string) (int, console.Pushed, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+address+"/api/v1/usage", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, console.Pushed{}, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, console.Pushed{}, err.Error()
	}
	var pushed console.Pushed
	if response.StatusCode == http.StatusAccepted {
		require.NoError(t, json.Unmarshal(text, &pushed))
	}
	return response.StatusCode, pushed, string(text)
}

func pushRow(id string, seconds int) string {
	return fmt.Sprintf(`{"id":%q,"userId":"o1","callType":"conf_out","calleeNumber":"+12065550100","startDateTime":"2026-02-01T05:00:00Z","endDateTime":"2026-02-01T06:00:00Z","duration":%d}`, id, seconds)
}

func TestPush(t *testing.T) {
	t.Parallel()
	p, address := pushWorld(t)
	daemon := p.command(t.Context(), "serve")
	require.NoError(t, daemon.Start())
	t.Cleanup(func() { _ = daemon.Process.Kill(); _ = daemon.Wait() })
	eventually(t, func() bool {
		status, _, _ := pushBody(t, address, "wrong", nil)
		return status == http.StatusUnauthorized
	})

	array := []byte("[" + pushRow("a", 60) + "," + pushRow("b", -1) + "," + strings.Replace(pushRow("c", 60), "conf_out", "conf_in", 1) + "]")
	status, got, text := pushBody(t, address, pushKey, array)
	require.Equal(t, http.StatusAccepted, status, text)
	require.Equal(t, []uint64{3, 1, 0, 1, 1}, []uint64{got.Read, got.Accepted, got.Duplicate, got.Ignored, got.Rejected})
	require.Equal(t, "accepted", got.Rows[0].Outcome)
	require.Equal(t, "rejected", got.Rows[1].Outcome)
	require.NotEmpty(t, got.Rows[1].Reason)
	require.Equal(t, "ignored", got.Rows[2].Outcome)
	require.Equal(t, "b", got.Rows[1].UsageID)

	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(pushRow("a", 61) + "\n" + pushRow("a", 61) + "\n"))
	require.NoError(t, z.Close())
	status, got, text = pushBody(t, address, pushKey, packed.Bytes(), "Content-Encoding", "gzip", "Idempotency-Key", "k1")
	require.Equal(t, http.StatusAccepted, status, text)
	require.Equal(t, "corrected", got.Rows[0].Outcome)
	require.Equal(t, "duplicate", got.Rows[1].Outcome)

	for name, c := range map[string]struct {
		body   []byte
		status int
	}{
		"no usage":   {[]byte(`{"hello":1}`), http.StatusUnprocessableEntity},
		"CSV":        {[]byte(usageCSV), http.StatusBadRequest},
		"empty":      {nil, http.StatusBadRequest},
		"torn gzip":  {packed.Bytes()[:20], http.StatusBadRequest},
		"too large":  {bytes.Repeat([]byte("x"), 17<<20), http.StatusRequestEntityTooLarge},
		"nobody's":   {[]byte("[]"), http.StatusAccepted},
		"other page": {[]byte(`{"value":[` + pushRow("a", 61) + `]}`), http.StatusAccepted},
	} {
		status, _, text := pushBody(t, address, pushKey, c.body)
		require.Equal(t, c.status, status, "%s: %s", name, text)
	}
	require.Contains(t, p.ok("sources", "status"), "sbc")
}

// Senders push side by side, each batch until it is acknowledged; the daemon is killed
// again and again. What was acknowledged is in the store, and once.
func TestPushUnderLoadWithCrashesLosesNothing(t *testing.T) {
	t.Parallel()
	p, address := pushWorld(t)
	const senders, batches, rows = 4, 12, 50
	batch := func(sender, n int) []byte {
		lines := make([]string, rows)
		for i := range lines {
			lines[i] = pushRow(fmt.Sprintf("u-%d-%d-%d", sender, n, i), 60)
		}
		return []byte(strings.Join(lines, "\n"))
	}
	var acknowledged, refused atomic.Int64
	var work sync.WaitGroup
	done := make(chan struct{})
	for sender := range senders {
		work.Go(func() {
			for n := range batches {
				for {
					status, got, _ := pushBody(t, address, pushKey, batch(sender, n))
					if status == http.StatusAccepted {
						if got.Read != rows || got.Rejected > 0 {
							t.Errorf("a batch of %d rows was answered %+v", rows, got)
						}
						acknowledged.Add(rows)
						break
					}
					refused.Add(1)
					select {
					case <-t.Context().Done():
						return
					case <-time.After(20 * time.Millisecond):
					}
				}
			}
		})
	}
	go func() { work.Wait(); close(done) }()
	kills := 0
	for over := false; !over; {
		daemon := p.command(t.Context(), "serve")
		require.NoError(t, daemon.Start())
		alive := time.Duration(900+rand.IntN(900)) * time.Millisecond
		if kills >= 4 {
			alive = time.Minute
		}
		select {
		case <-done:
			over = true
		case <-time.After(alive):
			kills++
		}
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	}
	t.Logf("killed %d times, %d requests without an answer of 202", kills, refused.Load())
	require.Positive(t, kills)
	require.EqualValues(t, senders*batches*rows, acknowledged.Load())

	p.ok("rate")
	exported := strings.Split(strings.TrimSpace(p.ok("ratings", "export", "--month", "2026-02", "-o", "csv")), "\n")[1:]
	stored := map[string]bool{}
	for _, line := range exported {
		id, _, _ := strings.Cut(line, ",")
		require.False(t, stored[id], "%s is stored twice", id)
		stored[id] = true
	}
	require.Len(t, stored, senders*batches*rows)
}
