package detector

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/rules/pack"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

// The history of the benchmark: 90 days up to now, in which each organizer has 500 calls to
// forty people, in 20 tenants. FAIRDIAL_BENCH_RECORDS has another number for the larger one.
var benchNow = time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC)

// benchFresh is how many records are new, of 400 organizers.
const benchFresh = 800

const benchTries = 3

func benchRecords(b *testing.B) (small, large int) {
	large = 20_000_000
	if text := os.Getenv("FAIRDIAL_BENCH_RECORDS"); text != "" {
		var err error
		large, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	return large / 10, large
}

// makeCalls makes records in the engine, out of nothing but numbers: organizers of them are
// spread over from..to.
func makeCalls(b *testing.B, s *store.Store, records, organizers int, from, to, stored time.Time, seed int) {
	b.Helper()
	const sql = `INSERT INTO usage_revisions (tenant_id, usage_id, revision, content_hash, call_type, is_conf_out, organizer_id, conference_id,
		callee_number, started_at, ended_at, seconds, destination_country, destination_class, npa_nxx, replaces_started_at, stored_at)
	SELECT concat('t', toString(organizer % 20)), concat({seed:String}, toString(number)), 0, number, 'conf_out', true,
		lower(hex(MD5(toString(cityHash64(number, {seed:String}) % {organizers:UInt64} AS organizer)))), toString(number % 1000000000),
		concat('+1212', leftPad(toString((organizer * 40 + cityHash64(number, 1) % 40) % 10000000), 7, '0')),
		toDateTime64({from:Int64}, 7, 'UTC') + toIntervalSecond(cityHash64(number, 2) % {span:UInt64}) AS at, at + toIntervalSecond(duration),
		(60 + cityHash64(number, 3) % 2400)::UInt32 AS duration, 'US', 'geographic', '', at, toDateTime64({stored:Int64}, 6, 'UTC')
	FROM numbers({offset:UInt64}, {records:UInt64})`
	// In portions, and each in blocks that leave room: the engine of the tests has a gigabyte.
	const portion = 1_000_000
	for offset := 0; offset < records; offset += portion {
		// A merge of large parts with their projection takes its part of the gigabyte; two leave room.
		for merges := uint64(3); merges > 2; {
			require.NoError(b, s.QueryRow(b.Context(), "SELECT count() FROM system.merges WHERE database = currentDatabase()").Scan(&merges))
			if merges > 2 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		ctx := clickhouse.Context(context.Background(), clickhouse.WithSettings(clickhouse.Settings{
			"max_threads": "1", "max_insert_threads": "1", "max_block_size": "65536", "min_insert_block_size_rows": "250000", "min_insert_block_size_bytes": "100000000",
		}), clickhouse.WithParameters(clickhouse.Parameters{
			"seed": strconv.Itoa(seed) + "-", "organizers": strconv.Itoa(organizers),
			"offset": strconv.Itoa(offset), "records": strconv.Itoa(min(portion, records-offset)),
			"from": strconv.FormatInt(from.Unix(), 10), "span": strconv.FormatInt(int64(to.Sub(from).Seconds()), 10), "stored": strconv.FormatInt(stored.Unix(), 10),
		}))
		require.NoError(b, s.Exec(ctx, sql))
	}
}

// settle waits until the engine has merged what was just written, as it would have over the
// ninety days.
func settle(b *testing.B, s *store.Store) {
	b.Helper()
	for quiet, end := 0, time.Now().Add(5*time.Minute); quiet < 3 && time.Now().Before(end); time.Sleep(time.Second) {
		var merges uint64
		require.NoError(b, s.QueryRow(b.Context(), "SELECT count() FROM system.merges WHERE database = currentDatabase()").Scan(&merges))
		if quiet++; merges > 0 {
			quiet = 0
		}
	}
	var parts uint64
	require.NoError(b, s.QueryRow(b.Context(), "SELECT count() FROM system.parts WHERE active AND database = currentDatabase() AND table = 'usage_revisions'").Scan(&parts))
	b.Logf("%d parts", parts)
}

// BenchmarkPassOverNewRecords: a pass over the records of the last hour costs the same
// whether they come on top of 2 million records or of 20 million in the time that rules
// look back. "ratio" is that of the two, "cpu-ratio" that of the processors' time.
func BenchmarkPassOverNewRecords(b *testing.B) {
	small, large := benchRecords(b)
	took, worked := map[int]time.Duration{}, map[int]time.Duration{}
	for _, records := range []int{small, large} {
		s := storetest.Open(b)
		now := benchNow
		j := journal.New(s, func() time.Time { return now }, uuid.New)
		all, err := pack.Rules()
		require.NoError(b, err)
		d, err := New(Options{
			Conn: s, Cases: cases.NewLog(j), Pack: all, WholeCalls: 1, Now: time.Now, NewID: uuid.New,
			Logger: slog.New(slog.NewTextHandler(benchLog{b}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		require.NoError(b, err)
		organizers := records / 500
		began := time.Now()
		makeCalls(b, s, records, organizers, benchNow.AddDate(0, 0, -90), benchNow.Add(-3*time.Hour), benchNow.Add(-24*time.Hour), 1)
		b.Logf("%d records made in %s", records, time.Since(began))
		// What a pass over all would leave behind; it would take many minutes here.
		chosen, err := d.chosen(Request{})
		require.NoError(b, err)
		p := &pass{Detector: d, req: Request{To: benchNow.Add(-time.Hour)}, id: uuid.New(), scope: scope{marks: true, began: benchNow.Add(-time.Hour)}}
		p.scope.fingerprint, err = d.fingerprint(chosen, Request{})
		require.NoError(b, err)
		require.NoError(b, s.Exec(b.Context(), "INSERT INTO peer_days SELECT concat('t', toString(number % 20)), '"+p.id.String()+
			"', toDate('2026-03-31') - intDiv(number, 20), 500, 10000, 20000, 30000, now() FROM numbers(2000)"))
		require.NoError(b, s.Exec(b.Context(), "INSERT INTO usual_places SELECT concat('t', toString(number % 20)), '"+p.id.String()+
			"', ['*', 'US'][1 + intDiv(number, 20)], toDate('2026-01-01'), now() FROM numbers(40)"))
		require.NoError(b, p.mark(b.Context()))
		terms, err := d.hourTerms()
		require.NoError(b, err)
		require.NoError(b, s.Exec(b.Context(), "INSERT INTO organizer_hour_runs (run_id, made_at, whole, terms, ended_at) VALUES ('"+p.id.String()+
			"', '"+time.Now().UTC().Add(-time.Minute).Format(time.DateTime)+"', true, '"+terms+"', now())"))
		settle(b, s)
		// The best of some passes, as other work goes on beside; each has 800 records more.
		for try := range benchTries {
			makeCalls(b, s, benchFresh, 400, benchNow.Add(-time.Hour), benchNow.Add(-40*time.Minute), time.Now(), 2+try)
			began = time.Now()
			before := processorTime(b)
			report, err := d.Detect(b.Context(), Request{To: benchNow, New: true}, nil)
			require.NoError(b, err)
			require.True(b, report.Fresh)
			one, busy := time.Since(began), processorTime(b)-before
			b.Logf("%d records: %d calls of organizers with new ones judged in %s, of processors %s", records, report.Calls, one, busy)
			if best, there := took[records]; !there || one < best {
				took[records] = one
			}
			if best, there := worked[records]; !there || busy < best {
				worked[records] = busy
			}
		}
		require.NoError(b, s.Exec(b.Context(), "TRUNCATE TABLE usage_revisions"))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took[small].Seconds(), "s/small")
	b.ReportMetric(took[large].Seconds(), "s/large")
	b.ReportMetric(took[large].Seconds()/took[small].Seconds(), "ratio")
	b.ReportMetric(worked[large].Seconds()/worked[small].Seconds(), "cpu-ratio")
}

// processorTime is what the process has had so far: other work beside does not stretch it.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchLog writes log lines into a benchmark's own.
type benchLog struct{ b *testing.B }

func (l benchLog) Write(p []byte) (int, error) {
	return os.Stderr.Write(p)
}
