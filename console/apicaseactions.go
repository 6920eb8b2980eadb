package console

import (
	"net/http"
	"time"

	"fairdial/cases"
)

// actor names who asks through the API in the log.
func actor(r *http.Request) string { return "api:" + caller(r) }

// desk is what changes cases; it answers itself where nothing may.
func (a *api) desk(w http.ResponseWriter) (Desk, bool) {
	if a.opts.Desk == nil {
		problem(w, http.StatusForbidden, "This console only shows.")
	}
	return a.opts.Desk, a.opts.Desk != nil
}

// deedOfCase is an event of a case without the state it led to.
type deedOfCase struct {
	Version  int       `json:"version"`
	Kind     string    `json:"kind"`
	Actor    string    `json:"actor"`
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"`          // UTC
	Recorded time.Time `json:"recorded_at"` // UTC
	Status   string    `json:"status"`
	Score    int       `json:"score"`
}

func (a *api) caseHistory(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	desk, ok := a.desk(w)
	if !ok {
		return
	}
	if _, err := a.opts.Cases.Get(r.Context(), r.PathValue("id")); err != nil {
		a.fail(w, r, err)
		return
	}
	events, err := desk.History(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	all := make([]deedOfCase, len(events))
	for i, e := range events {
		all[i] = deedOfCase{e.Version, e.Kind, e.Actor, maskText(e.Reason), e.At.UTC(), e.Recorded.UTC(), string(e.State.Status), e.State.Score}
	}
	page, next := from(l, all)
	writePage(w, "events", page, next, nil)
}

// actOnCase does what a person decides about a case, made on the version that If-Match names.
func (a *api) actOnCase(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Kind     string    `json:"kind"`
		Reason   string    `json:"reason"`
		Assignee string    `json:"assignee"`
		Until    time.Time `json:"until"`
		Rules    []string  `json:"rules"`
		Cases    []string  `json:"cases"`
		Cause    string    `json:"cause"`
	}
	if !readJSON(w, r, &asked) {
		return
	}
	desk, ok := a.desk(w)
	if !ok {
		return
	}
	id := r.PathValue("id")
	c, err := a.opts.Cases.Get(r.Context(), id)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	version, current, ok := seen(w, r, c.Version)
	if !ok {
		return
	}
	if !current {
		who, err := firstAfter(r, desk, id, version)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		a.outrun(w, http.StatusPreconditionFailed, c.Version, who)
		return
	}
	if asked.Kind == cases.KindDismissed && asked.Cause == "" {
		problem(w, http.StatusUnprocessableEntity, "Say the cause of the dismissal: one of "+causeNames()+".")
		return
	}
	next, err := desk.Act(r.Context(), id, cases.Action{
		Kind: asked.Kind, Actor: actor(r), Reason: asked.Reason, Assignee: asked.Assignee, Until: asked.Until, Rules: asked.Rules, Cause: cases.Cause(asked.Cause), Cases: asked.Cases, Version: version,
	})
	if a.changed(w, r, err, http.StatusConflict, c.Version) {
		writeVersioned(w, r, next.Version, next)
	}
}

// firstAfter is who changed a case first after a version.
func firstAfter(r *http.Request, desk Desk, id string, version int) (*winner, error) {
	events, err := desk.History(r.Context(), id)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if e.Version == version+1 {
			return &winner{e.Version, e.Kind, e.Actor, e.Recorded.UTC()}, nil
		}
	}
	return nil, nil
}
