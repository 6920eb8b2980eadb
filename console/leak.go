package console

import (
	"errors"
	"net/http"

	"fairdial/rating"
)

// leakShown is how many organizers a leak's page names; the command writes all of them.
const leakShown = 50

type leakBody struct {
	Leak  rating.Leak
	Parts []leakPart
	More  int // organizers that are not named
}

// leakPart is a line of the leak: all of it, or a part that stands out.
type leakPart struct {
	What string
	rating.LeakPart
}

// leak shows what "unlimited" cost of a tenant-month.
func (p *pages) leak(w http.ResponseWriter, r *http.Request) {
	m, ok := p.monthOf(w, r)
	if !ok {
		return
	}
	l, err := p.opts.Books.Leak(r.Context(), m, r.PathValue("tenant"))
	if errors.Is(err, rating.ErrNotRated) {
		err = ErrNotFound
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	b := leakBody{Leak: l, Parts: []leakPart{
		{"In all", l.Absorbed}, {"Of it by organizers with an open case", l.Questioned}, {"Of it without an eligible licence", l.Ineligible},
	}}
	if b.More = max(len(l.Organizers)-leakShown, 0); b.More > 0 {
		b.Leak.Organizers = l.Organizers[:leakShown]
	}
	p.show(w, r, http.StatusOK, "leak", page{Title: "What unlimited cost: " + or(l.TenantName, l.TenantID) + ", " + l.Month, Section: "Finance", Body: b})
}
