package rules

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// The order of keys in a rule file, and in the lists and groups inside it.
var (
	keyOrder = []string{
		"id", "version", "title", "meaning", "verdict", "family", "status", "scope", "window", "unit", "thresholds", "weights",
		"parameters", "sql", "when", "evidence", "sentence", "false_positives", "runbook", "tags", "owner", "tests",
	}
	innerOrder = map[string][]string{
		"thresholds": {"warning", "critical"},
		"weights":    {"warning", "critical"},
		"parameters": {"name", "type", "default", "meaning"},
		"tags":       nil,
		"tests":      {"name", "from", "to", "step", "latency", "parameters", "usage", "expect"},
		"usage": {
			"tenant", "organizer", "organizers", "start", "minutes", "seconds", "times", "apart", "days", "on", "legs", "to", "country", "class",
			"callees", "conference", "high_cost", "addon",
		},
		"expect": {"organizer", "severity", "first", "at_least", "at_most", "calls", "sentence"},
	}
)

// Format is a rule file in its canonical form: keys in one order, two spaces of indent, no
// empty lines between keys; a group on one line keeps its order. Comments stay with the key that they stand before or in. Text,
// SQL above all, keeps its line breaks. What the file says does not change: a form that
// would say anything else is an error, and so is a file that is no group of keys.
func Format(name string, data []byte) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Load(data, &root); err != nil {
		return nil, failed([]Problem{{File: name, Text: err.Error()}})
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode || root.Content[0].Style&yaml.FlowStyle != 0 {
		return nil, failed([]Problem{{File: name, Text: "a rule file is keys with values, a key a line"}})
	}
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	head, blocks, tail := split(lines, root.Content[0])
	slices.SortStableFunc(blocks, func(a, b block) int { return position(keyOrder, a.key) - position(keyOrder, b.key) })
	out := head
	for _, b := range blocks {
		text, err := b.format()
		if err != nil {
			return nil, failed([]Problem{{File: name, Line: b.line, Key: b.key, Text: err.Error()}})
		}
		out = append(append(out, b.above...), text...)
	}
	formatted := []byte(strings.Join(append(out, tail...), "\n") + "\n")
	if same, err := saysTheSame(data, formatted); err != nil || !same {
		return nil, failed([]Problem{{File: name, Text: "cannot be put in order without changing what it says; put it in order by hand"}})
	}
	return formatted, nil
}

// block is one key of the file with its value.
type block struct {
	key   string
	line  int // 1-based
	above []string
	text  []string
}

// split parts a file into the comment at its head, its keys, and the comments at its end.
func split(lines []string, root *yaml.Node) (head []string, blocks []block, tail []string) {
	from := 0
	for i := 0; i+1 < len(root.Content); i += 2 {
		k := root.Content[i]
		end := len(lines)
		if i+2 < len(root.Content) {
			end = root.Content[i+2].Line - 1
		}
		b := block{key: k.Value, line: k.Line, above: lines[from : k.Line-1]}
		start := k.Line - 1
		// Comments at the margin before the next key are that key's.
		last := end
		for last > start+1 && marginal(lines[last-1]) {
			last--
		}
		b.text, from = lines[start:last], last
		blocks = append(blocks, b)
	}
	// What an empty line parts from the first key is the file's, and the document mark too.
	if first := &blocks[0]; len(first.above) > 0 {
		cut := 0
		for i, l := range first.above {
			if strings.TrimSpace(l) == "" || strings.HasPrefix(l, "---") {
				cut = i + 1
			}
		}
		head, first.above = bare(first.above[:cut]), first.above[cut:]
		if len(head) > 0 && !strings.HasPrefix(head[len(head)-1], "---") {
			head = append(head, "")
		}
	}
	for i := range blocks {
		blocks[i].above = bare(blocks[i].above)
	}
	return head, blocks, bare(lines[from:])
}

// marginal says whether a line is empty or a comment without indent.
func marginal(line string) bool {
	return strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#")
}

