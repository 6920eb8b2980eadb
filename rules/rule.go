// Package rules holds fair-use and fraud rules as data: the format of a rule file, its
// loader, the lock that ties a version to its content, the sentence a finding is told
// in, and the unit tests a rule carries. It does not know when or on what rules run.
// README.md states the format; the rules themselves are in the folder pack.
package rules

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fairdial/cases"
)

// Status says whether a rule's findings count.
type Status string

// The statuses of a rule.
const (
	StatusExperimental Status = "experimental" // runs in dry runs and backtests, where nothing is written
	StatusShadow       Status = "shadow"       // runs, its findings are recorded and open no case
	StatusLive         Status = "live"         // counts
	StatusDeprecated   Status = "deprecated"   // no longer runs
)

// Rule is one rule file.
type Rule struct {
	ID      string `yaml:"id"`
	Version int    `yaml:"version"`
	Title   string `yaml:"title"`
	// Meaning says what the rule looks for and why no honest use has that shape.
	Meaning string        `yaml:"meaning"`
	Verdict cases.Verdict `yaml:"verdict"`
	// Family groups rules that see the same thing: only the strongest of a family
	// counts in a case's score.
	Family string `yaml:"family"`
	Status Status `yaml:"status"`
	Scope  string `yaml:"scope"`
	// Window is the time that a value is about: call, day, month, or trailing days
	// such as 28d, in UTC.
	Window     string     `yaml:"window"`
	Unit       string     `yaml:"unit"` // what value, thresholds and baseline count
	Thresholds Thresholds `yaml:"thresholds"`
	Weights    Thresholds `yaml:"weights"` // 0 to 1: how strongly a finding speaks for abuse
	Parameters []Param    `yaml:"parameters"`
	SQL        string     `yaml:"sql"`
	// When is a condition over a row of the SQL, in expr-lang: only rows for which it holds
	// are findings. Empty for most rules.
	When string `yaml:"when" json:",omitempty"`
	// Evidence is a condition over calls c and the row found h: which of the
	// organizer's calls in the row's window prove it.
	Evidence string `yaml:"evidence"`
	// Sentence is a template over the row: what a person reads.
	Sentence       string   `yaml:"sentence"`
	FalsePositives []string `yaml:"false_positives"`
	Runbook        string   `yaml:"runbook"`
	Tags           []string `yaml:"tags"`
	Owner          string   `yaml:"owner"`
	Tests          []Test   `yaml:"tests"`

	// File is where the rule was read from; for messages.
	File string `yaml:"-"`
	// Text is the rule as it was written.
	Text   string `yaml:"-" json:"-"`
	places places // on which line each key stands
}

// Problem is a mistake of the rule that is found where the rule is used, with its place in
// the file.
func (r Rule) Problem(key, text string, cause error) Problem {
	return Problem{File: r.File, Line: r.places.line(key), Key: key, Text: text, Cause: cause}
}

// ProblemAt is the same on a line, from 1, of a key's text; on line 0 it is of the whole of it.
func (r Rule) ProblemAt(key string, line int, text string, cause error) Problem {
	p := r.Problem(key, text, cause)
	whole := map[string]string{"sql": r.SQL, "evidence": r.Evidence}[key]
	if p.Line > 0 && line > 0 && line <= strings.Count(whole, "\n")+1 && strings.Contains(strings.TrimRight(whole, "\n"), "\n") {
		p.Line += line // a text of more lines begins after its key
	}
	return p
}

// Failed is the *Error of some problems; nil for none.
func Failed(problems []Problem) error { return failed(problems) }

// Thresholds is a figure for each severity.
type Thresholds struct {
	Warning  float64 `yaml:"warning"`
	Critical float64 `yaml:"critical"`
}

// Of is the figure for a severity.
func (t Thresholds) Of(s cases.Severity) float64 {
	if s == cases.SeverityCritical {
		return t.Critical
	}
	return t.Warning
}

// Severity is what a value amounts to; false when it is below the warning.
func (r Rule) Severity(value float64) (cases.Severity, bool) {
	switch {
	case value >= r.Thresholds.Critical:
		return cases.SeverityCritical, true
	case value >= r.Thresholds.Warning:
		return cases.SeverityWarning, true
	}
	return "", false
}

// Weight is how strongly a value speaks for abuse: the warning's weight at its threshold, the
// critical one's from there on, and in between by the value's logarithm, as thresholds are multiples.
func (r Rule) Weight(value float64) float64 {
	low, high := r.Thresholds.Warning, r.Thresholds.Critical
	switch {
	case value >= high:
		return r.Weights.Critical
	case value <= low || low <= 0:
		return r.Weights.Warning
	}
	way := math.Log(value/low) / math.Log(high/low)
	return r.Weights.Warning + way*(r.Weights.Critical-r.Weights.Warning)
}

// Param is a value that the rule's SQL takes, with its default.
type Param struct {
	Name    string `yaml:"name"`
	Type    string `yaml:"type"` // of the engine: Float64, UInt32, String, Array(String) …
	Default any    `yaml:"default"`
	Meaning string `yaml:"meaning"`
}

// Key is how a rule of a version is told from others: "id@version".
func (r Rule) Key() string { return fmt.Sprintf("%s@%d", r.ID, r.Version) }

// Pack is a set of rules in the order of their ids.
type Pack []Rule

// Rule is the rule of an id.
func (p Pack) Rule(id string) (Rule, bool) {
	for _, r := range p {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// With is the pack with further rules; one of the same id takes the place of the old.
func (p Pack) With(others Pack) Pack {
	out := slices.Clone(p)
	for _, r := range others {
		if i := slices.IndexFunc(out, func(x Rule) bool { return x.ID == r.ID }); i >= 0 {
			out[i] = r
		} else {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Only is the rules that keep lets through.
func (p Pack) Only(keep func(Rule) bool) Pack {
	var out Pack
	for _, r := range p {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}
