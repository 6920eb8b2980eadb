package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// LibraryEnv names the environment variable that says where the library is.
const LibraryEnv = "CHDB_LIB_PATH"

// installed is where `make engine` puts the library, below the module's root.
const installed = "store/embedded/engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"

// ErrNoLibrary is returned by Open and Locate when the engine's library is not on
// this machine. Its text says how to install it.
var ErrNoLibrary = errors.New("the embedded ClickHouse library libchdb.so is not installed: run `make engine`, " +
	"or set " + LibraryEnv + " to the file")

// Locate finds the library: the path given, then CHDB_LIB_PATH, then the file that
// `make engine` installs below a parent of the executable, of the working directory
// or of this source file, then $XDG_DATA_HOME/fairdial/engine/libchdb.so.
//
// A path that is given, here or in the environment, is the only one looked at: falling
// back to another library would hide the mistake.
func Locate(path string) (string, error) {
	if path == "" {
		path = os.Getenv(LibraryEnv)
	}
	if path != "" {
		if !isFile(path) {
			return "", fmt.Errorf("%w (there is no file %s)", ErrNoLibrary, path)
		}
		return filepath.Abs(path)
	}
	for _, dir := range startingPoints() {
		if found := above(dir); found != "" {
			return found, nil
		}
	}
	if found := filepath.Join(dataHome(), "fairdial", "engine", "libchdb.so"); isFile(found) {
		return found, nil
	}
	return "", ErrNoLibrary
}

func startingPoints() []string {
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dirs = append(dirs, filepath.Dir(exe))
	}
	if wd, err := os.Getwd(); err == nil {
		dirs = append(dirs, wd)
	}
	// With -trimpath the source file is "fairdial/store/embedded/locate.go" and helps nobody.
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		dirs = append(dirs, filepath.Dir(file))
	}
	return dirs
}

// above looks for the installed library in dir and in every folder above it.
func above(dir string) string {
	for {
		if found := filepath.Join(dir, installed); isFile(found) {
			return found
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

func dataHome() string {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "share")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
