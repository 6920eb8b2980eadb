package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"fairdial/cases"
	"fairdial/scorecard"
	"fairdial/usage"
)

// showScores prints the cases against the labels of the simulation.
func (d *demo) showScores(ctx context.Context, s *services) error {
	organizers, err := evaluate(ctx, s, filepath.Join(d.world, "labels.csv"), "", d.alertScore())
	if err != nil {
		return err
	}
	if err := d.showFound(scorecard.New(organizers, d.alertScore())); err != nil {
		return err
	}
	list, err := s.cases.List(ctx, cases.Filter{})
	if err != nil {
		return err
	}
	d.printf("\nThe ten highest risks:\n")
	if err := d.showCases(list[:min(10, len(list))]); err != nil || len(list) == 0 {
		return err
	}
	return d.showMessage(ctx, s, list[0])
}

// showMessage prints what people are told of a case.
func (d *demo) showMessage(ctx context.Context, s *services, c cases.Case) error {
	entries, err := s.alerter.List(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.CaseID == c.ID && e.Text != "" {
			d.printf("\nThe first as Slack would tell it:\n%s\n", indent(e.Text))
			break
		}
	}
	return nil
}

func indent(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = "  | " + oneLine(line)
	}
	return strings.Join(lines, "\n")
}

// showBalances prints where each tenant stands, month by month.
func (d *demo) showBalances(ctx context.Context, s *services) error {
	rows := [][]string{{"tenant", "month", ">add-on", ">pool used", ">of", ">credits", ">charged", ">unfunded"}}
	end := usage.MonthOf(d.to, d.to.Location())
	for m := usage.MonthOf(d.from, d.from.Location()); m != end; m = m.Next() {
		balances, err := s.rater.Balance(ctx, m)
		if err != nil {
			return err
		}
		for _, b := range balances {
			var used, size int64
			for _, p := range b.Pools {
				used += p.Used
				size += p.Seconds
			}
			rows = append(rows, []string{
				b.TenantName, b.Month, minutes(int64(b.AddonSeconds)), minutes(used), minutes(size),
				minutes(int64(b.CreditsSeconds)), amounts(b.Credits, b.UnpricedCalls), minutes(int64(b.UnfundedSeconds)),
			})
		}
	}
	slices.SortStableFunc(rows[1:], func(a, b []string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	d.printf("\nWhat paid, in minutes:seconds\n")
	return d.table(rows)
}
