package console

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// benchKey is what the load bears.
const benchKey = "bench-0123456789abcdef"

// The decision API under load beside a handler that does nothing, in one run and with the
// same clients: 20,000 organizers, of whom 100 are throttled and 100 suspended. Each round
// is 2 s of each; the ratio is what counts on a machine with other work.
func BenchmarkDecisionAPI(b *testing.B) {
	const organizers = 20000
	handler := decisionServer(b, organizers)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"decision":"allow"}`))
	})
	for b.Loop() {
		plain := load(b, bare, organizers, 2*time.Second)
		decided := load(b, handler, organizers, 2*time.Second)
		b.ReportMetric(plain.perSecond, "bare-req/s")
		b.ReportMetric(float64(plain.p99.Microseconds())/1000, "bare-p99-ms")
		b.ReportMetric(decided.perSecond, "req/s")
		b.ReportMetric(float64(decided.p99.Microseconds())/1000, "p99-ms")
		b.ReportMetric(decided.perSecond/plain.perSecond, "of-bare")
	}
}

func decisionServer(b *testing.B, organizers int) http.Handler {
	b.Helper()
	s := storetest.Open(b)
	ctx := context.Background()
	for _, query := range []string{
		fmt.Sprintf("INSERT INTO snapshot_organizers (snapshot_id, tenant_id, organizer_id, upn, name, enabled, snapshot_at) "+
			"SELECT toUUID('%s'), 't', concat('o', toString(number)), concat('o', toString(number), '@t.example'), '', true, now64(3) FROM numbers(%d)", uuid.Max, organizers),
		fmt.Sprintf("INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind, snapshot_at, rows, stored_at) "+
			"SELECT toUUID('%s'), 't', 'users', now64(3), %d, now64(6)", uuid.Max, organizers),
	} {
		require.NoError(b, s.Exec(ctx, query))
	}
	j := journal.New(s, time.Now, uuid.New)
	e, err := enforcement.New(enforcement.Options{
		Conn: s, Journal: j, Cases: cases.NewLog(j), Now: time.Now,
		Policy: enforcement.Policy{Throttle: enforcement.Limits{MinutesPerHour: 60, Legs: 2}, Expiry: time.Hour},
	})
	require.NoError(b, err)
	for i := range 200 {
		r := enforcement.Request{Action: enforcement.ActionThrottle, TenantID: "t", OrganizerID: fmt.Sprintf("o%d", i), Actor: "cli:ann", Reason: "r"}
		if i >= 100 {
			r.Action = enforcement.ActionSuspend
		}
		_, err := e.Act(ctx, r)
		require.NoError(b, err)
		if i >= 100 {
			r.Action, r.Actor = enforcement.ActionApprove, "cli:bob"
			_, err = e.Act(ctx, r)
			require.NoError(b, err)
		}
	}
	gate, err := enforcement.NewGate(e, enforcement.GateOptions{Marks: j, Conn: s})
	require.NoError(b, err)
	require.NoError(b, gate.Refresh(ctx))
	follow, stop := context.WithCancel(ctx)
	followed := make(chan struct{})
	go func() { defer close(followed); _ = gate.Follow(follow) }()
	b.Cleanup(func() { stop(); <-followed })
	key, err := ParseKey(benchKey + " gateway")
	require.NoError(b, err)
	w := world{}
	h, err := New(Options{
		Cases: w, Decider: gate, Overview: w, Ratings: ratingWorld{}, Keys: []Key{key}, KeyRate: 1_000_000,
		Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(b, err)
	return h
}

type loaded struct {
	perSecond float64
	p99       time.Duration
}

// load asks a server over 32 connections that stay open, one question after the other on
// each, as gateways do. The clients write prepared bytes and read no more than they must:
// they share the machine with the server.
func load(b *testing.B, h http.Handler, organizers int, lasts time.Duration) loaded {
	b.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	var mu sync.Mutex
	var took []time.Duration
	var work sync.WaitGroup
	begin := time.Now()
	for client := range 32 {
		work.Go(func() {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			mine := make([]time.Duration, 0, 1<<16)
			in := bufio.NewReader(conn)
			for n := client; time.Since(begin) < lasts; n += 32 {
				question := fmt.Appendf(nil, "GET /api/v1/decisions/o%d?number=%%2B14255550100 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", n*7%organizers, benchKey)
				asked := time.Now()
				if _, err = conn.Write(question); err == nil {
					err = readAnswer(in)
				}
				if err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(asked))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	work.Wait()
	elapsed := time.Since(begin)
	slices.Sort(took)
	return loaded{perSecond: float64(len(took)) / elapsed.Seconds(), p99: took[len(took)*99/100]}
}

// readAnswer reads one answer of a known length and makes sure that it is one.
func readAnswer(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("answered %s", strings.TrimSpace(string(status)))
	}
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	body, err := in.Peek(length)
	if err != nil {
		return err
	}
	if !bytes.Contains(body, []byte(`"decision":`)) {
		return fmt.Errorf("answered %s", body)
	}
	_, err = io.CopyN(io.Discard, in, int64(length))
	return err
}
