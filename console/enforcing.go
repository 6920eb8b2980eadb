package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"fairdial/enforcement"
	"fairdial/store/journal"
)

// enforcing is what an organizer may do, and the forms that ask for something else. The page of
// a case and that of the organizer have the same.
type enforcing struct {
	At       string // address of the page, which the forms lie under
	Standing enforcement.State
	Stop     enforcement.Switch
	DryRun   bool
	Effects  []Effect
	Own      bool   // the reader stands behind what waits for a second person
	WhyNot   string // the reader cannot approve it, though they do not stand behind it
	// InQueue and Queue lead back to the queue that a case was opened from.
	InQueue bool
	Queue   string
}

// enforcing reads what is in force; a page without a desk has nothing to show.
func (p *pages) enforcing(ctx context.Context, at, tenantID, organizerID string) (e enforcing, err error) {
	desk := p.opts.Desk
	e = enforcing{At: at, DryRun: desk.DryRun(), Effects: desk.Effects(tenantID)}
	if e.Standing, err = desk.State(ctx, tenantID, organizerID); err != nil {
		return e, err
	}
	if p := e.Standing.Pending; p != nil {
		reader := identity(ctx).Name
		e.Own = slices.ContainsFunc(append([]string{p.Actor}, p.ApprovedBy...), func(a string) bool { return journal.SamePerson(a, reader) })
		if err := desk.MayApprove(ctx, e.Standing, "console:"+reader); err != nil && !e.Own {
			if enforcement.Refused(err) == nil {
				return e, err
			}
			e.WhyNot = err.Error()
		}
	}
	e.Stop, err = desk.Switch(ctx)
	return e, err
}

func organizerAddress(tenantID, organizerID string) string {
	return "/organizers/" + url.PathEscape(tenantID) + "/" + url.PathEscape(organizerID)
}

// enforce asks for a step against a case's organizer, or takes one back.
func (p *pages) enforce(w http.ResponseWriter, r *http.Request) { p.enforceOnCase(w, r, false) }

// approve decides on what another person asked for.
func (p *pages) approve(w http.ResponseWriter, r *http.Request) { p.enforceOnCase(w, r, true) }

func (p *pages) enforceOnCase(w http.ResponseWriter, r *http.Request, approval bool) {
	back := caseAddress(r.PathValue("id"))
	version, ok := p.form(w, r, back)
	if !ok {
		return
	}
	c, err := p.opts.Cases.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.step(w, r, back, approval, enforcement.Request{TenantID: c.TenantID, OrganizerID: c.OrganizerID, CaseID: c.ID, Version: version})
}

// enforceOnOrganizer asks for a step against an organizer, of whom there may be no case.
func (p *pages) enforceOnOrganizer(w http.ResponseWriter, r *http.Request) {
	p.stepOnOrganizer(w, r, false)
}

// approveOnOrganizer decides on what another person asked for.
func (p *pages) approveOnOrganizer(w http.ResponseWriter, r *http.Request) {
	p.stepOnOrganizer(w, r, true)
}

func (p *pages) stepOnOrganizer(w http.ResponseWriter, r *http.Request, approval bool) {
	tenant, organizer := r.PathValue("tenant"), r.PathValue("organizer")
	back := organizerAddress(tenant, organizer)
	if version, ok := p.form(w, r, back); ok {
		p.step(w, r, back, approval, enforcement.Request{TenantID: tenant, OrganizerID: organizer, Version: version})
	}
}

// step does what a form of enforcement asks for.
func (p *pages) step(w http.ResponseWriter, r *http.Request, back string, approval bool, asked enforcement.Request) {
	action, err := enforcement.ParseAction(r.PostForm.Get("action"))
	if err != nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "There is no such action.", back)
		return
	}
	if approval != (action == enforcement.ActionApprove || action == enforcement.ActionReject) {
		p.say(w, r, http.StatusBadRequest, "Not done", "This action is not taken at this address.", back)
		return
	}
	asked.Action, asked.Actor, asked.Reason = action, "console:"+caller(r), r.PostForm.Get("reason")
	if action != enforcement.ActionReinstate && !approval {
		var ok bool
		if asked.Until, ok = p.inDays(w, r, back); !ok {
			return
		}
	}
	asked.Untouched = asked.Version == 0 // as the form showed it
	_, err = p.opts.Desk.Enforce(r.Context(), asked)
	p.acted(w, r, back, string(action), "", err)
}
