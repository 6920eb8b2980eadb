package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairdial/rules/rates"
	"fairdial/store/journal"
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
	var currency, from, reason string
	var gaps, mismatch, replace bool
	cmd := &cobra.Command{
		Use:   "import --from DATE [--currency CODE] [--replace --reason TEXT] FILE",
		Short: "Bring in a rate sheet (CSV with the published columns), in force from a date",
		Long: `Bring in a rate sheet. It is refused whole, with the rows named, where a row cannot be read,
two rows give one prefix a rate, numbers of a country are forgotten, or a row's destination
is another country than its prefix. A sheet from the same moment as another one of its
currency is refused unless --replace says that it takes the other's place, and --reason why.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if from == "" {
				return usagef("rates import: --from is missing; it says from when the sheet is in force")
			}
			if replace != (strings.TrimSpace(reason) != "") {
				return usagef("rates import: --replace and --reason go together")
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
					AllowMismatch: mismatch, Replace: replace, Reason: reason, Actor: a.actor,
				})
				if err != nil {
					return err
				}
				if err := a.notedReplaced(cmd.Context(), s, sheet); err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(sheet)
				}
				note := ""
				if sheet.Unchanged {
					note = " (as before)"
				}
				if sheet.Replaced != nil {
					note = " (in place of another)"
				}
				a.printf("%s: %s rates in %s from %s%s\n", args[0], number(sheet.Rows), sheet.Currency, sheet.ValidFrom.Format(time.DateOnly), note)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "`DATE` from which the sheet is in force")
	cmd.Flags().BoolVar(&gaps, "allow-gaps", false, "take a sheet that has rates for some numbers of a country and none for others")
	cmd.Flags().BoolVar(&mismatch, "allow-mismatch", false, "take a sheet with rows whose destination is another country than their prefix")
	cmd.Flags().BoolVar(&replace, "replace", false, "take the place of a sheet that is in force from the same moment")
	cmd.Flags().StringVar(&reason, "reason", "", "why it is replaced, for the record")
	cmd.Flags().StringVar(&currency, "currency", "", "ISO 4217 `CODE`; default: the one the header names")
	return cmd
}

// ratesStream is the stream of the journal that says which sheets took another's place. A
// subject is the currency and the moment.
const ratesStream = "rates"

// notedReplaced notes in the journal that a sheet took another's place, once.
func (a *app) notedReplaced(ctx context.Context, s *services, sheet rates.Stored) error {
	if sheet.Reason == "" {
		return nil
	}
	subject := sheet.Currency + "/" + sheet.ValidFrom.UTC().Format(time.RFC3339)
	history, err := s.journal.History(ctx, ratesStream, subject)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"sheet_id": sheet.ID, "file": sheet.File, "stored_at": sheet.StoredAt.UTC()})
	if err != nil {
		return err
	}
	if n := len(history); n > 0 && history[n-1].Body == string(body) {
		return nil // an import that was killed after the event is run again
	}
	return s.journal.Append(ctx, journal.Event{
		Stream: ratesStream, Subject: subject, Version: uint32(len(history)) + 1, Kind: "replaced", Actor: sheet.Actor, At: sheet.StoredAt,
		Reason: sheet.Reason, Body: string(body),
	})
}

func newRatesList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the rate sheets, those as well whose place others took",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				sheets, err := rates.All(cmd.Context(), s.store)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(sheets)
				}
				rows := [][]string{{"currency", "in force from", ">rates", "file", "stored", "state", "why in another's place"}}
				for _, s := range sheets {
					state := "counts"
					if s.ReplacedAt != nil {
						state = "replaced " + clock(*s.ReplacedAt)
					}
					rows = append(rows, []string{s.Currency, clock(s.ValidFrom), number(s.Rows), s.File, clock(s.StoredAt), state, s.Reason})
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
