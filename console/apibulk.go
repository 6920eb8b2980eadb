package console

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"fairdial/cases"
	"fairdial/store/journal"
)

// bulkResult is what became of one of many cases.
type bulkResult struct {
	ID     string `json:"case_id"`
	Done   bool   `json:"done"`
	Status int    `json:"status"` // as the case's own address would have answered
	// Version is the present one where it is known.
	Version *int    `json:"version"`
	Detail  string  `json:"detail"`
	Winner  *winner `json:"winner"` // who was first
}

// actOnMany takes one decision, for one reason, on each case named, at the version that the
// caller saw. What cannot be done of it is told case by case; the rest is done.
func (a *api) actOnMany(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Kind     string    `json:"kind"`
		Reason   string    `json:"reason"`
		Assignee string    `json:"assignee"`
		Until    time.Time `json:"until"`
		Cause    string    `json:"cause"`
		Cases    []struct {
			ID      string `json:"case_id"`
			Version *int   `json:"version"`
		} `json:"cases"`
	}
	if !readJSON(w, r, &asked) {
		return
	}
	if _, ok := a.desk(w); !ok {
		return
	}
	act := cases.Action{Kind: asked.Kind, Actor: actor(r), Reason: strings.TrimSpace(asked.Reason), Assignee: strings.TrimSpace(asked.Assignee), Until: asked.Until, Cause: cases.Cause(asked.Cause)}
	refusal := bulkRefusal(act, len(asked.Cases))
	if refusal == "" && act.Kind == cases.KindSnoozed && act.Until.IsZero() {
		refusal = "Say until when."
	}
	for _, one := range asked.Cases {
		if refusal == "" && (one.Version == nil || *one.Version < 1) {
			refusal = "Each case needs the version that the decision is made on."
		}
	}
	if refusal != "" {
		problem(w, http.StatusUnprocessableEntity, refusal)
		return
	}
	done, results := 0, make([]bulkResult, len(asked.Cases))
	for i, one := range asked.Cases {
		act.Version = *one.Version
		results[i] = a.decideOne(r, one.ID, act)
		if results[i].Done {
			done++
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"kind": act.Kind, "done": done, "results": results})
}

func (a *api) decideOne(r *http.Request, id string, act cases.Action) bulkResult {
	_, is, err := decide(r.Context(), a.opts, id, act)
	out := bulkResult{ID: id, Done: err == nil, Status: http.StatusInternalServerError, Detail: a.opts.whyNot(r.Context(), id, err)}
	lost, conflict := errors.AsType[*journal.ConflictError](err)
	switch {
	case err == nil:
		out.Status, out.Version = http.StatusOK, &is.Version
	case conflict:
		at := int(lost.Winner.Version)
		out.Status, out.Winner = http.StatusConflict, &winner{at, lost.Winner.Kind, lost.Winner.Actor, lost.Winner.RecordedAt.UTC()}
		if now, err := a.opts.Cases.Get(r.Context(), id); err == nil {
			out.Version = &now.Version
		}
	case errors.Is(err, cases.ErrAction):
		out.Status = http.StatusUnprocessableEntity
	case errors.Is(err, ErrNotFound):
		out.Status = http.StatusNotFound
	}
	return out
}
