package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// longestRule bounds the text of a rule, in bytes.
const longestRule = 4 * maxForm

// workbench is where rules are tried; it answers itself where there is none.
func (a *api) workbench(w http.ResponseWriter) (Workbench, bool) {
	if a.opts.Workbench == nil {
		problem(w, http.StatusNotFound, "No rules are written here.")
	}
	return a.opts.Workbench, a.opts.Workbench != nil
}

// full leaves no list out.
func (c Checked) full() Checked {
	c.Problems = append([]RuleProblem{}, c.Problems...)
	c.Tests = append([]RuleTest{}, c.Tests...)
	for i := range c.Tests {
		c.Tests[i].Problems = append([]string{}, c.Tests[i].Problems...)
	}
	return c
}

// shownCheck is what lint and tests say, and whether the rule may be tried.
type shownCheck struct {
	OK bool `json:"ok"`
	Checked
}

// shownTrial is a back-test and how far it is.
type shownTrial struct {
	State string `json:"state"` // running, ended, failed, cancelled
	Trial
	// Changed are those of Trial, each with names.
	Changed []namedFinding `json:"changed"`
}

func (a *api) showTrial(ctx context.Context, t Trial) (shownTrial, error) {
	state := "ended"
	switch {
	case t.Ended.IsZero():
		state = "running"
	case t.Cancelled:
		state = "cancelled"
	case t.Failed != "":
		state = "failed"
	}
	changed, err := a.views.findings(ctx, t.ChangedShown)
	for i := range changed {
		changed[i].Sentence = maskText(changed[i].Sentence)
	}
	return shownTrial{state, t, changed}, err
}

// candidates are the rules that were tried, each with its newest text.
func (a *api) candidates(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	bench, ok := a.workbench(w)
	if !ok {
		return
	}
	all, err := bench.Candidates(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := following(l, all, func(c Candidate) []string { return []string{c.RuleID} })
	writePage(w, "candidates", page, next, nil)
}

// checkRule does what lint and test of the command line do.
func (a *api) checkRule(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Text string `json:"text"`
	}
	bench, ok := a.workbench(w)
	if !ok || !readJSON(w, r, &asked) || !short(w, asked.Text) {
		return
	}
	checked, err := bench.Check(r.Context(), asked.Text)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, shownCheck{checked.OK(), checked.full()})
}

func short(w http.ResponseWriter, text string) bool {
	if len(text) > longestRule {
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("A rule has at most %d bytes.", longestRule))
	}
	return len(text) <= longestRule
}

// tryRule keeps a rule as a candidate and starts its back-test.
func (a *api) tryRule(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Text   string `json:"text"`
		Reason string `json:"reason"`
		From   string `json:"from"`
		To     string `json:"to"`
	}
	bench, ok := a.workbench(w)
	if !ok || !readJSON(w, r, &asked) || !short(w, asked.Text) {
		return
	}
	since, until, wrong := trialSpan(asked.From, asked.To, a.opts.Now())
	reason := strings.TrimSpace(asked.Reason)
	if wrong == "" && reason == "" {
		wrong = noReason
	}
	if wrong != "" {
		problem(w, http.StatusUnprocessableEntity, wrong)
		return
	}
	checked, err := bench.Try(r.Context(), TrialRequest{Text: asked.Text, Actor: actor(r), Reason: reason, From: since, To: until})
	switch {
	case errors.Is(err, ErrTrying):
		problem(w, http.StatusConflict, sentence(ErrTrying.Error()))
	case err != nil:
		a.changed(w, r, err, http.StatusConflict, 0)
	case !checked.OK():
		checked = checked.full()
		problemWith(w, http.StatusUnprocessableEntity, "The rule is not ready: see problems and tests.", map[string]any{"rule_id": checked.RuleID, "problems": checked.Problems, "tests": checked.Tests})
	default:
		t, _ := bench.Trial()
		w.Header().Set("Location", "/api/v1/rules/backtest")
		a.answerTrial(w, r, http.StatusAccepted, t)
	}
}

// backTest is the back-test that runs, or ran last.
func (a *api) backTest(w http.ResponseWriter, r *http.Request) {
	bench, ok := a.workbench(w)
	if !ok {
		return
	}
	t, any := bench.Trial()
	if !any {
		problem(w, http.StatusNotFound, "No back-test has run since the daemon started.")
		return
	}
	a.answerTrial(w, r, http.StatusOK, t)
}

func (a *api) answerTrial(w http.ResponseWriter, r *http.Request, status int, t Trial) {
	shown, err := a.showTrial(r.Context(), t)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, status, shown)
}

func (a *api) cancelBackTest(w http.ResponseWriter, r *http.Request) {
	bench, ok := a.workbench(w)
	if !ok || !readJSON(w, r, &struct{}{}) {
		return
	}
	bench.Cancel()
	a.backTest(w, r)
}
