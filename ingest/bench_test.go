package ingest

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// generated writes a file of n good rows, as varied as a month of a tenant.
func generated(t testing.TB, format Format, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows."+string(format))
	file, err := os.Create(path)
	require.NoError(t, err)
	out := bufio.NewWriterSize(file, 1<<20)
	switch format {
	case FormatCSV:
		fmt.Fprintln(out, header25)
	case FormatGraphJSON:
		fmt.Fprint(out, `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.callRecords.pstnCallLogRow)","value":[`)
	}
	month := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		x := uint64(i) * 0x9e3779b97f4a7c15
		started := month.Add(time.Duration(x%(28*24*3600*1e7)) * 100)
		seconds := int(x >> 40 % 5000)
		ended := started.Add(time.Duration(seconds) * time.Second)
		usageID := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", x>>32, x>>16&0xffff, x&0xfff, x>>20&0xfff, i)
		person := x >> 50 % 3000
		callee := 2_012_000_000 + x>>30%7_000_000_000
		const layout = "2006-01-02T15:04:05.0000000"
		if format == FormatCSV {
			fmt.Fprintf(out, "%s,%d_%d@10.0.7.20,%d,US,3b2ea124-8f32-478a-9301-%012x,person%d@contoso.example,Person Number%d,+17043819293,conf_out,Outbound,Service,Domestic,United States,+1%010d,US,%s+00:00,%s+00:00,%d,0.00,0.12,USD,MCOMEETADD,Microsoft,Microsoft,\n",
				usageID, x>>34, i, 300_000_000+person, person, person, person, callee, started.Format(layout), ended.Format(layout), seconds)
			continue
		}
		if format == FormatGraphJSON && i > 0 {
			fmt.Fprint(out, ",")
		}
		fmt.Fprintf(out, `{"id":"%s","callId":"%d_%d@10.0.7.20","userId":"3b2ea124-8f32-478a-9301-%012x","userPrincipalName":"person%d@contoso.example","userDisplayName":"Person Number%d","startDateTime":"%sZ","endDateTime":"%sZ","duration":%d,"charge":0.12,"callType":"conf_out","currency":"USD","calleeNumber":"+1%010d","usageCountryCode":"US","tenantCountryCode":"US","connectionCharge":0.00,"callerNumber":"+17043819293","destinationContext":"Domestic","destinationName":"United States","conferenceId":"%d","licenseCapability":"MCOMEETADD","inventoryType":"Service","operator":"Microsoft","callDurationSource":"microsoft"}`,
			usageID, x>>34, i, person, person, person, started.Format(layout), ended.Format(layout), seconds, callee, 300_000_000+person)
		if format == FormatJSONLines {
			fmt.Fprintln(out)
		}
	}
	if format == FormatGraphJSON {
		fmt.Fprint(out, "]}")
	}
	require.NoError(t, out.Flush())
	require.NoError(t, file.Close())
	return path
}

// BenchmarkParse is the reading alone: from bytes to records and their hashes.
func BenchmarkParse(b *testing.B) {
	for _, format := range []Format{FormatCSV, FormatGraphJSON, FormatJSONLines} {
		b.Run(string(format), func(b *testing.B) {
			const n = 20_000
			path := generated(b, format, n)
			for b.Loop() {
				file, err := os.Open(path)
				require.NoError(b, err)
				rows, _, _, err := openRows(file, 1<<40, nil)
				require.NoError(b, err)
				good := 0
				for {
					r, err := rows.next()
					if err != nil {
						break
					}
					record, reason, detail := r.record("t1")
					require.Empty(b, reason, detail)
					_, _ = contentHashes(&record)
					good++
				}
				require.Equal(b, n, good)
				require.NoError(b, file.Close())
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkIngest is the whole way into the store, first new and then again.
func BenchmarkIngest(b *testing.B) {
	for _, format := range []Format{FormatCSV, FormatGraphJSON} {
		const n = 300_000
		path := generated(b, format, n)
		for _, again := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/again=%v", format, again), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					g, _ := open(b)
					if again {
						ingestOne(b, g, path)
					}
					b.StartTimer()
					report := ingestOne(b, g, path)
					require.EqualValues(b, n, report.Read, report)
				}
				b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
