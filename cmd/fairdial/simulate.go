package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fairdial/simulate"
	"fairdial/usage"
)

func newSimulate(a *app) *cobra.Command {
	var out, from string
	options := simulate.Options{}
	cmd := &cobra.Command{
		Use:   "simulate --out DIR --seed N",
		Short: "Write a labelled workload: usage exports, directory, tenants, rates, labels",
		Long: `Write the usage exports and directory snapshots of invented tenants in the real formats,
with honest organizers of many kinds and every shape of abuse, and the labels that say
which is which. The same options give the same bytes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("simulate: --out DIR is missing")
			}
			if from != "" {
				m, err := usage.ParseMonth(from)
				if err != nil {
					return usageError{fmt.Errorf("--from: %w", err)}
				}
				options.From = m
			}
			for name, n := range map[string]int{"tenants": options.Tenants, "organizers": options.Organizers, "months": options.Months} {
				if n < 1 {
					return usagef("simulate: --%s %d: there must be at least one", name, n)
				}
			}
			bar := a.progress("simulate", "organizers")
			summary, err := simulate.Generate(cmd.Context(), out, options, bar.Set)
			bar.Done()
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(summary)
			}
			a.printf("%s: %d tenants, %s organizers (%d abusers), %s records, %s of them dial-out\n", out,
				summary.Tenants, number(summary.Organizers), summary.Abusers, number(summary.Records), number(summary.ConfOut))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&out, "out", "", "`folder` to write to; made if it is not there")
	flags.Uint64Var(&options.Seed, "seed", 1, "the same seed gives the same workload")
	flags.IntVar(&options.Tenants, "tenants", 8, "how many tenants")
	flags.IntVar(&options.Organizers, "organizers", 4000, "how many organizers, over all tenants")
	flags.IntVar(&options.Months, "months", 3, "how many months")
	flags.StringVar(&from, "from", "", "first month, `YYYY-MM` (default 2026-01)")
	flags.Float64Var(&options.Volume, "volume", 1, "factor on honest traffic")
	flags.Float64Var(&options.Intensity, "intensity", 1, "factor on abuse")
	flags.BoolVar(&options.Strange, "strange", false, "a world unlike the ordinary one: other volumes, hours, people and abuse")
	flags.Float64Var(&options.AbuserShare, "abusers", 0.04, "share of organizers who abuse")
	return cmd
}
