package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairdial/config"
	"fairdial/ingest"
	"fairdial/source/graph"
)

func newSources(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "sources", Short: "Where usage arrives from by itself, and how each source fares", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSourcesList(a), newSourcesPoll(a), newSourcesStatus(a), newSourcesSync(a), newSourcesReport(a))
	return cmd
}

func newSourcesList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The configured sources", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			type item struct {
				Name     string `json:"name"`
				Kind     string `json:"kind"`
				Tenant   string `json:"tenant,omitempty"`
				From     string `json:"from"`
				Schedule string `json:"schedule,omitempty"`
			}
			all, rows := []item{}, [][]string{{"name", "kind", "tenant", "from", "schedule"}}
			for _, c := range a.cfg.Sources {
				c = c.Complete()
				i := item{Name: c.Name, Kind: c.Kind, Tenant: c.Tenant, Schedule: c.Schedule}
				switch c.Kind {
				case config.SourceGraph:
					i.From = "Graph, " + c.Cloud + ", app " + c.ClientID
				case config.SourceKafka:
					i.From = "Kafka, topic " + c.Topic + ", group " + c.Group
				case config.SourceS3:
					i.From = c.URL
				case config.SourcePush:
					i.From = "POST /api/v1/usage"
				default:
					i.From, i.Schedule = c.Path, a.cfg.Jobs.Inbox
				}
				all = append(all, i)
				rows = append(rows, []string{i.Name, i.Kind, or(i.Tenant, "by folder"), i.From, i.Schedule})
			}
			if a.output == "json" {
				return a.json(all)
			}
			if len(all) == 0 {
				a.printf("no source is configured; docs/operations.md says how to connect a tenant\n")
				return nil
			}
			return a.table(rows)
		},
	}
}

// polled is what became of one source's poll.
type polled struct {
	Name  string `json:"name"`
	Pages int    `json:"pages"` // or objects
	ingest.Counts
	Until time.Time `json:"until"` // UTC
	Error string    `json:"error,omitempty"`
}

func (p polled) row(until string) []string {
	return []string{
		p.Name, fmt.Sprint(p.Pages), number(p.Read), number(p.Accepted), number(p.Duplicate), number(p.Ignored), number(p.Rejected), until,
	}
}

