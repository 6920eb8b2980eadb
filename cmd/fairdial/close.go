package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairdial/rating"
	"fairdial/usage"
)

func newClose(a *app) *cobra.Command {
	var month string
	var tenants []string
	var req rating.CloseRequest
	cmd := &cobra.Command{
		Use:   "close --month YYYY-MM [--tenant ID]... --actor NAME [--reason TEXT] [--force]",
		Short: "Freeze the statement of a month; list and verify closed ones",
		Long: `Freeze the statements of a month. It is refused while records may still arrive
(finance.latency after the month's end), while rejected rows that may be of the month wait
for a decision, and while the rating is not up to date; --force with a reason closes all
the same. What changes afterwards is an adjustment in the next month that is open.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if req.Month, err = needMonth(cmd, month); err != nil {
				return err
			}
			if req.Actor == "" {
				return usagef("%s: --actor is missing: who closes the month", cmd.CommandPath())
			}
			if req.Force && req.Reason == "" {
				return usagef("%s: --force needs --reason", cmd.CommandPath())
			}
			return a.withStore(cmd.Context(), func(s *services) error { return a.closeMonth(cmd, s, req, tenants) })
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	cmd.Flags().StringArrayVar(&tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all that are rated")
	cmd.Flags().StringVar(&req.Actor, "actor", "", "`name` of who closes")
	cmd.Flags().StringVar(&req.Reason, "reason", "", "why; needed with --force")
	cmd.Flags().BoolVar(&req.Force, "force", false, "close although something speaks against it")
	cmd.AddCommand(newCloseList(a), newCloseVerify(a), newCloseExport(a))
	return cmd
}

// notClosed is a tenant-month that was left open.
type notClosed struct {
	TenantID string `json:"tenant_id"`
	Error    string `json:"error"`
}

func (a *app) closeMonth(cmd *cobra.Command, s *services, req rating.CloseRequest, tenants []string) error {
	if len(tenants) == 0 {
		all, err := s.books.Statements(cmd.Context(), req.Month, nil)
		if err != nil {
			return err
		}
		for _, st := range all {
			if st.Closed == nil {
				tenants = append(tenants, st.TenantID)
			}
		}
		// Those whose usage nobody rated are refused by name, not left out.
		stale, err := s.rater.Stale(cmd.Context(), []usage.Month{req.Month}, nil)
		if err != nil {
			return err
		}
		for _, t := range stale {
			if !slices.ContainsFunc(all, func(st rating.Statement) bool { return st.TenantID == t.TenantID }) {
				tenants = append(tenants, t.TenantID)
			}
		}
		if len(tenants) == 0 {
			return fmt.Errorf("%s: nothing was closed: no tenant has an open statement of that month", req.Month)
		}
	}
	result := struct {
		Closed []rating.Closing `json:"closed"`
		Open   []notClosed      `json:"open"`
	}{[]rating.Closing{}, []notClosed{}}
	var refused []error
	for _, tenant := range tenants {
		req.TenantID, req.Account = tenant, a.actor
		c, err := s.books.Close(cmd.Context(), req)
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		if err != nil {
			refused = append(refused, err)
			result.Open = append(result.Open, notClosed{tenant, err.Error()})
			continue
		}
		result.Closed = append(result.Closed, c)
	}
	if a.output == "json" {
		if err := a.json(result); err != nil {
			return err
		}
	} else if err := a.showClosings(cmd.Context(), s, result.Closed); err != nil {
		return err
	}
	names, err := s.tenantNames(cmd.Context())
	if err != nil {
		return err
	}
	for i, r := range refused {
		// Who reads it knows the tenant by name.
		if notReady, ok := errors.AsType[*rating.NotReadyError](r); ok {
			refused[i] = fmt.Errorf("%s of %s is not ready to be closed: %s", notReady.Month, oneLine(names.of(notReady.TenantID)), strings.Join(notReady.Because, "; "))
		}
	}
	return errors.Join(refused...)
}

func (a *app) showClosings(ctx context.Context, s *services, all []rating.Closing) error {
	if len(all) == 0 {
		return nil
	}
	names, err := s.tenantNames(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"tenant", "month", "state", "by", "account", "at", ">run", ">rows", "sha-256", "reason", "closed although"}}
	for _, c := range all {
		rows = append(rows, []string{
			names.of(c.TenantID), c.Month, c.State, c.Actor, or(c.Account, "-"), clock(c.At), number(c.Sequence), number(c.Rows), c.SHA256[:min(16, len(c.SHA256))], c.Reason, strings.Join(c.Forced, "; "),
		})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for _, c := range all {
		for _, note := range c.Notes {
			a.printf("%s of %s: %s\n", c.Month, oneLine(names.of(c.TenantID)), note)
		}
	}
	return nil
}

// monthIfGiven is the zero month where none is.
func monthIfGiven(text string) (usage.Month, error) {
	if text == "" {
		return usage.Month{}, nil
	}
	m, err := usage.ParseMonth(text)
	if err != nil {
		return m, usageError{err}
	}
	return m, nil
}

func newCloseList(a *app) *cobra.Command {
	var month string
	var tenants []string
	cmd := &cobra.Command{
		Use:   "list [--month YYYY-MM] [--tenant ID]",
		Short: "Months that were closed or opened again, by whom and why",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := monthIfGiven(month)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				all, err := s.books.ClosingHistory(cmd.Context(), m, tenants)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(all)
				}
				if len(all) == 0 {
					a.printf("no month was closed\n")
				}
				return a.showClosings(cmd.Context(), s, all)
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`; default: all")
	cmd.Flags().StringArrayVar(&tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	return cmd
}

func newCloseVerify(a *app) *cobra.Command {
	var month string
	var tenants []string
	cmd := &cobra.Command{
		Use:   "verify [--month YYYY-MM] [--tenant ID]",
		Short: "Read the frozen rows of closed months again and compare their hash",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := monthIfGiven(month)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				all, err := s.books.Verify(cmd.Context(), m, tenants)
				if err != nil {
					return err
				}
				names, err := s.tenantNames(cmd.Context())
				if err != nil {
					return err
				}
				bad := 0
				rows := [][]string{{"tenant", "month", ">rows", "sha-256", "verdict"}}
				for _, v := range all {
					verdict := []string{"as it was closed"}
					if !v.OK {
						bad++
						verdict = v.Problems
					}
					for _, text := range verdict {
						rows = append(rows, []string{names.of(v.TenantID), v.Month, number(v.Rows), v.SHA256[:min(16, len(v.SHA256))], text})
					}
				}
				if a.output == "json" {
					err = a.json(all)
				} else {
					err = a.table(rows)
				}
				if err == nil && bad > 0 {
					err = fmt.Errorf("%d closed statements are not what was closed", bad)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`; default: all")
	cmd.Flags().StringArrayVar(&tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	return cmd
}

func newReopen(a *app) *cobra.Command {
	var month, tenant, actor, reason string
	cmd := &cobra.Command{
		Use:   "reopen --month YYYY-MM --tenant ID --actor NAME --reason TEXT",
		Short: "Open a closed month again; another person than who closed it must",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := needMonth(cmd, month)
			if err != nil {
				return err
			}
			if tenant == "" || actor == "" || reason == "" {
				return usagef("%s: --tenant, --actor and --reason are needed", cmd.CommandPath())
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				c, err := s.books.Reopen(cmd.Context(), m, tenant, actor, a.actor, reason)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(c)
				}
				return a.showClosings(cmd.Context(), s, []rating.Closing{c})
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`")
	cmd.Flags().StringVar(&actor, "actor", "", "`name` of who opens it")
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}