// bare is lines without the empty ones and without space at their ends.
func bare(lines []string) []string {
	out := []string{}
	for _, l := range lines {
		if l = strings.TrimRight(l, " \t"); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// position is that of a key in an order; unknown keys come last.
func position(order []string, key string) int {
	if i := slices.Index(order, key); i >= 0 {
		return i
	}
	return len(order)
}

func (b block) format() ([]string, error) {
	if _, grouped := innerOrder[b.key]; grouped {
		return b.regroup()
	}
	return b.reindent(), nil
}

// regroup writes a key whose value is lists and groups anew, with its comments.
func (b block) regroup() ([]string, error) {
	var n yaml.Node
	if err := yaml.Load([]byte(strings.Join(b.text, "\n")+"\n"), &n); err != nil {
		return nil, err
	}
	inOrder(b.key, n.Content[0].Content[1])
	var w bytes.Buffer
	d, err := yaml.NewDumper(&w, yaml.WithIndent(2), yaml.WithCompactSeqIndent(false), yaml.WithLineWidth(-1))
	if err == nil {
		err = d.Dump(&n)
	}
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("write it anew: %w", err)
	}
	text := quotedTime.ReplaceAllString(strings.TrimRight(w.String(), "\n"), ": $1$2")
	return strings.Split(text, "\n"), nil
}

// quotedTime is a time in quotes that it does not need: the library takes its colon for one
// of YAML's.
var quotedTime = regexp.MustCompile(`: '(\d{4}-\d{2}-\d{2} \d{2}:\d{2})'([,}\n])`)

// inOrder sorts the keys of every group in a value; under is the key that it stands under.
func inOrder(under string, n *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		for _, item := range n.Content {
			inOrder(under, item)
		}
	case yaml.MappingNode:
		type pair struct{ key, value *yaml.Node }
		var pairs []pair
		for i := 0; i+1 < len(n.Content); i += 2 {
			pairs = append(pairs, pair{n.Content[i], n.Content[i+1]})
		}
		order := innerOrder[under]
		if n.Style&yaml.FlowStyle != 0 {
			order = nil // on one line it reads like a sentence, in the author's order
		}
		slices.SortStableFunc(pairs, func(x, y pair) int {
			return position(order, x.key.Value) - position(order, y.key.Value)
		})
		n.Content = n.Content[:0]
		for _, p := range pairs {
			n.Content = append(n.Content, p.key, p.value)
			if _, known := innerOrder[p.key.Value]; known {
				// The parameters of a test are names and values, in the order of the file.
				if under == "tests" && p.key.Value == "parameters" {
					continue
				}
				inOrder(p.key.Value, p.value)
			}
		}
	}
}

// keyLine is a key with what stands on its line, and blockScalar the head of a text that
// follows on lines of its own.
var (
	keyLine     = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)\s*:(?:\s+(.*?))?\s*$`)
	blockScalar = regexp.MustCompile(`^[|>][+-]?(\s+#.*)?$`)
)

// reindent moves the lines under a key to an indent of two, all by as much.
func (b block) reindent() []string {
	m := keyLine.FindStringSubmatch(b.text[0])
	if m == nil {
		return b.text // a quoted key, or the like
	}
	first := strings.TrimRight(m[1]+": "+m[2], " ")
	rest := b.text[1:]
	for len(rest) > 0 && strings.TrimSpace(rest[len(rest)-1]) == "" {
		rest = rest[:len(rest)-1]
	}
	if strings.HasPrefix(m[2], "|") || strings.HasPrefix(m[2], ">") {
		if !blockScalar.MatchString(m[2]) {
			return append([]string{first}, rest...) // it says by itself how far it is indented
		}
	}
	least := -1
	for _, l := range rest {
		if n := len(l) - len(strings.TrimLeft(l, " ")); strings.TrimSpace(l) != "" && (least < 0 || n < least) {
			least = n
		}
	}
	out := []string{first}
	for _, l := range rest {
		if strings.TrimSpace(l) == "" {
			out = append(out, "")
			continue
		}
		out = append(out, "  "+l[least:])
	}
	return out
}

// saysTheSame compares what two files say, whatever their form.
func saysTheSame(before, after []byte) (bool, error) {
	var x, y any
	if err := yaml.Load(before, &x); err != nil {
		return false, err
	}
	if err := yaml.Load(after, &y); err != nil {
		return false, err
	}
	return reflect.DeepEqual(x, y), nil
}
