package rules

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Problem is one mistake in a rule file.
type Problem struct {
	File string
	Line int    // 1-based; 0 when the key is not in the file
	Key  string // "thresholds.warning", "tests[2].usage[0].start"
	Text string
	// Cause is an error that the text tells of, where there is one.
	Cause error
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Error lists every mistake found.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap is the causes of the problems.
func (e *Error) Unwrap() []error {
	var out []error
	for _, p := range e.Problems {
		if p.Cause != nil {
			out = append(out, p.Cause)
		}
	}
	return out
}

// failed is an *Error of the problems, in the order of the files; nil for none.
func failed(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return a.Line - b.Line
	})
	return &Error{problems}
}

// places knows on which line each key of a file stands.
type places map[string]int

func placesOf(data []byte) places {
	var root yaml.Node
	out := places{}
	if err := yaml.Load(data, &root); err != nil {
		return out
	}
	for _, n := range root.Content {
		out.walk("", n)
	}
	return out
}

func (p places) walk(prefix string, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if prefix != "" {
				key = prefix + "." + key
			}
			p[key] = n.Content[i].Line
			p.walk(key, n.Content[i+1])
		}
	case yaml.SequenceNode:
		for i, v := range n.Content {
			key := fmt.Sprintf("%s[%d]", prefix, i)
			p[key] = v.Line
			p.walk(key, v)
		}
	}
}

// line is that of a key, or of the nearest key above it that the file has.
func (p places) line(key string) int {
	for key != "" {
		if line, ok := p[key]; ok {
			return line
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return 0
		}
		key = key[:cut]
	}
	return 0
}

// innermost is the deepest key that stands on a line.
func (p places) innermost(line int) string {
	best := ""
	for key, l := range p {
		if l == line && (len(key) > len(best) || len(key) == len(best) && key < best) {
			best = key
		}
	}
	return best
}
