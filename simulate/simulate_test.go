package simulate

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// small is a workload with every format, made in a fraction of a second.
func small(seed uint64) Options { return Options{Seed: seed, Organizers: 400, Months: 2} }

func digest(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	out := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = sha256.Sum256(body)
		return err
	})
	require.NoError(t, err)
	return out
}

func TestEqualOptionsGiveEqualBytes(t *testing.T) {
	a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
	first, err := Generate(t.Context(), a, small(1), nil)
	require.NoError(t, err)
	second, err := Generate(t.Context(), b, small(1), nil)
	require.NoError(t, err)
	_, err = Generate(t.Context(), c, small(2), nil)
	require.NoError(t, err)
	require.Equal(t, first, second)
	files := digest(t, a)
	require.Equal(t, files, digest(t, b))
	require.NotEqual(t, files["labels.csv"], digest(t, c)["labels.csv"])
}
