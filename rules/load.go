package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// LockFile is the name of the lock in a folder of rules.
const LockFile = "rules.lock.yaml"

// Load reads every rule file (*.yaml) of a folder. All mistakes of all files come back
// at once, as an *Error. The SQL is not looked at here: that takes the engine.
func Load(folder fs.FS) (Pack, error) {
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the rule files: %w", err)
	}
	var pack Pack
	var problems []Problem
	for _, name := range names {
		if name == LockFile {
			continue
		}
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read the rule file %s: %w", name, err)
		}
		r, err := Parse(name, data)
		if mistakes, ok := errors.AsType[*Error](err); ok {
			problems = append(problems, mistakes.Problems...)
			continue
		} else if err != nil {
			return nil, err
		}
		if other, ok := pack.Rule(r.ID); ok {
			problems = append(problems, r.Problem("id", fmt.Sprintf("%s is the id of %s already", r.ID, other.File), nil))
			continue
		}
		if stem := strings.TrimSuffix(path.Base(name), ".yaml"); stem != r.ID {
			problems = append(problems, r.Problem("id", fmt.Sprintf("the file of rule %s must be called %s.yaml", r.ID, r.ID), nil))
		}
		pack = append(pack, r)
	}
	slices.SortFunc(pack, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return pack, failed(problems)
}

// Parse reads one rule. name is for messages. The error is an *Error that lists every
// mistake with its line and key.
func Parse(name string, data []byte) (Rule, error) {
	where := placesOf(data)
	r := Rule{File: name, Text: string(data), places: where}
	var problems []Problem
	if len(bytes.TrimSpace(data)) == 0 {
		return r, failed([]Problem{{File: name, Text: "the file is empty"}})
	}
	if err := yaml.Load(data, &r, yaml.WithKnownFields()); err != nil {
		var many *yaml.LoadErrors
		if !errors.As(err, &many) {
			return r, failed([]Problem{{File: name, Text: err.Error()}})
		}
		for _, e := range many.Errors {
			problems = append(problems, Problem{File: name, Line: e.Mark.Line, Key: where.innermost(e.Mark.Line), Text: plain(e.Message)})
		}
	}
	for _, p := range r.check() {
		// A value of the wrong type is missing too; one message for it is enough.
		if p.Line = where.line(p.Key); !slices.ContainsFunc(problems, func(q Problem) bool { return q.Key == p.Key }) {
			p.File = name
			problems = append(problems, p)
		}
	}
	return r, failed(problems)
}

var (
	unknownField = regexp.MustCompile(`^field (.+) not found in type .*$`)
	wrongType    = regexp.MustCompile("(?s)^cannot construct !!\\S+ `(.*)` into (.*)$")
)

// plain turns the YAML library's words into a sentence without Go types in it.
func plain(message string) string {
	if m := unknownField.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("there is no key %q here", m[1])
	}
	m := wrongType.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	want := "a group of keys"
	switch t := m[2]; {
	case strings.HasPrefix(t, "[]"):
		want = "a list"
	case t == "bool":
		want = "true or false"
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "uint"):
		want = "a whole number"
	case strings.HasPrefix(t, "float"):
		want = "a number"
	case t == "string", t == "cases.Verdict", t == "rules.Status":
		want = "a text"
	case t == "rules.Span":
		want = "a length of time such as 90m"
	case t == "rules.Moment":
		want = "a time such as 2026-02-03 09:30"
	}
	return fmt.Sprintf("%q is not %s", m[1], want)
}

// Tested is an *Error that names the rules without the tests that every rule must carry:
// one that finds something and two that must not. Such a rule can be run; lint refuses it.
func (p Pack) Tested() error {
	var problems []Problem
	for _, r := range p {
		finds := 0
		for _, t := range r.Tests {
			if len(t.Expect) > 0 {
				finds++
			}
		}
		if quiet := len(r.Tests) - finds; finds < 1 || quiet < 2 {
			problems = append(problems, r.Problem("tests", fmt.Sprintf(
				"has %d that find something and %d that must not; write at least one and two", finds, quiet), nil))
		}
	}
	return failed(problems)
}
