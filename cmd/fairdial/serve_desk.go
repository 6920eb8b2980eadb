package main

import (
	"context"

	"fairdial/cases"
	"fairdial/enforcement"
)

// caseDesk is what people do from the console's pages.
type caseDesk struct {
	*app
	s *services
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

func (d caseDesk) Enforce(ctx context.Context, r enforcement.Request) (enforcement.State, error) {
	return d.s.enforcer.Act(ctx, r)
}

func (d caseDesk) DryRun() bool { return d.s.enforcer.DryRun() }
