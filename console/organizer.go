package console

import (
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/cases"
)

// person is an organizer as the newest directory snapshot has them.
type person struct {
	UPN      string    `ch:"upn" json:"upn"`
	Name     string    `ch:"name" json:"name"`
	Location string    `ch:"usage_location" json:"usage_location"`
	Enabled  bool      `ch:"enabled" json:"enabled"`
	SeenAt   time.Time `ch:"seen_at" json:"seen_at"` // UTC
}

// licence is a service plan that an organizer held for a time.
type licence struct {
	Plan  string    `ch:"service_plan_id" json:"service_plan_id"`
	From  time.Time `ch:"held_from" json:"held_from"` // UTC
	Still bool      `ch:"held_still" json:"held_still"`
	To    time.Time `ch:"held_to_shown" json:"held_to_shown"` // UTC
}

// monthPaid is what paid for an organizer's calls of a month, in seconds.
type monthPaid struct {
	Month    time.Time `ch:"month" json:"month"`
	Addon    int64     `ch:"addon" json:"addon"`
	Pool     int64     `ch:"pool" json:"pool"`
	Credits  int64     `ch:"credits" json:"credits"`
	Unfunded int64     `ch:"unfunded" json:"unfunded"`
}

type organizerBody struct {
	TenantID, OrganizerID string
	Person                *person
	Licences              []licence
	Months                []monthPaid
	Cases                 []cases.Case
	Enforcing             *enforcing // nil where nobody can enforce
	Habits                habits
	From, To              time.Time
	Peers                 []peerDay
	History               []happened
	Spent                 *spentMonth // nil where nothing is rated
	Done                  *done
}

func (p *pages) organizer(w http.ResponseWriter, r *http.Request) {
	b := organizerBody{TenantID: r.PathValue("tenant"), OrganizerID: r.PathValue("organizer"), Done: p.done(r, "")}
	to, err := p.views.newest(r.Context(), b.TenantID)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	s := span{tenant: b.TenantID, organizer: b.OrganizerID, from: to.Add(-looked), to: to}
	b.From, b.To = s.from, s.to
	who := []any{named("tenant_id", b.TenantID), named("organizer_id", b.OrganizerID)}
	var found []person
	var all everybody
	work, ctx := errgroup.WithContext(r.Context())
	work.Go(func() error { return p.views.read(ctx, &found, "organizer", who...) })
	work.Go(func() error { return p.views.read(ctx, &b.Licences, "licences", who...) })
	work.Go(func() error { return p.views.read(ctx, &b.Months, "months", who...) })
	work.Go(func() (err error) { all, err = p.views.everybody(ctx, s); return err })
	work.Go(func() (err error) { b.History, err = p.views.about(ctx, b.TenantID, b.OrganizerID); return err })
	work.Go(func() error {
		s, err := spentIn(ctx, p.opts.Ratings, b.TenantID, b.OrganizerID)
		if s != nil {
			b.Spent = spentOver(*s, to)
		}
		return err
	})
	work.Go(func() (err error) { b.Habits, err = p.views.habits(ctx, s); return err })
	work.Go(func() (err error) {
		b.Cases, err = p.opts.Cases.List(ctx, CaseFilter{TenantID: b.TenantID, OrganizerID: b.OrganizerID})
		if err == nil {
			b.Cases, err = p.opts.Cases.Whole(ctx, b.Cases)
		}
		return err
	})
	if p.opts.Desk != nil {
		work.Go(func() error {
			e, err := p.enforcing(ctx, organizerAddress(b.TenantID, b.OrganizerID), b.TenantID, b.OrganizerID)
			b.Enforcing = &e
			return err
		})
	}
	if err := work.Wait(); err != nil {
		p.fail(w, r, err)
		return
	}
	b.Peers, b.Habits.Before = all.others(b.Habits.Days), questioned(b.Cases)
	title := b.OrganizerID
	if len(found) > 0 {
		b.Person = &found[0]
		title = or(found[0].Name, title)
	} else if len(b.Cases) == 0 && len(b.Habits.Days) == 0 {
		p.fail(w, r, ErrNotFound)
		return
	}
	p.show(w, r, http.StatusOK, "organizer", page{Title: title, Section: "Tenants", Body: b})
}

type tenantsBody struct {
	Total   int
	Pager   pager
	Sources []source
	Open    map[string]int // cases by tenant
}

func (p *pages) tenants(w http.ResponseWriter, r *http.Request) {
	b := tenantsBody{Open: map[string]int{}}
	var err error
	if b.Sources, err = p.views.sources(r.Context()); err != nil {
		p.fail(w, r, err)
		return
	}
	list, err := p.opts.Cases.List(r.Context(), CaseFilter{})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, c := range list {
		if active(c, p.opts.Now()) {
			b.Open[c.TenantID]++
		}
	}
	b.Total = len(b.Sources)
	b.Sources, b.Pager = turned(r, b.Sources)
	p.show(w, r, http.StatusOK, "tenants", page{Title: "Tenants", Section: "Tenants", Body: b})
}
