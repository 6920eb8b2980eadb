package main

import (
	"fmt"
	"io"
	"os"

	"fairdial/scorecard"
)

// readFile reads a file with a reader's function.
func readFile[T any](path string, read func(io.Reader) (T, error)) (T, error) {
	var none T
	file, err := os.Open(path)
	if err != nil {
		return none, err
	}
	defer file.Close()
	out, err := read(file)
	if err != nil {
		return none, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// showCard prints a scorecard.
func (a *app) showCard(c scorecard.Card) error {
	if err := a.showFound(c); err != nil {
		return err
	}
	a.printf("\nWhat a risk means, over all cases (Brier score %.3f):\n", c.Brier)
	rows := [][]string{{"risk", ">cases", ">abuse", ">share", ">mean risk", ">95 % of truths"}}
	for _, b := range c.Reliability {
		rows = append(rows, []string{
			fmt.Sprintf("%d-%d", b.From, b.To), number(b.Abuse.Whole), number(b.Abuse.Part), ratio(b.Abuse),
			fmt.Sprintf("%.1f %%", 100*b.Mean), fmt.Sprintf("%.0f-%.0f %%", 100*b.Low, 100*b.High),
		})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	a.printf("\n")
	rows = [][]string{{"honest, by tenure", ">organizers", ">with an alert", ">share"}}
	for _, g := range c.Tenures {
		rows = append(rows, []string{g.Name, number(g.FalsePositives.Whole), number(g.FalsePositives.Part), ratio(g.FalsePositives)})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	a.printf("\n")
	rows = [][]string{{"rule", ">organizers", ">abuse", ">share", ">by it alone", ">abuse", ">share"}}
	for _, r := range c.Rules {
		rows = append(rows, []string{
			r.ID, number(r.Precision.Whole), number(r.Precision.Part), ratio(r.Precision),
			number(r.Alone.Whole), number(r.Alone.Part), ratio(r.Alone),
		})
	}
	return a.table(rows)
}

// showFound prints who was found, and how soon.
func (a *app) showFound(c scorecard.Card) error {
	a.printf("\n%s alerts (risk %d or more). Of %s abusers %s have one: recall %s, precision %s, area under the curve %.3f.\n",
		number(c.Alerts), c.Threshold, number(c.Abusers), number(c.Recall.Part), ratio(c.Recall), ratio(c.Precision), c.PRAUC)
	a.printf("From the first abusive call to the alert: median %.1f h, nine of ten within %.1f h. Abusive minutes still to come then: %s.\n",
		c.Delay.Median, c.Delay.P90, ratio(c.ToCome))
	rows := [][]string{{"abuse", ">organizers", ">with an alert", ">share", ">median hours", ">p90 hours", ">minutes to come"}}
	for _, s := range c.Shapes {
		rows = append(rows, []string{
			s.Name, number(s.Recall.Whole), number(s.Recall.Part), ratio(s.Recall),
			fmt.Sprintf("%.1f", s.Delay.Median), fmt.Sprintf("%.1f", s.Delay.P90), ratio(s.ToCome),
		})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	a.printf("\n")
	rows = [][]string{{"honest", ">organizers", ">with an alert", ">share"}}
	for _, g := range c.Archetypes {
		rows = append(rows, []string{g.Name, number(g.FalsePositives.Whole), number(g.FalsePositives.Part), ratio(g.FalsePositives)})
	}
	return a.table(rows)
}

func ratio(s scorecard.Share) string {
	v, ok := s.Of()
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*v)
}
