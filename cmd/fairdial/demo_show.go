package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fairdial/cases"
	"fairdial/usage"
)

// score is how many organizers of one kind have a case.
type score struct{ all, found int }

// showFound prints the cases against the labels of the simulation.
func (d *demo) showFound(ctx context.Context, s *services) error {
	list, err := s.cases.List(ctx, cases.Filter{})
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, c := range list {
		found[c.TenantID+"/"+c.OrganizerID] = true
	}
	abuse, honest := map[string]*score{}, map[string]*score{}
	labels, err := readLabels(filepath.Join(d.world, "labels.csv"))
	if err != nil {
		return err
	}
	for _, l := range labels {
		kinds, kind := honest, l["archetype"]
		if l["label"] == "abuse" {
			kinds, kind = abuse, l["scenario"]
		}
		if kinds[kind] == nil {
			kinds[kind] = &score{}
		}
		kinds[kind].all++
		if found[l["tenant_id"]+"/"+l["organizer_id"]] {
			kinds[kind].found++
		}
	}
	hit, abusers := total(abuse)
	wrong, others := total(honest)
	d.printf("\n%d cases. Of %d abusers %d have one (%s); of %s honest organizers %d do.\n",
		len(list), abusers, hit, share(hit, abusers), number(others), wrong)
	if err := d.table(scores("abuse", abuse)); err != nil {
		return err
	}
	d.printf("\n")
	if err := d.table(scores("honest", honest)); err != nil {
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

func total(kinds map[string]*score) (found, all int) {
	for _, k := range kinds {
		found += k.found
		all += k.all
	}
	return found, all
}

func scores(head string, kinds map[string]*score) [][]string {
	rows := [][]string{{head, ">organizers", ">with a case", ">share"}}
	for _, name := range slices.SortedFunc(maps.Keys(kinds), func(a, b string) int { return cmp.Compare(a, b) }) {
		k := kinds[name]
		rows = append(rows, []string{name, number(k.all), number(k.found), share(k.found, k.all)})
	}
	return rows
}

func share(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%d %%", part*100/whole)
}

// readLabels reads the simulation's labels, a map from column to value a row.
func readLabels(path string) ([]map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out := make([]map[string]string, 0, len(rows))
	for _, row := range rows[1:] {
		m := make(map[string]string, len(row))
		for i, v := range row {
			m[rows[0][i]] = v
		}
		out = append(out, m)
	}
	return out, nil
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
				minutes(int64(b.CreditsSeconds)), amounts(b.Credits, 0), minutes(int64(b.UnfundedSeconds)),
			})
		}
	}
	slices.SortStableFunc(rows[1:], func(a, b []string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	d.printf("\nWhat paid, in minutes:seconds\n")
	return d.table(rows)
}
