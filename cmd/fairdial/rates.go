package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"fairdial/rules/rates"
)

func newRates(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rates",
		Short: "Rate sheets: what a minute costs from Communications Credits",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRatesImport(a), newRatesList(a))
	return cmd
}

func newRatesImport(a *app) *cobra.Command {
	var currency, from string
	var gaps bool
	cmd := &cobra.Command{
		Use:   "import --from DATE [--currency CODE] FILE",
		Short: "Bring in a rate sheet (CSV with the published columns), in force from a date",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if from == "" {
				return usagef("rates import: --from is missing; it says from when the sheet is in force")
			}
			validFrom, err := parseTime(from)
			if err != nil {
				return err
			}
			file, err := a.open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			return a.withStore(cmd.Context(), func(s *services) error {
				sheet, err := rates.Import(cmd.Context(), s.store, rates.Source{
					Reader: file, File: args[0], Currency: currency, ValidFrom: validFrom, StoredAt: a.now(), AllowGaps: gaps,
				})
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(sheet)
				}
				note := ""
				if sheet.Unchanged {
					note = " (as before)"
				}
				a.printf("%s: %s rates in %s from %s%s\n", args[0], number(sheet.Rows), sheet.Currency, sheet.ValidFrom.Format(time.DateOnly), note)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "`DATE` from which the sheet is in force")
	cmd.Flags().BoolVar(&gaps, "allow-gaps", false, "take a sheet that has rates for some numbers of a country and none for others")
	cmd.Flags().StringVar(&currency, "currency", "", "ISO 4217 `CODE`; default: the one the header names")
	return cmd
}

func newRatesList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the rate sheets",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				sheets, err := rates.List(cmd.Context(), s.store)
				if err != nil {
					return err
				}
				if a.output == "json" {
					if sheets == nil {
						sheets = []rates.Stored{}
					}
					return a.json(sheets)
				}
				rows := [][]string{{"currency", "in force from", ">rates", "file"}}
				for _, s := range sheets {
					rows = append(rows, []string{s.Currency, clock(s.ValidFrom), number(s.Rows), s.File})
				}
				return a.table(rows)
			})
		},
	}
}

// open opens a file named on the command line; "-" is stdin.
func (a *app) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(a.stdin), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return file, nil
}
