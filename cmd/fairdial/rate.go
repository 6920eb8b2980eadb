package main

import (
	"github.com/spf13/cobra"

	"fairdial/config"
	"fairdial/rating"
	"fairdial/rules/plan"
	"fairdial/usage"
)

// rater is the rating of the configured plan and licences.
func (a *app) rater(s *services) (*rating.Rater, error) {
	p := plan.Default()
	if a.cfg.Rating.Plan != "" {
		var err error
		if p, err = plan.Load(a.cfg.Rating.Plan); err != nil {
			return nil, err
		}
	}
	l := a.cfg.Licences
	identity := func(id config.Identity) plan.Identity { return plan.NewIdentity(id.ServicePlans, id.SKUPartNumbers) }
	return rating.New(rating.Options{
		Conn: s.store, Plan: p, Now: a.now, NewID: a.newID, Logger: a.logger,
		Identities: plan.Identities{
			Conferencing: identity(l.Conferencing), PayPerMinute: identity(l.PayPerMinute), Select: identity(l.Select),
			Addon: identity(l.Addon), Credits: identity(l.Credits),
		},
	})
}

func newRate(a *app) *cobra.Command {
	var months []string
	request := rating.Request{}
	cmd := &cobra.Command{
		Use:   "rate [--month YYYY-MM]... [--tenant ID]... [--force] [--without-addon]",
		Short: "Rate every call against add-on, pool, credits",
		Long: `Rate the tenant-months whose usage, licences, plan or rates changed since they were
rated last. A reader sees the old rating of a month until the new one is whole. Then pools
that reached a threshold are noticed (rating.pool_notices), each once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if request.Months, err = parseMonths(months); err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				bar := a.progress("rate", "months")
				request.Actor = a.actor
				request.Progress = func(done, total int) { bar.Set(int64(done), int64(total)) }
				report, err := s.rater.Rate(cmd.Context(), request)
				bar.Done()
				if err != nil {
					return err
				}
				notices, err := a.noticePools(cmd.Context(), s)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(ratedNow{report, append([]rating.PoolNotice{}, notices...)})
				}
				names, err := s.tenantNames(cmd.Context())
				if err != nil {
					return err
				}
				return a.showRating(report, notices, names)
			})
		},
	}
	cmd.Flags().StringArrayVar(&months, "month", nil, "`YYYY-MM` to rate; may be given more than once; default: every stale one")
	cmd.Flags().StringArrayVar(&request.Tenants, "tenant", nil, "tenant `ID` to rate; may be given more than once; default: all")
	cmd.Flags().BoolVar(&request.Force, "force", false, "rate also what is current")
	cmd.Flags().BoolVar(&request.WithoutAddon, "without-addon", false, "rate again without the add-on what was rated with it")
	return cmd
}

func parseMonths(texts []string) (months []usage.Month, err error) {
	for _, text := range texts {
		m, err := usage.ParseMonth(text)
		if err != nil {
			return nil, usageError{err}
		}
		months = append(months, m)
	}
	return months, nil
}

// ratedNow is what a rating did, and which pools were found to have reached a threshold.
type ratedNow struct {
	rating.Report
	PoolNotices []rating.PoolNotice `json:"pool_notices"`
}

func (a *app) showRating(report rating.Report, notices []rating.PoolNotice, names tenantNames) error {
	a.printf("%s looked at, %d rated\n", counted(report.Checked, "tenant-month"), len(report.Rated))
	if len(report.Rated) > 0 {
		rows := [][]string{{"tenant", "month", ">run"}}
		for _, r := range report.Rated {
			rows = append(rows, []string{names.of(r.TenantID), r.Month, number(r.Sequence)})
		}
		if err := a.table(rows); err != nil {
			return err
		}
	}
	for _, u := range report.Unsettled {
		a.printf("not rated: %s of %s was corrected while it was being rated; rate again\n", u.Month, oneLine(names.of(u.TenantID)))
	}
	if n := len(notices); n > 0 {
		a.printf("%s: see `fairdial pools notices`\n", counted(n, "pool notice"))
	}
	return nil
}
