package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"fairdial/scorecard"
)

// callsFile is the file beside the labels that names the abusive calls.
const callsFile = "abusive_calls.csv"

func newEvaluate(a *app) *cobra.Command {
	var labels, calls, save string
	threshold := 0
	cmd := &cobra.Command{
		Use:   "evaluate --labels FILE [--calls FILE] [--threshold N] [--save FILE]",
		Short: "Score detection against labels: precision, recall, delay, what a risk means",
		Long: `Set what detection found in the store (run detect over the time first) against a file of
labels: precision and recall of alerts, the area under precision over recall, what a risk
of ninety means, the delay from the first abusive call, the abusive minutes still to come
at the alert, false positives among honest organizers by kind and tenure, and each rule's
precision.

Labels are CSV with the columns tenant_id, organizer_id and label (abuse or honest), and
scenario, archetype, first_abusive_at and last_abusive_at where there are such. Abusive
calls are CSV with tenant_id and usage_id; abusive_calls.csv beside the labels by default.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if labels == "" {
				return usagef("evaluate: --labels FILE is missing")
			}
			if !cmd.Flags().Changed("threshold") {
				threshold = a.alertScore()
			}
			if threshold < 1 || threshold > 100 {
				return usagef("evaluate: --threshold %d: want 1 to 100", threshold)
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				organizers, err := evaluate(cmd.Context(), s, labels, calls, threshold)
				if err != nil {
					return err
				}
				if save != "" {
					if err := saveOrganizers(save, organizers); err != nil {
						return err
					}
				}
				card := scorecard.New(organizers, threshold)
				if a.output == "json" {
					return a.json(card)
				}
				return a.showCard(card)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&labels, "labels", "", "CSV `file` that says who abuses")
	flags.StringVar(&calls, "calls", "", "CSV `file` of the abusive calls (default: "+callsFile+" beside the labels, if it is there)")
	flags.IntVar(&threshold, "threshold", 0, "`risk` from which a case is an alert (default: detection.open_score, or slack.min_score if that is more)")
	flags.StringVar(&save, "save", "", "`file` to keep each organizer's figures in, for fairdial scorecard")
	return cmd
}

// alertScore is the risk from which people hear of a case.
func (a *app) alertScore() int { return max(a.cfg.Detection.OpenScore, a.cfg.Slack.MinScore, 1) }

func evaluate(ctx context.Context, s *services, labels, calls string, threshold int) ([]scorecard.Organizer, error) {
	known, err := readFile(labels, scorecard.ReadLabels)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	named := calls
	if named == "" {
		named = filepath.Join(filepath.Dir(labels), callsFile)
	}
	abusive, err := readFile(named, scorecard.ReadCalls)
	if calls == "" && errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("abusive calls: %w", err)
	}
	return scorecard.Read(ctx, s.store, known, abusive, threshold)
}

func saveOrganizers(path string, organizers []scorecard.Organizer) error {
	text, err := json.Marshal(organizers)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("keep the figures of organizers: %w", err)
	}
	return nil
}
