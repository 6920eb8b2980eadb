package console

import (
	"net/http"
	"time"

	"fairdial/enforcement"
)

// target is whom a request about enforcement is about, and the case it rests on, if any.
type target struct{ tenant, organizer, caseID string }

// maskedState is a state whose reasons show no whole phone number.
func maskedState(s enforcement.State) enforcement.State {
	s.Reason = maskText(s.Reason)
	if s.Pending != nil {
		pending := *s.Pending
		pending.Reason = maskText(pending.Reason)
		s.Pending = &pending
	}
	return s
}

// caseTarget is the organizer of a case.
func (a *api) caseTarget(r *http.Request) (target, error) {
	c, err := a.opts.Cases.Get(r.Context(), r.PathValue("id"))
	return target{c.TenantID, c.OrganizerID, c.ID}, err
}

// organizerTarget is an organizer, of whom there may be no case.
func (a *api) organizerTarget(r *http.Request) (target, error) {
	return target{tenant: r.PathValue("tenant"), organizer: r.PathValue("organizer")}, nil
}

// standing is whom a request is about and what they may do; it answers itself.
func (a *api) standing(w http.ResponseWriter, r *http.Request, whom func(*http.Request) (target, error)) (desk Desk, t target, state enforcement.State, ok bool) {
	if desk, ok = a.desk(w); !ok {
		return desk, t, state, false
	}
	t, err := whom(r)
	if err == nil {
		state, err = desk.State(r.Context(), t.tenant, t.organizer)
	}
	if err != nil {
		a.fail(w, r, err)
	}
	return desk, t, state, err == nil
}

func (a *api) caseEnforcement(w http.ResponseWriter, r *http.Request) {
	if _, _, state, ok := a.standing(w, r, a.caseTarget); ok {
		writeVersioned(w, r, state.Version, maskedState(state))
	}
}

func (a *api) organizerEnforcement(w http.ResponseWriter, r *http.Request) {
	if _, _, state, ok := a.standing(w, r, a.organizerTarget); ok {
		writeVersioned(w, r, state.Version, maskedState(state))
	}
}

// enforce asks for a step against a case's organizer, or takes one back.
func (a *api) enforce(w http.ResponseWriter, r *http.Request) { a.enforced(w, r, a.caseTarget, false) }

// approve decides on what another person asked for.
func (a *api) approve(w http.ResponseWriter, r *http.Request) { a.enforced(w, r, a.caseTarget, true) }

// enforceOnOrganizer does what enforce does, of an organizer with or without a case.
func (a *api) enforceOnOrganizer(w http.ResponseWriter, r *http.Request) {
	a.enforced(w, r, a.organizerTarget, false)
}

// approveOnOrganizer does what approve does, of an organizer with or without a case.
func (a *api) approveOnOrganizer(w http.ResponseWriter, r *http.Request) {
	a.enforced(w, r, a.organizerTarget, true)
}

func (a *api) enforced(w http.ResponseWriter, r *http.Request, whom func(*http.Request) (target, error), approval bool) {
	var asked struct {
		Action string              `json:"action"`
		Reason string              `json:"reason"`
		Until  time.Time           `json:"until"`
		Limits *enforcement.Limits `json:"limits"`
	}
	if !readJSON(w, r, &asked) {
		return
	}
	desk, t, state, ok := a.standing(w, r, whom)
	if !ok {
		return
	}
	action, err := enforcement.ParseAction(asked.Action)
	if err != nil || approval != (action == enforcement.ActionApprove || action == enforcement.ActionReject) {
		problem(w, http.StatusUnprocessableEntity, "This action is not taken at this address: steps are asked for at enforcement, and approved or rejected at approval.")
		return
	}
	version, current, ok := seen(w, r, state.Version)
	if !ok {
		return
	}
	status := http.StatusConflict
	if !current { // what holds the log says who was first
		status = http.StatusPreconditionFailed
	}
	next, err := desk.Enforce(r.Context(), enforcement.Request{
		Action: action, TenantID: t.tenant, OrganizerID: t.organizer, Actor: actor(r), Reason: asked.Reason,
		Until: asked.Until, Limits: asked.Limits, CaseID: t.caseID, Version: version, Untouched: version == 0,
	})
	if a.changed(w, r, err, status, state.Version) {
		writeVersioned(w, r, next.Version, maskedState(next))
	}
}
