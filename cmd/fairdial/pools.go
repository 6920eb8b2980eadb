package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"fairdial/alerting"
	"fairdial/rating"
	"fairdial/usage"
)

func newPools(a *app) *cobra.Command {
	var month, at string
	var rated bool
	request := rating.PoolsRequest{Top: 5}
	cmd := &cobra.Command{
		Use:   "pools [--month YYYY-MM] [--tenant ID]... [--at TIME] [--top N]",
		Short: "The tenants' minute pools: used, left, when they will be empty, and who drew most",
		Long: `Where each pool of a month stands: its size, what is used and left, the day on which it is
expected to be empty, and who drew most. The pool of the free subscription to US and Canada
is a line of its own.

The forecast goes on from the newest call known, day by day: what calls asked of the pool on
each day of the week over the last eight weeks, on average, is taken to be asked again. With
less than a week known it is one rate for all days. No day is named where the pool is
expected to last.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if at != "" {
				if request.At, err = parseTime(at); err != nil {
					return err
				}
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				if month == "" && at != "" {
					request.Month = s.rater.MonthOf(request.At)
				} else if request.Month, err = ratedMonth(cmd, s, month); err != nil {
					return err
				}
				r, err := s.reader(cmd.Context(), request.Tenants, rated)
				if err != nil {
					return err
				}
				all, err := r.Pools(cmd.Context(), request)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(all)
				}
				if err := a.tellShown(cmd.Context(), s, r, request.Month, request.Tenants); err != nil {
					return err
				}
				return a.showPools(request.Month, all)
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`; default: the month of --at, or the newest one that is rated")
	cmd.Flags().StringArrayVar(&request.Tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	cmd.Flags().StringVar(&at, "at", "", "as of this `TIME`, leaving out calls that begin later; default: now")
	cmd.Flags().IntVar(&request.Top, "top", request.Top, "how many of those who drew most are named")
	ratedFlag(cmd, &rated)
	cmd.AddCommand(newPoolsHistory(a), newPoolsNotices(a), newPoolsCheck(a))
	return outputs(cmd, "text", "json")
}

// ratedMonth is the month asked for, or the newest that is rated.
func ratedMonth(cmd *cobra.Command, s *services, text string) (usage.Month, error) {
	if text != "" {
		return needMonth(cmd, text)
	}
	m, ok, err := s.rater.NewestMonth(cmd.Context())
	if err == nil && !ok {
		err = fmt.Errorf("%w: run `fairdial rate` first", rating.ErrNotRated)
	}
	return m, err
}

func (a *app) showPools(month usage.Month, all []rating.PoolStanding) error {
	if len(all) == 0 {
		a.printf("no tenant of %s is rated\n", month)
		return nil
	}
	rows := [][]string{{"tenant", "pool", ">licences", ">size", ">used", ">left", ">used %", "empty", "calls known until"}}
	for _, p := range all {
		empty := "not expected"
		switch {
		case p.EmptyAt != nil:
			empty = clock(*p.EmptyAt)
		case p.Forecast.EmptyOn != "":
			empty = "expected " + p.Forecast.EmptyOn
		case p.Forecast.LeftAtEnd == nil:
			empty = p.Forecast.Method
		}
		known := "-"
		if p.DataUntil != nil {
			known = clock(*p.DataUntil)
		}
		licences := number(p.Licences)
		if !p.LicencesKnown {
			licences = "not known"
		}
		rows = append(rows, []string{
			or(p.TenantName, p.TenantID), p.Pool, licences, minutes(p.Seconds), minutes(p.Used), minutes(p.Left),
			fmt.Sprintf("%d.%d", p.UsedPermille/10, p.UsedPermille%10), empty, known,
		})
	}
	a.printf("pools of %s\n", month)
	if err := a.table(rows); err != nil {
		return err
	}
	rows = [][]string{{"tenant", "pool", ">rank", "organizer", ">calls", ">drawn"}}
	for _, p := range all {
		for _, d := range p.DrainedBy {
			rows = append(rows, []string{or(p.TenantName, p.TenantID), p.Pool, number(d.Rank), or(d.UPN, d.OrganizerID), number(d.Calls), minutes(d.Drawn)})
		}
	}
	if len(rows) > 1 {
		a.printf("\n")
		return a.table(rows)
	}
	return nil
}

func newPoolsNotices(a *app) *cobra.Command {
	var month, tenant string
	cmd := &cobra.Command{
		Use:   "notices [--month YYYY-MM] [--tenant ID]",
		Short: "Which pools reached 80 % and 100 %, and when that was noticed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var m usage.Month
			if month != "" {
				var err error
				if m, err = needMonth(cmd, month); err != nil {
					return err
				}
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				all, err := s.rater.PoolNotices(cmd.Context(), s.journal, m, tenant)
				if err != nil {
					return err
				}
				return a.showNotices(cmd.Context(), s, all)
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`; default: all")
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`; default: all")
	return outputs(cmd, "text", "json")
}

func newPoolsCheck(a *app) *cobra.Command {
	return outputs(&cobra.Command{
		Use:   "check",
		Short: "Notice pools that reached a threshold; it is done after every rating",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				all, err := s.rater.NoticePools(cmd.Context(), s.journal, a.cfg.Rating.PoolNotices, a.actor)
				if err != nil {
					return err
				}
				return a.showNotices(cmd.Context(), s, all)
			})
		},
	}, "text", "json")
}

func (a *app) showNotices(ctx context.Context, s *services, all []rating.PoolNotice) error {
	if a.output == "json" {
		if all == nil {
			all = []rating.PoolNotice{}
		}
		return a.json(all)
	}
	if len(all) == 0 {
		a.printf("no notices\n")
		return nil
	}
	names, err := s.tenantNames(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"noticed", "tenant", "month", "pool", ">percent", ">used", ">size", "reached by", "at"}}
	for _, n := range all {
		rows = append(rows, []string{
			clock(n.NoticedAt), names.of(n.TenantID), n.Month, n.Pool, number(n.Threshold), minutes(n.Used), minutes(n.Seconds), n.UsageID, clock(n.CrossedAt),
		})
	}
	return a.table(rows)
}

