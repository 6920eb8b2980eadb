package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fairdial/store/journal"
)

// Workbench is where a rule is written and tried before it is taken into the pack.
type Workbench interface {
	// Candidates are the rules that were tried from here, the newest text of each.
	Candidates(ctx context.Context) ([]Candidate, error)
	// Check does what lint and test of the command line do; the error is none of the rule's.
	Check(ctx context.Context, text string) (Checked, error)
	// Try checks a rule, keeps it as a candidate and starts its back-test. It starts none of a
	// rule that fails. The error is ErrTrying while another runs.
	Try(ctx context.Context, t TrialRequest) (Checked, error)
	// Trial is the back-test that runs, or ran last; false before the first.
	Trial() (Trial, bool)
	// Cancel ends the back-test that runs.
	Cancel()
}

// ErrTrying: one back-test runs at a time.
var ErrTrying = errors.New("a back-test runs already; wait for its end, or cancel it")

// Candidate is a rule that was written on the page. It is in force nowhere.
type Candidate struct {
	RuleID string    `json:"rule_id"`
	Text   string    `json:"text"`
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	Saved  time.Time `json:"saved_at"` // UTC
}

// Checked is what lint and the rule's own tests say.
type Checked struct {
	RuleID   string        `json:"rule_id"`
	Problems []RuleProblem `json:"problems"`
	Tests    []RuleTest    `json:"tests"`
}

// OK says that the rule may be tried.
func (c Checked) OK() bool {
	for _, t := range c.Tests {
		if !t.Passed {
			return false
		}
	}
	return len(c.Problems) == 0
}

// RuleProblem is one mistake; Line is 0 where it has none.
type RuleProblem struct {
	Line int    `json:"line"`
	Key  string `json:"key"`
	Text string `json:"text"`
}

// RuleTest is the outcome of a test that a rule carries.
type RuleTest struct {
	Name     string   `json:"name"`
	Passed   bool     `json:"passed"`
	Problems []string `json:"problems"`
}

// TrialRequest asks for a back-test over a time, UTC.
type TrialRequest struct {
	Text, Actor, Reason string
	From, To            time.Time
}

// Trial is a back-test of a candidate against the rules in force.
type Trial struct {
	RuleID         string         `json:"rule_id"`
	Actor          string         `json:"actor"`
	From           time.Time      `json:"from"`              // UTC
	To             time.Time      `json:"to"`                // UTC
	Began          time.Time      `json:"began_at"`          // UTC
	Ended          time.Time      `json:"ended_at,omitzero"` // UTC; zero while it runs
	Done           int            `json:"done"`              // runs of rules and views
	Total          int            `json:"total"`             // of them
	Failed         string         `json:"failed"`            // why it came to nothing
	Cancelled      bool           `json:"cancelled"`
	Steps          int64          `json:"steps"`
	Calls          int64          `json:"calls"`
	Live           TrialSide      `json:"live"`
	Candidate      TrialSide      `json:"candidate"`
	Added          int            `json:"added"` // findings that the candidate's side alone has
	Lost           int            `json:"lost"`  // findings that the live side alone has
	Same           int            `json:"same"`  // findings that both have
	ChangedShown   []TrialFinding `json:"changed"`
	ChangedInTotal int            `json:"changed_in_total"`
}

// TrialSide is what one side would have found, and what people decided on its cases.
type TrialSide struct {
	Findings  int `json:"findings"`
	Confirmed int `json:"confirmed"`
	Dismissed int `json:"dismissed"`
	Undecided int `json:"undecided"`
	NoCase    int `json:"no_case"`
	Missed    int `json:"missed"`
	Avoided   int `json:"avoided"`
}

// TrialFinding is a finding that one side alone has.
type TrialFinding struct {
	On          string `json:"on"`
	TenantID    string `json:"tenant_id"`
	OrganizerID string `json:"organizer_id"`
	Month       string `json:"month"`
	Severity    string `json:"severity"`
	Sentence    string `json:"sentence"`
	Decided     string `json:"decided"`
}

type candidateBody struct {
	Text, Reason, From, To string
	Wrong                  string // of the form
	Checked                *Checked
	Kept                   []Candidate
	Lines                  []string // of the text, where problems are told
	Trying                 bool
}

// longestTrial is the longest time that is tried from the page; the command line takes any.
const longestTrial = 92 * 24 * time.Hour

func (p *pages) candidate(w http.ResponseWriter, r *http.Request) {
	to := p.opts.Now().UTC()
	var newest []struct {
		At time.Time `ch:"at"`
	}
	if err := p.views.read(r.Context(), &newest, "newest_of_all", tenantsOnly(r)); err != nil {
		p.fail(w, r, err)
		return
	}
	if len(newest) > 0 && newest[0].At.Year() > 2000 { // a month with calls in it
		to = newest[0].At.UTC().AddDate(0, 0, 1)
	}
	begin, err := pageFiles.ReadFile("pages/candidate.yaml")
	if err != nil {
		p.fail(w, r, err)
		return
	}
	b := candidateBody{Text: string(begin), To: to.Format(time.DateOnly), From: to.AddDate(0, -1, 0).Format(time.DateOnly)}
	if of := r.URL.Query().Get("of"); of != "" && p.opts.Rules != nil {
		rule, err := p.opts.Rules.Rule(r.Context(), of)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		b.Text = nextOf(rule)
	}
	p.candidatePage(w, r, http.StatusOK, b, r.URL.Query().Get("rule"))
}

