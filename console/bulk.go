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
	"fairdial/store/journal"
)

// bulkKinds are the decisions that may be taken on many cases at once. Abuse is confirmed
// case by case.
var bulkKinds = []string{cases.KindAcknowledged, cases.KindSnoozed, cases.KindExpected, cases.KindDismissed, cases.KindAssigned}

// bulkLine is what became of one case.
type bulkLine struct {
	ID, Name, Text string
	Done           bool
}

type bulkBody struct {
	Kind  string
	Lines []bulkLine
	Done  int
	Back  string
}

// actOnMany takes one decision, for one reason, on each chosen case at the version that its
// sender saw. One that somebody changed meanwhile is left alone; the others are done.
func (p *pages) actOnMany(w http.ResponseWriter, r *http.Request) {
	back := "/cases"
	if p.opts.Desk == nil {
		p.say(w, r, http.StatusForbidden, "Not done", "This console only shows.", back)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "The form could not be read.", back)
		return
	}
	if q := queueQuery(r.PostForm.Get("queue")); len(q) > 0 {
		back += "?" + q.Encode()
	}
	a := cases.Action{Kind: r.PostForm.Get("kind"), Actor: "console:" + caller(r), Reason: strings.TrimSpace(r.PostForm.Get("reason")), Assignee: strings.TrimSpace(r.PostForm.Get("assignee"))}
	if a.Kind == cases.KindDismissed {
		a.Cause = cases.Cause(r.PostForm.Get("cause"))
	}
	days, err := strconv.Atoi(r.PostForm.Get("days"))
	chosen := r.PostForm["case"]
	refusal := bulkRefusal(a, len(chosen))
	if refusal == "" && (a.Kind == cases.KindSnoozed || a.Kind == cases.KindExpected) && (err != nil || days < 1 || days > 365) {
		refusal = "Days must be a whole number from 1 to 365."
	}
	if refusal != "" {
		p.say(w, r, http.StatusUnprocessableEntity, "Not done", refusal, back)
		return
	}
	if a.Kind == cases.KindSnoozed || a.Kind == cases.KindExpected {
		a.Until = p.opts.Now().Add(time.Duration(days) * 24 * time.Hour)
	}
	b := bulkBody{Kind: a.Kind, Back: back}
	for _, one := range chosen {
		line := p.actOnOne(r, one, a)
		if line.Done {
			b.Done++
		}
		b.Lines = append(b.Lines, line)
	}
	p.show(w, r, http.StatusOK, "bulk", page{Title: "What was done", Section: "Cases", Body: b})
}

// bulkRefusal says why a decision is taken on no case at all, "" where it may be.
func bulkRefusal(a cases.Action, n int) string {
	switch {
	case !slices.Contains(bulkKinds, a.Kind):
		return "This is not decided for many cases at once, but: " + strings.Join(bulkKinds, ", ") + "."
	case n == 0:
		return "No case was chosen. Choose the cases that the decision is for."
	case n > perPage:
		return fmt.Sprintf("At most %d cases, a page of the queue, are decided at once.", perPage)
	case a.Reason == "":
		return "Say why; the reason is kept with each case."
	case a.Kind == cases.KindDismissed && !slices.Contains(cases.Causes(), a.Cause):
		return "Say what makes it a false alarm: one of " + causeNames() + "."
	case a.Kind != cases.KindDismissed && a.Cause != "":
		return "A cause is of a dismissal alone."
	case a.Kind == cases.KindAssigned && a.Assignee == "":
		return "Say whom the cases are assigned to."
	}
	return ""
}

// actOnOne acts on a case written as its id, "@" and the version that was seen.
func (p *pages) actOnOne(r *http.Request, chosen string, a cases.Action) bulkLine {
	id, version, _ := strings.Cut(chosen, "@")
	line := bulkLine{ID: id, Name: id}
	seen, err := strconv.Atoi(version)
	if err != nil || seen < 0 {
		line.Text = "Not done: the form does not say which version was seen."
		return line
	}
	a.Version = seen
	was, _, err := decide(r.Context(), p.opts, id, a)
	if was.ID != "" {
		line.Name = or(was.OrganizerName, was.OrganizerID)
	}
	line.Done, line.Text = err == nil, p.opts.whyNot(r.Context(), id, err)
	return line
}

// decide takes a decision on a case; it gives the case as it was and as it stands then.
func decide(ctx context.Context, opts Options, id string, a cases.Action) (was, is cases.Case, err error) {
	if was, err = opts.Cases.Get(ctx, id); err != nil {
		return was, is, err
	}
	is, err = opts.Desk.Act(ctx, id, a)
	return was, is, err
}

// whyNot says what became of a decision on one of many cases.
func (o Options) whyNot(ctx context.Context, id string, err error) string {
	lost, conflict := errors.AsType[*journal.ConflictError](err)
	switch {
	case err == nil:
		return "Done."
	case conflict:
		return fmt.Sprintf("Not done: %s was first (%s at %s).", lost.Winner.Actor, lost.Winner.Kind, clock(lost.Winner.At))
	case errors.Is(err, cases.ErrAction):
		return "Not done: " + err.Error()
	case errors.Is(err, ErrNotFound):
		return "Not done: there is no such case."
	default:
		o.Logger.ErrorContext(ctx, "bulk action", "case", id, "error", err)
		return "Not done; the daemon's log says why."
	}
}

// queueQuery reads the filters and the order of a queue's address.
func queueQuery(text string) url.Values {
	return some(text, "q", "status", "severity", "verdict", "tenant", "assignee", "sort")
}

// placeQuery is the same with the page, for who comes back to it.
func placeQuery(text string) url.Values {
	return some(text, "q", "status", "severity", "verdict", "tenant", "assignee", "sort", "page")
}

// some reads an address; of what it says, only what is asked for is kept.
func some(text string, keys ...string) url.Values {
	from, err := url.ParseQuery(text)
	if err != nil {
		return nil
	}
	out := url.Values{}
	for _, key := range keys {
		if v := from.Get(key); v != "" {
			out.Set(key, v)
		}
	}
	return out
}

// filterOf is the filter that a queue's address states. Without a status it is of those that wait.
func filterOf(q url.Values) queueFilter {
	f := queueFilter{Text: q.Get("q"), Status: q.Get("status"), Severity: q.Get("severity"), Verdict: q.Get("verdict"), Tenant: q.Get("tenant"), Assignee: q.Get("assignee"), Sort: q.Get("sort")}
	if f.Status == "" {
		f.Status = statusActive
	}
	return f
}

// by is the order of a queue.
func (f queueFilter) by() cases.Order {
	if slices.Contains(orders(), f.Sort) {
		return cases.Order(f.Sort)
	}
	return cases.ByRisk
}

// next is the case after this one in its queue, "" at the end. A case that has left the queue,
// since something was decided on it, keeps its place.
func (f queueFilter) next(ctx context.Context, all Cases, c cases.Case, now time.Time) (string, error) {
	req := cases.PageRequest{By: f.by(), Limit: 1, Where: f.takes(now)}
	req.After = cases.MarkOf(c, req.By)
	found, err := all.Page(ctx, req)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].ID, nil
}

// NextLink is the address of the next case of the queue.
func (b caseBody) NextLink() string {
	return caseAddress(b.Next) + "?" + url.Values{"queue": {b.Queue}}.Encode()
}

// UpLink is the queue that the case was opened from, at its row.
func (b caseBody) UpLink() string {
	up := "/cases"
	if b.Queue != "" {
		up += "?" + b.Queue
	}
	if b.InQueue {
		up += "#" + b.Case.ID
	}
	return up
}
