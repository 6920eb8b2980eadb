package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"fairdial/ingest"
)

func newIngest(a *app) *cobra.Command {
	var tenant, mappingFile string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "ingest --tenant ID [--mapping FILE] [--dry-run] PATH...",
		Short: "Store usage files: CSV, ZIP, Graph JSON, JSON Lines; folders; - for stdin",
		Long: `Store usage files of one tenant. The format is recognised by content. Every record is
stored once: the same file again adds nothing, a record with other content replaces
the old one. A row that cannot be trusted goes to the quarantine, whole.

Every file is counted: read = accepted + duplicate + ignored + rejected. Ignored is a
valid record of a call type that is not rated; it is kept.

Other layouts of call records are read by a mapping file (docs/mapping.md), which says what
their columns mean. --dry-run stores nothing and shows the first ten rows as they would be
taken.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			mapping, err := readMapping(mappingFile)
			if err != nil {
				return err
			}
			if dryRun {
				return a.previewIngest(cmd.Context(), mapping, paths)
			}
			if tenant == "" {
				return usagef("ingest: --tenant ID is missing; it says whose usage this is")
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				bar := a.progress("ingest", "bytes")
				report, err := s.ingester.With(mapping).Ingest(cmd.Context(), tenant, a.actor, paths, bar)
				bar.Done()
				if err != nil {
					return err
				}
				if err := a.showIngest(report); err != nil {
					return err
				}
				return failedFiles(report)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID` whose usage this is")
	cmd.Flags().StringVar(&mappingFile, "mapping", "", "mapping `FILE` of another layout")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "store nothing; show the first ten rows as they would be taken")
	return cmd
}

func (a *app) showIngest(report ingest.Report) error {
	if a.output == "json" {
		return a.json(report)
	}
	rows := [][]string{{"file", "format", ">read", ">accepted", ">duplicate", ">ignored", ">rejected"}}
	row := func(name, format string, c ingest.Counts) []string {
		return []string{name, format, number(c.Read), number(c.Accepted), number(c.Duplicate), number(c.Ignored), number(c.Rejected)}
	}
	for _, f := range report.Files {
		rows = append(rows, row(f.File, string(f.Format), f.Counts))
	}
	rows = append(rows, row("total", "", report.Total))
	if err := a.table(rows); err != nil {
		return err
	}
	for _, f := range report.Files {
		for _, m := range f.Broken {
			a.printf("NOT READ: %s (%s)\n", oneLine(m.File), m.Reason)
		}
	}
	for _, s := range report.Skipped {
		a.printf("passed over: %s (%s)\n", oneLine(s.File), s.Reason)
	}
	if report.Total.Rejected > 0 {
		a.printf("Rejected rows are kept: fairdial quarantine list\n")
	}
	return nil
}

// failedFiles is an error when a file could not be read (to its end).
func failedFiles(report ingest.Report) error {
	var bad []error
	for _, f := range report.Files {
		if f.Error != "" {
			bad = append(bad, errors.New(f.Error))
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d files could not be read:\n%w", len(bad), len(report.Files), errors.Join(bad...))
}

func newLedger(a *app) *cobra.Command {
	var tenant string
	list := &cobra.Command{
		Use:   "list [--tenant ID]",
		Short: "List every file read, with what became of its rows",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				entries, err := s.ingester.Ledger(cmd.Context(), tenant)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(entries)
				}
				names, err := s.tenantNames(cmd.Context())
				if err != nil {
					return err
				}
				rows := [][]string{{"tenant", "file", "format", "state", ">read", ">accepted", ">duplicate", ">ignored", ">rejected", "stored", "by"}}
				for _, e := range entries {
					rows = append(rows, []string{
						names.of(e.TenantID), e.File, e.Format, e.State, number(e.Read), number(e.Accepted), number(e.Duplicate),
						number(e.Ignored), number(e.Rejected), clock(e.At), e.Actor,
					})
				}
				return a.table(rows)
			})
		},
	}
	list.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`; default: all")
	cmd := &cobra.Command{
		Use: "ledger", Short: "What every usage file brought", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(list)
	return cmd
}
