package scorecard

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMarkdownHasEachRunAndAllTogether(t *testing.T) {
	var out strings.Builder
	require.NoError(t, WriteMarkdown(&out, []Run{{"one", five()}, {"two", five()[:3]}}, 50))
	text := out.String()
	for _, want := range []string{
		"| run | organizers | abusers | precision | recall | PR-AUC | Brier | median delay | p90 delay | minutes to come |\n|---|---:|",
		"| one | 5 | 3 | 66.7 % | 66.7 % | 0.756 |",
		"| **all** | 8 | 6 | 80.0 % | 66.7 % |",
		"| ring | 2 | 0 | – | – | 0.0 % |",
		"| recruiter | 2 | 1 | 50.0 % |",
		"| many-strangers | 5 | 4 | 80.0 % | 3 | 2 |",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "\n\n\n")
}
