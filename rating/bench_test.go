package rating_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

// recordsInBench is a month of a large provider; FAIRDIAL_BENCH_RECORDS has another number.
func recordsInBench(b *testing.B) int {
	if text := os.Getenv("FAIRDIAL_BENCH_RECORDS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(b, err)
		return n
	}
	return 5_000_000
}

// generate makes usage of tenants in the engine: a month of calls of 1,000 organizers each,
// most of them to the US. Nothing of it goes through files.
func (w *world) generate(records, firstTenant, tenants int) {
	w.t.Helper()
	ctx := context.Background()
	for _, sql := range []string{
		`INSERT INTO tenant_revisions
		SELECT concat('t', toString({first:UInt32} + number)), 'Tenant', 'US', 'commercial', 'ea', true, 'USD', toDateTime64('2026-01-01 00:00:00', 6, 'UTC')
		FROM numbers({tenants:UInt32})`,
		`INSERT INTO licence_intervals
		SELECT {generation:UUID}, concat('t', toString({first:UInt32} + number % {tenants:UInt32})), concat('organizer-', toString(intDiv(number, {tenants:UInt32}) % 1000)),
			['` + planConferencing + `', '` + planAddon + `', '` + planCredits + `'][1 + intDiv(number, {tenants:UInt32} * 1000)],
			toDateTime64('2025-01-01 00:00:00', 3, 'UTC'), toDateTime64('2200-01-01 00:00:00', 3, 'UTC')
		FROM numbers({tenants:UInt32} * 3000)
		WHERE intDiv(number, {tenants:UInt32} * 1000) != 1 OR number % 3 != 0`,
		`INSERT INTO licence_generations
		SELECT {generation:UUID}, concat('t', toString({first:UInt32} + number)), 1 + number, toDateTime64('2026-01-01 00:00:00', 6, 'UTC')
		FROM numbers({tenants:UInt32})`,
		`INSERT INTO usage_revisions (tenant_id, usage_id, revision, content_hash, call_type, is_conf_out, organizer_id, callee_number,
			started_at, ended_at, seconds, destination_country, destination_class, npa_nxx, replaces_started_at, stored_at)
		SELECT concat('t', toString({first:UInt32} + number % {tenants:UInt32})), toString(toUUID(UUIDNumToString(MD5(toString(number + 100000000 * {first:UInt32}))))),
			0, cityHash64(number, {first:UInt32}), 'conf_out', true, concat('organizer-', toString(cityHash64(number, 1) % 1000)),
			['+12125550100', '+14165550100', '+12125550101', '+493012345', '+442012345', '+919812345'][kind],
			toDateTime64('2026-02-01 00:00:00', 7, 'UTC') + toIntervalSecond(cityHash64(number, 2) % 2419200) AS at, at + toIntervalSecond(duration),
			(1 + cityHash64(number, 3) % 2400)::UInt32 AS duration,
			['US', 'CA', 'US', 'DE', 'GB', 'IN'][(1 + cityHash64(number, 4) % 6)::UInt8 AS kind], 'geographic', '', at, now64(6)
		FROM numbers({records:UInt64})
		SETTINGS max_block_size = 65536, min_insert_block_size_rows = 131072, min_insert_block_size_bytes = 0`,
	} {
		require.NoError(w.t, w.s.Exec(ctx, sql, clickhouse.Named("first", firstTenant), clickhouse.Named("tenants", tenants),
			clickhouse.Named("records", records), clickhouse.Named("generation", uuid.NewString())))
	}
}

// settle waits until the engine has merged what was written: that is not what is measured.
func (w *world) settle() {
	w.t.Helper()
	for quiet := 0; quiet < 4; time.Sleep(500 * time.Millisecond) {
		if quiet++; w.count("SELECT count() FROM system.merges") > 0 {
			quiet = 0
		}
	}
}

// seconds of what it does.
func seconds(b *testing.B, do func()) float64 {
	b.Helper()
	from := time.Now()
	do()
	return time.Since(from).Seconds()
}

// BenchmarkRateAMonth sets, in one run, rating a month of five million records against the
// bare cost of writing as many result rows; and rating one changed tenant-month again beside
// one and five times as much other data.
func BenchmarkRateAMonth(b *testing.B) {
	records, tenants := recordsInBench(b), 20
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b)
		w.rateSheet("USD", day(1, 1), "1,0,0.01", "49,0.01,0.02", "44,0.01,0.03", "91,0.01,0.04")
		r := w.rater(func(o *rating.Options) { o.Now = time.Now })
		changed := 0
		again := func() float64 {
			took := 0.0
			for range 3 { // the best of some: others use the machine too
				changed++
				w.use(revision{tenant: "t0", id: "late-" + strconv.Itoa(changed), organizer: "organizer-1", start: day(2, 10), seconds: 60, country: "US", class: "geographic"})
				one := seconds(b, func() { require.Len(b, w.rate(r, rating.Request{}).Rated, 1) })
				if took == 0 || one < took {
					took = one
				}
			}
			return took
		}
		w.generate(records/5, 0, tenants)
		w.rate(r, rating.Request{})
		alone := again()
		w.generate(records-records/5, tenants, 4*tenants)
		w.rate(r, rating.Request{})
		among := again()

		w.settle()
		resetPeak()
		busy := processSeconds(b)
		b.StartTimer()
		rate := seconds(b, func() { require.Len(b, w.rate(r, rating.Request{Force: true}).Rated, 5*tenants) })
		b.StopTimer()
		busy = processSeconds(b) - busy
		peak := peakMegabytes(b)
		require.GreaterOrEqual(b, w.count("SELECT count() FROM ratings"), uint64(records))
		require.NoError(b, w.s.Exec(b.Context(), "CREATE TABLE bare AS rating_rows"))
		w.settle()
		bare := processSeconds(b)
		write := seconds(b, func() {
			require.NoError(b, w.s.Exec(b.Context(), "INSERT INTO bare SELECT * FROM rating_rows WHERE run_id IN (SELECT run_id FROM rating_current)"))
		})
		bare = processSeconds(b) - bare
		b.ReportMetric(rate, "rate-s")
		b.ReportMetric(busy, "rate-cpu-s")
		b.ReportMetric(bare, "bare-write-cpu-s")
		b.ReportMetric(write, "bare-write-s")
		b.ReportMetric(rate-write, "difference-s")
		b.ReportMetric(float64(records)/rate, "records/s")
		b.ReportMetric(peak, "peak-MB")
		b.ReportMetric(alone*1000, "again-1x-ms")
		b.ReportMetric(among*1000, "again-5x-ms")
		b.ReportMetric(among/alone, "again-5x/1x")
		b.StartTimer()
	}
}

// processSeconds is the processor time that the process used: what a machine that others
// use too does not change.
func processSeconds(b *testing.B) float64 {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// resetPeak lets the kernel count the process's peak anew, where it can.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peakMegabytes is the process's peak of resident memory.
func peakMegabytes(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "kB")), 64)
			require.NoError(b, err)
			return kb / 1024
		}
	}
	return 0
}
