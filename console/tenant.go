package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/cases"
	"fairdial/rating"
)

// company is a tenant as the directory has it.
type company struct {
	Name    string `ch:"name"`
	Country string `ch:"country"`
	Segment string `ch:"segment"`
	Channel string `ch:"channel"`
}

// happened is an event of a log, about an organizer.
type happened struct {
	Stream      string    `ch:"stream" json:"stream"`
	Subject     string    `ch:"subject" json:"subject"`
	Kind        string    `ch:"kind" json:"kind"`
	TenantID    string    `ch:"tenant_id" json:"tenant_id"`
	OrganizerID string    `ch:"organizer_id" json:"organizer_id"`
	Actor       string    `ch:"actor" json:"actor"`
	At          time.Time `ch:"at" json:"at"` // UTC
	Reason      string    `ch:"reason" json:"reason"`
	Name        string    `ch:"-" json:"-"` // the organizer's
}

// Case is the address of the case it is about, "" for none.
func (h happened) Case() string { return deed{Stream: h.Stream, Subject: h.Subject}.Case() }

// deedsShown is how many of the newest events a page shows.
const deedsShown = 30

// planHeld is how many organizers held a service plan, at each of some moments.
type planHeld struct {
	Plan    string  `json:"service_plan_id"`
	Holders []int64 `json:"holders"`
}

// monthsOfPlans is over how many months a tenant's licences are shown.
const monthsOfPlans = 6

// aboutTenant is what the store alone tells of a tenant: use by day, licences, what happened.
type aboutTenant struct {
	Company *company
	Use     dayPlot
	Plans   []planHeld
	Moments []time.Time // of Plans
	History []happened
}

func (v views) tenant(ctx context.Context, tenantID string) (t aboutTenant, err error) {
	to, err := v.newest(ctx, tenantID)
	if err != nil {
		return t, err
	}
	t.Use, t.Moments = dayPlot{From: to.Add(-looked), To: to}, momentsBefore(to)
	var companies []company
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return v.read(ctx, &companies, "tenant", named("tenant_id", tenantID)) })
	work.Go(func() (err error) { t.Use.Days, err = v.daysOf(ctx, tenantID, t.Use.From, to); return err })
	work.Go(func() (err error) { t.Plans, err = v.plansHeld(ctx, tenantID, t.Moments); return err })
	work.Go(func() (err error) { t.History, err = v.about(ctx, tenantID, ""); return err })
	if err := work.Wait(); err != nil {
		return t, err
	}
	if len(companies) > 0 {
		t.Company = &companies[0]
	}
	return t, nil
}

// about is what happened to an organizer, or of a tenant what people did and what was enforced.
func (v views) about(ctx context.Context, tenantID, organizerID string) (out []happened, err error) {
	err = v.read(ctx, &out, "deeds_about", named("tenant_id", tenantID), named("organizer_id", organizerID), named("limit", uint64(deedsShown)))
	if err != nil {
		return nil, err
	}
	people := make([]who, len(out))
	for i, h := range out {
		people[i] = who{h.TenantID, h.OrganizerID}
	}
	called, err := v.namesOf(ctx, people)
	for i, h := range out {
		out[i].Name = called.organizer(h.TenantID, h.OrganizerID)
	}
	return out, err
}

// masked are events without phone numbers in their reasons.
func masked(all []happened) []happened {
	out := make([]happened, len(all))
	for i, h := range all {
		h.Reason = maskText(h.Reason)
		out[i] = h
	}
	return out
}

type tenantBody struct {
	aboutTenant
	TenantID string
	Month    string
	Pools    []rating.PoolStanding
	Total    int // cases
	Cases    []cases.Case
	Pager    pager
}

// Burn is what was left of a pool day by day.
func (tenantBody) Burn(s rating.PoolStanding) []poolLeft { return burn(s) }

// drainers is how many organizers a tenant's page names for each pool.
const drainers = 10

