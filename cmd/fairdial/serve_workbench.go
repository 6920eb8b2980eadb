package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"fairdial/console"
	"fairdial/detector"
	"fairdial/rules"
	"fairdial/store/journal"
)

// candidateStream is the log of rules that were written on the console.
const candidateStream = "rule_candidate"

// changedShown is how many findings of one side alone a page shows.
const changedShown = 100

// workbench lints, tests and back-tests rules that are written on the console, one
// back-test at a time. It puts no rule in force.
type workbench struct {
	*app
	s    *services
	life context.Context //nolint:containedctx // back-tests outlive the request that starts them, and end with the daemon

	mu      sync.Mutex
	trial   console.Trial
	any     bool
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func (b *workbench) Candidates(ctx context.Context) ([]console.Candidate, error) {
	heads, err := b.s.journal.Heads(ctx, candidateStream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("read the candidate rules: %w", err)
	}
	out := make([]console.Candidate, 0, len(heads))
	for _, e := range heads {
		var kept struct{ Text string }
		if err := json.Unmarshal([]byte(e.Body), &kept); err != nil {
			return nil, fmt.Errorf("read the candidate rule %s: %w", e.Subject, err)
		}
		out = append(out, console.Candidate{RuleID: e.Subject, Text: kept.Text, Actor: e.Actor, Reason: e.Reason, Saved: e.At})
	}
	return out, nil
}

func (b *workbench) Check(ctx context.Context, text string) (console.Checked, error) {
	_, checked, err := b.check(ctx, text)
	return checked, err
}

// check does what `fairdial rules lint` and `fairdial rules test` do, and asks beside that
// for the status of a candidate.
func (b *workbench) check(ctx context.Context, text string) (rules.Rule, console.Checked, error) {
	r, err := rules.Parse("candidate.yaml", []byte(text))
	out := console.Checked{RuleID: r.ID}
	told := func(err error) error {
		mistakes, ok := errors.AsType[*rules.Error](err)
		if !ok {
			return err
		}
		for _, p := range mistakes.Problems {
			out.Problems = append(out.Problems, console.RuleProblem{Line: p.Line, Key: p.Key, Text: p.Text})
		}
		return nil
	}
	if err != nil {
		return r, out, told(err)
	}
	d, err := b.newDetector(b.s)
	if err != nil {
		return r, out, err
	}
	candidate := rules.Pack{r}
	var status []rules.Problem
	if r.Status != rules.StatusExperimental && r.Status != rules.StatusShadow {
		status = append(status, r.Problem("status", "a candidate is experimental or shadow; it goes live as a file of the pack", nil))
	}
	inForce := *b.inForce.Load()
	_, locked := rules.LockOf(inForce).Renew(inForce.With(candidate))
	for _, err := range []error{rules.Failed(status), locked, candidate.Tested(), d.Check(ctx, candidate)} {
		if err = told(err); err != nil {
			return r, out, err
		}
	}
	if len(out.Problems) > 0 {
		return r, out, nil
	}
	results, err := detector.RunTests(ctx, b.s.store, candidate)
	for _, t := range results {
		out.Tests = append(out.Tests, console.RuleTest{Name: t.Test, Passed: t.Passed, Problems: t.Problems})
	}
	return r, out, told(err)
}

func (b *workbench) Try(ctx context.Context, req console.TrialRequest) (console.Checked, error) {
	r, checked, err := b.check(ctx, req.Text)
	if err != nil || !checked.OK() {
		return checked, err
	}
	d, err := b.newDetector(b.s)
	if err != nil {
		return checked, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.any && b.trial.Ended.IsZero() {
		return checked, console.ErrTrying
	}
	if err := b.keep(ctx, r.ID, req); err != nil {
		return checked, err
	}
	running, cancel := context.WithCancel(b.life)
	b.cancel, b.any = cancel, true
	b.trial = console.Trial{RuleID: r.ID, Actor: req.Actor, From: req.From, To: req.To, Began: b.now()}
	b.running.Go(func() {
		defer cancel()
		b.run(running, d, r, req)
	})
	return checked, nil
}

// keep writes a candidate into the journal.
func (b *workbench) keep(ctx context.Context, id string, req console.TrialRequest) error {
	last, _, err := b.s.journal.Latest(ctx, candidateStream, id)
	if err != nil {
		return fmt.Errorf("keep the candidate rule %s: %w", id, err)
	}
	body, err := json.Marshal(struct{ Text string }{req.Text})
	if err != nil {
		return fmt.Errorf("keep the candidate rule %s: %w", id, err)
	}
	return b.s.journal.Append(ctx, journal.Event{
		Stream: candidateStream, Subject: id, Version: last.Version + 1, Kind: "kept", Actor: req.Actor, At: b.now(), Reason: req.Reason, Body: string(body),
	})
}

func (b *workbench) run(ctx context.Context, d *detector.Detector, r rules.Rule, req console.TrialRequest) {
	report, err := d.Backtest(ctx, detector.BacktestRequest{From: req.From, To: req.To, Candidate: rules.Pack{r}}, func(done, total int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.trial.Done, b.trial.Total = done, total
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &b.trial
	t.Ended, t.Cancelled = b.now(), ctx.Err() != nil
	if err != nil {
		if !t.Cancelled {
			t.Failed = err.Error()
			b.logger.ErrorContext(ctx, "back-test", "rule", r.ID, "error", err)
		}
		return
	}
	t.Steps, t.Calls, t.Live = report.Steps, report.Calls, trialSide(report.Live)
	if report.Candidate != nil {
		t.Candidate = trialSide(*report.Candidate)
	}
	if by := report.Difference; by != nil {
		t.Added, t.Lost, t.Same = by.Findings.OnlyCandidate, by.Findings.OnlyLive, by.Findings.Both
		t.ChangedInTotal = len(by.Changed)
		for _, c := range slices.Clone(by.Changed[:min(len(by.Changed), changedShown)]) {
			t.ChangedShown = append(t.ChangedShown, console.TrialFinding{
				On: c.On, TenantID: c.TenantID, OrganizerID: c.OrganizerID, Month: c.Month, Severity: string(c.Severity), Sentence: c.Sentence, Decided: string(c.Decided),
			})
		}
	}
}

func trialSide(s detector.Side) console.TrialSide {
	return console.TrialSide{
		Findings: s.Findings, Confirmed: s.Reviewed.Confirmed, Dismissed: s.Reviewed.Dismissed, Undecided: s.Reviewed.Undecided,
		NoCase: s.Reviewed.NoCase, Missed: s.Missed, Avoided: s.Avoided,
	}
}

func (b *workbench) Trial() (console.Trial, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.trial, b.any
}

func (b *workbench) Cancel() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cancel != nil {
		b.cancel()
	}
}
