package console

import (
	"errors"
	"net/http"

	"fairdial/rating"
)

type leakBody struct {
	Leak  rating.Leak
	Parts []leakPart
	Pager pager
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
	if r.URL.Query().Get("format") == "csv" {
		_ = sendLeak(w, l) // nobody waits for it any more
		return
	}
	b := leakBody{Leak: l, Parts: []leakPart{
		{"In all", l.Absorbed}, {"Of it by organizers with an open case", l.Questioned}, {"Of it without an eligible licence", l.Ineligible},
	}}
	b.Leak.Organizers, b.Pager = turned(r, l.Organizers)
	p.show(w, r, http.StatusOK, "leak", page{Title: "What unlimited cost: " + or(l.TenantName, l.TenantID) + ", " + l.Month, Section: "Finance", Body: b})
}

// sendLeak gives all organizers of a leak as a file.
func sendLeak(w http.ResponseWriter, l rating.Leak) error {
	attachment(w, "leak-"+l.Month+"-"+l.TenantID+".csv")
	return rating.WriteLeaksCSV(w, []rating.Leak{l})
}
