package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"

	"go.yaml.in/yaml/v4"
)

// Lock ties the version of each rule to its content, so that a finding of version 3
// always means the same. It is a file beside the rules, kept in the repository.
type Lock map[string]Locked

// Locked is one rule in a lock.
type Locked struct {
	Version int    `yaml:"version"`
	Hash    string `yaml:"hash"` // SHA-256 of everything in the rule but its tests
}

// Hash is a digest of everything that a rule says, its unit tests apart: tests can be
// added without a new version.
func (r Rule) Hash() string {
	r.Tests, r.File = nil, ""
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // a rule holds only what YAML can hold
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// LockOf is the lock of a pack as it stands.
func LockOf(p Pack) Lock {
	out := Lock{}
	for _, r := range p {
		out[r.ID] = Locked{r.Version, r.Hash()}
	}
	return out
}

// ReadLock reads the lock of a folder of rules. A folder without one has an empty lock.
func ReadLock(folder fs.FS) (Lock, error) {
	out := Lock{}
	data, err := fs.ReadFile(folder, LockFile)
	if err != nil {
		return out, nil //nolint:nilerr // a folder need not have a lock
	}
	if err := yaml.Load(data, &out, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s: %w", LockFile, err)
	}
	return out, nil
}

// Text is the lock as a file.
func (l Lock) Text() ([]byte, error) {
	body, err := yaml.Dump(l)
	if err != nil {
		return nil, fmt.Errorf("write the lock: %w", err)
	}
	return append([]byte("# Ties each rule's version to its content. Written by `go generate` here.\n"), body...), nil
}

// Renew is the lock with the pack as it stands: new rules, and new versions of old ones. A
// rule that has changed without a new version is an *Error.
func (l Lock) Renew(p Pack) (Lock, error) {
	var problems []Problem
	for _, r := range p {
		if locked, ok := l[r.ID]; ok && r.Version <= locked.Version && r.Hash() != locked.Hash {
			problems = append(problems, r.Problem("version", fmt.Sprintf(
				"%s has changed since version %d was locked: raise the version to %d", r.ID, locked.Version, locked.Version+1), nil))
		}
	}
	if err := failed(problems); err != nil {
		return nil, err
	}
	return LockOf(p), nil
}

// Check is where a pack has strayed from its lock, as an *Error.
func (l Lock) Check(p Pack) error {
	var problems []Problem
	add := func(r Rule, format string, args ...any) {
		problems = append(problems, r.Problem("version", fmt.Sprintf(format, args...), nil))
	}
	for _, r := range p {
		locked, ok := l[r.ID]
		switch {
		case !ok:
			add(r, "version %d of %s is not in %s; write the lock anew", r.Version, r.ID, LockFile)
		case r.Version < locked.Version:
			add(r, "version %d of %s is older than the locked version %d", r.Version, r.ID, locked.Version)
		case r.Version > locked.Version:
			add(r, "%s was raised from version %d to %d; write the lock anew", r.ID, locked.Version, r.Version)
		case r.Hash() != locked.Hash:
			add(r, "%s has changed since version %d was locked: raise the version to %d and write the lock anew", r.ID, r.Version, r.Version+1)
		}
	}
	for id := range l {
		if _, ok := p.Rule(id); !ok {
			problems = append(problems, Problem{File: LockFile, Key: id, Text: "is locked, but there is no such rule; set its status to deprecated rather than remove it"})
		}
	}
	return failed(problems)
}
