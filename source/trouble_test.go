package source_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/source"
	"fairdial/source/graph"
)

func TestWhatIsTrouble(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	day := 24 * time.Hour
	usual := source.Arrivals{LastNew: ago(time.Hour), Recent: 40, Longest: 60 * time.Hour}
	read := func(d time.Duration) *graph.Span { return &graph.Span{Until: ago(d), ReadAt: ago(d)} }
	for name, c := range map[string]struct {
		standing source.Standing
		want     []string
	}{
		"nothing known":                      {source.Standing{Kind: "push"}, nil},
		"fresh":                              {source.Standing{Kind: "graph", Arrivals: usual, Read: read(time.Hour), Interval: time.Hour}, nil},
		"refused credentials, at once":       {source.Standing{Failure: &source.Failure{Since: now, Lasting: true}}, []string{"failing"}},
		"a network that fails for an hour":   {source.Standing{Failure: &source.Failure{Since: ago(time.Hour)}}, nil},
		"a network that fails for three":     {source.Standing{Failure: &source.Failure{Since: ago(3 * time.Hour)}}, []string{"failing"}},
		"a daemon that stood still":          {source.Standing{Kind: "graph", Read: read(4 * time.Hour), Interval: time.Hour}, []string{"unread"}},
		"asked once a day":                   {source.Standing{Kind: "graph", Read: read(30 * time.Hour), Interval: day}, nil},
		"a weekend, as always":               {source.Standing{Arrivals: source.Arrivals{LastNew: ago(62 * time.Hour), Recent: 40, Longest: 60 * time.Hour}}, nil},
		"longer than any weekend":            {source.Standing{Arrivals: source.Arrivals{LastNew: ago(91 * time.Hour), Recent: 40, Longest: 60 * time.Hour}}, []string{"silent"}},
		"five minutes, usually one":          {source.Standing{Arrivals: source.Arrivals{LastNew: ago(5 * time.Minute), Recent: 400, Longest: time.Minute}}, nil},
		"too little known":                   {source.Standing{Arrivals: source.Arrivals{LastNew: ago(20 * day), Recent: 3, Longest: time.Hour}}, nil},
		"as the operator says":               {source.Standing{Late: 2 * time.Hour, Arrivals: source.Arrivals{LastNew: ago(3 * time.Hour)}}, []string{"silent"}},
		"Canadian records about to vanish":   {source.Standing{Kind: "graph", Read: read(121 * day), Countries: []string{"US", "CA"}}, []string{"vanishing"}},
		"the same age in the United Kingdom": {source.Standing{Kind: "graph", Read: read(121 * day), Countries: []string{"GB"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, trouble := range c.standing.Troubles(now) {
				got = append(got, trouble.Kind)
				require.NotEmpty(t, trouble.Mend)
			}
			require.Equal(t, c.want, got)
		})
	}
}
