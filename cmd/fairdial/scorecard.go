package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"fairdial/scorecard"
)

func newScorecard(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "scorecard FILE...",
		Short: "Write Markdown of several evaluations, pooled and one by one",
		Long: `Read what evaluate --save kept of several stores, and write the figures of all organizers
together and of each file, as Markdown or JSON. make scorecard does all of it on simulated
worlds.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var runs []scorecard.Run
			var all []scorecard.Organizer
			for _, path := range args {
				organizers, err := readFile(path, readOrganizers)
				if err != nil {
					return err
				}
				name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
				runs, all = append(runs, scorecard.Run{Name: name, Organizers: organizers}), append(all, organizers...)
			}
			if a.output == "json" {
				return a.json(scorecard.New(all, a.alertScore()))
			}
			return scorecard.WriteMarkdown(a.stdout, runs, a.alertScore())
		},
	}
}

func readOrganizers(r io.Reader) ([]scorecard.Organizer, error) {
	var out []scorecard.Organizer
	if err := json.NewDecoder(r).Decode(&out); err != nil {
		return nil, fmt.Errorf("it is not what evaluate --save writes: %w", err)
	}
	return out, nil
}
