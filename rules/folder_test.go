package rules_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"fairdial/rules"
)

func TestAFolderTellsWhetherItsRulesChanged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := ruleTexts(t)["many-strangers.yaml"]
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("many-strangers.yaml", text)
	f, err := rules.WatchFolder(os.DirFS(dir))
	require.NoError(t, err)
	changed := func() bool {
		t.Helper()
		c, err := f.Changed()
		require.NoError(t, err)
		return c
	}
	require.False(t, changed())
	write("many-strangers.yaml", text)
	require.False(t, changed(), "the same text again is no change")
	write("many-strangers.yaml", text+"# a word\n")
	require.True(t, changed())
	require.False(t, changed(), "a change is told once")
	write("notes.txt", "not a rule")
	require.False(t, changed())
	require.NoError(t, os.Rename(filepath.Join(dir, "many-strangers.yaml"), filepath.Join(dir, "many-more.yaml")))
	require.True(t, changed())
	require.NoError(t, os.RemoveAll(dir))
	_, err = f.Changed()
	require.Error(t, err, "a folder that is gone is not a folder without rules")
}

func TestLintNamesFileLineAndKey(t *testing.T) {
	t.Parallel()
	text := ruleTexts(t)["many-strangers.yaml"]
	good, err := rules.Parse("many-strangers.yaml", []byte(text))
	require.NoError(t, err)
	lock, err := rules.LockOf(rules.Pack{good}).Text()
	require.NoError(t, err)
	line := func(key string) int {
		return 1 + strings.Count(text[:strings.Index(text, "\n"+key+":")+1], "\n")
	}
	for _, c := range []struct {
		name, from, to, key, says string
		line                      int
	}{
		{"wrong figure", "warning: 150", "warning: -1", "thresholds", "0 < warning", line("thresholds")},
		{"locked", "warning: 150", "warning: 80", "version", "has changed since version", line("version")},
		{"no tests", text[strings.Index(text, "\ntests:"):], "\n", "tests", "has 0 that find something", 0},
		{"unknown key", "\nowner:", "\nowned: x\nowner:", "owned", "no key", line("owner")},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := rules.Lint(fstest.MapFS{
				"many-strangers.yaml": {Data: []byte(strings.Replace(text, c.from, c.to, 1))},
				rules.LockFile:        {Data: lock},
			})
			mistakes, ok := errors.AsType[*rules.Error](err)
			require.True(t, ok, "%v", err)
			p := mistakes.Problems[0]
			require.Equal(t, []any{"many-strangers.yaml", c.line, c.key}, []any{p.File, p.Line, p.Key}, p.Text)
			require.Contains(t, p.Text, c.says)
		})
	}
}

func TestChangesInWords(t *testing.T) {
	t.Parallel()
	a := rules.Rule{ID: "a", Version: 1, Status: rules.StatusShadow}
	b, c := a, a
	b.ID, c.ID = "b", "c"
	live, raised, changed := a, b, c
	live.Status, live.Version = rules.StatusLive, 2
	raised.Version, changed.Title = 3, "Other"
	added := rules.Rule{ID: "d", Version: 1, Status: rules.StatusExperimental}
	require.Equal(t, []string{
		"a from version 1, shadow, to version 2, live", "b from version 1 to 3", "c changed within version 1", "d added, version 1, experimental", "e removed",
	}, rules.Changes(rules.Pack{a, b, c, {ID: "e"}}, rules.Pack{live, raised, changed, added}))
}
