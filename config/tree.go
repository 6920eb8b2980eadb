package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// tree knows where each key of a file stands, so that a mistake in a value can
// be told by key and line.
type tree struct {
	places []place
}

type place struct {
	key          string
	line, column int // of the key, or of the element of a list
	valueLine    int
	valueColumn  int
}

func newTree(data []byte) tree {
	var root yaml.Node
	if err := yaml.Load(data, &root); err != nil {
		return tree{}
	}
	var t tree
	for _, n := range root.Content {
		t.walk("", n)
	}
	return t
}

func (t *tree) walk(prefix string, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			key := k.Value
			if prefix != "" {
				key = prefix + "." + key
			}
			t.places = append(t.places, place{key, k.Line, k.Column, v.Line, v.Column})
			t.walk(key, v)
		}
	case yaml.SequenceNode:
		for i, v := range n.Content {
			key := fmt.Sprintf("%s[%d]", prefix, i)
			t.places = append(t.places, place{key, v.Line, v.Column, v.Line, v.Column})
			t.walk(key, v)
		}
	}
}

// keyAt is the innermost key whose name or value stands at a position.
func (t tree) keyAt(line, column int) string {
	var exact, sameLine string
	for _, p := range t.places {
		if (p.line == line && p.column == column) || (p.valueLine == line && p.valueColumn == column) {
			exact = p.key
		}
		if p.line == line {
			sameLine = p.key
		}
	}
	if exact != "" {
		return exact
	}
	return sameLine
}

// lineOf is the line of a key, or of the nearest key above it that the file has.
func (t tree) lineOf(key string) int {
	for key != "" {
		for _, p := range t.places {
			if p.key == key {
				return p.line
			}
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return 0
		}
		key = key[:cut]
	}
	return 0
}
