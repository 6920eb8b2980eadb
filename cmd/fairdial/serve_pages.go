package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"fairdial/cases"
	"fairdial/config"
	"fairdial/console"
	"fairdial/detector"
	"fairdial/ingest"
	"fairdial/rules"
)

// intake is what people do about rejected rows on the console's pages.
type intake struct{ s *services }

func (i intake) Retry(ctx context.Context, actor, id string) (state, detail string, err error) {
	r, err := i.open(ctx, id)
	if err != nil {
		return "", "", err
	}
	done, err := i.s.ingester.Retry(ctx, actor, []ingest.Rejected{r})
	if err != nil || len(done) == 0 {
		return "", "", resolved(err)
	}
	return done[0].State, done[0].Reason + " " + done[0].Detail, nil
}

func (i intake) Dismiss(ctx context.Context, actor, reason, id string) error {
	r, err := i.open(ctx, id)
	if err != nil {
		return err
	}
	_, err = i.s.ingester.Dismiss(ctx, actor, reason, r)
	return resolved(err)
}

// open is a row that nobody has decided on.
func (i intake) open(ctx context.Context, id string) (ingest.Rejected, error) {
	r, err := rejected(ctx, i.s, id)
	if _, wrong := errors.AsType[usageError](err); wrong || errors.Is(err, ingest.ErrNotFound) {
		return r, console.ErrNotFound
	}
	if err == nil && r.State != "open" {
		err = console.ErrResolved
	}
	return r, err
}

func resolved(err error) error {
	if errors.Is(err, ingest.ErrResolved) {
		return console.ErrResolved
	}
	return err
}

// planNames says what service plans are for, as people call it.
func planNames(l config.Licences) map[string]string {
	out := map[string]string{}
	for _, e := range []struct {
		name string
		of   config.Identity
	}{
		{"Audio Conferencing", l.Conferencing},
		{"Audio Conferencing, pay per minute", l.PayPerMinute},
		{"Audio Conferencing select dial-out", l.Select},
		{"unlimited add-on", l.Addon},
		{"Communications Credits", l.Credits},
	} {
		for _, id := range e.of.ServicePlans {
			out[strings.ToLower(id)] = e.name
		}
	}
	return out
}

// rulesInForce is the rules as the console shows them.
type rulesInForce struct {
	*app
	s     *services
	lists *cases.Pages
	known *detector.RecordMemo
}

// decidedCases is the log of cases for who counts what was decided, which takes no findings.
type decidedCases struct {
	*cases.Log
	lists *cases.Pages
}

func (d decidedCases) List(ctx context.Context, _ cases.Filter) ([]cases.Case, error) {
	return d.lists.Outlines(ctx, cases.PageRequest{})
}

func (r rulesInForce) Rules(ctx context.Context) ([]console.Rule, error) {
	pack := *r.inForce.Load()
	records, err := r.records(ctx, pack)
	if err != nil {
		return nil, err
	}
	out := make([]console.Rule, 0, len(pack))
	for _, rule := range pack {
		out = append(out, shownRule(rule, records[rule.ID]))
	}
	return out, nil
}

func (r rulesInForce) Rule(ctx context.Context, id string) (out console.WholeRule, err error) {
	pack := *r.inForce.Load()
	rule, there := pack.Rule(id)
	if !there {
		return out, console.ErrNotFound
	}
	records, err := r.records(ctx, pack)
	if err != nil {
		return out, err
	}
	out = console.WholeRule{
		Rule: shownRule(rule, records[id]), Meaning: rule.Meaning, Window: rule.Window, Owner: rule.Owner, Runbook: rule.Runbook,
		FalsePositives: append([]string{}, rule.FalsePositives...), TestNames: []string{}, Text: rule.Text,
	}
	for _, t := range rule.Tests {
		out.TestNames = append(out.TestNames, t.Name)
	}
	return out, nil
}

// records is how the rules have done.
func (r rulesInForce) records(ctx context.Context, pack rules.Pack) (map[string]detector.Record, error) {
	d, err := detector.New(detector.Options{
		Conn: r.s.store, Cases: decidedCases{r.s.cases, r.lists}, Pack: pack, AddonPlans: r.cfg.Licences.Addon.ServicePlans,
		OpenScore: r.cfg.Detection.OpenScore, Known: r.known, Now: r.now, NewID: r.newID, Logger: r.logger,
	})
	if err != nil {
		return nil, err
	}
	return d.Records(ctx)
}

func shownRule(r rules.Rule, record detector.Record) console.Rule {
	figure := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	out := console.Rule{
		ID: r.ID, Title: r.Title, Status: string(r.Status), Verdict: string(r.Verdict), Family: r.Family, Unit: r.Unit,
		Version: r.Version, Tests: len(r.Tests), Warning: figure(r.Thresholds.Warning), Critical: figure(r.Thresholds.Critical),
		Findings: record.Findings, Organizers: record.Organizers, Confirmed: record.Reviewed.Confirmed,
		Dismissed: record.Reviewed.Dismissed, Undecided: record.Reviewed.Undecided, NoCase: record.Reviewed.NoCase, Precision: record.Reviewed.Precision,
	}
	if record.Findings > 0 {
		out.Newest = record.Newest.UTC().Format(time.DateOnly)
	}
	return out
}

// checks is what the doctor says, of the store that is open here.
func (a *app) checks(s *services) func(context.Context) []console.Check {
	return func(ctx context.Context) (out []console.Check) {
		for _, c := range a.diagnoseWith(ctx, func(ctx context.Context) []check { return a.checkOpenStore(ctx, s) }) {
			out = append(out, shownCheck(c))
		}
		return out
	}
}

func shownCheck(c check) console.Check {
	return console.Check{Name: c.Name, OK: c.OK, State: c.stands(), Says: c.Says, Mend: c.Mend, Link: c.link}
}

// slackStatus is what is known of Slack without asking it.
func (a *app) slackStatus(s *services) func(context.Context) []console.Check {
	return func(ctx context.Context) (out []console.Check) {
		buttons := check{Name: "buttons", OK: true, Says: "none: neither slack.app_token nor slack.signing_secret is set", Mend: mendButtons, State: standsUnset}
		switch {
		case a.cfg.Slack.AppToken != "":
			buttons = check{Name: "buttons", OK: true, Says: "by Socket Mode"}
		case a.cfg.Slack.SigningSecret != "":
			buttons = check{Name: "buttons", OK: true, Says: "by signed calls to /slack/interactions"}
		}
		for _, c := range []check{a.checkSlack(), buttons, a.checkDelivery(ctx, s)} {
			out = append(out, shownCheck(c))
		}
		return out
	}
}
