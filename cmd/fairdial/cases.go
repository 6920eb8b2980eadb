package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairdial/cases"
	"fairdial/usage"
)

func newCases(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cases",
		Short: "Review organizers that stand out: list, show, act",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCasesList(a), newCasesShow(a), newCasesAct(a))
	return cmd
}

func newCasesList(a *app) *cobra.Command {
	var f cases.Filter
	var status string
	var overdue bool
	cmd := &cobra.Command{
		Use:   "list [--tenant ID] [--organizer ID] [--status S] [--min-score N] [--overdue]",
		Short: "List all cases ever opened, the highest risk first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.Status = cases.Status(status)
			known := []cases.Status{"", cases.StatusOpen, cases.StatusAcknowledged, cases.StatusClosed}
			if !slices.Contains(known, f.Status) {
				return usagef("cases list: --status %s is not one of open, acknowledged, closed", status)
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				list, err := s.cases.List(cmd.Context(), f)
				if err != nil {
					return err
				}
				if overdue {
					list = slices.DeleteFunc(list, func(c cases.Case) bool { return !c.Overdue(a.now()) })
				}
				if a.output == "json" {
					return a.json(list)
				}
				return a.showCases(list)
			})
		},
	}
	cmd.Flags().StringVar(&f.TenantID, "tenant", "", "tenant `ID`")
	cmd.Flags().StringVar(&f.OrganizerID, "organizer", "", "organizer `ID`")
	cmd.Flags().StringVar(&status, "status", "", "open, acknowledged or closed")
	cmd.Flags().IntVar(&f.MinScore, "min-score", 0, "lowest risk, 0 to 100")
	cmd.Flags().BoolVar(&overdue, "overdue", false, "only those that nobody has looked at in time (detection.respond_within)")
	return cmd
}

func (a *app) showCases(list []cases.Case) error {
	if len(list) == 0 {
		a.printf("No cases.\n")
		return nil
	}
	rows := [][]string{{"case", ">risk", "severity", "status", "organizer", "tenant", ">minutes", "opened", "why"}}
	for _, c := range list {
		why := ""
		if len(c.Findings) > 0 {
			why = c.Findings[0].RuleID
		}
		if more := len(c.Findings) - 1; more > 0 {
			why += " and " + number(more) + " more"
		}
		rows = append(rows, []string{
			c.ID, number(c.Score), string(c.Severity), string(c.Status), or(c.OrganizerName, c.OrganizerID),
			or(c.TenantName, c.TenantID), number(c.ExposureSeconds / 60), clock(c.OpenedAt), why,
		})
	}
	return a.table(rows)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func newCasesShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show a case: why, the calls that prove it, what happened to it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				history, err := s.cases.History(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				c := history[len(history)-1].State
				if a.output == "json" {
					return a.json(struct {
						cases.Case
						Events []cases.Event `json:"events"`
					}{c, history})
				}
				a.showCase(c, history)
				return nil
			})
		},
	}
}

// enough is how many of the calls that prove a finding a terminal shows.
const enough = 5

func (a *app) showCase(c cases.Case, history []cases.Event) {
	a.printf("%s  risk %d, %s, %s %s\n", c.ID, c.Score, c.Severity, c.Status, c.Outcome)
	a.printf("organizer  %s %s (%s)\n", masked(c.OrganizerName), masked(c.OrganizerUPN), c.OrganizerID)
	a.printf("tenant     %s (%s)\n", masked(c.TenantName), c.TenantID)
	a.printf("opened     %s, updated %s\n", clock(c.OpenedAt), clock(c.UpdatedAt))
	switch {
	case c.RingCase != "":
		a.printf("ring       part of %s\n", c.RingCase)
	case len(c.Members) > 0:
		a.printf("ring       of %s: %s\n", counted(len(c.Members), "organizer"), oneLine(strings.Join(c.Members, " ")))
	}
	if !c.RespondedAt.IsZero() {
		a.printf("responded  %s\n", clock(c.RespondedAt))
	} else if !c.DueAt.IsZero() {
		late := ""
		if c.Overdue(a.now()) {
			late = ", overdue"
		}
		a.printf("due        %s%s\n", clock(c.DueAt), late)
	}
	a.printf("exposure   %s minutes, %s %s\n", number(c.ExposureSeconds/60), c.ExposureAmount.StringFixed(2), c.Currency)
	for _, f := range c.Findings {
		a.printf("\n%s (%s@%d, %s, %s)\n", masked(f.Sentence), f.RuleID, f.RuleVersion, f.Severity, f.Verdict)
		a.printf("  window %s to %s; proved by %s, the first of them %s\n", clock(f.WindowStart), clock(f.WindowEnd), counted(f.Calls, "call"), strings.Join(f.UsageIDs[:min(enough, len(f.UsageIDs))], " "))
	}
	a.printf("\n")
	for _, e := range history {
		a.printf("%s  %s by %s  %s\n", clock(e.At), e.Kind, e.Actor, masked(e.Reason))
	}
}

