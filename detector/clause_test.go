package detector

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConditionsOfSQL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sql  string
		want []string
	}{
		{"SELECT a FROM calls", nil},
		{"SELECT a FROM calls WHERE x >= {share:Float64} * y", []string{"x >= {share:Float64} * y"}},
		{"SELECT a FROM calls WHERE x AND y GROUP BY a HAVING count() > 3 AND z ORDER BY a", []string{"x", "y", "count() > 3", "z"}},
		{"SELECT a FROM (SELECT b FROM calls WHERE x = 'AND' AND (y OR z AND w)) WHERE q LIMIT 1", []string{"x = 'AND'", "(y OR z AND w)", "q"}},
		{"WITH f AS (SELECT 1 FROM ties WHERE a BETWEEN 1 AND 2 AND b) SELECT * FROM f QUALIFY n <= 2", []string{"a BETWEEN 1 AND 2", "b", "n <= 2"}},
		{"SELECT a FROM calls WHERE x -- a AND b\n AND y /* WHERE */", []string{"x", "y"}},
		{"SELECT `where` FROM calls WHERE \"AND\" = 1 UNION ALL SELECT 2 FROM calls WHERE k", []string{`"AND" = 1`, "k"}},
		{"SELECT a FROM calls WHERE has((SELECT groupArray(b) FROM ties WHERE c), d) AND e", []string{"c", "has((SELECT groupArray(b) FROM ties WHERE c), d)", "e"}},
	} {
		var got []string
		for _, x := range conditions(c.sql) {
			got = append(got, x.shown(c.sql))
			require.Contains(t, x.without(c.sql), " true ")
		}
		require.Equal(t, c.want, got, c.sql)
	}
}
