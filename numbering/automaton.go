package numbering

import (
	"encoding/binary"
	"fmt"
	"regexp/syntax"
	"slices"
)

// longestNational is the longest national number looked at, in digits. E.164
// allows 15 with the country code; some plans overrun it, none by more than this.
const longestNational = 17

// mostHidden is how many hidden last digits are weighed by exact length. The
// source hides at most 4; beyond this a number is weighed by its prefix alone.
const mostHidden = 6

// pattern is a regular expression over digits that must match a whole number,
// optionally only at certain lengths.
type pattern struct {
	expr    string
	lengths []int32 // in digits; empty: any
}

// automaton decides, one digit a step, which label a national number has. It
// stands for all patterns of one calling code at once, so that looking a number
// up costs a step a digit, whatever the number, and needs no cache that a
// hostile feed could thrash.
//
// Node 0 is dead: no number with the digits so far has a label.
type automaton struct {
	nodes []node
	root  uint32
}

// node is the state after some digits. A label of 0 means none.
type node struct {
	next  [10]uint32
	label uint8 // of the number that ends here
	// likely is the label most of the numbers that start this way have.
	likely uint8
	// hidden[k-1] is the label most of the numbers have that are k digits longer.
	hidden [mostHidden]uint8
}

// compile builds the automaton of several patterns. label says which label a
// number has, given the patterns that match it (by index, true) and its length.
func compile(patterns []pattern, label func(matched []bool) uint8) (*automaton, error) {
	b := builder{
		label: label, lengths: make([][]int32, len(patterns)),
		states: map[string]uint32{}, nodes: map[node]uint32{{}: 0},
		built: []node{{}}, tallies: [][]tally{{}},
	}
	var start []uint32
	for i, p := range patterns {
		re, err := syntax.Parse("(?:"+p.expr+")", syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("numbering pattern %q: %w", p.expr, err)
		}
		prog, err := syntax.Compile(re.Simplify())
		if err != nil {
			return nil, fmt.Errorf("numbering pattern %q: %w", p.expr, err)
		}
		b.lengths[i] = p.lengths
		base := uint32(len(b.insts))
		for _, in := range prog.Inst {
			if in.Op == syntax.InstEmptyWidth {
				return nil, fmt.Errorf("numbering pattern %q: anchors are not supported, a pattern always stands for the whole number", p.expr)
			}
			b.insts = append(b.insts, inst{Inst: in, base: base, pattern: i})
		}
		start = append(start, base+uint32(prog.Start))
	}
	root := b.node(b.closure(start), 0)
	return &automaton{nodes: b.built, root: root}, nil
}

type inst struct {
	syntax.Inst
	base    uint32
	pattern int
}

// tally counts how many numbers of one label lie below a node, by how many
// digits they are longer: the index of digits.
type tally struct {
	label  uint8
	digits [longestNational + 1]uint64
}

type builder struct {
	insts   []inst
	lengths [][]int32
	label   func(matched []bool) uint8
	states  map[string]uint32
	// nodes finds a node that is the same in every respect: the automaton comes
	// out minimal, which keeps it small enough for the processor's cache.
	nodes   map[node]uint32
	built   []node
	tallies [][]tally
}

// closure follows the instructions that consume nothing.
func (b *builder) closure(todo []uint32) []uint32 {
	seen := map[uint32]bool{}
	var out []uint32
	for len(todo) > 0 {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		in := b.insts[pc]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, in.base+in.Out, in.base+in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			todo = append(todo, in.base+in.Out)
		case syntax.InstFail:
		default:
			out = append(out, pc)
		}
	}
	slices.Sort(out)
	return out
}

