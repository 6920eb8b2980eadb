package main

import (
	"github.com/spf13/cobra"
)

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
