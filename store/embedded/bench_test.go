package embedded_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// usageTable has the shape of the widest table: 35 columns, most of them short text.
func usageTable(settings string) string {
	columns := []string{
		"tenant LowCardinality(String)", "id String", "revision UInt16", "hash UInt64", "organizer String", "batch UUID",
		"started DateTime64(7, 'UTC')", "ended DateTime64(7, 'UTC')", "seconds UInt32", "charge Nullable(Decimal(18, 6))",
		"connection Nullable(Decimal(18, 6))", "rated Bool", "caller String", "callee String", "stored DateTime64(6, 'UTC')",
	}
	for i := range 20 {
		columns = append(columns, fmt.Sprintf("word%d LowCardinality(String)", i))
	}
	return "CREATE TABLE usage (" + strings.Join(columns, ", ") + ") ENGINE = MergeTree ORDER BY (tenant, started, id) " + settings
}

func appendUsage(b testing.TB, batch driver.Batch, from, rows int) {
	b.Helper()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	charge := decimal.RequireFromString("0.125")
	id := uuid.New()
	row := make([]any, 35)
	for i := from; i < from+rows; i++ {
		when := at.Add(time.Duration(i) * time.Second)
		copy(row, []any{
			"tenant", fmt.Sprintf("%032x", i), uint16(0), uint64(i), fmt.Sprintf("organizer-%06d", i%5000), id,
			when, when.Add(time.Minute), uint32(60), &charge, nil, true, "+12125550100", "+12125550199", when,
		})
		for k := range 20 {
			row[15+k] = "word"
		}
		require.NoError(b, batch.Append(row...))
	}
}

func BenchmarkInsert(b *testing.B) {
	const rows = 100_000
	for name, settings := range map[string]string{"": "", "fsync": "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"} {
		b.Run("rows="+fmt.Sprint(rows)+name, func(b *testing.B) {
			conn := fresh(b, engine)
			execute(b, conn, usageTable(settings))
			var sending time.Duration
			n := 0
			for b.Loop() {
				batch, err := conn.PrepareBatch(b.Context(), "INSERT INTO usage")
				require.NoError(b, err)
				appendUsage(b, batch, n, rows)
				begin := time.Now()
				require.NoError(b, batch.Send())
				sending += time.Since(begin)
				n += rows
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(n)/sending.Seconds(), "rows/s-send")
		})
	}
	for name, settings := range map[string]string{"": "", "-fsync": "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"} {
		b.Run("rows=1"+name, func(b *testing.B) {
			conn := fresh(b, engine)
			execute(b, conn, usageTable(settings))
			n := 0
			for b.Loop() {
				batch, err := conn.PrepareBatch(b.Context(), "INSERT INTO usage")
				require.NoError(b, err)
				appendUsage(b, batch, n, 1)
				require.NoError(b, batch.Send())
				n++
			}
		})
	}
}

func BenchmarkQuery(b *testing.B) {
	for name, transport := range map[string]driver.Conn{"in process": connect(b, engine, "default"), "socket": connect(b, overSocket(socket), "default")} {
		b.Run(name, func(b *testing.B) {
			var all []time.Duration
			for b.Loop() {
				begin := time.Now()
				scalar[uint8](b, transport, "SELECT 1")
				all = append(all, time.Since(begin))
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "µs-p50")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "µs-p99")
		})
	}
	b.Run("eight at once", func(b *testing.B) {
		conn := connect(b, engine, "default")
		for b.Loop() {
			var eight sync.WaitGroup
			for range 8 {
				eight.Go(func() { scalar[uint8](b, conn, "SELECT 1") })
			}
			eight.Wait()
		}
		b.ReportMetric(8*float64(b.N)/b.Elapsed().Seconds(), "queries/s")
	})
	b.Run("stream", func(b *testing.B) {
		conn := connect(b, engine, "default")
		n := 0
		for b.Loop() {
			rows, err := conn.Query(b.Context(), "SELECT number, toString(number) FROM numbers(2000000)")
			require.NoError(b, err)
			for rows.Next() {
				n++
			}
			require.NoError(b, rows.Err())
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
	})
}
