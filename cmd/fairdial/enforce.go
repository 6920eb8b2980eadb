package main

import (
	"github.com/spf13/cobra"

	"fairdial/enforcement"
)

func newEnforce(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "enforce",
		Short: "Flag, throttle, suspend, reinstate organizers",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newEnforceRun(a), newEnforceList(a), newEnforceAct(a))
	return cmd
}

func newEnforceRun(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Do what the policy does by itself, once: flag, throttle, end what has run out",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				r, err := s.enforcer.Run(cmd.Context())
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(r)
				}
				note := ""
				if r.DryRun {
					note = " (dry run: recorded, nothing done)"
				}
				a.printf("%d open cases, %d actions wanted: %d flagged, %d throttled, %d held back, %d reinstated%s\n",
					r.Cases, r.Wanted, r.Flagged, r.Throttled, r.Held, r.Reinstated, note)
				return nil
			})
		},
	}
}

func newEnforceList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List where enforcement stands for every organizer it touched",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				states, err := s.enforcer.States(cmd.Context())
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(append([]enforcement.State{}, states...))
				}
				rows := [][]string{{"tenant", "organizer", "level", "until", "by", "reason"}}
				for _, st := range states {
					level := string(st.InForce(a.now()))
					if st.DryRun {
						level += " (dry run)"
					}
					rows = append(rows, []string{st.TenantID, st.OrganizerID, level, clock(st.Until), st.Actor, st.Reason})
				}
				return a.table(rows)
			})
		},
	}
}

func newEnforceAct(a *app) *cobra.Command {
	var r enforcement.Request
	var until string
	cmd := &cobra.Command{
		Use:   "act ACTION --tenant ID --organizer ID --reason TEXT",
		Short: "flag, throttle, suspend (a second person approves), approve, reinstate",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			action, err := enforcement.ParseAction(args[0])
			if err != nil {
				return usageError{err}
			}
			if r.TenantID == "" || r.OrganizerID == "" || r.Reason == "" {
				return usagef("enforce act: --tenant, --organizer and --reason are needed")
			}
			if until != "" {
				if r.Until, err = parseTime(until); err != nil {
					return err
				}
			}
			r.Action, r.Actor = action, a.actor
			return a.withStore(cmd.Context(), func(s *services) error {
				state, err := s.enforcer.Act(cmd.Context(), r)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(state)
				}
				a.printf("%s of tenant %s: %s until %s\n", state.OrganizerID, state.TenantID, state.Level, clock(state.Until))
				if state.DryRun {
					a.printf("Dry run (enforcement.dry_run): this is recorded and binds nobody.\n")
				}
				if state.Pending != nil {
					a.printf("The suspension waits for a second person: enforce act approve\n")
				}
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.TenantID, "tenant", "", "tenant `ID`")
	flags.StringVar(&r.OrganizerID, "organizer", "", "organizer `ID`")
	flags.StringVar(&r.Reason, "reason", "", "why; kept for ever")
	flags.StringVar(&r.CaseID, "case", "", "case `ID` it rests on")
	flags.StringVar(&until, "until", "", "`TIME` at which it ends by itself (default: enforcement.expiry from now)")
	return cmd
}
