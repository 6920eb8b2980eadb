package detector

import (
	"regexp"
	"strings"
)

// condition is one part of a WHERE, HAVING or QUALIFY of a rule's SQL that AND joins to the
// others: the bytes from..to of the text.
type condition struct{ from, to int }

// sqlWord is a word of SQL, or something inside which nothing is one: a text, a name in
// quotes, a comment, a parameter.
var sqlWord = regexp.MustCompile("(?s)'(?:[^'\\\\]|\\\\.|'')*'|`[^`]*`|\"(?:[^\"\\\\]|\\\\.)*\"|--[^\n]*|/\\*.*?\\*/|\\{[^}]*\\}|[A-Za-z_][A-Za-z0-9_]*|[()]")

// opens and ends are the words that begin and end a list of conditions at their depth.
var (
	opens = map[string]bool{"WHERE": true, "PREWHERE": true, "HAVING": true, "QUALIFY": true}
	ends  = map[string]bool{
		"WHERE": true, "GROUP": true, "HAVING": true, "WINDOW": true, "QUALIFY": true, "ORDER": true, "LIMIT": true, "UNION": true,
		"EXCEPT": true, "INTERSECT": true, "SETTINGS": true, "OFFSET": true,
	}
)

// conditions finds them. It reads words, not grammar: a condition that it cuts wrongly gives
// SQL that the engine refuses, and that is left out of what is measured.
func conditions(sql string) []condition {
	type clause struct {
		depth, from int
		between     bool // the next AND is that of a BETWEEN
	}
	var out []condition
	var open []clause
	depth := 0
	end := func(at int) {
		c := open[len(open)-1]
		if strings.TrimSpace(sql[c.from:at]) != "" {
			out = append(out, condition{c.from, at})
		}
	}
	for _, m := range sqlWord.FindAllStringIndex(sql, -1) {
		word := strings.ToUpper(sql[m[0]:m[1]])
		inside := len(open) > 0 && open[len(open)-1].depth == depth
		switch {
		case word == "(":
			depth++
		case word == ")":
			if inside {
				end(m[0])
				open = open[:len(open)-1]
			}
			depth--
		case inside && word == "BETWEEN":
			open[len(open)-1].between = true
		case inside && word == "AND" && open[len(open)-1].between:
			open[len(open)-1].between = false
		case inside && word == "AND":
			end(m[0])
			open[len(open)-1].from = m[1]
		case ends[word] || opens[word]:
			if inside && ends[word] {
				end(m[0])
				open = open[:len(open)-1]
			}
			if opens[word] {
				open = append(open, clause{depth: depth, from: m[1]})
			}
		}
	}
	for len(open) > 0 {
		end(len(sql))
		open = open[:len(open)-1]
	}
	return out
}

// sqlComment is what a condition is shown without.
var sqlComment = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/`)

// shown is a condition on one line.
func (c condition) shown(sql string) string {
	return strings.Join(strings.Fields(sqlComment.ReplaceAllString(sql[c.from:c.to], " ")), " ")
}

// without is the SQL with the condition always true.
func (c condition) without(sql string) string { return sql[:c.from] + " true " + sql[c.to:] }
