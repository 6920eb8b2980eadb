package rating_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/usage"
)

func (w *world) export(r *rating.Rater) string {
	w.t.Helper()
	var out bytes.Buffer
	for m := time.January; m <= time.March; m++ {
		require.NoError(w.t, r.Export(context.Background(), &out, usage.Month{Year: 2026, Month: m}, nil, rating.Cell))
	}
	return out.String()
}

// Killed at any statement and run again, rating ends where it would have ended, and what
// was left behind is seen by nobody and swept.
func TestKilledAnywhereAndRunAgain(t *testing.T) {
	calm := quarter(t)
	r := calm.rater()
	calm.rate(r, rating.Request{})
	want := calm.export(r)
	require.Equal(t, 15, strings.Count(want, "\n"), "three headers, and two lines for each of six calls")

	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			w := quarter(t)
			conn := &dying{Conn: w.s, at: at, after: after}
			_, err := w.rater(func(o *rating.Options) { o.Conn = conn }).Rate(context.Background(), rating.Request{})
			if err == nil {
				require.Greater(t, at, 3)
				break // it is over before it dies
			}
			require.ErrorIs(t, err, errKilled)
			seen := w.export(w.rater())
			if !after || at < 3 {
				require.Equal(t, 3, strings.Count(seen, "\n"), "an unfinished run was seen")
			}
			r := w.rater()
			w.rate(r, rating.Request{})
			require.Equal(t, want, w.export(r), "killed at %d", at)
			require.Empty(t, w.rate(r, rating.Request{}).Rated)

			orphans := w.count("SELECT count() FROM rating_rows WHERE run_id NOT IN (SELECT run_id FROM rating_runs)")
			swept, err := r.Sweep(context.Background())
			require.NoError(t, err)
			require.Zero(t, swept.Runs, "it may still be running")
			w.clock = w.clock.Add(7 * time.Hour)
			_, err = r.Sweep(context.Background())
			require.NoError(t, err)
			require.Zero(t, w.count("SELECT count() FROM rating_rows WHERE run_id NOT IN (SELECT run_id FROM rating_runs)"), "%d orphans", orphans)
			require.Zero(t, w.count("SELECT count() FROM rating_attempts WHERE run_id NOT IN (SELECT run_id FROM rating_runs)"))
			require.Equal(t, want, w.export(r))
		}
	}
}

func TestSweepKeepsTheNewestTwoRuns(t *testing.T) {
	w := quarter(t)
	r := w.rater()
	for range 4 {
		w.rate(r, rating.Request{Force: true})
	}
	want := w.export(r)
	require.Equal(t, uint64(24), w.count("SELECT uniqExact(run_id) FROM rating_rows"))
	swept, err := r.Sweep(context.Background())
	require.NoError(t, err)
	require.Equal(t, 12, swept.Runs)
	for _, table := range []string{"rating_rows", "rating_runs", "rating_attempts"} {
		require.Equal(t, uint64(12), w.count("SELECT uniqExact(run_id) FROM "+table), table)
	}
	require.Equal(t, want, w.export(r))
	swept, err = r.Sweep(context.Background())
	require.NoError(t, err)
	require.Zero(t, swept.Runs)

	report := w.rate(r, rating.Request{Force: true, Tenants: []string{"a"}, Months: []usage.Month{{Year: 2026, Month: 1}}})
	require.Equal(t, uint32(5), report.Rated[0].Sequence, "runs go on being counted")
}

// A record that arrives while its month is being rated leaves the month stale, whether
// the statement saw it or not.
func TestARecordThatArrivesMeanwhile(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			w := quarter(t)
			arrive := func() {
				w.use(revision{tenant: "a", id: "meanwhile", organizer: "ann", start: day(2, 1), seconds: 4000, country: "DE", class: "geographic", callee: "+49301"})
			}
			conn := &meanwhile{Conn: w.s, before: arrive}
			if when == "after" {
				conn.before, conn.after = nil, arrive
			}
			report := w.rate(w.rater(func(o *rating.Options) { o.Conn = conn }), rating.Request{})
			require.Len(t, report.Rated, 6)
			require.Empty(t, report.Unsettled)

			r := w.rater()
			require.Equal(t, []string{"a 2026-02"}, rated(w.rate(r, rating.Request{})))
			require.Empty(t, rated(w.rate(r, rating.Request{})))
			require.Contains(t, w.export(r), "meanwhile,credits,400,0.134,USD\n")
		})
	}
}