// noticePools writes the notices that are due and tells them in the log.
func (a *app) noticePools(ctx context.Context, s *services) ([]rating.PoolNotice, error) {
	all, err := s.rater.NoticePools(ctx, s.journal, a.cfg.Rating.PoolNotices, "system:rate")
	recent := a.recentMonths()
	for _, n := range all {
		level := slog.LevelInfo
		if slices.Contains(recent, n.Month) {
			level = slog.LevelWarn
		}
		a.logger.Log(ctx, level, "a pool is used up to a threshold", "tenant", n.TenantID, "month", n.Month, "pool", n.Pool,
			"percent", n.Threshold, "used_seconds", n.Used, "size_seconds", n.Seconds, "crossed_at", n.CrossedAt)
	}
	return all, err
}

// recentMonths are this month and the one before: what lies further back is history that
// was brought in.
func (a *app) recentMonths() []string {
	now := usage.MonthOf(a.now(), time.UTC)
	return []string{now.String(), usage.MonthOf(now.Start(time.UTC).AddDate(0, 0, -1), time.UTC).String()}
}

// tellPools has the notices of recent months told where cases are; the others stand in the
// log.
func (a *app) tellPools(ctx context.Context, s *services) (int, error) {
	all, err := s.rater.PoolNotices(ctx, s.journal, usage.Month{}, "")
	if err != nil {
		return 0, err
	}
	var recent []alerting.PoolUse
	names, months := map[string]string{}, a.recentMonths()
	for _, n := range all {
		if !slices.Contains(months, n.Month) {
			continue
		}
		recent = append(recent, alerting.PoolUse{
			TenantID: n.TenantID, Month: n.Month, Pool: n.Pool, Threshold: n.Threshold, Used: n.Used, Size: n.Seconds, CrossedAt: n.CrossedAt,
		})
	}
	if len(recent) == 0 {
		return 0, nil
	}
	tenants, err := s.directory.Tenants(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range tenants {
		names[t.ID] = t.Name
	}
	for i := range recent {
		recent[i].Tenant = names[recent[i].TenantID]
	}
	return s.alerter.Pools(ctx, recent)
}
