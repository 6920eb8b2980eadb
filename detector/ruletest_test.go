package detector

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rules/pack"
	"fairdial/store/storetest"
)

func TestEveryRuleOfThePackPassesItsTests(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	all, err := pack.Rules()
	require.NoError(t, err)
	results, err := RunTests(t.Context(), s, all)
	require.NoError(t, err)
	for _, r := range results {
		if !r.Passed {
			t.Errorf("rule %s, test %q: %q", r.Rule, r.Test, r.Problems)
		}
	}
	require.GreaterOrEqual(t, len(results), 2*len(all))
}
