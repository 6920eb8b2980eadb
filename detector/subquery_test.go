package detector

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestApart(t *testing.T) {
	t.Parallel()
	type part struct {
		name         string
		often, whole bool
	}
	for name, c := range map[string]struct {
		sql   string
		parts []part
		rest  string
	}{
		"none":  {"SELECT 1", nil, "SELECT 1"},
		"one":   {"WITH a AS (SELECT 1) SELECT * FROM a", []part{{"a", false, true}}, "SELECT * FROM a"},
		"twice": {"WITH a AS (SELECT * FROM calls), b AS (SELECT * FROM a) SELECT * FROM a, b WHERE x IN b", []part{{"a", true, false}, {"b", false, false}}, "SELECT * FROM a, b WHERE x IN b"},
		"of all tenants": {
			"with k as (select * from contacts), m AS (SELECT (SELECT count() FROM k), * FROM k) SELECT * FROM m INNER JOIN m USING x",
			[]part{{"k", true, true}, {"m", true, true}},
			"SELECT * FROM m INNER JOIN m USING x",
		},
		"of some":                {"WITH k AS (SELECT * FROM contacts WHERE has({tenants:Array(String)}, tenant_id)) SELECT * FROM k", []part{{"k", false, false}}, "SELECT * FROM k"},
		"what is no parenthesis": {"WITH a AS (SELECT ')', \"(\", `(` -- )\n /* ) */ FROM calls) SELECT 1 FROM a JOIN a", []part{{"a", true, false}}, "SELECT 1 FROM a JOIN a"},
		"a value":                {"WITH 1 AS a SELECT a", nil, "WITH 1 AS a SELECT a"},
		"a value in between":     {"WITH a AS (SELECT 1), 2 AS b SELECT b FROM a", nil, "WITH a AS (SELECT 1), 2 AS b SELECT b FROM a"},
		"recursive":              {"WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a", nil, "WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a"},
		"left open":              {"WITH a AS (SELECT (1) SELECT * FROM a", nil, "WITH a AS (SELECT (1) SELECT * FROM a"},
		"another way to quote":   {"WITH a AS (SELECT $x$)$x$) SELECT * FROM a", nil, "WITH a AS (SELECT $x$)$x$) SELECT * FROM a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			named, rest := apart(c.sql)
			var parts []part
			for _, s := range named {
				parts = append(parts, part{s.name, s.often, s.whole})
			}
			require.Equal(t, c.parts, parts)
			require.Equal(t, c.rest, rest)
		})
	}
}
