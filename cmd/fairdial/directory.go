package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"fairdial/usage"
)

func newDirectory(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "directory",
		Short: "Organizers and their licences",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDirectoryImport(a), newDirectoryLicences(a))
	return cmd
}

func newDirectoryImport(a *app) *cobra.Command {
	var tenant, at string
	cmd := &cobra.Command{
		Use:   "import --tenant ID PATH...",
		Short: "Store a snapshot: Graph users and subscribedSkus JSON, files or folders",
		Long: `Store how a tenant's directory looked at a moment. All users pages given together are
one snapshot. Licence intervals are worked out from assignedDateTime and from the
differences between snapshots, in whatever order they are imported.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			if tenant == "" {
				return usagef("directory import: --tenant ID is missing; it says whose directory this is")
			}
			when := a.now()
			if at != "" {
				var err error
				if when, err = parseTime(at); err != nil {
					return err
				}
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				report, err := s.directory.Import(cmd.Context(), tenant, when, paths)
				if err != nil {
					return err
				}
				for _, w := range report.Warnings {
					a.logger.Warn("directory import", "tenant", tenant, "warning", w)
				}
				if a.output == "json" {
					return a.json(report)
				}
				seen := func(unchanged bool) string {
					if unchanged {
						return " (as before)"
					}
					return ""
				}
				a.printf("%s users%s, %s SKUs%s, %s licence intervals\n",
					number(report.Users.Read), seen(report.Users.Unchanged),
					number(report.SKUs.Read), seen(report.SKUs.Unchanged), number(report.Licences))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID` whose directory this is")
	cmd.Flags().StringVar(&at, "at", "", "when the directory looked so, `TIME` as 2026-02-01 or RFC 3339 (default: now)")
	return cmd
}

func newDirectoryLicences(a *app) *cobra.Command {
	var tenant, organizer string
	cmd := &cobra.Command{
		Use:   "licences --tenant ID [--organizer ID]",
		Short: "List the intervals in which organizers held service plans",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if tenant == "" {
				return usagef("directory licences: --tenant ID is missing")
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				list, err := s.directory.Licences(cmd.Context(), tenant)
				if err != nil {
					return err
				}
				return a.showLicences(list, organizer)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`")
	cmd.Flags().StringVar(&organizer, "organizer", "", "organizer `ID`; default: all")
	return cmd
}

func (a *app) showLicences(list []usage.Licence, organizer string) error {
	type line struct {
		OrganizerID   string     `json:"organizer_id"`
		ServicePlanID string     `json:"service_plan_id"`
		HeldFrom      time.Time  `json:"held_from"`
		HeldTo        *time.Time `json:"held_to"` // null while still held
	}
	lines := []line{}
	rows := [][]string{{"organizer", "service plan", "held from", "held to"}}
	for _, l := range list {
		if organizer != "" && l.OrganizerID != organizer {
			continue
		}
		x := line{l.OrganizerID, l.ServicePlanID, l.From, nil}
		if !l.To.IsZero() {
			x.HeldTo = &l.To
		}
		lines = append(lines, x)
		rows = append(rows, []string{l.OrganizerID, l.ServicePlanID, clock(l.From), clock(l.To)})
	}
	if a.output == "json" {
		return a.json(lines)
	}
	return a.table(rows)
}

// parseTime reads a moment, in UTC where it does not say.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, usagef("%q is no time; write 2026-02-01, 2026-02-01T08:00:00Z or with an offset", text)
}

func newTenants(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tenants",
		Short: "Customer organisations",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "import FILE",
			Short: "Add or change tenants: [{id,name,country,segment,channel,communicationsCredits:{funded,currency}}]",
			Args:  cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				file, err := a.open(args[0])
				if err != nil {
					return err
				}
				defer file.Close()
				return a.withStore(cmd.Context(), func(s *services) error {
					report, err := s.directory.ImportTenants(cmd.Context(), file)
					if err != nil {
						return fmt.Errorf("%s: %w", args[0], err)
					}
					if a.output == "json" {
						return a.json(report)
					}
					a.printf("%d tenants: %d added, %d changed, %d as before\n", report.Read, report.Added, report.Changed, report.Unchanged)
					return nil
				})
			},
		},
		&cobra.Command{
			Use:   "list",
			Short: "List all tenants",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return a.withStore(cmd.Context(), func(s *services) error {
					list, err := s.directory.Tenants(cmd.Context())
					if err != nil {
						return err
					}
					if a.output == "json" {
						return a.json(append([]usage.Tenant{}, list...))
					}
					rows := [][]string{{"tenant", "name", "country", "segment", "channel", "credits"}}
					for _, t := range list {
						credits := "not funded"
						if t.Credits.Funded {
							credits = t.Credits.Currency
						}
						rows = append(rows, []string{t.ID, t.Name, t.Country, t.Segment, t.Channel, credits})
					}
					return a.table(rows)
				})
			},
		},
	)
	return cmd
}