func newSourcesPoll(a *app) *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "poll [NAME]... [--since TIME]",
		Short: "Ask Graph and object storage now: from where they stand, or Graph from a moment again",
		Long: `Ask the Graph sources named, or all of them, for what came since they were last read, less
the overlap. The first time this reaches back as far as sources.backfill says: that takes
a while and shows its progress. It may be interrupted at any time and goes on where it was.

With --since, everything from that moment on is read again; what is stored already counts
as duplicates. Sources in object storage are asked for objects that are new or have changed;
they are the pages counted. A source that fails does not stop the others.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			var from time.Time
			if since != "" {
				var err error
				if from, err = parseTime(since); err != nil {
					return err
				}
			}
			for _, name := range names {
				if !slices.ContainsFunc(a.cfg.Sources, func(c config.Source) bool {
					return c.Name == name && (c.Kind == config.SourceGraph || c.Kind == config.SourceS3)
				}) {
					return usagef("%q is no source of the configuration that can be asked; see fairdial sources list", name)
				}
			}
			return a.withStore(cmd.Context(), func(s *services) error { return a.pollAll(cmd.Context(), s, names, from) })
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "read again from this `TIME` on")
	return cmd
}

func (a *app) pollAll(ctx context.Context, s *services, names []string, since time.Time) error {
	f := a.feeds(s)
	all, bad := []polled{}, []error{}
	rows := [][]string{{"source", ">pages", ">read", ">accepted", ">duplicate", ">ignored", ">rejected", "read until"}}
	for _, c := range a.cfg.Sources {
		if c.Kind != config.SourceGraph && c.Kind != config.SourceS3 || len(names) > 0 && !slices.Contains(names, c.Name) {
			continue
		}
		if c.Kind == config.SourceS3 {
			r, err := f.fetch(ctx, c)
			p := polled{Name: c.Name, Pages: r.Objects, Counts: r.Counts}
			if err != nil {
				p.Error = err.Error()
				bad = append(bad, err)
			}
			all, rows = append(all, p), append(rows, p.row("-"))
			continue
		}
		bar := a.progress(c.Name, "hours")
		f.pollers[c.Name].Progress = func(done, total time.Duration) { bar.Set(int64(done.Hours()), int64(total.Hours())) }
		r, err := f.poll(ctx, c.Name, since)
		bar.Done()
		p := polled{Name: c.Name, Pages: r.Pages, Counts: r.Counts, Until: r.Until}
		if err != nil {
			p.Error = err.Error()
			bad = append(bad, err)
		}
		all = append(all, p)
		rows = append(rows, p.row(clock(r.Until)))
		if ctx.Err() != nil {
			break
		}
	}
	if len(all) == 0 {
		return usagef("sources poll: no source that can be asked is configured; docs/operations.md says how to connect a tenant")
	}
	var err error
	if a.output == "json" {
		err = a.json(all)
	} else {
		err = a.table(rows)
	}
	f.warnVanished(ctx, names)
	return errors.Join(append([]error{err}, bad...)...)
}

// warnVanished says where a source reaches further back than Graph keeps records.
func (f *feeds) warnVanished(ctx context.Context, names []string) {
	standings, err := f.standings(ctx)
	if err != nil {
		return // the poll's own result stands
	}
	for _, st := range standings {
		if st.Read == nil || len(names) > 0 && !slices.Contains(names, st.Name) {
			continue
		}
		country, kept := graph.Shortest(st.Countries)
		if gone := st.Read.ReadAt.Add(-kept); st.Read.From.Before(gone) && kept < graph.Retention("") {
			f.app.logger.Warn("Graph keeps the records of some users for less time than was asked for: older ones of theirs can only come from exports",
				"source", st.Name, "country", country, "days", int(kept.Hours()/24), "gone_before", clock(gone))
		}
	}
}

func newSourcesStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "What each source brought, how fresh it is and what is wrong with it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error { return a.showStatus(cmd.Context(), s) })
		},
	}
}

// status is one source as `sources status` tells of it.
type status struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Tenant string `json:"tenant,omitempty"`
	State  string `json:"state"` // fresh, new, or the gravest of its troubles
	ingest.Counts
	From     time.Time `json:"read_from,omitzero"`
	Until    time.Time `json:"read_until,omitzero"`
	LastNew  time.Time `json:"last_new,omitzero"`
	LatestBy time.Time `json:"due_by,omitzero"`
	Troubles []string  `json:"troubles,omitempty"`
}

func (a *app) showStatus(ctx context.Context, s *services) error {
	standings, err := a.feeds(s).standings(ctx)
	if err != nil {
		return err
	}
	all := []status{}
	rows := [][]string{{"source", "kind", "state", ">read", ">accepted", ">duplicate", ">ignored", ">rejected", "read until", "last new"}}
	for _, st := range standings {
		one := status{
			Name: st.Name, Kind: st.Kind, Tenant: st.TenantID, State: stateOf(st), Counts: st.Arrivals.Counts,
			LastNew: st.Arrivals.LastNew, LatestBy: st.LatestBy(),
		}
		if st.Read != nil {
			one.From, one.Until = st.Read.From, st.Read.Until
		}
		for i, t := range st.Troubles(a.now()) {
			if i == 0 {
				one.State = t.Kind
			}
			one.Troubles = append(one.Troubles, t.Says+"; "+t.Mend)
		}
		all = append(all, one)
		rows = append(rows, []string{
			one.Name, one.Kind, one.State, number(one.Read), number(one.Accepted), number(one.Duplicate), number(one.Ignored), number(one.Rejected),
			clock(one.Until), clock(one.LastNew),
		})
	}
	if a.output == "json" {
		return a.json(all)
	}
	if len(all) == 0 {
		a.printf("no source is configured; docs/operations.md says how to connect a tenant\n")
		return nil
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for _, one := range all {
		for _, t := range one.Troubles {
			a.printf("%s: %s\n", one.Name, oneLine(strings.TrimSpace(t)))
		}
	}
	return nil
}
