package rules

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"
)

// Folder is an operator's folder of rule files that may change while the program runs.
// It is not safe for concurrent use.
type Folder struct {
	files fs.FS
	seen  [sha256.Size]byte
}

// WatchFolder is a folder as it is now; what has been read of it is told apart from then on.
func WatchFolder(files fs.FS) (*Folder, error) {
	f := &Folder{files: files}
	_, err := f.Changed()
	return f, err
}

// Changed says whether any rule file, or the lock, is another than when it was asked last.
// By content, so that a file that was only touched or copied is none.
func (f *Folder) Changed() (bool, error) {
	entries, err := fs.ReadDir(f.files, ".")
	if err != nil {
		return false, fmt.Errorf("read the folder of rules: %w", err)
	}
	all := sha256.New()
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".yaml") {
			continue
		}
		text, err := fs.ReadFile(f.files, e.Name())
		if err != nil {
			return false, fmt.Errorf("read the rule file %s: %w", e.Name(), err)
		}
		sum := sha256.Sum256(text)
		fmt.Fprintf(all, "%s\x00%x\n", e.Name(), sum)
	}
	var now [sha256.Size]byte
	all.Sum(now[:0])
	changed := now != f.seen
	f.seen = now
	return changed, nil
}

// Lint reads the rules of the folder and checks all that lint does: the files, the lock
// where there is one, and that each rule carries its tests. The error is an *Error where
// the rules are at fault.
func (f *Folder) Lint() (Pack, error) { return Lint(f.files) }

// Lint reads the rules of a folder and checks them: the files, the lock where there is one,
// and that each carries the tests that it must.
func Lint(files fs.FS) (Pack, error) {
	pack, err := Load(files)
	if err != nil {
		return nil, err
	}
	if _, missing := fs.Stat(files, LockFile); missing == nil {
		lock, err := ReadLock(files)
		if err != nil {
			return nil, failed([]Problem{{File: LockFile, Text: err.Error()}})
		}
		if err := lock.Check(pack); err != nil {
			return nil, err
		}
	}
	return pack, pack.Tested()
}

// Changes says in words how a pack differs from the one before it.
func Changes(before, after Pack) []string {
	var out []string
	for _, r := range after {
		old, there := before.Rule(r.ID)
		switch {
		case !there:
			out = append(out, fmt.Sprintf("%s added, version %d, %s", r.ID, r.Version, r.Status))
		case old.Status != r.Status:
			out = append(out, fmt.Sprintf("%s from version %d, %s, to version %d, %s", r.ID, old.Version, old.Status, r.Version, r.Status))
		case old.Version != r.Version:
			out = append(out, fmt.Sprintf("%s from version %d to %d", r.ID, old.Version, r.Version))
		case old.Hash() != r.Hash():
			out = append(out, fmt.Sprintf("%s changed within version %d", r.ID, r.Version))
		}
	}
	for _, r := range before {
		if _, there := after.Rule(r.ID); !there {
			out = append(out, r.ID+" removed")
		}
	}
	return out
}
