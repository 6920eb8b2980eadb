package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEvaluateAndScorecard(t *testing.T) {
	p := newProgram(t, "{}")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for _, args := range [][]string{
		{"evaluate"},
		{"evaluate", "--labels", "x.csv", "--threshold", "0"},
		{"scorecard"},
	} {
		_, stderr, code := p.run(args...)
		require.Equal(t, 2, code, "%v: %s", args, stderr)
	}
	_, stderr, code := p.run("evaluate", "--labels", write("bad.csv", "tenant_id,organizer_id\n"))
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "there is no column label")

	// Nothing was detected: nobody is found, and nothing is divided by zero.
	labels := write("labels.csv", "tenant_id,organizer_id,label,scenario,archetype\nt,a,abuse,ring,\nt,b,honest,,light\n")
	saved := filepath.Join(dir, "one.json")
	stdout, stderr, code := p.run("evaluate", "--labels", labels, "--save", saved, "-o", "json")
	require.Equal(t, 0, code, stderr)
	var card struct {
		Threshold int
		Precision struct{ Share *float64 }
		Recall    struct{ Part, Whole int }
		PRAUC     float64 `json:"pr_auc"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &card))
	require.Equal(t, 50, card.Threshold)
	require.Nil(t, card.Precision.Share)
	require.Equal(t, 1, card.Recall.Whole)
	require.Equal(t, 0.5, card.PRAUC, "all have the same risk: the share of abusers")

	stdout, stderr, code = p.run("scorecard", saved)
	require.Equal(t, 0, code, stderr)
	require.Contains(t, stdout, "| one | 2 | 1 | – | 0.0 % | 0.500 |")
	_, stderr, code = p.run("scorecard", labels)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "not what evaluate --save writes")
}
