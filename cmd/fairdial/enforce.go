package main

import (
	"time"

	"github.com/spf13/cobra"

	"fairdial/config"
	"fairdial/enforcement"
	"fairdial/usage"
)

// policy is the configuration's enforcement section in the words of the package.
func (a *app) policy() enforcement.Policy {
	e := a.cfg.Enforcement
	base := terms(e)
	p := enforcement.Policy{
		DryRun: e.DryRun, AutoFlagScore: base.AutoFlagScore, AutoThrottleScore: base.AutoThrottleScore,
		RequestThrottleScore: base.RequestThrottleScore, RequestSuspendScore: base.RequestSuspendScore,
		ThrottlePeople: base.ThrottlePeople, Throttle: base.Throttle, Expiry: base.Expiry,
		Protected:        e.Protected,
		GuardRail:        enforcement.GuardRail{ActionsPerHour: e.GuardRail.ActionsPerHour, TenantShare: e.GuardRail.TenantShare},
		UnknownOrganizer: enforcement.Answer(e.UnknownOrganizer),
		Stopped:          e.KillSwitch,
		Tenants:          map[string]enforcement.Terms{},
	}
	for _, t := range e.Tenants {
		p.Tenants[t.ID] = terms(t.Under(e))
	}
	return p
}

func terms(e config.Enforcement) enforcement.Terms {
	return enforcement.Terms{
		AutoFlagScore: e.AutoFlagScore, AutoThrottleScore: e.AutoThrottleScore,
		RequestThrottleScore: e.RequestThrottleScore, RequestSuspendScore: e.RequestSuspendScore,
		ThrottlePeople: e.ThrottlePeople,
		Throttle:       enforcement.Limits{MinutesPerHour: e.Throttle.MinutesPerHour, Legs: e.Throttle.Legs},
		Expiry:         time.Duration(e.Expiry),
	}
}

func newEnforce(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "enforce",
		Short: "Flag, throttle, suspend, reinstate organizers",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newEnforceRun(a), newEnforceList(a), newEnforceAct(a), newEnforceTurn(a, true), newEnforceTurn(a, false), newEnforceCarry(a), newEnforceScript(a), newEnforceBlocked(a))
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
				a.printf("%d open cases, %d actions wanted: %d flagged, %d throttled, %d held back, %d reinstated, %d requests to people%s\n",
					r.Cases, r.Wanted, r.Flagged, r.Throttled, r.Held, r.Reinstated, r.Requested, note)
				if r.Stopped {
					a.printf("The kill switch is on: nothing was done but to end what is over. fairdial enforce resume turns it off.\n")
				}
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
				names, err := s.tenantNames(cmd.Context())
				if err != nil {
					return err
				}
				known := s.people()
				rows := [][]string{{"tenant", "organizer", "id", "level", "until", "by", "reason", "waits for approval"}}
				for _, st := range states {
					level := string(st.InForce(a.now()))
					if st.DryRun {
						level += " (dry run)"
					}
					waits := ""
					if p := st.Pending; p != nil && a.now().Before(p.Until) {
						waits = string(p.What()) + ", asked for by " + p.Actor
					}
					who, err := known(cmd.Context(), st.TenantID, st.OrganizerID)
					if err != nil {
						return err
					}
					rows = append(rows, []string{names.of(st.TenantID), who, st.OrganizerID, level, clock(st.Until), st.Actor, usage.MaskNumbers(st.Reason), waits})
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
		Short: "flag, throttle, suspend (a second person approves), approve, reject, reinstate",
		Long: `Do one of these to an organizer:

  flag       people see it, calls go through
  throttle   calls go through within limits; takes two people where the policy says so
  suspend    asks for a suspension, which a second person approves
  approve    approve what was asked for
  reject     turn down what was asked for
  reinstate  lift whatever is in force or asked for

Each is kept with who, why, until when and on which case it rests.`,
		ValidArgs: []string{"flag", "throttle", "suspend", "approve", "reject", "reinstate"},
		Args:      cobra.ExactArgs(1),
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
				names, err := s.tenantNames(cmd.Context())
				if err != nil {
					return err
				}
				who, err := s.people()(cmd.Context(), state.TenantID, state.OrganizerID)
				if err != nil {
					return err
				}
				a.printf("%s of %s: %s until %s\n", oneLine(or(who, state.OrganizerID)), oneLine(names.of(state.TenantID)), state.Level, clock(state.Until))
				if state.DryRun {
					a.printf("Dry run (enforcement.dry_run): this is recorded and binds nobody.\n")
				}
				if state.Pending != nil {
					a.printf("To %s waits for another person: enforce act approve, or reject\n", state.Pending.What())
				}
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.TenantID, "tenant", "", "tenant `ID`")
	flags.StringVar(&r.OrganizerID, "organizer", "", "organizer `ID`")
	flags.StringVar(&r.Reason, "reason", "", "why; kept for ever")
	flags.StringVar(&r.CaseID, "case", "", "case `ID` it rests on; default: the organizer's open case of the highest risk")
	flags.StringVar(&until, "until", "", "`TIME` at which it ends by itself (default: enforcement.expiry from now)")
	return cmd
}

func newEnforceTurn(a *app, stop bool) *cobra.Command {
	use, short := "resume --reason TEXT", "Turn the kill switch off: the policy and what is in force hold again"
	if stop {
		use, short = "stop --reason TEXT", "Turn the kill switch on: nothing binds and nothing is done, from now on, everywhere"
	}
	var reason string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if reason == "" {
				return usagef("%s: --reason is missing", cmd.CommandPath())
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				after, err := s.enforcer.Turn(cmd.Context(), stop, a.actor, reason)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(after)
				}
				if stop {
					a.printf("Stopped. Every decision is allow until fairdial enforce resume.\n")
				} else {
					a.printf("Resumed.\n")
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept for ever")
	return cmd
}
