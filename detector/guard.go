package detector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"fairdial/rules"
)

// ErrRefused is wrapped by every refusal of a rule's SQL.
var ErrRefused = errors.New("refused")

// refusals are the functions that a rule may not use. Table functions are refused
// whatever they are called.
func refusals() map[string]string {
	out := map[string]string{}
	add := func(why, names string) {
		for n := range strings.FieldsSeq(names) {
			out[n] = why
		}
	}
	add("gives another answer each time, so that no replay could be repeated; the step is in the column at",
		`now now64 nowinblock nowinblock64 today yesterday curdate current_date current_timestamp utctimestamp utc_timestamp uptime
		rand rand32 rand64 randcanonical randconstant randomstring randomfixedstring randomprintableascii randomstringutf8
		randuniform randnormal randlognormal randbernoulli randbinomial randnegativebinomial randexponential randchisquared randstudentt
		randpoisson fuzzbits generateuuidv4 generateuuidv7 generatesnowflakeid generateserialid
		rownumberinblock rownumberinallblocks blocknumber blocksize runningdifference runningaccumulate neighbor`)
	add("reaches outside the feature views",
		`file dictget dictgetordefault dictgetornull dictgethierarchy dictgetchildren dictgetdescendants dicthas dictgetall dictgetkeys dictisin
		joinget joingetornull catboostevaluate hostname fqdn currentuser user currentdatabase database currentschemas getsetting
		getsettingordefault getserversetting getmergetreesetting getmacro serveruuid tcpport version displayname hascolumnintable
		shardnum shardcount currentprofiles currentroles enabledroles defaultroles initialqueryid queryid connectionid
		filesystemavailable filesystemcapacity filesystemunreserved timezone servertimezone`)
	add("can hold up the engine",
		`sleep sleepeachrow throwif showcertificate addresstoline addresstolinewithinlines addresstosymbol demangle trap executable input aigenerate llm`)
	return out
}

// astLine is one line of EXPLAIN AST: depth, kind, text.
var astLine = regexp.MustCompile(`^( *)(\w+)(?: (.*?))?(?: \(alias [^()]*\))?\s*(?:\(children \d+\))?\s*$`)

// inspect checks a rule's SQL with the engine's own parser: one SELECT, no table
// functions, no settings, no output to files, nothing that is refused. It says which
// feature views the SQL reads. The error is a *rules.Error of everything that is wrong.
func inspect(ctx context.Context, conn Conn, r rules.Rule, p params) ([]string, error) {
	values, err := r.Values(nil)
	if err != nil {
		return nil, err
	}
	p = p.with(values)
	read := map[string]bool{}
	var wrong []rules.Problem
	for _, part := range []struct{ key, text string }{
		{"sql", r.SQL},
		{"evidence", "SELECT (\n" + r.Evidence + "\n)"},
	} {
		lines, err := explain(ctx, conn, "EXPLAIN AST "+part.text, p)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			mistakes, ok := errors.AsType[*rules.Error](mistake(ctx, r, part.key, err))
			if !ok {
				return nil, err
			}
			wrong = append(wrong, mistakes.Problems...)
			continue
		}
		for _, why := range weigh(lines, read) {
			wrong = append(wrong, r.Problem(part.key, ErrRefused.Error()+": "+why, ErrRefused))
		}
	}
	read["calls"] = true // the evidence is always of calls
	names := slices.DeleteFunc(Views(), func(n string) bool { return !read[n] })
	return names, rules.Failed(wrong)
}

// Check checks the SQL of rules with the engine, without running it. The error is a
// *rules.Error that lists everything that is wrong, with file, line and key.
func (d *Detector) Check(ctx context.Context, pack rules.Pack) error {
	_, err := inspectAll(ctx, d.o.Conn, pack, d.parameters(Request{Step: time.Hour}))
	return err
}

// With is the detector with other rules.
func (d *Detector) With(pack rules.Pack) *Detector {
	o := d.o
	o.Pack = pack
	return &Detector{o, d.scorer}
}

// weigh reads a syntax tree: what is refused about it, and the views it names, which go
// into read.
func weigh(lines []string, read map[string]bool) []string {
	why := map[string]bool{}
	published := Views()
	banned := refusals()
	above := ""
	for i, line := range lines {
		m := astLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		kind, text := m[2], m[3]
		if i == 0 && (kind != "SelectWithUnionQuery" || !strings.HasSuffix(strings.TrimSpace(line), "(children 1)")) {
			why["it must be one SELECT, without INTO OUTFILE, FORMAT or SETTINGS"] = true
		}
		switch kind {
		case "Set":
			why["SETTINGS are for the detector to choose"] = true
		case "TableIdentifier", "Identifier":
			if kind == "TableIdentifier" && strings.Contains(text, ".") {
				why[fmt.Sprintf("the table %s: name feature views only, which are %s", text, strings.Join(published, ", "))] = true
			}
			if slices.Contains(published, text) {
				read[text] = true
			}
		case "Function":
			name := strings.ToLower(strings.Fields(text + " ?")[0])
			if above == "TableExpression" {
				why[fmt.Sprintf("the table function %s: name feature views only, which are %s", name, strings.Join(published, ", "))] = true
			} else if reason, ok := banned[name]; ok {
				why["the function "+name+" "+reason] = true
			}
		}
		above = kind
	}
	return slices.Sorted(maps.Keys(why))
}

// tableLine is a table in EXPLAIN QUERY TREE, where all names are resolved.
var tableLine = regexp.MustCompile(`^\s*(TABLE|TABLE_FUNCTION) id: .*?(?:table_name|table_function_name): ([^,\s]+)`)

// resolve checks, once the views are there, that a query reads nothing else: that no
// name in it means a table of the store. Of a pass's portions the first one tells.
func (w *workspace) resolve(ctx context.Context, query string, p params) error {
	home := w
	if w.pass != nil {
		home = w.pass
	}
	if _, known := home.resolved.Load(query); known {
		return nil
	}
	lines, err := explain(ctx, w.conn, "EXPLAIN QUERY TREE "+query, p)
	if err != nil {
		return err
	}
	for _, line := range lines {
		m := tableLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := m[2]
		if cut := strings.LastIndex(name, "."); cut >= 0 && name != "system.one" {
			name = name[cut+1:]
		}
		own := slices.Contains(slices.Collect(maps.Values(w.made)), name) || strings.HasPrefix(name, w.prefix+"step_") || strings.HasPrefix(name, home.prefix+"step_")
		if m[1] == "TABLE_FUNCTION" || name != "system.one" && !own {
			return fmt.Errorf("%w: it reads %s; name feature views only, which are %s", ErrRefused, m[2], strings.Join(Views(), ", "))
		}
	}
	home.resolved.Store(query, true)
	return nil
}

func explain(ctx context.Context, conn Conn, query string, p params) ([]string, error) {
	rows, err := conn.Query(p.on(ctx, confined), query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}
