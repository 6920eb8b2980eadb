package embedded

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func place(t *testing.T, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	return file
}

func TestLocate(t *testing.T) {
	t.Setenv(LibraryEnv, "")
	root := t.TempDir()
	given, set := place(t, root, "given.so"), place(t, root, "set.so")

	t.Run("as given, before all others", func(t *testing.T) {
		t.Setenv(LibraryEnv, set)
		found, err := Locate(given)
		require.NoError(t, err)
		require.Equal(t, given, found)
	})
	t.Run("from the environment", func(t *testing.T) {
		t.Setenv(LibraryEnv, set)
		found, err := Locate("")
		require.NoError(t, err)
		require.Equal(t, set, found)
	})
	t.Run("a wrong path is not made up for", func(t *testing.T) {
		_, err := Locate(filepath.Join(root, "no.so"))
		require.ErrorIs(t, err, ErrNoLibrary)
		require.ErrorContains(t, err, "make engine")
		require.ErrorContains(t, err, LibraryEnv)
		require.ErrorContains(t, err, "no.so")
		t.Setenv(LibraryEnv, root) // a folder
		_, err = Locate("")
		require.ErrorIs(t, err, ErrNoLibrary)
	})
	t.Run("below a parent of the working directory", func(t *testing.T) {
		file := place(t, root, "module", installed)
		require.NoError(t, os.MkdirAll(filepath.Join(root, "module", "a", "b"), 0o755))
		require.Equal(t, file, above(filepath.Join(root, "module", "a", "b")))
		require.Empty(t, above(filepath.Join(root)))
	})
	t.Run("in the user's data folder", func(t *testing.T) {
		t.Setenv("XDG_DATA_HOME", filepath.Join(root, "share"))
		require.Equal(t, filepath.Join(root, "share"), dataHome())
		t.Setenv("XDG_DATA_HOME", "not/absolute")
		t.Setenv("HOME", root)
		require.Equal(t, filepath.Join(root, ".local", "share"), dataHome())
	})
}

func TestAFileThatIsNoLibrary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "libchdb.so")
	require.NoError(t, os.WriteFile(file, []byte("not ELF"), 0o644))
	loaded.Lock()
	saved := loaded.lib
	loaded.lib = nil
	loaded.Unlock()
	defer func() { loaded.lib = saved }()
	_, err := loadLibrary(file)
	require.ErrorContains(t, err, "make engine")
}
