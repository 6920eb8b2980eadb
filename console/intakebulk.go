package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// What is decided on many rejected rows at once, and on how many: each is read and stored by itself.
const (
	bulkRetry   = "retry"
	bulkDismiss = "dismiss"
	mostRows    = 200
)

// rowResult is what became of one of many rejected rows.
type rowResult struct {
	ID     string `json:"id"`
	Done   bool   `json:"done"`
	Status int    `json:"status"` // as the row's own address would have answered
	State  string `json:"state"`  // of the row then, "" where it is not known
	Detail string `json:"detail"`
}

// decideRow decides on one row; it is recorded as one that is decided on alone.
func (o Options) decideRow(ctx context.Context, kind, actor, reason, id string) rowResult {
	out := rowResult{ID: id, Status: http.StatusOK, Done: true}
	var err error
	var why string
	if kind == bulkDismiss {
		out.State, err = "dismissed", o.Intake.Dismiss(ctx, actor, reason, id)
		out.Detail = "Dismissed."
	} else {
		out.State, why, err = o.Intake.Retry(ctx, actor, id)
		out.Detail = "Read again and stored."
		if out.State == "open" {
			out.Done, out.Detail = false, "Still not to be trusted: "+maskText(strings.TrimSpace(why))
		}
	}
	switch {
	case err == nil:
		return out
	case errors.Is(err, ErrResolved):
		out.Status, out.Detail = http.StatusConflict, "Somebody has decided on this row already."
	case errors.Is(err, ErrNotFound):
		out.Status, out.Detail = http.StatusNotFound, "There is no such row."
	default:
		o.Logger.ErrorContext(ctx, "decide on a rejected row", "row", id, "error", err)
		out.Status, out.Detail = http.StatusInternalServerError, "Not done; the daemon's log says why."
	}
	out.Done, out.State = false, ""
	return out
}

// rowsRefusal says why nothing is decided on any row, "" where it may be.
func rowsRefusal(kind, reason string, n int) string {
	switch {
	case kind != bulkRetry && kind != bulkDismiss:
		return "Many rows are retried or dismissed: kind must be retry or dismiss."
	case n == 0:
		return "No row was chosen. Choose the rows that the decision is for."
	case n > mostRows:
		return fmt.Sprintf("At most %d rows are decided on at once.", mostRows)
	case kind == bulkDismiss && strings.TrimSpace(reason) == "":
		return "Say why the rows are no usage; the reason is kept with each."
	}
	return ""
}

type rowsBody struct {
	Kind     string
	Lines    []rowResult
	Done     int
	Left     uint64 // rows of the filter that wait still
	Back     string
	Filtered bool // all of a filter were asked for
}

// decideRows decides on the chosen rows, or on those of the filter as far as one press goes.
func (p *pages) decideRows(w http.ResponseWriter, r *http.Request) {
	if p.opts.Intake == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "The form could not be read.", "/ingest/quarantine")
		return
	}
	f := quarantineFilterOf(r.PostForm)
	f.All = false
	b := rowsBody{Kind: r.PostForm.Get("kind"), Back: f.With(r.PostForm.Get("reason_is")), Filtered: r.PostForm.Get("rows") == "filter"}
	f.Reason = r.PostForm.Get("reason_is")
	chosen, reason := r.PostForm["row"], strings.TrimSpace(r.PostForm.Get("reason"))
	if b.Filtered {
		var read []listedRejected
		err := p.views.read(r.Context(), &read, "quarantine", append(f.args(), tenantsOnly(r), named("id", ""), named("after_at", ""), named("after", ""),
			named("limit", uint64(mostRows)), named("offset", uint64(0)))...)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		chosen = nil
		for _, row := range read {
			chosen = append(chosen, row.ID)
		}
	}
	if refusal := rowsRefusal(b.Kind, reason, len(chosen)); refusal != "" {
		p.say(w, r, http.StatusUnprocessableEntity, "Not done", refusal, b.Back)
		return
	}
	for _, id := range chosen {
		line := p.opts.decideRow(r.Context(), b.Kind, "console:"+caller(r), reason, id)
		if line.Done {
			b.Done++
		}
		b.Lines = append(b.Lines, line)
	}
	left, err := p.views.reasons(r, f)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, one := range left {
		if f.Reason == "" || f.Reason == one.Reason {
			b.Left += one.Rows
		}
	}
	p.show(w, r, http.StatusOK, "rows", page{Title: "What was done", Section: "Ingest", Body: b})
}

// decideRows decides on the rows named, each by itself.
func (a *api) decideRows(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Kind   string   `json:"kind"`
		Reason string   `json:"reason"`
		Rows   []string `json:"rejections"`
	}
	if _, ok := a.intake(w); !ok || !readJSON(w, r, &asked) {
		return
	}
	if refusal := rowsRefusal(asked.Kind, asked.Reason, len(asked.Rows)); refusal != "" {
		problem(w, http.StatusUnprocessableEntity, refusal)
		return
	}
	done, results := 0, make([]rowResult, len(asked.Rows))
	for i, id := range asked.Rows {
		results[i] = a.opts.decideRow(r.Context(), asked.Kind, actor(r), strings.TrimSpace(asked.Reason), id)
		if results[i].Done {
			done++
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"kind": asked.Kind, "done": done, "results": results})
}
