package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"fairdial/cases"
)

var (
	idForm     = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	windowForm = regexp.MustCompile(`^(call|day|month|[1-9][0-9]?d)$`)
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	typeForm   = regexp.MustCompile(`^(U?Int(8|16|32|64)|Float(32|64)|Bool|String|Date|Array\((U?Int(8|16|32|64)|Float64|String)\))$`)
	sqlName    = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	usedForm   = regexp.MustCompile(`\{\s*([A-Za-z0-9_]+)\s*:\s*([^{}]+?)\s*\}`)
)

// Given is the parameters that every rule's SQL may use beside its own, with their
// types: the steps of the pass (milliseconds of the epoch are not needed: all times are
// DateTime64), and the rule's own thresholds.
var Given = map[string]string{
	"from": "DateTime64(3)", "to": "DateTime64(3)", "since": "DateTime64(3)",
	"warning": "Float64", "critical": "Float64",
}

// check is what is wrong with a rule that could be read. The SQL is for the engine.
func (r Rule) check() []Problem {
	var out []Problem
	add := func(key, format string, args ...any) {
		out = append(out, Problem{Key: key, Text: fmt.Sprintf(format, args...)})
	}
	if !idForm.MatchString(r.ID) {
		add("id", "want lower-case words with dashes, such as peer-multiple")
	}
	if r.Version < 1 {
		add("version", "want 1 or more; raise it with every change")
	}
	for key, text := range map[string]string{
		"title": r.Title, "meaning": r.Meaning, "family": r.Family, "unit": r.Unit, "sql": r.SQL,
		"evidence": r.Evidence, "sentence": r.Sentence, "runbook": r.Runbook, "owner": r.Owner,
	} {
		if strings.TrimSpace(text) == "" {
			add(key, "is missing")
		}
	}
	if len(r.FalsePositives) == 0 {
		add("false_positives", "is missing: name at least one honest use that could look like this")
	}
	oneOf(add, "verdict", string(r.Verdict), string(cases.VerdictFairUse), string(cases.VerdictFraud))
	oneOf(add, "status", string(r.Status), string(StatusExperimental), string(StatusShadow), string(StatusLive), string(StatusDeprecated))
	oneOf(add, "scope", r.Scope, "organizer")
	if !windowForm.MatchString(r.Window) {
		add("window", "want call, day, month or trailing days such as 28d")
	}
	if t := r.Thresholds; t.Warning <= 0 || t.Critical <= t.Warning {
		add("thresholds", "want 0 < warning < critical; there are %g and %g", t.Warning, t.Critical)
	}
	if w := r.Weights; w.Warning <= 0 || w.Critical < w.Warning || w.Critical > 1 {
		add("weights", "want 0 < warning <= critical <= 1; there are %g and %g", w.Warning, w.Critical)
	}
	r.checkParameters(add)
	if strings.TrimSpace(r.When) != "" {
		if err := r.checkWhen(); err != nil {
			add("when", "%s", err)
		}
	}
	if r.Sentence != "" {
		if _, err := r.template(); err != nil {
			add("sentence", "%s", err)
		}
	}
	r.checkTests(add)
	slices.SortStableFunc(out, func(a, b Problem) int { return strings.Compare(a.Key, b.Key) })
	return out
}

type adder func(key, format string, args ...any)

func oneOf(add adder, key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		add(key, "%q is none of %s", value, strings.Join(allowed, ", "))
	}
}

