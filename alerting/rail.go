package alerting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairdial/cases"
	"fairdial/enforcement"
)

// Rails tells whoever is on call that the guard rail holds automatic actions back, once a UTC
// day for each of its bounds: in Slack, and by every outlet. It says how many messages this call
// told.
func (a *Alerter) Rails(ctx context.Context) (told int, err error) {
	states, err := a.enforcement.States(ctx)
	if err != nil {
		return 0, fmt.Errorf("tell of the guard rail: %w", err)
	}
	by := map[enforcement.Rail][]enforcement.State{}
	for _, s := range states {
		if s.Held != nil {
			by[s.Held.Rail] = append(by[s.Held.Rail], s)
		}
	}
	var notices []keyed
	var known map[string]cases.Case
	for rail, held := range by {
		newest := slices.MaxFunc(held, func(x, y enforcement.State) int { return x.Held.At.Compare(y.Held.At) }).Held.At
		if a.now().Sub(newest) >= tooOld {
			continue // told when it happened, or before there was a channel
		}
		if known == nil {
			if known, err = a.casesByID(ctx); err != nil {
				return 0, fmt.Errorf("tell of the guard rail: %w", err)
			}
		}
		notices = append(notices, keyed{fmt.Sprintf("rail/%s/%s", rail, day(newest)), a.railNotice(rail, held, newest, known)})
	}
	slices.SortFunc(notices, func(x, y keyed) int { return strings.Compare(x.key, y.key) })
	told, err = a.announceAll(ctx, a.onCall, notices)
	errs := []error{err}
	for _, outlet := range a.outlets {
		for _, one := range notices {
			sent, err := a.announceElsewhere(ctx, outlet, one, ReasonRail)
			errs = append(errs, err)
			if sent {
				told++
			}
		}
	}
	if err = errors.Join(errs...); err != nil {
		err = fmt.Errorf("tell of the guard rail: %w", err)
	}
	return told, err
}

func (a *Alerter) casesByID(ctx context.Context) (map[string]cases.Case, error) {
	events, err := a.cases.Changed(ctx, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("read the cases: %w", err)
	}
	out := make(map[string]cases.Case, len(events))
	for _, e := range events {
		out[e.CaseID] = e.State
	}
	return out, nil
}

func (a *Alerter) railNotice(rail enforcement.Rail, held []enforcement.State, newest time.Time, known map[string]cases.Case) notice {
	actions, tenants, reasons := map[string]int{}, map[string]int{}, map[string]bool{}
	of := func(s enforcement.State) cases.Case { return known[s.Held.Evidence.CaseID] }
	tenant := func(s enforcement.State) string { return clean(cmp.Or(of(s).TenantName, s.TenantID), maxTenant) }
	for _, s := range held {
		actions[string(s.Held.Action)]++
		tenants[tenant(s)]++
		reasons[s.Held.Reason] = true
	}
	slices.SortFunc(held, func(x, y enforcement.State) int { // the gravest first
		return cmp.Or(cmp.Compare(of(y).Score, of(x).Score), strings.Compare(x.TenantID+"/"+x.OrganizerID, y.TenantID+"/"+y.OrganizerID))
	})
	n := notice{
		headline: "On call · the guard rail holds automatic actions",
		sentence: fmt.Sprintf("%s automatic actions were wanted and not done, the newest at %s. They wait until the bound allows them, or a person acts.",
			number(float64(len(held))), moment(newest)),
		rows: []row{
			{"Bound", strings.ReplaceAll(string(rail), "_", " ")},
			{"Actions", counts(actions)},
			{"By tenant", counts(tenants)},
			{"What to do", "Look whether a rule has gone wrong before you raise the bound: fairdial enforce list; fairdial enforce stop ends all of it"},
		},
	}
	for _, s := range held[:min(len(held), digestGravest)] {
		who := clean(cmp.Or(of(s).OrganizerName, of(s).OrganizerUPN, s.OrganizerID), maxName) + ", " + tenant(s)
		if len(reasons) > 1 {
			who += ": " + clean(s.Held.Reason, maxReason)
		}
		n.also = append(n.also, fmt.Sprintf("%s (risk %d)", who, of(s).Score))
	}
	if len(reasons) == 1 {
		n.rows = append(n.rows, row{"Because", clean(held[0].Held.Reason, maxReason)})
	}
	if a.baseURL != "" {
		n.link = strings.TrimRight(a.baseURL, "/") + "/"
	}
	return n
}
