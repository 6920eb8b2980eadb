package ingest

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxUnpacked bounds what one compressed file may unpack to: no export is so large, and
// a small file that unpacks without end must not fill the machine.
const maxUnpacked = 64 << 30

// file is one file to read.
type file struct {
	name string // as the caller gave it, or found it in a folder
	path string
	size int64
	temp bool // a spooled stdin, removed after reading
}

// Skipped is a file that was passed over, and why.
type Skipped struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// expand gives the files behind paths: files themselves, folders with all below them in
// order of name, and stdin for "-".
func expand(paths []string, stdin io.Reader, tempDir string) (files []file, skipped []Skipped, err error) {
	for _, path := range paths {
		if path == "-" {
			f, err := spool(stdin, tempDir)
			if err != nil {
				return nil, nil, err
			}
			files = append(files, f)
			continue
		}
		var found []file
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			inside := name != path
			if entry.IsDir() {
				if inside && strings.HasPrefix(entry.Name(), ".") {
					skipped = append(skipped, Skipped{name, "hidden folder"})
					return fs.SkipDir
				}
				return nil
			}
			if reason := passOver(entry.Name()); inside && reason != "" {
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
			found = append(found, file{name: name, path: name, size: info.Size()})
			return nil
		})
		if err != nil {
			return nil, nil, fmt.Errorf("find usage files: %w", err)
		}
		slices.SortFunc(found, func(a, b file) int { return strings.Compare(a.name, b.name) })
		files = append(files, found...)
	}
	return files, skipped, nil
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

// spool writes stdin to a file: a ZIP is read from its end, and a file must be known
// whole before it can be told that it was read before.
func spool(stdin io.Reader, tempDir string) (f file, err error) {
	out, err := os.CreateTemp(tempDir, "fairdial-stdin-*")
	if err != nil {
		return file{}, fmt.Errorf("keep stdin while it is read: %w", err)
	}
	f = file{name: "-", path: out.Name(), temp: true}
	if f.size, err = io.Copy(out, stdin); err == nil {
		err = out.Close()
	}
	if err != nil {
		_ = out.Close()
		_ = os.Remove(f.path)
		return file{}, fmt.Errorf("read stdin: %w", err)
	}
	return f, nil
}

// base is the name by which the ledger knows the file, wherever it lies.
func (f file) base() string { return filepath.Base(f.name) }

// contentHash is the SHA-256 of the file's bytes.
func (f file) contentHash() ([]byte, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.name, err)
	}
	defer in.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, in); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.name, err)
	}
	return hash.Sum(nil), nil
}

// part is one stream of rows of a file: the file itself, or a member of a ZIP.
type part struct {
	index  uint64 // of the member, from 0
	member string // "" for the file itself
	open   func() (io.ReadCloser, error)
}

// parts gives the streams of a file. Members of a ZIP that hold no rows are named in
// passed: parameters.json belongs there, others are told of.
func (f file) parts() (parts []part, zipped bool, passed []string, err error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, false, nil, fmt.Errorf("read %s: %w", f.name, err)
	}
	defer in.Close()
	head := make([]byte, 4)
	n, _ := io.ReadFull(in, head)
	if sniff(head[:n]) != FormatZIP {
		return []part{{open: func() (io.ReadCloser, error) { return os.Open(f.path) }}}, false, nil, nil
	}
	archive, err := zip.OpenReader(f.path)
	if err != nil {
		return nil, true, nil, fmt.Errorf("%s: the ZIP cannot be read: %w; export it again", f.name, err)
	}
	defer archive.Close()
	for i, member := range archive.File {
		switch name := filepath.Base(member.Name); {
		case member.FileInfo().IsDir():
		case strings.EqualFold(name, "parameters.json"):
		case passOver(name) != "" || strings.HasPrefix(member.Name, "__MACOSX/"):
			passed = append(passed, member.Name)
		default:
			parts = append(parts, part{index: uint64(i), member: member.Name, open: func() (io.ReadCloser, error) {
				return openMember(f.path, i)
			}})
		}
	}
	return parts, true, passed, nil
}

// openMember opens a member of a ZIP together with the ZIP.
func openMember(path string, i int) (io.ReadCloser, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	if archive.File[i].Flags&1 != 0 {
		_ = archive.Close()
		return nil, fmt.Errorf("the member is encrypted; export it without a password")
	}
	in, err := archive.File[i].Open()
	if err != nil {
		_ = archive.Close()
		return nil, err
	}
	return &memberReader{Reader: io.LimitReader(in, maxUnpacked), in: in, archive: archive}, nil
}

type memberReader struct {
	io.Reader
	in      io.Closer
	archive io.Closer
}

func (m *memberReader) Close() error {
	_ = m.in.Close()
	return m.archive.Close()
}
