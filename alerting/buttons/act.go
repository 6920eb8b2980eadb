package buttons

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairdial/alerting"
	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/store/journal"
)

// snoozeFor is what the button's label says.
const snoozeFor = 24 * time.Hour

// again is how often a press is tried while the program itself, not a person, moves the case
// on: newer numbers do not make a decision another one.
const again = 5

func (d *Desk) act(ctx context.Context, actor string, p Press, seen alerting.Seen) (string, error) {
	now := d.opts.Now()
	action := cases.Action{Actor: actor}
	switch p.Button {
	case alerting.ButtonAcknowledge:
		action.Kind = cases.KindAcknowledged
	case alerting.ButtonSnooze:
		action.Kind, action.Until, action.Reason = cases.KindSnoozed, now.Add(snoozeFor), "snoozed for 24 hours in Slack"
	case alerting.ButtonDismiss:
		// Without a cause the log would take it for another one than all that are offered.
		action.Kind, action.Cause = cases.KindDismissed, cases.Cause(p.Choice)
		if !slices.Contains(cases.Causes(), action.Cause) {
			return "Nothing was done: choose what makes it a false alarm.", nil
		}
		action.Reason = "dismissed in Slack as a false alarm: " + strings.ReplaceAll(p.Choice, "_", " ")
	default:
		action.Kind, action.Reason = cases.KindExpected, "marked as expected in Slack"
	}
	for range again {
		history, err := d.opts.Cases.History(ctx, seen.CaseID)
		if err != nil {
			return "", err
		}
		for _, e := range history {
			if e.Version > seen.CaseVersion && person(e.Actor) && e.Kind != cases.KindNoted {
				return tooLate(e.Kind, e.Actor, e.At), nil
			}
		}
		action.Version = history[len(history)-1].Version
		_, err = d.opts.Cases.Act(ctx, seen.CaseID, action, now)
		if _, beaten := errors.AsType[*journal.ConflictError](err); beaten {
			continue // look at who it was
		}
		if errors.Is(err, cases.ErrAction) {
			// It may be somebody else's decision, made just now, that it cannot be done to any more.
			if since, readErr := d.opts.Cases.History(ctx, seen.CaseID); readErr == nil && len(since) > len(history) {
				continue
			}
			return "Nothing was done: " + err.Error() + ".", nil
		}
		return "", err
	}
	return "Nothing was done: the case keeps changing. Try again in a minute.", nil
}

// throttle asks for a throttle of the case's organizer, as far as the policy lets one person.
func (d *Desk) throttle(ctx context.Context, who Person, seen alerting.Seen) (string, error) {
	actor := "slack:" + who.Name
	c, err := d.opts.Cases.Get(ctx, seen.CaseID)
	if err != nil {
		return "", err
	}
	for range again {
		history, err := d.opts.Enforcement.History(ctx, c.TenantID, c.OrganizerID)
		if err != nil {
			return "", err
		}
		version := 0
		for _, e := range history {
			if e.Version > seen.EnforcementVersion && person(e.Actor) {
				return tooLate(e.Kind, e.Actor, e.At), nil
			}
			version = e.Version
		}
		action := enforcement.ActionThrottle
		if len(history) > 0 {
			// The policy, or somebody the message told of, asked for it: a press says yes.
			if p := history[len(history)-1].State.Pending; p != nil && d.opts.Now().Before(p.Until) && p.What() == enforcement.ActionThrottle {
				action = enforcement.ActionApprove
			}
		}
		if action == enforcement.ActionApprove && d.opts.Account != nil {
			if why := d.opts.Account(who.Name, RightApprove, c.TenantID); why != nil {
				return mayNot(why), nil
			}
		}
		after, err := d.opts.Enforcement.Act(ctx, enforcement.Request{
			Action: action, TenantID: c.TenantID, OrganizerID: c.OrganizerID, Actor: actor,
			Reason: fmt.Sprintf("case %s, risk %d, by a button in Slack", c.ID, c.Score), CaseID: c.ID, Version: version, Untouched: version == 0,
		})
		if _, beaten := errors.AsType[*journal.ConflictError](err); beaten {
			continue
		}
		if refused := enforcement.Refused(err); refused != nil {
			return "Nothing was done: " + refused.Error() + ".", nil //nolint:nilerr // a refusal is the answer, not a failure
		}
		if err != nil {
			return "", err
		}
		switch {
		case after.Pending != nil:
			return "Asked for: the policy wants somebody else to approve it before it holds.", nil
		case after.DryRun:
			return "Recorded. Dry run: it binds nobody.", nil
		}
		return "", nil
	}
	return "Nothing was done: the organizer's state keeps changing. Try again in a minute.", nil
}

func person(actor string) bool { return !strings.HasPrefix(actor, "system:") }

// tooLate tells who was first.
func tooLate(kind, actor string, at time.Time) string {
	who := actor
	if _, name, ok := strings.Cut(actor, ":"); ok {
		who = name
	}
	return fmt.Sprintf("Nothing was done: %s was first (%s at %s). The message shows how it stands now.",
		plain(who), strings.ReplaceAll(kind, "_", " "), at.UTC().Format("15:04 UTC"))
}

// plain keeps a name from being markup in Slack.
var plain = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "", "*", "").Replace
