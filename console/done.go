package console

import (
	"net/http"
	"net/url"
	"slices"

	"fairdial/cases"
	"fairdial/enforcement"
)

// done says on the page that follows what was done on the one before.
type done struct {
	Text, Name string
	Link       string // of the case it was done to, where another one is shown now
}

// doneTexts are what a page says of what was done.
func doneTexts() map[string]string {
	return map[string]string{
		cases.KindAcknowledged: "Acknowledged", cases.KindAssigned: "Assigned", cases.KindSnoozed: "Put off",
		cases.KindExpected: "Closed as expected", cases.KindConfirmed: "Closed as abuse", cases.KindDismissed: "Closed as a false alarm",
		cases.KindNoted: "The note is kept", cases.KindReopened: "Open again", cases.KindAppealed: "The appeal is kept, and the case is open",
		cases.KindMerged: "Merged into this case", cases.KindLeft: "Out of the ring",
		string(enforcement.ActionFlag): "Flagged", string(enforcement.ActionThrottle): "The throttle was asked for; Enforcement says where it stands",
		string(enforcement.ActionSuspend): "The suspension was asked for; Enforcement says where it stands", string(enforcement.ActionReinstate): "Reinstated",
		string(enforcement.ActionApprove): "Approved", string(enforcement.ActionReject): "What was asked for is off: nothing is done",
	}
}

// settles says of a decision that nothing is left to do on the case for now.
func settles(kind string) bool {
	return slices.Contains([]string{cases.KindSnoozed, cases.KindExpected, cases.KindConfirmed, cases.KindDismissed}, kind)
}

// done reads what the address says was done, and to which case; anything else it says is nothing.
func (p *pages) done(r *http.Request, shown string) *done {
	q := r.URL.Query()
	d := done{Text: doneTexts()[q.Get("done")]}
	if d.Text == "" {
		return nil
	}
	if was := q.Get("was"); was != "" && was != shown {
		c, err := p.opts.Cases.Get(r.Context(), was)
		if err != nil {
			return nil
		}
		d.Name, d.Link = or(c.OrganizerName, c.OrganizerID), caseAddress(c.ID)
	}
	return &d
}

// after is where a form leads when it was done: to its page or, from a queue, to the next case
// of it when this one is settled.
func (p *pages) after(r *http.Request, back, kind, caseID string) string {
	q := url.Values{"done": {kind}}
	if r.PostForm.Has("queue") { // the next case is still the next of that queue
		queue := placeQuery(r.PostForm.Get("queue"))
		q.Set("queue", queue.Encode())
		if caseID != "" && settles(kind) {
			if c, err := p.opts.Cases.Get(r.Context(), caseID); err == nil {
				if next, err := filterOf(queue).next(r.Context(), p.opts.Cases, c, p.opts.Now()); err == nil && next != "" {
					q.Set("was", caseID)
					back = caseAddress(next)
				}
			}
		}
	}
	return back + "?" + q.Encode()
}

// people are those to whom a case can be assigned: the reader first, then who else may act.
func (p *pages) people(r *http.Request) []string {
	out := []string{caller(r)}
	if p.opts.Access == nil || identity(r.Context()).Scoped() { // whom somebody scoped works with is not told
		return out
	}
	for _, u := range p.opts.Access.Users() {
		if !u.Disabled && u.Role.May("review") && !slices.Contains(out, u.Name) {
			out = append(out, u.Name)
		}
	}
	return out
}