// masked is a text of somebody's on one line, with the last four digits of phone numbers.
func masked(text string) string { return oneLine(usage.MaskNumbers(text)) }

// The actions as people type them.
var caseActions = map[string]string{
	"acknowledge": cases.KindAcknowledged, "assign": cases.KindAssigned, "snooze": cases.KindSnoozed,
	"expected": cases.KindExpected, "confirm": cases.KindConfirmed, "dismiss": cases.KindDismissed,
	"note": cases.KindNoted, "reopen": cases.KindReopened, "appeal": cases.KindAppealed,
	"merge": cases.KindMerged, "leave": cases.KindLeft,
}

func newCasesAct(a *app) *cobra.Command {
	var action cases.Action
	var cause string
	var hours int
	cmd := &cobra.Command{
		Use:   "act ID ACTION [--reason TEXT]",
		Short: "acknowledge, assign, snooze, expected, confirm, dismiss, note, reopen, appeal, merge, leave",
		Long: `Do something about a case. merge --with CASE makes it the case of a ring: what is decided
about it is decided about each of its members, whose own cases point to it; leave takes a
member's case out again. snooze and expected end by themselves (--hours), and are about all
rules of the case unless --rule names some.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, known := caseActions[args[1]]
			if !known {
				return usagef("cases act: %q is not one of acknowledge, assign, snooze, expected, confirm, dismiss, note, reopen, appeal, merge, leave", args[1])
			}
			action.Kind, action.Actor, action.Cause = kind, a.actor, cases.Cause(cause)
			if cause != "" && !slices.Contains(cases.Causes(), action.Cause) {
				return usagef("cases act: --cause %s is not one of %v", cause, cases.Causes())
			}
			if action.LacksReason() {
				return usagef("cases act %s: --reason is missing", args[1])
			}
			now := a.now()
			if kind == cases.KindSnoozed && hours <= 0 {
				return usagef("cases act snooze: --hours %d is no time to be quiet for", hours)
			}
			if kind == cases.KindMerged && len(action.Cases) == 0 {
				return usagef("cases act merge: --with CASE is missing")
			}
			if kind == cases.KindAssigned && action.Assignee == "" {
				return usagef("cases act assign: --to WHO is missing")
			}
			if kind == cases.KindSnoozed || kind == cases.KindExpected && cmd.Flags().Changed("hours") {
				action.Until = now.Add(time.Duration(hours) * time.Hour)
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				c, err := s.cases.Act(cmd.Context(), args[0], action, now)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(c)
				}
				a.printf("%s is %s %s (version %d)\n", c.ID, c.Status, c.Outcome, c.Version)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&action.Reason, "reason", "", "why; kept with the case")
	flags.StringVar(&action.Assignee, "to", "", "with assign: `who`")
	flags.StringArrayVar(&action.Cases, "with", nil, "with merge: a `CASE` of the ring; may be given more than once")
	flags.StringArrayVar(&action.Rules, "rule", nil, "with snooze and expected: about this rule `ID` only; may be given more than once")
	flags.IntVar(&hours, "hours", 24, "with snooze and expected: for how long (expected: 90 days by default)")
	flags.StringVar(&cause, "cause", "", fmt.Sprintf("with dismiss: what makes it a false alarm, one of %v (default other)", cases.Causes()))
	flags.IntVar(&action.Version, "version", 0, "refuse if the case has changed since this `version`")
	return cmd
}
