package main

import (
	"fmt"
	"strings"
	"time"

	"fairdial/alerting"
	"fairdial/cases"
	"fairdial/detector"
)

// shownChanges is how many changed findings the text shows; JSON has all.
const shownChanges = 20

func (a *app) showBacktest(b backtested) error {
	step := time.Duration(b.StepSeconds * float64(time.Second))
	a.printf("%s to %s: %s of %s, %s of %s, in %.1f s. Nothing was sent, no case was written.\n",
		clock(b.From), clock(b.To), counted(b.Steps, "step"), step, counted(b.Calls, "call"), counted(b.Tenants, "tenant"), b.TookSeconds)
	if b.StepReason != "" {
		a.printf("Coarser steps: %s.\n", b.StepReason)
	}
	a.printf("\n")
	if err := a.showSides(b); err != nil {
		return err
	}
	a.printf("\n")
	if err := a.showTrials(b.Rules); err != nil {
		return err
	}
	if b.Difference != nil {
		a.printf("\n")
		return a.showDifference(*b.Difference)
	}
	return nil
}

func (a *app) showSides(b backtested) error {
	rows := [][]string{{"", ">in force"}}
	add := func(name string, of func(detector.Side, alerting.Forecast) string) {
		row := []string{name, of(b.Live, b.LiveMessages)}
		if b.Candidate != nil {
			row = append(row, of(*b.Candidate, *b.CandidateMessages))
		}
		rows = append(rows, row)
	}
	if b.Candidate != nil {
		rows[0] = append(rows[0], ">candidate")
	}
	count := func(of func(detector.Side, alerting.Forecast) int) func(detector.Side, alerting.Forecast) string {
		return func(s detector.Side, f alerting.Forecast) string { return number(of(s, f)) }
	}
	add("findings", count(func(s detector.Side, _ alerting.Forecast) int { return s.Findings }))
	add("cases", count(func(s detector.Side, _ alerting.Forecast) int { return len(s.Cases) }))
	add("  confirmed by people", count(func(s detector.Side, _ alerting.Forecast) int { return s.Reviewed.Confirmed }))
	add("  dismissed by people", count(func(s detector.Side, _ alerting.Forecast) int { return s.Reviewed.Dismissed }))
	add("  not decided", count(func(s detector.Side, _ alerting.Forecast) int { return s.Reviewed.Undecided }))
	add("  no such case", count(func(s detector.Side, _ alerting.Forecast) int { return s.Reviewed.NoCase }))
	add("precision", func(s detector.Side, _ alerting.Forecast) string { return portion(s.Reviewed.Precision) })
	add("confirmed, not found again", count(func(s detector.Side, _ alerting.Forecast) int { return s.Missed }))
	add("dismissed, not found again", count(func(s detector.Side, _ alerting.Forecast) int { return s.Avoided }))
	add("messages", count(func(_ detector.Side, f alerting.Forecast) int { return f.Messages }))
	add("  new cases", count(func(_ detector.Side, f alerting.Forecast) int { return f.Posted }))
	add("  replies: a case got worse", count(func(_ detector.Side, f alerting.Forecast) int { return f.Replies }))
	add("  storms, many cases in one", count(func(_ detector.Side, f alerting.Forecast) int { return f.Storms }))
	return a.table(rows)
}

func (a *app) showTrials(trials []detector.RuleTrial) error {
	rows := [][]string{{"rule", ">version", "status", "on", ">findings", ">critical", ">organizers", ">cases", ">confirmed", ">dismissed", ">precision"}}
	for _, t := range trials {
		on := t.On
		if on == "live" {
			on = "in force"
		}
		rows = append(rows, []string{
			t.ID, number(t.Version), t.Status, on, number(t.Findings), number(t.Critical), number(t.Organizers), number(t.Cases),
			number(t.Reviewed.Confirmed), number(t.Reviewed.Dismissed), portion(t.Reviewed.Precision),
		})
	}
	return a.table(rows)
}

func (a *app) showDifference(d detector.Difference) error {
	rows := [][]string{{"found by", ">in force only", ">candidate only", ">both"}}
	for _, x := range []struct {
		name string
		detector.Split
	}{{"findings", d.Findings}, {"cases", d.Cases}} {
		rows = append(rows, []string{x.name, number(x.OnlyLive), number(x.OnlyCandidate), number(x.Both)})
	}
	if err := a.table(rows); err != nil || len(d.Changed) == 0 {
		return err
	}
	a.printf("\n")
	rows = [][]string{{"only in", "rule", "organizer", "month", "severity", "people said", "sentence"}}
	shown := 0
	for _, on := range []string{"live", "candidate"} {
		some := 0
		for _, c := range d.Changed {
			if c.On != on || some == shownChanges/2 {
				continue
			}
			some++
			name := on
			if on == "live" {
				name = "in force"
			}
			rows = append(rows, []string{
				name, fmt.Sprintf("%s@%d", c.RuleID, c.RuleVersion), c.OrganizerID, c.Month, string(c.Severity), outcomeWords(c.Decided), c.Sentence,
			})
		}
		shown += some
	}
	if err := a.table(rows); err != nil {
		return err
	}
	if rest := len(d.Changed) - shown; rest > 0 {
		a.printf("and %s more; -o json has all\n", number(rest))
	}
	return nil
}

func outcomeWords(o cases.Outcome) string {
	if o == "" {
		return "-"
	}
	return strings.ReplaceAll(string(o), "_", " ")
}

// portion is a part of one as a percentage; - where there is none.
func portion(p *float64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", *p*100)
}
