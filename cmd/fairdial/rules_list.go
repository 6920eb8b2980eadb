package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"fairdial/detector"
	"fairdial/rules"
)

// ruleLine is a rule in `rules list`.
type ruleLine struct {
	ID         string           `json:"id"`
	Version    int              `json:"version"`
	Status     rules.Status     `json:"status"`
	Verdict    string           `json:"verdict"`
	Family     string           `json:"family"`
	Title      string           `json:"title"`
	Unit       string           `json:"unit"`
	Thresholds rules.Thresholds `json:"thresholds"`
	// Record is how the rule has done; nil where there is no store to tell.
	Record *detector.Record `json:"record,omitempty"`
}

func newRulesList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the rules in force: the built-in pack, and rules.path over it",
		Long: `List the rules in force: the built-in pack, and rules.path over it. The status is the
rule's stage: experimental runs in dry runs and backtests, shadow is recorded and opens
nothing, live counts. Where there is a store, each has how many findings it made, about
how many organizers, and its precision: the confirmed part of what people decided on the
cases of those organizers.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := a.rulePack()
			if err != nil {
				return err
			}
			records, err := a.records(cmd.Context())
			if err != nil {
				a.logger.WarnContext(cmd.Context(), "the rules are listed without how they have done", "error", err)
			}
			return a.showRules(all, records)
		},
	}
}

// records is how the rules have done; nil where there is no store yet, which a list of
// rules does not make.
func (a *app) records(ctx context.Context) (out map[string]detector.Record, err error) {
	if _, err := os.Stat(a.cfg.Store.Path); a.cfg.Store.DSN == "" && err != nil {
		return nil, nil //nolint:nilerr // no store is no mistake
	}
	err = a.withStore(ctx, func(s *services) error {
		d, err := a.newDetector(s)
		if err != nil {
			return err
		}
		out, err = d.Records(ctx)
		return err
	})
	return out, err
}

func (a *app) showRules(all rules.Pack, records map[string]detector.Record) error {
	lines := []ruleLine{}
	rows := [][]string{{"rule", ">version", "status", "verdict", "family", ">findings", ">organizers", ">confirmed", ">dismissed", ">precision", "what it looks for"}}
	for _, r := range all {
		line := ruleLine{
			ID: r.ID, Version: r.Version, Status: r.Status, Verdict: string(r.Verdict), Family: r.Family, Title: r.Title,
			Unit: r.Unit, Thresholds: r.Thresholds,
		}
		row := []string{r.ID, number(r.Version), string(r.Status), string(r.Verdict), r.Family, "-", "-", "-", "-", "-", r.Title}
		if records != nil {
			record := records[r.ID] // zeros where it has found nothing
			line.Record = &record
			row[5], row[6] = number(record.Findings), number(record.Organizers)
			row[7], row[8] = number(record.Reviewed.Confirmed), number(record.Reviewed.Dismissed)
			row[9] = portion(record.Reviewed.Precision)
		}
		lines = append(lines, line)
		rows = append(rows, row)
	}
	if a.output == "json" {
		return a.json(lines)
	}
	return a.table(rows)
}
