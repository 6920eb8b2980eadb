package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/spf13/cobra"

	"fairdial/config"
	"fairdial/directory"
	"fairdial/enforcement"
	"fairdial/source"
	"fairdial/source/graph"
)

// graphSource is the configured Graph source of a name.
func (a *app) graphSource(name string) (config.Source, error) {
	i := slices.IndexFunc(a.cfg.Sources, func(c config.Source) bool { return c.Name == name && c.Kind == config.SourceGraph })
	if i < 0 {
		return config.Source{}, usagef("%q is no Graph source of the configuration; see fairdial sources list", name)
	}
	return a.cfg.Sources[i].Complete(), nil
}

// directorySync is what became of one synchronisation.
type directorySync struct {
	Name    string           `json:"name"`
	Changes graph.Synced     `json:"changes"`
	Import  directory.Report `json:"import"`
}

func (d directorySync) String() string {
	how := "by changes"
	if d.Changes.Whole {
		how = "whole"
	}
	return fmt.Sprintf("%d users, %d changed, %d removed (%s), %d licence intervals", d.Changes.Users, d.Changes.Changed, d.Changes.Removed, how, d.Import.Licences)
}

// directoryOf is the name under which the failures of a source's directory are kept.
func directoryOf(name string) string { return name + "/directory" }

// sync brings a tenant's users and licences up to date, and keeps how it went.
func (f *feeds) sync(ctx context.Context, c config.Source) (directorySync, error) {
	out, err := f.syncNow(ctx, c)
	if ctx.Err() != nil {
		return out, err
	}
	// What is done once a day is not tried again soon: any failure is somebody's to look at.
	return out, errors.Join(err, f.log.Note(ctx, directoryOf(c.Name), c.Tenant, err, err != nil))
}

func (f *feeds) syncNow(ctx context.Context, c config.Source) (directorySync, error) {
	out := directorySync{Name: c.Name}
	folder := filepath.Join(f.app.cfg.Store.Path, "directory", fmt.Sprintf("%016x", xxhash.Sum64String(c.Name+"\x00"+c.Directory)))
	at := f.app.now()
	var err error
	out.Changes, err = graph.Directory{Client: f.pollers[c.Name].Client, Folder: folder}.Sync(ctx)
	if err != nil {
		return out, fmt.Errorf("source %s: %w", c.Name, err)
	}
	if out.Import, err = f.s.directory.Import(ctx, c.Tenant, at, out.Changes.Files); err != nil {
		return out, fmt.Errorf("source %s: %w", c.Name, err)
	}
	return out, nil
}

func (f *feeds) beta(name string) bool {
	c, err := f.app.graphSource(name)
	return err == nil && c.Beta
}

// blockedSpan is how far back the log of blocked users is read each time: what stands in it
// already is known by its remediation id.
const blockedSpan = 30 * 24 * time.Hour

// blocked brings in whom the provider itself kept from calling.
func (f *feeds) blocked(ctx context.Context, p *graph.Poller) error {
	now := f.app.now()
	body, err := p.BlockedUsers(ctx, now.Add(-blockedSpan), now)
	if err != nil {
		return err
	}
	blocks, err := enforcement.ReadBlocks(bytes.NewReader(body))
	if err == nil {
		_, err = f.s.enforcer.ImportBlocks(ctx, p.TenantID, source.Actor(p.Name), blocks)
	}
	if err != nil {
		return fmt.Errorf("source %s: blocked users: %w", p.Name, err)
	}
	return nil
}

func newSourcesSync(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "sync NAME...",
		Short: "Synchronise users and licences of Graph sources",
		Long: `Ask Graph for the users that have changed since the last time (all of them the first time)
and for subscribedSkus, and store the snapshot. It needs the application permissions
User.Read.All and LicenseAssignment.Read.All. The daemon does it by directory_schedule.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			for _, name := range names {
				if _, err := a.graphSource(name); err != nil {
					return err
				}
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				f, all := a.feeds(s), []directorySync{}
				for _, name := range names {
					c, err := a.graphSource(name)
					if err != nil {
						return err
					}
					one, err := f.sync(cmd.Context(), c)
					if err != nil {
						return err
					}
					all = append(all, one)
				}
				if a.output == "json" {
					return a.json(all)
				}
				for _, one := range all {
					a.printf("%s: %s\n", one.Name, one)
				}
				return nil
			})
		},
	}
}

func newSourcesReport(a *app) *cobra.Command {
	var month, out string
	cmd := &cobra.Command{
		Use:   "report NAME --month YYYY-MM [--out FILE]",
		Short: "Fetch the provider's dial-out report of a month, for fairdial reconcile --report",
		Long: `Fetch getPstnOnlineMeetingDialoutReport, what the provider charged each organizer for in
total. The API is beta: the source must have beta: true.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.graphSource(args[0])
			if err != nil {
				return err
			}
			if !c.Beta {
				return usagef("sources report: the report is of Graph's beta API; set beta: true at the source %s to use it", c.Name)
			}
			m, err := needMonth(cmd, month)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				body, err := a.feeds(s).pollers[c.Name].DialoutReport(cmd.Context(), m.Start(time.UTC), m.End(time.UTC).Add(-time.Second))
				if err != nil {
					return err
				}
				if out == "" {
					_, err = a.stdout.Write(append(body, '\n'))
					return err
				}
				return os.WriteFile(out, body, 0o600)
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`, in UTC")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write; default: stdout")
	return cmd
}
