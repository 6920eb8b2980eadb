package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"fairdial/alerting"
	"fairdial/cases"
	"fairdial/usage"
)

// routes puts the configured channels and quiet hours into an alerter's options.
func (a *app) routes(into *alerting.Options, zone *time.Location) (err error) {
	if into.Quiet, err = alerting.ParseQuiet(a.cfg.Slack.QuietHours, zone); err != nil {
		return fmt.Errorf("slack.quiet_hours: %w", err)
	}
	tagged := false
	for i, r := range a.cfg.Slack.Routes {
		route := alerting.Route{Tenants: r.Tenants, Tags: r.Tags, Channel: r.Channel}
		for _, s := range r.Severities {
			route.Severities = append(route.Severities, cases.Severity(s))
		}
		if route.Quiet, err = alerting.ParseQuiet(r.QuietHours, zone); err != nil {
			return fmt.Errorf("slack.routes[%d].quiet_hours: %w", i, err)
		}
		tagged = tagged || len(r.Tags) > 0
		into.Routes = append(into.Routes, route)
	}
	if !tagged {
		return nil
	}
	if _, err := a.rulePack(); err != nil {
		return err
	}
	into.Tags = func(ruleID string) []string {
		r, _ := a.inForce.Load().Rule(ruleID)
		return r.Tags
	}
	return nil
}

func newAlertRetry(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "retry",
		Short: "Try again what was given up after a day of failures",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				n, err := s.alerter.Retry(cmd.Context(), a.actor)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(map[string]int{"retried": n})
				}
				a.printf("%d messages are tried again by the next run\n", n)
				return nil
			})
		},
	}
}

// checkDelivery says what could not be told.
func (a *app) checkDelivery(ctx context.Context, s *services) check {
	h, err := s.alerter.Health(ctx)
	switch {
	case err != nil:
		return check{Name: "alerts", Says: err.Error(), Mend: "see the store"}
	case h.Dead > 0:
		return check{Name: "alerts", Says: fmt.Sprintf("%d messages were given up after a day, the oldest since %s: %s", h.Dead, clock(h.Oldest), h.Detail), Mend: "mend the reason, then fairdial alert retry"}
	case h.Failing > 0:
		return check{Name: "alerts", OK: true, Says: fmt.Sprintf("%d messages fail since %s and are tried again: %s", h.Failing, clock(h.Oldest), h.Detail), State: standsLook}
	}
	return check{Name: "alerts", OK: true, Says: "nothing waits to be delivered"}
}

// checkSwitch says whether somebody turned the kill switch.
func (a *app) checkSwitch(ctx context.Context, s *services) check {
	stop, err := s.enforcer.Switch(ctx)
	switch {
	case err != nil:
		return check{Name: "kill switch", Says: err.Error(), Mend: "see the store"}
	case stop.Stopped:
		return check{Name: "kill switch", OK: true, Says: fmt.Sprintf("on since %s, by %s: %s. Nothing is enforced", clock(stop.At), stop.Actor, usage.MaskNumbers(stop.Reason)), Mend: "fairdial enforce resume --reason TEXT lets it go on", State: standsLook}
	}
	return check{Name: "kill switch", OK: true, Says: "off"}
}

// healthCollector tells what could not be delivered.
type healthCollector struct{ alerter *alerting.Alerter }

var (
	deadLetters = prometheus.NewDesc("fairdial_alert_dead_letters", "Alerts given up after a day of failures; more than 0 needs a hand.", nil, nil)
	failing     = prometheus.NewDesc("fairdial_alert_failing", "Alerts that failed at the latest try and are tried again.", nil, nil)
)

func (healthCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- deadLetters
	ch <- failing
}

func (c healthCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	h, err := c.alerter.Health(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(deadLetters, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(deadLetters, prometheus.GaugeValue, float64(h.Dead))
	ch <- prometheus.MustNewConstMetric(failing, prometheus.GaugeValue, float64(h.Failing))
}

// troubles are what an operator should know of a daemon that is ready all the same.
func (s *services) troubles(ctx context.Context) []string {
	var out []string
	h, err := s.alerter.Health(ctx)
	switch {
	case err != nil:
		out = append(out, "alerts: the store does not tell how they fare")
	case h.Dead > 0:
		out = append(out, fmt.Sprintf("alerts: %d messages were given up after a day; see fairdial doctor", h.Dead))
	}
	if stop, err := s.enforcer.Switch(ctx); err == nil && stop.Stopped {
		out = append(out, "enforcement: the kill switch is on; fairdial enforce resume turns it off")
	}
	return out
}
