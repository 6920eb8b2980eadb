package detector

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"fairdial/rules"
)

// subquery is what a rule's WITH gives a name. The engine works it out anew wherever the name
// stands: where subqueries are over each other and read several times, the times multiply.
type subquery struct {
	name, text string
	often      bool // it is read more than once
	whole      bool // it is over views of all tenants only, so that every portion has the same
}

// sqlToken is a comment, a quoted text or name, a word, space, or any other letter.
var sqlToken = regexp.MustCompile("(?s)--[^\n]*|/\\*.*?\\*/|'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\"|`(?:[^`\\\\]|\\\\.)*`|\\w+|\\s+|.")

// tokens of a rule's SQL that mean something, as offsets; none where it has letters whose meaning
// only the engine's own parser knows.
func tokens(sql string) (out [][]int) {
	for _, t := range sqlToken.FindAllStringIndex(sql, -1) {
		switch text := sql[t[0]:t[1]]; {
		case strings.ContainsAny(text[:1], "$#\\"), text == "'", text == `"`, text == "`":
			return nil
		case strings.HasPrefix(text, "--"), strings.HasPrefix(text, "/*"), strings.TrimSpace(text) == "":
		default:
			out = append(out, t)
		}
	}
	return out
}

// apart gives the named subqueries before a rule's SELECT, and the SELECT. Where its WITH names
// anything else, or there is none, all of it is the SELECT.
func apart(sql string) (named []subquery, rest string) {
	all := tokens(sql)
	text := func(i int) string {
		if i < len(all) {
			return sql[all[i][0]:all[i][1]]
		}
		return ""
	}
	if !strings.EqualFold(text(0), "WITH") {
		return nil, sql
	}
	for i := 1; ; i++ {
		if !plainWord.MatchString(text(i)) || !strings.EqualFold(text(i+1), "AS") || text(i+2) != "(" {
			return nil, sql
		}
		name, from := text(i), i+2
		depth := 0
		for i = from; i < len(all); i++ {
			switch text(i) {
			case "(":
				depth++
			case ")":
				depth--
			}
			if depth == 0 {
				break
			}
		}
		if i == len(all) {
			return nil, sql
		}
		named = append(named, subquery{name: name, text: sql[all[from][1]:all[i][0]]})
		if i++; text(i) == "," {
			continue
		}
		if !strings.EqualFold(text(i), "SELECT") {
			return nil, sql
		}
		for n := range named {
			named[n].often = reads(sql, named[n].name) > 1
			named[n].whole = allWhole(named[n].text, named[:n])
		}
		return named, sql[all[i][0]:]
	}
}

// reads is how often a name is read from.
func reads(sql, name string) (n int) {
	before := ""
	for _, t := range tokens(sql) {
		text := sql[t[0]:t[1]]
		if text == name && slices.Contains([]string{"FROM", "JOIN", "IN"}, strings.ToUpper(before)) {
			n++
		}
		before = text
	}
	return n
}

// allWhole says whether a subquery is the same for every portion of tenants.
func allWhole(sql string, earlier []subquery) bool {
	for _, t := range tokens(sql) {
		word := sql[t[0]:t[1]]
		if word == "tenants" || strings.HasPrefix(word, "own_") ||
			slices.ContainsFunc(views, func(v view) bool { return v.name == word && !v.whole }) ||
			slices.ContainsFunc(earlier, func(s subquery) bool { return s.name == word && !s.whole }) {
			return false
		}
	}
	return true
}

// settleNamed gives a SELECT over named subqueries of which those that are read more than once are
// working tables, and the parameters with their names. make makes one, of the text given; it gives
// no table for what has to stay in the SQL.
func settleNamed(named []subquery, rest string, p params, make func(s subquery, text string, p params) (table string, err error)) (string, params, error) {
	var head []string
	for _, s := range named {
		text := fmt.Sprintf("%s AS (%s\n)", s.name, s.text)
		if s.often {
			own := s.text
			if len(head) > 0 {
				own = "WITH " + strings.Join(head, ",\n") + "\nSELECT * FROM (" + own + "\n)"
			}
			table, err := make(s, "SELECT * FROM (\n"+own+"\n)", p)
			if err != nil {
				return "", nil, fmt.Errorf("%s: %w", s.name, err)
			}
			if table != "" {
				text = fmt.Sprintf("%s AS (SELECT * FROM {step_%s:Identifier})", s.name, s.name)
				p = p.and("step_"+s.name, table)
			}
		}
		head = append(head, text)
	}
	if len(head) > 0 {
		rest = "WITH " + strings.Join(head, ",\n") + "\n" + rest
	}
	return rest, p, nil
}

