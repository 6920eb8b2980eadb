package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"fairdial/ingest"
)

func newQuarantine(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "Rows that could not be trusted: list, show, retry, replace, dismiss",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newQuarantineList(a), newQuarantineShow(a), newQuarantineRetry(a), newQuarantineReplace(a), newQuarantineDismiss(a))
	return cmd
}

func newQuarantineList(a *app) *cobra.Command {
	var f ingest.Filter
	cmd := &cobra.Command{
		Use:   "list [--tenant ID] [--all]",
		Short: "List rejected rows with file, position and reason",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				list, err := s.ingester.Quarantine(cmd.Context(), f)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(list)
				}
				names, err := s.tenantNames(cmd.Context())
				if err != nil {
					return err
				}
				rows := [][]string{{"rejection", "tenant", "file", ">position", "reason", "detail", "state"}}
				for _, r := range list {
					file := r.File
					if r.Member != "" {
						file += ": " + r.Member
					}
					rows = append(rows, []string{r.ID.String(), names.of(r.TenantID), file, number(r.Position), r.Reason, r.Detail, r.State})
				}
				return a.table(rows)
			})
		},
	}
	cmd.Flags().StringVar(&f.TenantID, "tenant", "", "tenant `ID`; default: all")
	cmd.Flags().BoolVar(&f.All, "all", false, "also rows that are resolved")
	return cmd
}

// rejected finds one row by its id.
func rejected(ctx context.Context, s *services, id string) (ingest.Rejected, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return ingest.Rejected{}, usagef("%q is no rejection id; see `fairdial quarantine list`", id)
	}
	list, err := s.ingester.Quarantine(ctx, ingest.Filter{ID: parsed, All: true})
	if err != nil {
		return ingest.Rejected{}, err
	}
	if len(list) == 0 {
		return ingest.Rejected{}, fmt.Errorf("%s: %w", id, ingest.ErrNotFound)
	}
	return list[0], nil
}

func newQuarantineShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show a rejected row whole, as it stood in its file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				r, err := rejected(cmd.Context(), s, args[0])
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(r)
				}
				a.printf("%s %s, %s at %d: %s (%s), %s\n", r.File, r.Member, r.Format, r.Position, r.Reason, r.Detail, r.State)
				if r.Header != "" {
					a.printf("%s\n", r.Header)
				}
				a.printf("%s\n", r.Raw)
				return nil
			})
		},
	}
}

func newQuarantineRetry(a *app) *cobra.Command {
	var tenant string
	var all bool
	cmd := &cobra.Command{
		Use:   "retry (ID... | --all [--tenant ID])",
		Short: "Read rejected rows again with the rules of today; good ones are stored",
		RunE: func(cmd *cobra.Command, ids []string) error {
			if all == (len(ids) > 0) {
				return usagef("quarantine retry: name the rows, or give --all")
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				var rows []ingest.Rejected
				for _, id := range ids {
					r, err := rejected(cmd.Context(), s, id)
					if err != nil {
						return err
					}
					rows = append(rows, r)
				}
				if all {
					var err error
					if rows, err = s.ingester.Quarantine(cmd.Context(), ingest.Filter{TenantID: tenant}); err != nil {
						return err
					}
				}
				done, err := s.ingester.Retry(cmd.Context(), a.actor, rows)
				if err != nil {
					return err
				}
				if err := a.showResolutions(done); err != nil || all {
					return err
				}
				return stillOpen(done)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "with --all: only rows of tenant `ID`")
	cmd.Flags().BoolVar(&all, "all", false, "every open row")
	return cmd
}

func newQuarantineReplace(a *app) *cobra.Command {
	var raw, reason string
	cmd := &cobra.Command{
		Use:   "replace ID (--row TEXT | --row -) --reason TEXT",
		Short: "Store a row as it should have been, in the format of the rejected one",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if raw == "" || reason == "" {
				return usagef("quarantine replace: --row and --reason are needed")
			}
			if raw == "-" {
				text, err := io.ReadAll(a.stdin)
				if err != nil {
					return fmt.Errorf("read the row from stdin: %w", err)
				}
				raw = strings.TrimRight(string(text), "\r\n")
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				r, err := rejected(cmd.Context(), s, args[0])
				if err != nil {
					return err
				}
				done, err := s.ingester.Replace(cmd.Context(), a.actor, reason, r, raw)
				if err != nil {
					return err
				}
				if err := a.showResolutions([]ingest.Resolution{done}); err != nil {
					return err
				}
				return stillOpen([]ingest.Resolution{done})
			})
		},
	}
	cmd.Flags().StringVar(&raw, "row", "", "the mended `row`; - for stdin")
	cmd.Flags().StringVar(&reason, "reason", "", "why this is what the row should say")
	return cmd
}

func newQuarantineDismiss(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "dismiss ID --reason TEXT",
		Short: "Decide that a rejected row is no usage",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("quarantine dismiss: --reason is missing")
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				r, err := rejected(cmd.Context(), s, args[0])
				if err != nil {
					return err
				}
				done, err := s.ingester.Dismiss(cmd.Context(), a.actor, reason, r)
				if err != nil {
					return err
				}
				return a.showResolutions([]ingest.Resolution{done})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why it is none")
	return cmd
}

// stillOpen is an error when rows that somebody named are as bad as before.
func stillOpen(done []ingest.Resolution) error {
	n := 0
	for _, r := range done {
		if r.State == "open" {
			n++
		}
	}
	if n > 0 {
		return fmt.Errorf("%d of %d rows cannot be trusted yet and stay in the quarantine", n, len(done))
	}
	return nil
}

func (a *app) showResolutions(done []ingest.Resolution) error {
	if a.output == "json" {
		return a.json(done)
	}
	if len(done) == 0 {
		a.printf("The quarantine is empty.\n")
		return nil
	}
	rows := [][]string{{"rejection", "state", "reason", "detail"}}
	for _, r := range done {
		rows = append(rows, []string{r.ID.String(), r.State, r.Reason, r.Detail})
	}
	return a.table(rows)
}