func (p *pages) tenant(w http.ResponseWriter, r *http.Request) {
	b := tenantBody{TenantID: r.PathValue("tenant")}
	work, ctx := errgroup.WithContext(r.Context())
	work.Go(func() (err error) { b.aboutTenant, err = p.views.tenant(ctx, b.TenantID); return err })
	work.Go(func() error {
		month, rated, err := p.opts.Ratings.NewestMonth(ctx)
		if err == nil && rated {
			b.Month = month.String()
			b.Pools, err = p.opts.Ratings.Pools(ctx, rating.PoolsRequest{Tenants: []string{b.TenantID}, Month: month, Top: drainers})
		}
		return err
	})
	work.Go(func() (err error) {
		b.Cases, err = p.opts.Cases.List(ctx, CaseFilter{TenantID: b.TenantID})
		return err
	})
	if err := work.Wait(); err != nil {
		p.fail(w, r, err)
		return
	}
	title := b.TenantID
	switch {
	case b.Company != nil:
		title = b.Company.Name
	case len(b.Pools) > 0:
		title = or(b.Pools[0].TenantName, title)
	case len(b.Cases) > 0:
		title = or(b.Cases[0].TenantName, title)
	case len(b.Use.Days) == 0:
		p.fail(w, r, ErrNotFound)
		return
	}
	b.Total = len(b.Cases)
	b.Cases, b.Pager = turned(r, b.Cases)
	var err error
	if b.Cases, err = p.opts.Cases.Whole(r.Context(), b.Cases); err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "tenant", page{Title: title, Section: "Tenants", Body: b})
}

// momentsBefore are the begins of some months up to a time, and the time.
func momentsBefore(to time.Time) []time.Time {
	first := time.Date(to.Year(), to.Month(), 1, 0, 0, 0, 0, time.UTC)
	if first.Equal(to) {
		first = first.AddDate(0, -1, 0)
	}
	var out []time.Time
	for i := monthsOfPlans - 1; i >= 0; i-- {
		out = append(out, first.AddDate(0, -i, 0))
	}
	return append(out, to.Add(-time.Second))
}

// daysOf is the use of all of a tenant's organizers by day.
func (v views) daysOf(ctx context.Context, tenantID string, from, to time.Time) (out []dayUse, err error) {
	all, err := v.slices(ctx, "day", tenantID, from, to, linesShown, 0)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		day, err := time.Parse(time.DateOnly, s.Name)
		if err != nil {
			return nil, fmt.Errorf("the store gives no day: %w", err)
		}
		out = append(out, dayUse{Day: day, Seconds: s.Seconds, Calls: s.Calls})
	}
	return out, nil
}

// plansHeld is how many of a tenant held each service plan, those that most hold first.
func (v views) plansHeld(ctx context.Context, tenantID string, moments []time.Time) (out []planHeld, err error) {
	texts := make([]string, len(moments))
	for i, m := range moments {
		texts[i] = m.Format("2006-01-02 15:04:05.000")
	}
	var rows []struct {
		Plan    string    `ch:"service_plan_id"`
		Moment  time.Time `ch:"moment"`
		Holders int64     `ch:"holders"`
	}
	if err := v.read(ctx, &rows, "plans_held", named("tenant_id", tenantID), named("moments", texts)); err != nil {
		return nil, err
	}
	for _, row := range rows {
		if len(out) == 0 || out[len(out)-1].Plan != row.Plan {
			out = append(out, planHeld{row.Plan, make([]int64, len(moments))})
		}
		if i := slices.IndexFunc(moments, row.Moment.UTC().Equal); i >= 0 {
			out[len(out)-1].Holders[i] = row.Holders
		}
	}
	last := len(moments) - 1
	slices.SortStableFunc(out, func(a, b planHeld) int { return cmp.Compare(b.Holders[last], a.Holders[last]) })
	return out, nil
}
