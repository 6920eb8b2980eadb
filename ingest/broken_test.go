package ingest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// rejectedAt is where a row that must be rejected stands, and why.
type rejectedAt struct {
	Position uint64 `json:"position"`
	Reason   string `json:"reason"`
}

// The files of testdata/broken hold some thirty kinds of broken row each, good ones between
// them. Every row is accounted for, at its place and for its reason.
func TestHandMadeExportsBalanceToTheRow(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/broken/expected.json")
	require.NoError(t, err)
	var files []struct {
		File     string       `json:"file"`
		Format   Format       `json:"format"`
		Accepted uint64       `json:"accepted"`
		Ignored  uint64       `json:"ignored"`
		Rejected []rejectedAt `json:"rejected"`
	}
	require.NoError(t, json.Unmarshal(text, &files))
	require.Len(t, files, 5)
	for _, f := range files {
		t.Run(f.File, func(t *testing.T) {
			t.Parallel()
			g, s := open(t)
			g.chunkRows = 7
			n := uint64(len(f.Rejected))
			require.GreaterOrEqual(t, n, uint64(20))
			path := filepath.Join("testdata", "broken", f.File)

			report := ingestOne(t, g, path)
			require.Equal(t, f.Format, report.Format)
			require.Equal(t, Counts{Read: f.Accepted + f.Ignored + n, Accepted: f.Accepted, Ignored: f.Ignored, Rejected: n}, report.Counts)
			records, seconds := sum(t, s)
			require.Equal(t, f.Accepted+f.Ignored, records)
			require.Equal(t, 900*records, seconds)
			require.Equal(t, f.Rejected, places(t, g))

			again := ingestOne(t, g, path)
			require.Equal(t, Counts{Read: report.Read, Duplicate: f.Accepted + f.Ignored, Rejected: n}, again.Counts)
			require.Equal(t, f.Rejected, places(t, g), "a broken row is kept once")
		})
	}
}

func places(t *testing.T, g *Ingester) (out []rejectedAt) {
	t.Helper()
	kept, err := g.Quarantine(t.Context(), Filter{})
	require.NoError(t, err)
	for _, r := range kept {
		require.NotEmpty(t, r.Detail)
		out = append(out, rejectedAt{r.Position, r.Reason})
	}
	return out
}
