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
	// MayApprove says why somebody cannot approve what waits in a state; nil where they can.
	MayApprove(ctx context.Context, s enforcement.State, actor string) error
	// Waiting are organizers for whom a step was asked for that waits for people, who asked first, first.
	Waiting(ctx context.Context) ([]enforcement.State, error)
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
	id := r.PathValue("id")
	version, ok := p.form(w, r, caseAddress(id))
	if !ok {
		return
	}
	a := cases.Action{
		Kind: r.PostForm.Get("kind"), Actor: "console:" + caller(r), Reason: r.PostForm.Get("reason"),
		Assignee: r.PostForm.Get("assignee"), Cases: r.PostForm["case"], Version: version,
	}
	if a.Kind == cases.KindDismissed {
		if a.Cause = cases.Cause(r.PostForm.Get("cause")); !slices.Contains(cases.Causes(), a.Cause) {
			p.say(w, r, http.StatusUnprocessableEntity, "Not done", "Say what makes it a false alarm: one of "+causeNames()+".", caseAddress(id))
			return
		}
	}
	if a.Kind == cases.KindSnoozed || a.Kind == cases.KindExpected {
		if a.Until, ok = p.inDays(w, r, caseAddress(id)); !ok {
			return
		}
	}
	_, err := p.opts.Desk.Act(r.Context(), id, a)
	p.acted(w, r, caseAddress(id), a.Kind, id, err)
}

// form reads a form and the version that its sender saw; it answers itself when it cannot.
func (p *pages) form(w http.ResponseWriter, r *http.Request, back string) (version int, ok bool) {
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
		p.say(w, r, http.StatusBadRequest, "Not done", "The form does not say which version it was made on.", back)
		return 0, false
	}
	return version, true
}

// inDays is when the days of a form are over, zero where it names none; it answers itself when
// they are no days.
func (p *pages) inDays(w http.ResponseWriter, r *http.Request, back string) (until time.Time, ok bool) {
	days := strings.TrimSpace(r.PostForm.Get("days"))
	if days == "" {
		return until, true
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 365 {
		p.say(w, r, http.StatusBadRequest, "Not done", "Days must be a whole number from 1 to 365.", back)
		return until, false
	}
	return p.opts.Now().Add(time.Duration(n) * 24 * time.Hour), true
}

func caseAddress(id string) string { return "/cases/" + url.PathEscape(id) }

// acted answers a form in which kind was asked for, of a case or of none: what comes after it, or
// why nothing was done.
func (p *pages) acted(w http.ResponseWriter, r *http.Request, back, kind, caseID string, err error) {
	if err == nil {
		http.Redirect(w, r, p.after(r, back, kind, caseID), http.StatusSeeOther)
		return
	}
	if r.PostForm.Has("queue") {
		back += "?" + url.Values{"queue": {placeQuery(r.PostForm.Get("queue")).Encode()}}.Encode()
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
