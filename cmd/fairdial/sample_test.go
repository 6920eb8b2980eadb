package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sampleConfig = `
licences:
  addon:
    service_plans: [a1d0c0de-0a0b-4c0d-8e0f-00000d1a1008]
    sku_part_numbers: [MCOMEETADD_DIALOUT_US_CA]
`

// sampleMonth is a month of real-format files with the ledger and rating that an
// independent program computed for them. It lies beside the repository, or where
// FAIRDIAL_SAMPLE says.
func sampleMonth(t *testing.T) string {
	dir := os.Getenv("FAIRDIAL_SAMPLE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data", "sample-month")
	}
	if _, err := os.Stat(filepath.Join(dir, "expected", "ledger.json")); err != nil {
		t.Skipf("no sample month at %s; set FAIRDIAL_SAMPLE to compare with one", dir)
	}
	return dir
}

func TestTheSampleMonthEqualsItsExpectedLedgerAndRating(t *testing.T) {
	t.Parallel()
	dir := sampleMonth(t)
	p := newProgram(t, sampleConfig)

	var want struct {
		Month   string
		Tenants []struct {
			TenantID string `json:"tenant_id"`
			counts
			SecondsByBucket map[string]int64 `json:"seconds_by_bucket"`
			Pool            []struct {
				PoolSeconds int64 `json:"pool_seconds"`
				UsedSeconds int64 `json:"used_seconds"`
			}
		}
	}
	readJSON(t, filepath.Join(dir, "expected", "ledger.json"), &want)

	p.ok("tenants", "import", filepath.Join(dir, "tenants.json"))
	for _, tenant := range want.Tenants {
		p.ok("directory", "import", "--tenant", tenant.TenantID, filepath.Join(dir, "directory", tenant.TenantID))
		usage := filepath.Join(dir, "usage", tenant.TenantID)
		require.Equal(t, tenant.counts, ingestCounts(t, p.ok("-o", "json", "ingest", "--tenant", tenant.TenantID, usage)), tenant.TenantID)

		again := ingestCounts(t, p.ok("-o", "json", "ingest", "--tenant", tenant.TenantID, usage))
		require.Zero(t, again.Accepted+again.Ignored, "the same files again add nothing")
	}
	p.ok("rate", "--month", want.Month)

	got := rated(t, p.ok("ratings", "export", "--month", want.Month, "-o", "csv"), "usage_id", "bucket", "seconds")
	expected, err := os.ReadFile(filepath.Join(dir, "expected", "rating.csv"))
	require.NoError(t, err)
	require.Equal(t, rated(t, string(expected), "usage_id", "bucket", "seconds"), got)
}

type counts struct {
	Accepted  int64
	Duplicate int64
	Ignored   int64
	Rejected  int64
}

func ingestCounts(t *testing.T, output string) counts {
	t.Helper()
	var report struct {
		Files []struct {
			counts
			Read int64
		}
		Total struct {
			counts
			Read int64
		}
	}
	require.NoError(t, json.Unmarshal([]byte(output), &report), output)
	var sum counts
	for _, f := range report.Files {
		require.Equal(t, f.Read, f.Accepted+f.Duplicate+f.Ignored+f.Rejected)
		sum.Accepted += f.Accepted
		sum.Duplicate += f.Duplicate
		sum.Ignored += f.Ignored
		sum.Rejected += f.Rejected
	}
	require.Equal(t, sum, report.Total.counts)
	return sum
}

// rated gives the named columns of a rating CSV, a line a row, sorted.
func rated(t *testing.T, text string, columns ...string) []string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	var out []string
	for _, row := range rows[1:] {
		var cells []string
		for _, c := range columns {
			cells = append(cells, row[at[c]])
		}
		out = append(out, strings.Join(cells, ","))
	}
	sort.Strings(out)
	return out
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}
