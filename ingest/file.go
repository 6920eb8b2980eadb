package ingest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is one file to read.
type file struct {
	name     string // as the caller gave it, or found it in a folder
	path     string
	size     int64
	modified time.Time // UTC; when the source last touched it
	hash     string    // SHA-256 of the content, set by hashAll
	temp     bool      // a spooled stream, removed after reading
}

// Skipped is a file that was passed over, and why.
type Skipped struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// expand gives the files behind paths: files themselves, folders with all below them in
// order of name, and stdin for "-". The caller discards them.
func (g *Ingester) expand(paths []string) (files []file, skipped []Skipped, err error) {
	defer func() {
		if err != nil {
			discard(files)
			files = nil
		}
	}()
	for _, path := range paths {
		if path == "-" {
			f, err := g.spool("-", g.stdin)
			if err != nil {
				return files, nil, err
			}
			files = append(files, f)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return files, nil, fmt.Errorf("find usage files: %w", err)
		}
		switch {
		case info.IsDir():
			found, passed, err := walk(path)
			if err != nil {
				return files, nil, fmt.Errorf("find usage files: %w", err)
			}
			files, skipped = append(files, found...), append(skipped, passed...)
		case info.Mode().IsRegular():
			files = append(files, newFile(path, info))
		default: // a pipe
			in, err := os.Open(path)
			if err != nil {
				return files, nil, fmt.Errorf("find usage files: %w", err)
			}
			f, err := g.spool(path, in)
			_ = in.Close()
			if err != nil {
				return files, nil, err
			}
			files = append(files, f)
		}
	}
	return files, skipped, nil
}

func newFile(path string, info fs.FileInfo) file {
	return file{name: path, path: path, size: info.Size(), modified: info.ModTime().UTC()}
}

// discard removes what was spooled.
func discard(files []file) {
	for _, f := range files {
		if f.temp {
			_ = os.Remove(f.path)
		}
	}
}

// walk gives the files of a folder, which may be a link to one.
func walk(folder string) (files []file, skipped []Skipped, err error) {
	root := filepath.Clean(folder) + string(filepath.Separator)
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name == root {
			return nil
		}
		if entry.IsDir() {
			if strings.HasPrefix(entry.Name(), ".") {
				skipped = append(skipped, Skipped{name, "hidden folder"})
				return fs.SkipDir
			}
			return nil
		}
		if reason := passOver(entry.Name()); reason != "" {
			skipped = append(skipped, Skipped{name, reason})
			return nil
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			skipped = append(skipped, Skipped{name, "no regular file"})
			return nil
		}
		files = append(files, newFile(name, info))
		return nil
	})
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, skipped, err
}

// passOver says why a file found in a folder is not read; one named directly always is.
func passOver(name string) string {
	switch {
	case strings.HasPrefix(name, "."):
		return "hidden file"
	case strings.HasSuffix(name, ".tmp"), strings.HasSuffix(name, ".part"), strings.HasSuffix(name, ".crdownload"):
		return "still being written"
	default:
		return ""
	}
}

// spool writes a stream to a file: a ZIP is read from its end, and a file must be known
// whole before it can be told that it was read before.
func (g *Ingester) spool(name string, in io.Reader) (f file, err error) {
	out, err := os.CreateTemp(g.tempDir, "fairdial-stream-*")
	if err != nil {
		return file{}, fmt.Errorf("keep %s while it is read: %w", name, err)
	}
	f = file{name: name, path: out.Name(), modified: g.now().UTC(), temp: true}
	if f.size, err = io.Copy(out, in); err == nil {
		err = out.Close()
	}
	if err != nil {
		_ = out.Close()
		_ = os.Remove(f.path)
		return file{}, fmt.Errorf("read %s: %w", name, err)
	}
	return f, nil
}

// base is the name by which the ledger knows the file, wherever it lies.
func (f file) base() string { return filepath.Base(f.name) }

// hashAll sets the hash of every file.
func hashAll(ctx context.Context, files []file) error {
	for i := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var err error
		if files[i].hash, err = files[i].contentHash(); err != nil {
			return err
		}
	}
	return nil
}

// contentHash is the SHA-256 of the file's bytes.
func (f file) contentHash() (string, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", f.name, err)
	}
	defer in.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, in); err != nil {
		return "", fmt.Errorf("read %s: %w", f.name, err)
	}
	return string(hash.Sum(nil)), nil
}

// unchanged says whether the file is still the one whose content was hashed.
func (f file) unchanged() bool {
	info, err := os.Stat(f.path)
	return f.temp || err == nil && info.Size() == f.size && info.ModTime().Equal(f.modified)
}
