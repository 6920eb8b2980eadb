package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/store/journal"
)

// Desk is what people do from the pages.
type Desk interface {
	History(ctx context.Context, caseID string) ([]cases.Event, error)
	Act(ctx context.Context, caseID string, a cases.Action) (cases.Case, error)
	State(ctx context.Context, tenantID, organizerID string) (enforcement.State, error)
	Enforce(ctx context.Context, r enforcement.Request) (enforcement.State, error)
	// Effects says what each action on an organizer of a tenant does, and what it means.
	Effects(tenantID string) []Effect
	// DryRun says that enforcement records what would be done and does nothing.
	DryRun() bool
	// Switch is where the kill switch stands.
	Switch(ctx context.Context) (enforcement.Switch, error)
}

// Effect is what an action does, said before it is done.
type Effect struct {
	Action string
	Texts  []string
}

// causeNames are the causes of a false alarm, as the API names them.
func causeNames() string {
	names := make([]string, len(cases.Causes()))
	for i, c := range cases.Causes() {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}

// maxForm bounds a form, in bytes.
const maxForm = 64 << 10

func (p *pages) act(w http.ResponseWriter, r *http.Request) {
	version, ok := p.form(w, r)
	if !ok {
		return
	}
	id := r.PathValue("id")
	a := cases.Action{
		Kind: r.PostForm.Get("kind"), Actor: "console:" + caller(r), Reason: r.PostForm.Get("reason"),
		Assignee: r.PostForm.Get("assignee"), Cases: r.PostForm["case"], Version: version,
	}
	if a.Kind == cases.KindAppealed { // the organizer's own, which comes in elsewhere
		p.say(w, r, http.StatusBadRequest, "Not done", "An appeal is not made here.", caseAddress(id))
		return
	}
	if a.Kind == cases.KindDismissed {
		if a.Cause = cases.Cause(r.PostForm.Get("cause")); !slices.Contains(cases.Causes(), a.Cause) {
			p.say(w, r, http.StatusUnprocessableEntity, "Not done", "Say what makes it a false alarm: one of "+causeNames()+".", caseAddress(id))
			return
		}
	}
	if days := r.PostForm.Get("days"); days != "" && (a.Kind == cases.KindSnoozed || a.Kind == cases.KindExpected) {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 365 {
			p.say(w, r, http.StatusBadRequest, "Not done", "Days must be a whole number from 1 to 365.", caseAddress(id))
			return
		}
		a.Until = p.opts.Now().Add(time.Duration(n) * 24 * time.Hour)
	}
	_, err := p.opts.Desk.Act(r.Context(), id, a)
	p.acted(w, r, id, err)
}

func (p *pages) enforce(w http.ResponseWriter, r *http.Request) {
	version, ok := p.form(w, r)
	if !ok {
		return
	}
	id := r.PathValue("id")
	c, err := p.opts.Cases.Get(r.Context(), id)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	action, err := enforcement.ParseAction(r.PostForm.Get("action"))
	if err != nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "There is no such action.", caseAddress(id))
		return
	}
	if approval := action == enforcement.ActionApprove || action == enforcement.ActionReject; approval != (r.Pattern == "POST /cases/{id}/approve") {
		p.say(w, r, http.StatusBadRequest, "Not done", "This action is not taken at this address.", caseAddress(id))
		return
	}
	_, err = p.opts.Desk.Enforce(r.Context(), enforcement.Request{
		Action: action, TenantID: c.TenantID, OrganizerID: c.OrganizerID, Actor: "console:" + caller(r),
		Reason: r.PostForm.Get("reason"), CaseID: id, Version: version,
	})
	p.acted(w, r, id, err)
}

// approve decides on what another person asked for.
func (p *pages) approve(w http.ResponseWriter, r *http.Request) { p.enforce(w, r) }

// form reads a form and the version that its sender saw; it answers itself when it cannot.
func (p *pages) form(w http.ResponseWriter, r *http.Request) (version int, ok bool) {
	if p.opts.Desk == nil {
		p.say(w, r, http.StatusForbidden, "Not done", "This console only shows.", "")
		return 0, false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "The form could not be read.", "")
		return 0, false
	}
	version, err := strconv.Atoi(r.PostForm.Get("version"))
	if err != nil || version < 0 {
		p.say(w, r, http.StatusBadRequest, "Not done", "The form does not say which version of the case it is about.", caseAddress(r.PathValue("id")))
		return 0, false
	}
	return version, true
}

func caseAddress(id string) string { return "/cases/" + url.PathEscape(id) }

// acted answers a form: the case's page, or why nothing was done.
func (p *pages) acted(w http.ResponseWriter, r *http.Request, id string, err error) {
	back := caseAddress(id)
	if r.PostForm.Has("queue") { // the next case is still the next of that queue
		back += "?" + url.Values{"queue": {queueQuery(r.PostForm.Get("queue")).Encode()}}.Encode()
	}
	if err == nil {
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	if lost, ok := errors.AsType[*journal.ConflictError](err); ok {
		text := fmt.Sprintf("%s was first: %s at %s. Your action was not done, so that nothing is decided on an old view.", lost.Winner.Actor, lost.Winner.Kind, clock(lost.Winner.At))
		p.say(w, r, http.StatusConflict, "Somebody changed this meanwhile", text, back)
		return
	}
	if why := enforcement.Refused(err); why != nil {
		p.say(w, r, http.StatusUnprocessableEntity, "Not done", why.Error(), back)
		return
	}
	if errors.Is(err, cases.ErrAction) {
		p.say(w, r, http.StatusUnprocessableEntity, "Not done", err.Error(), back)
		return
	}
	p.fail(w, r, err)
}