func (b *builder) node(set []uint32, depth int) uint32 {
	if len(set) == 0 {
		return 0
	}
	key := make([]byte, 1, 1+4*len(set))
	key[0] = byte(depth)
	for _, pc := range set {
		key = binary.BigEndian.AppendUint32(key, pc)
	}
	if id, ok := b.states[string(key)]; ok {
		return id
	}
	var n node
	matched := make([]bool, len(b.lengths))
	for _, pc := range set {
		in := b.insts[pc]
		if in.Op == syntax.InstMatch {
			l := b.lengths[in.pattern]
			matched[in.pattern] = len(l) == 0 || slices.Contains(l, int32(depth))
		}
	}
	n.label = b.label(matched)
	if depth < longestNational {
		for d := range n.next {
			var next []uint32
			for _, pc := range set {
				in := &b.insts[pc]
				if in.Op != syntax.InstMatch && in.MatchRune(rune('0'+d)) {
					next = append(next, in.base+in.Out)
				}
			}
			n.next[d] = b.node(b.closure(next), depth+1)
		}
	}
	id := b.intern(n)
	b.states[string(key)] = id
	return id
}

// intern weighs a finished node and returns the one that stands for it.
func (b *builder) intern(n node) uint32 {
	var sums []tally
	at := func(label uint8) *tally {
		for i := range sums {
			if sums[i].label == label {
				return &sums[i]
			}
		}
		sums = append(sums, tally{label: label})
		return &sums[len(sums)-1]
	}
	if n.label != 0 {
		at(n.label).digits[0]++
	}
	for _, child := range n.next {
		for _, below := range b.tallies[child] {
			t := at(below.label)
			for k := range longestNational {
				t.digits[k+1] += below.digits[k]
			}
		}
	}
	// A tie goes to the smaller label, so that the outcome does not hang on order.
	slices.SortFunc(sums, func(x, y tally) int { return int(x.label) - int(y.label) })
	var total uint64
	var most [mostHidden]uint64
	for _, t := range sums {
		var all uint64
		for k, c := range t.digits {
			all += c
			if k >= 1 && k <= mostHidden && c > most[k-1] {
				most[k-1], n.hidden[k-1] = c, t.label
			}
		}
		if all > total {
			total, n.likely = all, t.label
		}
	}
	if id, ok := b.nodes[n]; ok {
		return id
	}
	id := uint32(len(b.built))
	b.nodes[n] = id
	b.built = append(b.built, n)
	b.tallies = append(b.tallies, sums)
	return id
}

// tellingDigits is how many digits of a national number tell a service from a
// town. A number that fits no pattern is put with those that start alike only
// if it shares as many.
const tellingDigits = 3

// match walks the visible digits and gives the label of the number they begin,
// of which hidden more digits are not known, and whether a number of just that
// length can have it. When none can, the label is that of the numbers that start
// alike and are nearest in length: new ranges come into use before any table
// knows them. certain says that the label, beyond the country it implies, is more
// than a guess.
func (a *automaton) match(visible []byte, hidden int) (label uint8, certain, exact bool) {
	at, depth := a.root, 0
	for _, d := range visible {
		next := a.nodes[at].next[d]
		if next == 0 {
			break
		}
		at = next
		depth++
	}
	if depth == 0 {
		return 0, false, false
	}
	n := &a.nodes[at]
	missing := len(visible) - depth + hidden
	if depth == len(visible) {
		if label = n.longer(missing); label != 0 {
			return label, true, true
		}
	}
	return n.nearest(missing), depth == len(visible) || depth >= tellingDigits, false
}

// longer is the label of most numbers that are k digits longer; 0 for none.
func (n *node) longer(k int) uint8 {
	switch {
	case k == 0:
		return n.label
	case k >= 1 && k <= mostHidden:
		return n.hidden[k-1]
	}
	return 0
}

// nearest is the label of the numbers whose length comes nearest to k more
// digits, the longer first.
func (n *node) nearest(k int) uint8 {
	for off := range mostHidden + 1 {
		if label := n.longer(k + off); label != 0 {
			return label
		}
		if label := n.longer(k - off); label != 0 {
			return label
		}
	}
	return n.likely
}
