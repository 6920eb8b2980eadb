package ingest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// sampleMonth is a month of real-format files with what an independent program says
// about them. It lies beside the repository, or where FAIRDIAL_SAMPLE says.
func sampleMonth(t *testing.T) string {
	dir := os.Getenv("FAIRDIAL_SAMPLE")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data", "sample-month")
	}
	if _, err := os.Stat(filepath.Join(dir, "expected", "ledger.json")); err != nil {
		t.Skipf("no sample month at %s; set FAIRDIAL_SAMPLE to compare with one", dir)
	}
	return dir
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

func TestTheSampleMonthIsCountedAndQuarantinedExactly(t *testing.T) {
	t.Parallel()
	dir := sampleMonth(t)
	var want struct {
		Tenants []struct {
			ID        string `json:"tenant_id"`
			Accepted  uint64 `json:"accepted"`
			Duplicate uint64 `json:"duplicate"`
			Ignored   uint64 `json:"ignored"`
			Rejected  uint64 `json:"rejected"`
			Seconds   uint64 `json:"total_conf_out_seconds"`
		} `json:"tenants"`
	}
	readJSON(t, filepath.Join(dir, "expected", "ledger.json"), &want)
	type broken struct {
		TenantID string `json:"tenant_id"`
		File     string `json:"file"`
		Position uint64 `json:"position"`
		Kind     string `json:"kind"`
		UsageID  string `json:"usage_id"`
		Raw      string `json:"raw"`
	}
	var malformed []broken
	readJSON(t, filepath.Join(dir, "expected", "malformed.json"), &malformed)

	g, s := open(t)
	for _, tenant := range want.Tenants {
		folder := filepath.Join(dir, "usage", tenant.ID)
		report, err := g.Ingest(t.Context(), tenant.ID, "ann", []string{folder}, nil)
		require.NoError(t, err)
		require.Empty(t, report.Skipped)
		require.Equal(t, Counts{
			Read:     tenant.Accepted + tenant.Duplicate + tenant.Ignored + tenant.Rejected,
			Accepted: tenant.Accepted, Duplicate: tenant.Duplicate, Ignored: tenant.Ignored, Rejected: tenant.Rejected,
		}, report.Total)
		var records, seconds uint64
		require.NoError(t, s.QueryRow(t.Context(), "SELECT count(), sum(seconds) FROM usage WHERE is_conf_out AND tenant_id = ?", tenant.ID).Scan(&records, &seconds))
		require.Equal(t, tenant.Accepted, records)
		require.Equal(t, tenant.Seconds, seconds)

		rows, err := g.Quarantine(t.Context(), Filter{TenantID: tenant.ID})
		require.NoError(t, err)
		var got []broken
		for _, r := range rows {
			got = append(got, broken{r.TenantID, r.File, r.Position, r.Reason, r.UsageID, r.Raw})
		}
		var expected []broken
		for _, m := range malformed {
			if m.TenantID == tenant.ID {
				expected = append(expected, m)
			}
		}
		slices.SortFunc(got, func(a, b broken) int { return slices.Index(expected, a) - slices.Index(expected, b) })
		require.Equal(t, expected, got)

		again, err := g.Ingest(t.Context(), tenant.ID, "ann", []string{folder}, nil)
		require.NoError(t, err)
		require.Equal(t, Counts{Read: report.Total.Read, Duplicate: report.Total.Read - tenant.Rejected, Rejected: tenant.Rejected}, again.Total)
	}
}
