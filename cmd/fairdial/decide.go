package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"fairdial/enforcement"
)

// gate answers decisions from memory, for the daemon.
func (a *app) gate(s *services) (*enforcement.Gate, error) {
	return enforcement.NewGate(s.enforcer, enforcement.GateOptions{
		Marks: s.journal, Conn: s.store,
		Fail: enforcement.Answer(a.cfg.Enforcement.OnFailure), MaxAge: time.Duration(a.cfg.Enforcement.MaxAge),
	})
}

// decisionCollector tells how often which decision was given.
type decisionCollector struct{ gate *enforcement.Gate }

var decisionsGiven = prometheus.NewDesc("fairdial_decisions_total",
	"Decisions given, by answer; failed counts those given without knowing.", []string{"decision"}, nil)

func (decisionCollector) Describe(ch chan<- *prometheus.Desc) { ch <- decisionsGiven }

func (c decisionCollector) Collect(ch chan<- prometheus.Metric) {
	for answer, n := range c.gate.Answers() {
		ch <- prometheus.MustNewConstMetric(decisionsGiven, prometheus.CounterValue, float64(n), answer)
	}
}

func newDecide(a *app) *cobra.Command {
	var organizer, dialled string
	cmd := &cobra.Command{
		Use:   "decide --organizer ID [--number E164]",
		Short: "Answer what an organizer may do now: allow, throttle, deny",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if organizer == "" {
				return usagef("decide: --organizer is missing; give an object id or a user principal name")
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				d, err := s.enforcer.Decide(cmd.Context(), organizer, dialled, a.now())
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(d)
				}
				a.printf("%s: %s\n", d.Decision, oneLine(d.Reason))
				if d.Limits != nil {
					a.printf("limits: %d minutes an hour, %d legs\n", d.Limits.MinutesPerHour, d.Limits.Legs)
				}
				if d.Would != nil {
					a.printf("dry run: without it the answer would be %s\n", d.Would.Decision)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&organizer, "organizer", "", "object `ID` or user principal name")
	cmd.Flags().StringVar(&dialled, "number", "", "the number about to be dialled, `E164`")
	return cmd
}
