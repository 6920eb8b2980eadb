package main

import (
	"context"
	"fmt"
	"time"

	"fairdial/cases"
	"fairdial/console"
	"fairdial/enforcement"
	"fairdial/enforcement/carry"
)

// caseDesk is what people do from the console's pages.
type caseDesk struct {
	*app
	s       *services
	carrier *carry.Carrier
}

func (d caseDesk) History(ctx context.Context, id string) ([]cases.Event, error) {
	return d.s.cases.History(ctx, id)
}

func (d caseDesk) Act(ctx context.Context, id string, a cases.Action) (cases.Case, error) {
	return d.s.cases.Act(ctx, id, a, d.now())
}

func (d caseDesk) State(ctx context.Context, tenantID, organizerID string) (enforcement.State, error) {
	return d.s.enforcer.State(ctx, tenantID, organizerID)
}

func (d caseDesk) MayApprove(ctx context.Context, s enforcement.State, actor string) error {
	return d.s.enforcer.MayApprove(ctx, s, actor)
}

func (d caseDesk) Waiting(ctx context.Context) ([]enforcement.State, error) {
	return d.s.enforcer.Waiting(ctx)
}

func (d caseDesk) Enforce(ctx context.Context, r enforcement.Request) (enforcement.State, error) {
	return d.s.enforcer.Act(ctx, r)
}

func (d caseDesk) DryRun() bool { return d.s.enforcer.DryRun() }

func (d caseDesk) Switch(ctx context.Context) (enforcement.Switch, error) {
	return d.s.enforcer.Switch(ctx)
}

// Effects says what each action does here and, where decisions are carried out, at the provider.
func (d caseDesk) Effects(tenantID string) []console.Effect {
	terms := d.s.enforcer.Terms(tenantID)
	until := "Ends by itself after " + spelled(terms.Expiry) + ", or when it is lifted."
	asks := func(a enforcement.Action) string {
		if n := terms.People(a); n > 1 {
			return fmt.Sprintf("It waits until %d different people want it, you among them.", n)
		}
		return "It holds at once."
	}
	effect := func(action string, level enforcement.Level, texts ...string) console.Effect {
		return console.Effect{Action: action, Texts: append(texts, d.carrier.Effects(tenantID, level)...)}
	}
	return []console.Effect{
		effect("Flag", enforcement.LevelFlag, "Calls go through; gateways and people see the flag.", until),
		effect("Throttle", enforcement.LevelThrottle, fmt.Sprintf("At most %d minutes of calls an hour and %d legs at the same time, at gateways that ask Fairdial.",
			terms.Throttle.MinutesPerHour, terms.Throttle.Legs), asks(enforcement.ActionThrottle), until),
		effect("Suspend", enforcement.LevelSuspend, "No calls, at gateways that ask Fairdial.", asks(enforcement.ActionSuspend), until),
		{Action: "Reinstate", Texts: []string{"Calls go through again; what was changed at the provider is put back as it was."}},
	}
}

// spelled is a duration of days or hours in words; another as Go writes it.
func spelled(d time.Duration) string {
	n, unit := int64(d/time.Hour), "hour"
	switch {
	case d <= 0 || d%time.Hour != 0:
		return d.String()
	case n%24 == 0:
		n, unit = n/24, "day"
	}
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
