package rules_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/rules"
)

// ruleTexts are the files of the built-in pack, by name.
func ruleTexts(t testing.TB) map[string]string {
	files, err := filepath.Glob("pack/*.yaml")
	require.NoError(t, err)
	out := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		out[filepath.Base(file)] = string(text)
	}
	delete(out, rules.LockFile)
	require.NotEmpty(t, out)
	return out
}

func TestThePackIsFormatted(t *testing.T) {
	t.Parallel()
	for file, text := range ruleTexts(t) {
		formatted, err := rules.Format(file, []byte(text))
		require.NoError(t, err)
		if d := cmp.Diff(strings.Split(text, "\n"), strings.Split(string(formatted), "\n")); d != "" {
			t.Errorf("%s is not in order; run `fairdial rules fmt rules/pack`:\n%s", file, d)
		}
	}
}

func TestFormatPutsARuleInOrderAndKeepsItsComments(t *testing.T) {
	t.Parallel()
	const before = `# Of the fraud team.

# Never below 5.
version:   2
thresholds: {critical: 20, warning: 10}

id: busy-day
# The columns of
# organizer_days.
sql: |
      SELECT day   -- of the call's end

        FROM organizer_days
tests:
- expect: []
  name: quiet # really
  # A working day.
  usage:
  - {start: 2026-03-02 08:00, minutes: 5}
false_positives:
    - one that goes
      over two lines
# That is all.
`
	const after = `# Of the fraud team.

id: busy-day
# Never below 5.
version: 2
thresholds: {critical: 20, warning: 10}
# The columns of
# organizer_days.
sql: |
  SELECT day   -- of the call's end

    FROM organizer_days
false_positives:
  - one that goes
    over two lines
tests:
  - name: quiet # really
    # A working day.
    usage:
      - {start: 2026-03-02 08:00, minutes: 5}
    expect: []
# That is all.
`
	got, err := rules.Format("busy-day.yaml", []byte(before))
	require.NoError(t, err)
	require.Equal(t, after, string(got))
	again, err := rules.Format("busy-day.yaml", got)
	require.NoError(t, err)
	require.Equal(t, after, string(again), "twice is as once")
}

func TestFormatRefusesWhatIsNoRuleFile(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a list": "- a\n- b\n", "nothing": "", "broken": "id: [\n", "on one line": "{id: a, version: 1}\n"} {
		_, err := rules.Format("x.yaml", []byte(text))
		mistakes, ok := errors.AsType[*rules.Error](err)
		require.True(t, ok, "%s: %v", name, err)
		require.Equal(t, "x.yaml", mistakes.Problems[0].File)
	}
}

// However the keys of a rule are shuffled and the file is indented, its form is the same one
// and its content too.
func TestAnyOrderHasOneForm(t *testing.T) {
	t.Parallel()
	texts := ruleTexts(t)
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "file")
		// A key's lines: its own and the indented ones after it.
		var keys []string
		for line := range strings.Lines(texts[name]) {
			if strings.HasPrefix(line, " ") || strings.TrimSpace(line) == "" {
				keys[len(keys)-1] += line
			} else {
				keys = append(keys, line)
			}
		}
		indent := strings.Repeat(" ", rapid.IntRange(0, 3).Draw(t, "indent"))
		var shuffled strings.Builder
		for _, key := range rapid.Permutation(keys).Draw(t, "order") {
			shuffled.WriteString(strings.ReplaceAll(key, "\n ", "\n "+indent))
			if rapid.Bool().Draw(t, "space") {
				shuffled.WriteString("\n")
			}
		}
		got, err := rules.Format(name, []byte(shuffled.String()))
		if err != nil {
			t.Fatalf("%s\n%s", err, shuffled.String())
		}
		if d := cmp.Diff(texts[name], string(got)); d != "" {
			t.Fatalf("%s", d)
		}
	})
}