// settleRule settles a rule's SQL; what the engine does not take as a table stays in it.
// Subqueries of all tenants are made once a pass. drop drops the tables of the others.
func (w *workspace) settleRule(ctx context.Context, r rules.Rule, p params, values map[string]string) (sql string, q params, drop func() error, err error) {
	var own []string
	drop = func() error { return w.drop(ctx, own) }
	named, rest := apart(r.SQL)
	sql, q, err = settleNamed(named, rest, p, func(s subquery, text string, p params) (string, error) {
		query := over(w.names(), text)
		if s.whole && w.pass != nil {
			return w.pass.shared(fmt.Sprint(query, values), func() (string, error) { return w.step(ctx, w.pass, r, query, p) })
		}
		table, err := w.step(ctx, w, r, query, p)
		if table != "" {
			own = append(own, table)
		}
		return table, err
	})
	if err != nil {
		return "", nil, nil, errors.Join(err, drop())
	}
	return sql, q, drop, nil
}

// shared gives the table of a subquery of all tenants, which make makes the first time.
func (w *workspace) shared(key string, make func() (string, error)) (string, error) {
	w.settling.Lock()
	defer w.settling.Unlock()
	if table, there := w.steps[key]; there {
		return table, nil
	}
	table, err := make()
	if table != "" {
		w.steps[key] = table
	}
	return table, err
}

// step makes a rule's subquery into a working table of home; none where the engine refuses it.
func (w *workspace) step(ctx context.Context, home *workspace, r rules.Rule, query string, p params) (string, error) {
	if err := w.resolve(ctx, query, p); err != nil {
		return "", err
	}
	table := fmt.Sprintf("%sstep_%d", home.prefix, home.count.Add(1))
	err := w.conn.Exec(p.and("table", table).on(ctx, limited), createStep+query)
	if err == nil {
		return table, nil
	}
	dropped := w.drop(ctx, []string{table})
	if _, refused := errors.AsType[*clickhouse.Exception](err); refused && !outOfMemory(err) && dropped == nil && ctx.Err() == nil {
		w.log.DebugContext(ctx, "a subquery stays in the rule", "rule", r.Key(), "why", err)
		return "", nil
	}
	return "", errors.Join(err, dropped)
}

// settleView settles the SQL of a view. drop drops the tables.
func (w *workspace) settleView(ctx context.Context, v view, p params) (sql string, q params, drop func() error, err error) {
	var own []string
	drop = func() error { return w.drop(ctx, own) }
	named, rest := apart(v.sql())
	sql, q, err = settleNamed(named, rest, p, func(s subquery, text string, p params) (string, error) {
		table := w.prefix + v.name + "_" + s.name
		own = append(own, table)
		return table, w.conn.Exec(p.and("table", table).on(ctx, heavy), createStep+over(v.over, text))
	})
	if err != nil {
		return "", nil, nil, errors.Join(err, drop())
	}
	return sql, q, drop, nil
}

const createStep = "CREATE TABLE {table:Identifier} ENGINE = MergeTree ORDER BY tuple() AS\n"

// limited is confined for a rule's subqueries, which become tables.
var limited = func() clickhouse.Settings {
	out := clickhouse.Settings{"allow_suspicious_low_cardinality_types": "1"}
	for name, value := range confined {
		if !slices.Contains([]string{"readonly", "max_result_rows", "result_overflow_mode"}, name) {
			out[name] = value
		}
	}
	return out
}()

// outOfMemory says whether a statement needed more memory than the engine had for it.
func outOfMemory(err error) bool {
	const memoryLimitExceeded = 241
	e, is := errors.AsType[*clickhouse.Exception](err)
	return is && e.Code == memoryLimitExceeded
}
