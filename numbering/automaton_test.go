package numbering

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// first labels a number by the first pattern that fits, from 1.
func first(matched []bool) uint8 {
	for i, m := range matched {
		if m {
			return uint8(i + 1)
		}
	}
	return 0
}

func TestAutomatonIsThePatterns(t *testing.T) {
	patterns := []pattern{
		{`90[0-3]\d{2}`, nil},
		{`[2-8]\d{3,5}`, []int32{4, 6}},
		{`9(?:1|2[5-7])\d+`, []int32{4, 5}},
		{`1(?:2|3)?4*`, nil},
	}
	var exprs []*regexp.Regexp
	for _, p := range patterns {
		exprs = append(exprs, regexp.MustCompile("^(?:"+p.expr+")$"))
	}
	fits := func(text string) uint8 {
		for i, p := range patterns {
			ok := len(p.lengths) == 0
			for _, l := range p.lengths {
				ok = ok || int(l) == len(text)
			}
			if ok && exprs[i].MatchString(text) {
				return uint8(i + 1)
			}
		}
		return 0
	}
	a, err := compile(patterns, first)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9]{1,7}`).Draw(t, "number")
		want := fits(text)
		label, _, exact := a.match(values(text), 0)
		require.Equal(t, want != 0, exact)
		if exact {
			require.Equal(t, want, label)
		}

		// Masked: what most of the numbers are, by counting them all.
		hidden := rapid.IntRange(1, 2).Draw(t, "hidden")
		counts := map[uint8]int{}
		for tail := range [...]int{1: 10, 2: 100}[hidden] {
			digits := strconv.Itoa(tail)
			for len(digits) < hidden {
				digits = "0" + digits
			}
			counts[fits(text+digits)]++
		}
		var most uint8
		for l := uint8(1); int(l) <= len(patterns); l++ {
			if counts[l] > counts[most] || most == 0 && counts[l] > 0 {
				most = l
			}
		}
		label, _, exact = a.match(values(text), hidden)
		require.Equal(t, most != 0, exact)
		if exact {
			require.Equal(t, most, label)
		}
	})
}

func TestMatchGuesses(t *testing.T) {
	a, err := compile([]pattern{
		{`15113\d{8}`, nil}, // longer and ten thousand times as many
		{`15\d{7}`, nil},
		{`900\d{4}`, nil},
	}, first)
	require.NoError(t, err)
	cases := []struct {
		visible, why string
		hidden       int
		label        uint8
		certain      bool
	}{
		{"1511335", "nearest in length, not most in number", 3, 2, true},
		{"15113351234", "nearer to the longer", 0, 1, true},
		{"151", "too short by far", 0, 2, true},
		{"9001", "three digits shared tell", 0, 3, true},
		{"90123456", "two digits shared do not", 0, 3, false},
		{"9", "nothing contradicts", 2, 3, true},
		{"2123456", "nothing shared", 0, 0, false},
		{"", "nothing visible", 7, 0, false},
		{"90012345678", "too long", 0, 3, true},
	}
	for _, c := range cases {
		t.Run(c.visible+" "+c.why, func(t *testing.T) {
			label, certain, exact := a.match(values(c.visible), c.hidden)
			require.False(t, exact)
			require.Equal(t, c.label, label)
			if label != 0 {
				require.Equal(t, c.certain, certain)
			}
		})
	}
}

func TestCompileRefusesAnchors(t *testing.T) {
	_, err := compile([]pattern{{`^12$`, nil}}, first)
	require.ErrorContains(t, err, "anchors")
	_, err = compile([]pattern{{`1(2`, nil}}, first)
	require.ErrorContains(t, err, `"1(2"`)
}

// TestAutomataStaySmall keeps the tables of all calling codes below a megabyte.
func TestAutomataStaySmall(t *testing.T) {
	p := newPlan(t)
	nodes := 0
	for at, c := range p.codes {
		if c != nil {
			require.NoError(t, c.build(), at)
			nodes += len(c.auto.nodes)
		}
	}
	require.Less(t, nodes, 15_000)
	t.Logf("%d nodes in all", nodes)
}

func values(text string) []byte {
	digits := []byte(text)
	for i := range digits {
		digits[i] -= '0'
	}
	return digits
}