// candidatePage shows the editor, with the text of a kept candidate where one is named.
func (p *pages) candidatePage(w http.ResponseWriter, r *http.Request, status int, b candidateBody, rule string) {
	if p.opts.Workbench == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	var err error
	if b.Kept, err = p.opts.Workbench.Candidates(r.Context()); err != nil {
		p.fail(w, r, err)
		return
	}
	for _, c := range b.Kept {
		if c.RuleID == rule {
			b.Text = c.Text
		}
	}
	last, any := p.opts.Workbench.Trial()
	b.Trying = any && last.Ended.IsZero()
	if b.Checked != nil && len(b.Checked.Problems) > 0 {
		b.Lines = strings.Split(b.Text, "\n")
	}
	p.show(w, r, status, "candidate", page{Title: "Write a rule", Section: "Rules", Body: b})
}

// Line is the text of a line of the rule, for the place of a mistake.
func (b candidateBody) Line(n int) string {
	if n < 1 || n > len(b.Lines) {
		return ""
	}
	return b.Lines[n-1]
}

func (p *pages) tryCandidate(w http.ResponseWriter, r *http.Request) {
	if p.opts.Workbench == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, longestRule)
	if err := r.ParseForm(); err != nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "The form could not be read, or is larger than 256 KiB.", "/rules/candidate")
		return
	}
	b := candidateBody{Text: strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"), Reason: strings.TrimSpace(r.PostForm.Get("reason")), From: r.PostForm.Get("from"), To: r.PostForm.Get("to")}
	if r.PostForm.Get("do") != "try" {
		checked, err := p.opts.Workbench.Check(r.Context(), b.Text)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		b.Checked = &checked
		p.candidatePage(w, r, http.StatusOK, b, "")
		return
	}
	from, to, wrong := trialSpan(b.From, b.To, p.opts.Now())
	if b.Wrong = wrong; wrong == "" && b.Reason == "" {
		b.Wrong = noReason
	}
	if b.Wrong != "" {
		p.candidatePage(w, r, http.StatusUnprocessableEntity, b, "")
		return
	}
	checked, err := p.opts.Workbench.Try(r.Context(), TrialRequest{Text: b.Text, Actor: "console:" + caller(r), Reason: b.Reason, From: from, To: to})
	b.Checked = &checked
	conflict, lost := errors.AsType[*journal.ConflictError](err)
	switch {
	case errors.Is(err, ErrTrying):
		b.Wrong, b.Checked = ErrTrying.Error(), nil
		p.candidatePage(w, r, http.StatusConflict, b, "")
	case lost:
		b.Wrong, b.Checked = conflict.Winner.Actor+" kept a candidate of this id at the same moment; look at it before you go on.", nil
		p.candidatePage(w, r, http.StatusConflict, b, "")
	case err != nil:
		p.fail(w, r, err)
	case !checked.OK():
		p.candidatePage(w, r, http.StatusUnprocessableEntity, b, "")
	default:
		http.Redirect(w, r, "/rules/trial", http.StatusSeeOther)
	}
}

// noReason refuses a back-test that nobody accounts for.
const noReason = "Say what the rule is to find; the reason is kept with the candidate."

// trialSpan reads the days of a back-test, which ends now at the latest; wrong says why they
// are none.
func trialSpan(first, last string, now time.Time) (from, to time.Time, wrong string) {
	from, err1 := time.Parse(time.DateOnly, first)
	to, err2 := time.Parse(time.DateOnly, last)
	if now = now.UTC(); to.After(now) {
		to = now
	}
	switch {
	case err1 != nil || err2 != nil || !from.Before(to):
		wrong = "Say from which day to which, the first before the last."
	case to.Sub(from) > longestTrial:
		wrong = "At most 92 days are tried here; fairdial backtest takes any time."
	}
	return from, to, wrong
}

// downloadCandidate gives a kept candidate as a file for a pack.
func (p *pages) downloadCandidate(w http.ResponseWriter, r *http.Request) {
	if p.opts.Workbench == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	kept, err := p.opts.Workbench.Candidates(r.Context())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, c := range kept {
		if c.RuleID == r.PathValue("rule") {
			w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
			w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename*=UTF-8''%s.yaml", url.PathEscape(c.RuleID)))
			_, _ = w.Write([]byte(c.Text))
			return
		}
	}
	p.fail(w, r, ErrNotFound)
}

type trialBody struct {
	Trial
	Any, Running bool
	Changed      []namedFinding
}

// namedFinding is a finding with the names of whom it is about, their ids where none are known.
type namedFinding struct {
	TrialFinding
	Organizer string `json:"organizer_name"`
	Tenant    string `json:"tenant_name"`
}

// findings names whom findings are about.
func (v views) findings(ctx context.Context, all []TrialFinding) ([]namedFinding, error) {
	about := make([]who, 0, len(all))
	for _, f := range all {
		about = append(about, who{f.TenantID, f.OrganizerID})
	}
	known, err := v.namesOf(ctx, about)
	if err != nil {
		return nil, err
	}
	out := make([]namedFinding, 0, len(all))
	for _, f := range all {
		out = append(out, namedFinding{f, known.organizer(f.TenantID, f.OrganizerID), known.tenant(f.TenantID)})
	}
	return out, nil
}

func (p *pages) trial(w http.ResponseWriter, r *http.Request) {
	if p.opts.Workbench == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	var b trialBody
	b.Trial, b.Any = p.opts.Workbench.Trial()
	b.Running = b.Any && b.Ended.IsZero()
	var err error
	if b.Changed, err = p.views.findings(r.Context(), b.ChangedShown); err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "trial", page{Title: "Back-test", Section: "Rules", Body: b})
}

func (p *pages) cancelTrial(w http.ResponseWriter, r *http.Request) {
	if p.opts.Workbench == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	p.opts.Workbench.Cancel()
	http.Redirect(w, r, "/rules/trial", http.StatusSeeOther)
}