func (r Rule) checkParameters(add adder) {
	types := map[string]string{}
	maps.Copy(types, Given)
	for i, p := range r.Parameters {
		key := fmt.Sprintf("parameters[%d]", i)
		if !nameForm.MatchString(p.Name) {
			add(key+".name", "want lower-case words with underscores")
		}
		if _, taken := types[p.Name]; taken {
			add(key+".name", "%q is taken", p.Name)
		}
		if !typeForm.MatchString(p.Type) {
			add(key+".type", "%q is not a type that a parameter can have, such as Float64, UInt32, String, Array(String)", p.Type)
		} else if _, err := literal(p.Type, p.Default); err != nil {
			add(key+".default", "%s", err)
		}
		if strings.TrimSpace(p.Meaning) == "" {
			add(key+".meaning", "is missing")
		}
		types[p.Name] = p.Type
	}
	used := map[string]bool{}
	for key, text := range map[string]string{"sql": r.SQL, "evidence": r.Evidence} {
		for _, m := range usedForm.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
			if want, ok := types[m[1]]; !ok {
				add(key, "uses {%s:%s}, which is no parameter", m[1], m[2])
			} else if want != m[2] {
				add(key, "uses {%s:%s}, but %s is of type %s", m[1], m[2], m[1], want)
			}
		}
	}
	for i, p := range r.Parameters {
		if !used[p.Name] {
			add(fmt.Sprintf("parameters[%d]", i), "%s is not used", p.Name)
		}
	}
}

func (r Rule) checkTests(add adder) {
	hit, quiet := false, false
	names := map[string]bool{}
	for i, t := range r.Tests {
		key := fmt.Sprintf("tests[%d]", i)
		if strings.TrimSpace(t.Name) == "" || names[t.Name] {
			add(key+".name", "want a name of its own")
		}
		names[t.Name] = true
		hit, quiet = hit || len(t.Expect) > 0, quiet || len(t.Expect) == 0
		if len(t.Usage) == 0 {
			add(key+".usage", "is missing")
		}
		for k, u := range t.Usage {
			u.check(fmt.Sprintf("%s.usage[%d]", key, k), add)
		}
		if from, to, step := t.Steps(); from.After(to) || step <= 0 {
			add(key, "the steps go from %s to %s by %s", from.Format("2006-01-02 15:04"), to.Format("2006-01-02 15:04"), step)
		}
		for k, e := range t.Expect {
			oneOf(add, fmt.Sprintf("%s.expect[%d].severity", key, k), string(e.Severity), string(cases.SeverityWarning), string(cases.SeverityCritical))
		}
		for name, v := range t.Parameters {
			j := slices.IndexFunc(r.Parameters, func(p Param) bool { return p.Name == name })
			if j < 0 {
				add(key+".parameters."+name, "the rule has no such parameter")
			} else if _, err := literal(r.Parameters[j].Type, v); err != nil {
				add(key+".parameters."+name, "%s", err)
			}
		}
	}
	// A rule without any test can be run, and Untested tells of it; one with half of its
	// tests is a mistake.
	if len(r.Tests) > 0 && (!hit || !quiet) {
		add("tests", "want at least one that expects a finding and one that expects none")
	}
}

// most is how many calls one usage of a test may make: a slip in a repeat must not
// fill the memory.
const most = 100_000

func (u Usage) check(key string, add adder) {
	if u.Start.IsZero() {
		add(key+".start", "is missing")
	}
	if u.Minutes < 0 || u.Seconds < 0 {
		add(key, "a call cannot be shorter than nothing")
	}
	for name, n := range map[string]int{"times": u.Times, "days": u.Days, "legs": u.Legs, "callees": u.Callees, "organizers": u.Organizers} {
		if n < 0 {
			add(key+"."+name, "want 0 or more")
		}
	}
	if n := float64(max(1, u.Times)) * float64(max(1, u.Days)) * float64(max(1, u.Legs)) * float64(max(1, u.Organizers)); n > most {
		add(key, "makes %.0f calls; a test may make %d", n, most)
	}
	if u.On != "" {
		oneOf(add, key+".on", u.On, "workdays", "weekends")
	}
	if u.To != "" && !strings.HasPrefix(u.To, "+") {
		add(key+".to", "want a number in E.164, such as \"+12125550100\"")
	}
	if u.Country == "" && u.To != "" && !strings.HasPrefix(u.To, "+1") && u.Class != "satellite" {
		add(key+".country", "is missing; only +1 is taken for US by itself")
	}
}
