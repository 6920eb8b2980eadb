package detector

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rules"
	"fairdial/store/storetest"
)

// What the engine does not take of a rule's SQL is told as a mistake of the file: what and where,
// without the engine's own words around it.
func TestWhatTheEngineDoesNotTakeIsAMistakeOfTheRule(t *testing.T) {
	all, err := os.ReadFile("../rules/pack/called-again.yaml")
	require.NoError(t, err)
	text := string(all)
	s := storetest.Open(t)
	for name, c := range map[string]struct{ was, is, key, says string }{
		"a table": {"FROM calls", "FROM callz", "sql", "Unknown table expression identifier 'callz'; a rule reads "},
		"a name":  {"WHERE NOT masked", "WHERE secondz > 1 AND NOT masked", "sql", "Unknown expression or function identifier `secondz`. Maybe you meant: "},
		"syntax":  {"FROM calls", "FRM calls,", "sql", "Syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := strings.Replace(text, c.was, c.is, 1)
			require.NotEqual(t, text, wrong)
			r, err := rules.Parse("candidate.yaml", []byte(wrong))
			require.NoError(t, err)
			err = tester(s, rules.Pack{r}).Check(t.Context(), rules.Pack{r})
			if err == nil {
				_, err = RunTests(t.Context(), s, rules.Pack{r})
			}
			mistakes, ok := errors.AsType[*rules.Error](err)
			require.True(t, ok, "%v", err)
			p := mistakes.Problems[0]
			require.Equal(t, c.key, p.Key)
			require.Contains(t, p.Text, c.says)
			for _, inner := range []string{"DB::Exception", "HTTP 500", "UNKNOWN_", "SYNTAX_ERROR", "scope"} {
				require.NotContains(t, p.Text, inner)
			}
			require.Contains(t, strings.Split(wrong, "\n")[p.Line-1], strings.Fields(c.is)[1], p.Text)
		})
	}
}

// What the console gives to begin with is a rule that works.
func TestTheRuleToBeginWithPassesItsTests(t *testing.T) {
	text, err := os.ReadFile("../console/pages/candidate.yaml")
	require.NoError(t, err)
	r, err := rules.Parse("candidate.yaml", text)
	require.NoError(t, err)
	all, s := rules.Pack{r}, storetest.Open(t)
	require.NoError(t, all.Tested())
	require.NoError(t, tester(s, all).Check(t.Context(), all))
	results, err := RunTests(t.Context(), s, all)
	require.NoError(t, err)
	for _, result := range results {
		require.True(t, result.Passed, "%s: %q", result.Test, result.Problems)
	}
}
