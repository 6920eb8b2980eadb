package pack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rules"
	"fairdial/rules/pack"
)

// What every rule of the pack must be, beside what the loader checks of any rule.
func TestEveryRuleOfThePack(t *testing.T) {
	t.Parallel()
	all, err := pack.Rules()
	require.NoError(t, err)
	lock, err := pack.Lock()
	require.NoError(t, err)
	require.NoError(t, lock.Check(all), "run go generate ./rules/pack")
	require.NoError(t, all.Tested())
	titles := map[string]string{}
	for _, r := range all {
		t.Run(r.ID, func(t *testing.T) {
			require.Equal(t, r.ID+".yaml", r.File)
			require.Equal(t, r.Version, lock[r.ID].Version)
			other, taken := titles[r.Title]
			require.False(t, taken, "the title is that of %s", other)
			titles[r.Title] = r.ID
			require.LessOrEqual(t, len(r.Title), rules.LongestTitle)

			require.GreaterOrEqual(t, len(strings.Fields(r.Meaning)), 15, "the meaning says what it looks for and why that is not honest")
			require.GreaterOrEqual(t, len(r.FalsePositives), 1)
			for _, f := range r.FalsePositives {
				require.Regexp(t, `^[A-Z].*\.$`, f, "a sentence")
			}
			require.Regexp(t, `(?m)^1\. .*\n(.*\n)*2\. `, r.Runbook, "numbered steps, two at least")
			require.NotEmpty(t, r.Tags)

			require.True(t, strings.HasSuffix(strings.TrimSpace(r.Sentence), "."), "a sentence ends with a full stop")
			require.NotContains(t, r.Sentence, "{{.organizer_id", "a case names its organizer")
			names := map[string]bool{}
			for _, test := range r.Tests {
				require.False(t, names[test.Name], "two tests are called %q", test.Name)
				names[test.Name] = true
			}
		})
	}
}
