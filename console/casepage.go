package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/cases"
	"fairdial/enforcement"
)

// proof is a finding with those of its calls that the store shows.
type proof struct {
	cases.Finding
	Evidence []call
}

type caseBody struct {
	Case     cases.Case
	Proofs   []proof
	Habits   habits
	From, To time.Time // what Habits is of
	Peers    []peerDay // what others of the tenant used
	Calls    []call    // that prove findings
	History  []cases.Event
	Related  []cases.Case         // the same rules found something, at the same tenant
	Ring     []tied               // the same numbers were called
	Allowed  enforcement.Decision // it follows the log within seconds
	Causes   []cases.Cause
	CanAct   bool
	People   []string // to whom it can be assigned, by name; others are taken too
	Done     *done    // what was just done here, or to the case before
	// Enforcing is what is in force, and the forms that change it; nil where nobody can.
	Enforcing *enforcing
	// InQueue says that the case was opened from a queue; Queue is its filters.
	InQueue bool
	Queue   string
	Next    string // the next case of that queue, "" at its end
}

// evidenceShown is how many calls of a finding a page shows, and asks the store for.
const evidenceShown = 20

// relatedAmong is of how many cases of the tenant, those of the highest risk, a page names
// related ones.
const relatedAmong = 200

func (p *pages) casePage(w http.ResponseWriter, r *http.Request) {
	c, err := p.opts.Cases.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	b := caseBody{Case: c, InQueue: r.URL.Query().Has("queue")}
	queue := placeQuery(r.URL.Query().Get("queue"))
	b.Queue = queue.Encode()
	s := spanOf(c)
	b.From, b.To = s.from, s.to
	var proving []string
	for _, f := range c.Findings {
		proving = append(proving, f.UsageIDs[:min(len(f.UsageIDs), evidenceShown)]...)
	}
	b.Causes, b.People = cases.Causes(), p.people(r)
	b.Done = p.done(r, c.ID)
	b.Allowed = p.opts.Decider.Within(c.TenantID, c.OrganizerID)
	var calls []call
	var others []cases.Case
	var all everybody
	work, ctx := errgroup.WithContext(r.Context())
	work.Go(func() (err error) { b.Habits, calls, err = p.views.proven(ctx, s, proving); return err })
	work.Go(func() (err error) { all, err = p.views.everybody(ctx, s); return err })
	work.Go(func() (err error) { b.Ring, err = ring(ctx, p.opts, p.views, c, s); return err })
	work.Go(func() (err error) {
		others, err = p.opts.Cases.Page(ctx, cases.PageRequest{Tenants: []string{c.TenantID}, Limit: relatedAmong})
		return err
	})
	if b.InQueue {
		work.Go(func() (err error) {
			b.Next, err = filterOf(queue).next(ctx, p.opts.Cases, c, p.opts.Now())
			return err
		})
	}
	if desk := p.opts.Desk; desk != nil {
		b.CanAct = true
		work.Go(func() (err error) { b.History, err = desk.History(ctx, c.ID); return err })
		work.Go(func() error {
			e, err := p.enforcing(ctx, caseAddress(c.ID), c.TenantID, c.OrganizerID)
			e.InQueue, e.Queue = b.InQueue, b.Queue
			b.Enforcing = &e
			return err
		})
	}
	if err := work.Wait(); err != nil {
		p.fail(w, r, err)
		return
	}
	slices.Reverse(b.History) // the newest first
	b.Proofs, b.Related, b.Calls = proofs(c, calls), related(c, others), calls
	b.Peers, b.Habits.Before = all.others(b.Habits.Days), questioned([]cases.Case{c})
	b.Habits.flag(calls)
	p.show(w, r, http.StatusOK, "case", page{Title: or(c.OrganizerName, c.OrganizerID), Section: "Cases", Body: b})
}

// Records is the address of the organizer's calls in the days of a finding's window.
func (b caseBody) Records(f cases.Finding) string {
	from, to := f.WindowStart.UTC(), f.WindowEnd.UTC()
	if to.After(to.Truncate(24 * time.Hour)) {
		to = to.Add(24 * time.Hour)
	}
	return "/usage?" + url.Values{
		"by": {byRecord}, "tenant": {b.Case.TenantID}, "organizer": {b.Case.OrganizerID},
		"from": {from.Format(time.DateOnly)}, "to": {to.Format(time.DateOnly)},
	}.Encode()
}

// spanOf is the time before the end of a case's newest window.
func spanOf(c cases.Case) span {
	end := c.UpdatedAt
	for _, f := range c.Findings {
		if f.WindowEnd.After(end) || end.Sub(f.WindowEnd) > looked {
			end = f.WindowEnd
		}
	}
	end = end.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	return span{tenant: c.TenantID, organizer: c.OrganizerID, from: end.Add(-looked), to: end}
}

func proofs(c cases.Case, calls []call) []proof {
	out := make([]proof, len(c.Findings))
	for i, f := range c.Findings {
		out[i].Finding = f
		for _, found := range calls {
			if slices.Contains(f.UsageIDs[:min(len(f.UsageIDs), evidenceShown)], found.UsageID) {
				out[i].Evidence = append(out[i].Evidence, found)
			}
		}
	}
	return out
}

// related are cases of the same tenant in which one of the same rules found something, the
// highest risk first.
func related(c cases.Case, others []cases.Case) (out []cases.Case) {
	rules := map[string]bool{}
	for _, f := range c.Findings {
		rules[f.RuleID] = true
	}
	for _, o := range others {
		same := slices.ContainsFunc(o.Findings, func(f cases.Finding) bool { return rules[f.RuleID] })
		if o.ID != c.ID && same && len(out) < 6 {
			out = append(out, o)
		}
	}
	return out
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
