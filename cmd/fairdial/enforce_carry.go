package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/enforcement/carry"
)

// carrier brings about at the provider what is decided.
func (a *app) carrier(s *services) (*carry.Carrier, error) {
	var adapters []carry.Adapter
	for _, cfg := range a.cfg.Enforcement.Adapters {
		var adapter carry.Adapter
		var err error
		switch cfg.Kind {
		case "webhook":
			adapter, err = carry.NewWebhook(cfg.Name, cfg.URL, cfg.Secret.Reveal(), a.now)
		case "graph":
			adapter, err = carry.NewGraph(carry.GraphOptions{
				Name: cfg.Name, BaseURL: cfg.URL, TokenURL: cfg.TokenURL, ClientID: cfg.ClientID,
				ClientSecret: cfg.Secret.Reveal(), Scope: cfg.Scope, SKUs: cfg.SKUs,
			})
		default:
			dialOut := map[enforcement.Level]carry.DialOut{}
			for level, to := range map[enforcement.Level]string{
				enforcement.LevelThrottle: cfg.ThrottleDialOut, enforcement.LevelSuspend: cfg.SuspendDialOut,
			} {
				if to != "" {
					dialOut[level] = carry.DialOut(to)
				}
			}
			adapter, err = carry.NewTeams(cfg.Name, cfg.Command, dialOut)
		}
		if err != nil {
			return nil, fmt.Errorf("enforcement.adapters: %w", err)
		}
		adapters = append(adapters, carry.For{Adapter: adapter, Tenants: cfg.Tenants})
	}
	return carry.New(carry.Options{
		States: s.enforcer, Journal: s.journal, Adapters: adapters, Now: a.now, NewID: a.newID, Logger: a.logger,
	})
}

func newEnforceCarry(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "carry",
		Short: "Bring about at the provider what is decided, once: by the configured adapters",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				c, err := a.carrier(s)
				if err != nil {
					return err
				}
				r, err := c.Run(cmd.Context())
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(r)
				}
				a.printf("%s\n", carried(r))
				if r.Failed > 0 {
					return fmt.Errorf("%d changes failed: %s; they are tried again", r.Failed, r.Problem)
				}
				return nil
			})
		},
	}
}

func newEnforceScript(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "script",
		Short: "Write the PowerShell script that an adapter of the kind teams runs",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { a.printf("%s", carry.TeamsScript); return nil },
	}
}

func carried(r carry.Report) string {
	return fmt.Sprintf("%d changed, %d failed, %d waiting", r.Changed, r.Failed, r.Waiting)
}

func newEnforceBlocked(a *app) *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use:   "blocked [--tenant ID FILE...]",
		Short: "Import the provider's log of blocked users (getPstnBlockedUsersLog), or list it",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && tenant == "" {
				return usagef("enforce blocked: --tenant ID is missing")
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				if len(args) == 0 {
					return a.listBlocked(cmd, s)
				}
				var total enforcement.Imported
				for _, name := range args {
					file, err := os.Open(name)
					if err != nil {
						return err
					}
					blocks, err := enforcement.ReadBlocks(file)
					_ = file.Close()
					if err != nil {
						return fmt.Errorf("%s: %w", name, err)
					}
					r, err := s.enforcer.ImportBlocks(cmd.Context(), tenant, a.actor, blocks)
					if err != nil {
						return err
					}
					total.Read, total.New, total.Duplicate = total.Read+r.Read, total.New+r.New, total.Duplicate+r.Duplicate
				}
				if a.output == "json" {
					return a.json(total)
				}
				a.printf("%d read, %d new, %d duplicate\n", total.Read, total.New, total.Duplicate)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`")
	return cmd
}

func (a *app) listBlocked(cmd *cobra.Command, s *services) error {
	events, err := s.enforcer.ProviderBlocks(cmd.Context())
	if err != nil {
		return err
	}
	type line struct {
		CaseID      string `json:"case_id"` // that is about it; empty where detection saw nothing
		TenantID    string `json:"tenant_id"`
		OrganizerID string `json:"organizer_id"`
		Mode        string `json:"mode"`
		At          string `json:"at"`
		Reason      string `json:"reason"`
	}
	lines := []line{}
	names, err := s.tenantNames(cmd.Context())
	if err != nil {
		return err
	}
	all, err := s.cases.List(cmd.Context(), cases.Filter{})
	if err != nil {
		return err
	}
	known := s.people()
	rows := [][]string{{"at", "tenant", "organizer", "id", "mode", "reason", "case"}}
	for _, e := range events {
		about := enforcement.CaseAbout(all, e.TenantID, e.OrganizerID)
		lines = append(lines, line{about, e.TenantID, e.OrganizerID, e.Kind, clock(e.At), e.Reason})
		who, err := known(cmd.Context(), e.TenantID, e.OrganizerID)
		if err != nil {
			return err
		}
		rows = append(rows, []string{clock(e.At), names.of(e.TenantID), who, e.OrganizerID, e.Kind, e.Reason, or(about, "none")})
	}
	if a.output == "json" {
		return a.json(lines)
	}
	return a.table(rows)
}
