package console

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
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
// is 3 s of each, first paced at 20,000 requests a second, where the time to an answer is the
// service's, then as fast as 16 connections go, where the ratio to the bare handler is.
func BenchmarkDecisionAPI(b *testing.B) {
	const organizers, wanted = 20000, 20000
	defer debug.SetGCPercent(debug.SetGCPercent(GCPercent)) // as the daemon
	handler := decisionServer(b, organizers)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"decision":"allow"}`))
	})
	for b.Loop() {
		plain, decided := besides(b, bare, handler, organizers, wanted)
		b.ReportMetric(plain.perSecond, "paced-bare-req/s")
		b.ReportMetric(plain.ms(99), "paced-bare-p99-ms")
		b.ReportMetric(decided.perSecond, "paced-req/s")
		b.ReportMetric(decided.ms(50), "paced-p50-ms")
		b.ReportMetric(decided.ms(99), "paced-p99-ms")
		plain, decided = besides(b, bare, handler, organizers, 0)
		b.ReportMetric(plain.perSecond, "most-bare-req/s")
		b.ReportMetric(plain.ms(99), "most-bare-p99-ms")
		b.ReportMetric(decided.perSecond, "most-req/s")
		b.ReportMetric(decided.ms(99), "most-p99-ms")
		b.ReportMetric(decided.perSecond/plain.perSecond, "of-bare")
	}
}

// besides loads two handlers in turns of half a second, so that what else the machine does
// is held against both.
func besides(b *testing.B, one, other http.Handler, organizers, pace int) (a, z loaded) {
	b.Helper()
	for range 6 {
		a.add(load(b, one, organizers, pace, 500*time.Millisecond))
		z.add(load(b, other, organizers, pace, 500*time.Millisecond))
	}
	return a, z
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