// A correction that arrives meanwhile may have been seen by one read of the statement and
// not by the other: what came of it does not count, and the month is rated once more.
func TestACorrectionThatArrivesMeanwhile(t *testing.T) {
	w := quarter(t)
	corrections := uint16(0)
	correct := func() {
		if corrections == 2 {
			return
		}
		corrections++
		w.use(revision{
			tenant: "a", id: "aFebruary", number: corrections, organizer: "ann", start: day(2, 5), seconds: 60 * uint32(corrections),
			country: "DE", class: "geographic", callee: "+49301",
		})
	}
	r := w.rater(func(o *rating.Options) { o.Conn = &meanwhile{Conn: w.s, after: correct} })
	report := w.rate(r, rating.Request{})
	require.Len(t, report.Rated, 6)
	require.Empty(t, report.Unsettled)
	require.Equal(t, uint64(1), w.count("SELECT count() FROM rating_runs WHERE tenant_id = 'a' AND month = '2026-02-01'"), "what was rated before the corrections does not count")
	require.Equal(t, uint64(3), w.count("SELECT count() FROM rating_attempts WHERE tenant_id = 'a' AND month = '2026-02-01'"))
	require.Contains(t, w.export(r), "aFebruary,pool,120,0,\n")
	require.Empty(t, rated(w.rate(r, rating.Request{})))
}

func TestCorrectionsThatDoNotEnd(t *testing.T) {
	w := quarter(t)
	first := w.rater()
	w.rate(first, rating.Request{})
	want := w.export(first)
	n := uint16(0)
	correct := func() {
		n++
		w.use(revision{tenant: "a", id: "aFebruary", number: n, organizer: "ann", start: day(2, 5), seconds: uint32(n), country: "DE", class: "geographic"})
	}
	correct()
	r := w.rater(func(o *rating.Options) { o.Conn = &meanwhile{Conn: w.s, after: correct} })
	report := w.rate(r, rating.Request{})
	require.Empty(t, report.Rated)
	require.Equal(t, []rating.Unsettled{{TenantID: "a", Month: "2026-02"}}, report.Unsettled)
	require.Equal(t, want, w.export(r), "the month keeps the rating it had")
	require.Equal(t, []string{"a 2026-02"}, rated(w.rate(first, rating.Request{})), "and is rated when there is peace")
}

// Two raters at once do the same work twice and harm nothing.
func TestTwoRatersAtOnce(t *testing.T) {
	w := quarter(t)
	r := w.rater(func(o *rating.Options) { o.Now = time.Now })
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := r.Rate(context.Background(), rating.Request{})
			errs <- err
		}()
	}
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	require.Equal(t, uint64(12), w.count("SELECT count() FROM ratings"))
	require.Empty(t, rated(w.rate(r, rating.Request{})))
}

// A cancelled rating publishes nothing.
func TestCancelled(t *testing.T) {
	w := quarter(t)
	ctx, cancel := context.WithCancel(context.Background())
	conn := &meanwhile{Conn: w.s, before: cancel}
	_, err := w.rater(func(o *rating.Options) { o.Conn = conn }).Rate(ctx, rating.Request{})
	require.Error(t, err)
	require.Zero(t, w.count("SELECT count() FROM ratings"))
	require.Len(t, rated(w.rate(w.rater(), rating.Request{})), 6)
}

func TestBatchesAreBoundedByRecords(t *testing.T) {
	w := newWorld(t)
	w.tenant("a", "US", false, "")
	w.tenant("b", "US", false, "")
	for _, tenant := range []string{"a", "b"} {
		for i := range 6 {
			w.use(revision{tenant: tenant, id: fmt.Sprint(i), organizer: "ann", start: day(time.Month(1+i%3), 2), seconds: 10, country: "US", class: "geographic"})
		}
	}
	r := w.rater(func(o *rating.Options) { o.BatchRecords = 4 })
	require.Len(t, rated(w.rate(r, rating.Request{})), 6)
	require.Equal(t, uint64(3), w.count("SELECT uniqExact(batch_id) FROM rating_attempts"), "2 records a tenant-month, 4 a statement")
	require.Equal(t, uint64(12), w.count("SELECT count() FROM ratings"))
}

// What is more than a batch takes the memory of two: nothing is rated beside it.
func TestATenantMonthThatIsMoreThanABatchIsRatedAlone(t *testing.T) {
	w := newWorld(t)
	w.tenant("a", "US", false, "")
	for i := range 6 {
		w.use(revision{tenant: "a", id: fmt.Sprint(i), organizer: "ann", start: day(time.Month(1+i%3), 2), seconds: 10, country: "US", class: "geographic"})
	}
	var mu sync.Mutex
	running, most := 0, 0
	conn := &meanwhile{
		Conn: w.s,
		before: func() {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(20 * time.Millisecond)
		},
		after: func() { mu.Lock(); running--; mu.Unlock() },
	}
	r := w.rater(func(o *rating.Options) { o.BatchRecords, o.Conn = 1, conn })
	require.Len(t, rated(w.rate(r, rating.Request{})), 3)
	require.Equal(t, uint64(3), w.count("SELECT uniqExact(batch_id) FROM rating_attempts"))
	require.Equal(t, 1, most)
	r = w.rater(func(o *rating.Options) { o.BatchRecords, o.Conn = 2, conn })
	require.Len(t, rated(w.rate(r, rating.Request{Force: true})), 3)
	require.Equal(t, 2, most, "batches are rated side by side")
}
