package plan

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

//go:embed default.yaml
var builtIn []byte

// Problem is one mistake in a plan file.
type Problem struct {
	Line int    // 1-based; 0 where the file is not to be read at all
	Key  string // "versions[0].pool.units"
	Text string
}

// Error lists every mistake found in one file.
type Error struct {
	File     string
	Problems []Problem
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "entitlement plan %s:", e.File)
	for _, p := range e.Problems {
		b.WriteString("\n  ")
		if p.Line > 0 {
			fmt.Fprintf(&b, "line %d: ", p.Line)
		}
		if p.Key != "" {
			fmt.Fprintf(&b, "%s: ", p.Key)
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

// Default is the built-in plan: what the provider publishes.
func Default() Plan {
	p, err := Parse("default.yaml", builtIn)
	if err != nil {
		panic("plan: the built-in plan is part of the program: " + err.Error())
	}
	return p
}

// Load reads a plan file; with an empty path it gives the built-in plan.
func Load(path string) (Plan, error) {
	if path == "" {
		return Default(), nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Plan{}, fmt.Errorf("read the entitlement plan: %w", err)
	}
	return Parse(path, data)
}

// Parse reads a plan. A plan is complete: nothing is taken over from the built-in one,
// so that a file says all that holds. Every mistake is in the *Error.
func Parse(name string, data []byte) (Plan, error) {
	var root yaml.Node
	if err := yaml.Load(data, &root); err != nil {
		return Plan{}, &Error{name, []Problem{{Text: err.Error()}}}
	}
	where := places(&root)
	var p Plan
	var problems []Problem
	// Keys whose value could not be read, and lists with such an element: what would be
	// said of them besides, and of the elements after it, would be wrong.
	bad := map[string]bool{}
	if err := yaml.Load(data, &p, yaml.WithKnownFields()); err != nil {
		var many *yaml.LoadErrors
		if !errors.As(err, &many) {
			return Plan{}, &Error{name, []Problem{{Text: err.Error()}}}
		}
		for _, e := range many.Errors {
			key := where.at(e.Mark.Line, e.Mark.Column)
			bad[key], bad[listOf(key)] = true, true
			problems = append(problems, Problem{e.Mark.Line, key, plain(e.Message)})
		}
	}
	for _, x := range p.validate(where) {
		if !bad[x.Key] && !bad[listOf(x.Key)] {
			problems = append(problems, x)
		}
	}
	if len(problems) > 0 {
		slices.SortStableFunc(problems, func(a, b Problem) int { return a.Line - b.Line })
		return Plan{}, &Error{name, problems}
	}
	return p, nil
}

// listOf is the list that a key is an element of, or the key itself.
func listOf(key string) string {
	if i := strings.LastIndexByte(key, '['); i >= 0 && strings.HasSuffix(key, "]") {
		return key[:i]
	}
	return key
}

// keys is where each key of a file stands.
type keys []key

type key struct {
	name  string
	nodes []*yaml.Node // the key itself, and its value
}

func places(root *yaml.Node) keys {
	var all keys
	var walk func(prefix string, n *yaml.Node)
	walk = func(prefix string, n *yaml.Node) {
		switch n.Kind {
		case yaml.DocumentNode:
			for _, c := range n.Content {
				walk(prefix, c)
			}
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				name := strings.TrimPrefix(prefix+"."+n.Content[i].Value, ".")
				all = append(all, key{name, n.Content[i : i+2]})
				walk(name, n.Content[i+1])
			}
		case yaml.SequenceNode:
			for i, c := range n.Content {
				name := fmt.Sprintf("%s[%d]", prefix, i)
				all = append(all, key{name, []*yaml.Node{c}})
				walk(name, c)
			}
		}
	}
	walk("", root)
	return all
}

// at is the innermost key that stands at a position, or on its line.
func (k keys) at(line, column int) (name string) {
	exact := false
	for _, x := range k {
		for _, n := range x.nodes {
			switch {
			case n.Line == line && n.Column == column:
				name, exact = x.name, true
			case n.Line == line && !exact:
				name = x.name
			}
		}
	}
	return name
}

// line is where a key stands, or the nearest one above it.
func (k keys) line(name string) int {
	for name != "" {
		for _, x := range k {
			if x.name == name {
				return x.nodes[0].Line
			}
		}
		name = name[:max(0, strings.LastIndexAny(name, ".["))]
	}
	return 1
}

func (k keys) has(name string) bool {
	return slices.ContainsFunc(k, func(x key) bool { return x.name == name })
}

var (
	unknownField = regexp.MustCompile(`^field (\S+) not found in type .*$`)
	wrongType    = regexp.MustCompile("^cannot construct !!\\S+ `(.*)` into (.*)$")
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
	switch {
	case strings.HasPrefix(m[2], "[]"):
		want = "a list"
	case m[2] == "bool":
		want = "true or false"
	case m[2] == "int":
		want = "a whole number"
	case m[2] == "string":
		want = "a text"
	}
	return fmt.Sprintf("%q is not %s", m[1], want)
}
