package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairdial/alerting"
	"fairdial/alerting/chart"
	"fairdial/cases"
)

// alerter tells people of cases: in Slack where there is a token, else in the log and
// the store.
func (a *app) alerter(s *services) (*alerting.Alerter, error) {
	zone, err := time.LoadLocation(a.cfg.Slack.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("slack.time_zone: %w", err)
	}
	options := alerting.Options{
		Chart: func(ctx context.Context, c cases.Case) (alerting.Picture, error) {
			if c.OrganizerID == "" {
				return alerting.Picture{}, nil
			}
			minutes, err := chart.Minutes(ctx, s.store, c.TenantID, c.OrganizerID, c.UpdatedAt)
			if err != nil {
				return alerting.Picture{}, err
			}
			png, err := chart.Draw(minutes)
			return alerting.Picture{PNG: png, Says: chart.Says(minutes)}, err
		},
		PassEvery: interval(a.cfg.Jobs.Enforce, a.now()),
		Storm:     alerting.Storm{Over: a.cfg.Slack.Storm.Over, Window: time.Duration(a.cfg.Slack.Storm.Window)},
		Cases:     s.cases, Journal: s.journal, Enforcement: s.enforcer, Channel: a.cfg.Slack.Channel, OnCall: a.cfg.Slack.OnCallChannel, Finance: a.cfg.Slack.FinanceChannel,
		MinScore: a.cfg.Slack.MinScore, BaseURL: a.cfg.HTTP.ExternalURL, Now: a.now, NewID: a.newID, Logger: a.logger,
	}
	if options.Outlets, err = a.outlets(); err != nil {
		return nil, err
	}
	if err = a.routes(&options, zone); err != nil {
		return nil, err
	}
	if a.cfg.Slack.Token != "" {
		slack, err := alerting.NewSlack(alerting.SlackOptions{
			Token: alerting.NewToken(a.cfg.Slack.Token.Reveal()), APIURL: a.cfg.Slack.APIURL,
		})
		if err != nil {
			return nil, err
		}
		options.Sender, options.Buttons = slack, a.offersButtons()
	}
	return alerting.New(options)
}

func newAlert(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alert",
		Short: "Tell people of new and changed cases, once",
		Long: `Tell of every case that is new or has changed since it was told of: in Slack where a
token is configured, else in the log and the store. A message is sent once, whatever
crashes in between.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				report, err := s.alerter.Run(cmd.Context())
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(report)
				}
				a.printf("%d cases: %s\n", report.Cases, told(report))
				if report.Failed > 0 {
					return fmt.Errorf("%d messages were not taken: %s; the next run tries again", report.Failed, report.Problem)
				}
				return nil
			})
		},
	}
	cmd.AddCommand(newAlertList(a), newAlertTest(a), newAlertRetry(a), newAlertDigest(a))
	return cmd
}

func told(r alerting.Report) string {
	return fmt.Sprintf("%d posted, %d updated, %d in threads, %d logged, %d in digests, %d elsewhere, %d muted, %d failed, %d left for later",
		r.Posted, r.Updated, r.Replied, r.Logged, r.Digested, r.Elsewhere, r.Muted, r.Failed, r.Deferred)
}

func newAlertList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List what was told, of which case, when and why",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				entries, err := s.alerter.List(cmd.Context())
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(append([]alerting.Entry{}, entries...))
				}
				rows := [][]string{{"sent", "case", "channel", "kind", "why", "text"}}
				for _, e := range entries {
					first, _, _ := strings.Cut(e.Text, "\n")
					rows = append(rows, []string{clock(e.SentAt), e.CaseID, e.Channel, e.Kind, e.Reason, first})
				}
				return a.table(rows)
			})
		},
	}
}

func newAlertTest(a *app) *cobra.Command {
	var channel string
	cmd := &cobra.Command{
		Use:   "test [--channel NAME]",
		Short: "Send a test message, and say what the token cannot do",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				tested, err := s.alerter.Test(cmd.Context(), or(channel, a.cfg.Slack.Channel))
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(tested)
				}
				a.printf("sent to %s\n", or(channel, a.cfg.Slack.Channel))
				for _, l := range tested.Lacking {
					a.printf("lacking: %s\n", l)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&channel, "channel", "", "channel `NAME` or id; default: slack.channel")
	return cmd
}
