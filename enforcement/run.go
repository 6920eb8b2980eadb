package enforcement

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"fairdial/cases"
	"fairdial/store/journal"
)

// Report says what one pass did.
type Report struct {
	Cases      int  `json:"cases"`      // open ones that were looked at
	Wanted     int  `json:"wanted"`     // automatic actions the policy called for
	Flagged    int  `json:"flagged"`    // of them done
	Throttled  int  `json:"throttled"`  // of them done
	Held       int  `json:"held"`       // of them stopped by the guard rail, now or before
	Reinstated int  `json:"reinstated"` // levels that ran out or whose case was dismissed
	Requested  int  `json:"requested"`  // steps that people are asked to approve
	Lost       int  `json:"lost"`       // somebody else acted on the organizer at the same moment
	Yielded    bool `json:"yielded"`    // another pass was at it; this one left the actions to it
	DryRun     bool `json:"dry_run"`
	Stopped    bool `json:"stopped"` // by the kill switch: only what is over was ended
}

// Run is one pass of the policy over the cases: it writes the automatic actions that are
// missing from the log and ends what is over. It can be killed at any point and run again,
// and any number of runs may overlap.
func (e *Enforcer) Run(ctx context.Context) (Report, error) {
	report := Report{DryRun: e.policy.DryRun}
	fail := func(err error) (Report, error) { return report, fmt.Errorf("enforce: %w", err) }
	now := e.now()

	// The ledger is read before the states: an action that another run writes meanwhile
	// moves the ledger on, and then the claim below fails.
	past, ledgerVersion, err := e.readLedger(ctx)
	if err != nil {
		return fail(err)
	}
	list, err := e.States(ctx)
	if err != nil {
		return fail(err)
	}
	states := map[organizer]State{}
	for _, s := range list {
		states[organizer{s.TenantID, s.OrganizerID}] = s
	}
	heads, err := e.cases.Changed(ctx, time.Time{})
	if err != nil {
		return fail(fmt.Errorf("read the cases: %w", err))
	}
	all := make([]cases.Case, len(heads))
	for i, head := range heads {
		all[i] = head.State
		if isOpen(all[i], now) {
			report.Cases++
		}
	}

	batch, lifted, err := e.lifts(states, all, now)
	if err != nil {
		return fail(err)
	}
	stop, err := e.Switch(ctx)
	if err != nil {
		return fail(err)
	}
	if report.Stopped = stop.Stopped; !stop.Stopped {
		wants, err := e.wants(ctx, states, lifted, all, now)
		if err != nil {
			return fail(err)
		}
		report.Wanted = len(wants)
		actions, err := e.decideOn(ctx, &report, past, ledgerVersion, states, wants, now)
		if err != nil {
			return fail(err)
		}
		batch = append(batch, actions...)
		requests, err := e.requests(ctx, states, batch, all, now)
		if err != nil {
			return fail(err)
		}
		batch = append(batch, requests...)
	}
	lost, err := e.journal.AppendBatch(ctx, batch)
	if err != nil {
		return fail(err)
	}
	e.count(ctx, &report, batch, lost)
	return report, nil
}

// decideOn puts the wanted actions to the guard rail, claims those that it lets through,
// and gives the events to write.
func (e *Enforcer) decideOn(ctx context.Context, report *Report, past ledger, version uint32, states map[organizer]State, wants []wanted, now time.Time) ([]journal.Event, error) {
	if len(wants) == 0 {
		return nil, nil
	}
	sizes, err := e.tenantSizes(ctx, now)
	if err != nil {
		return nil, err
	}
	through, stopped, next := e.policy.GuardRail.admit(past, states, sizes, wants, now)
	if len(through) > 0 {
		var won bool
		if won, err = e.claim(ctx, next, version+1, len(through), now); err != nil {
			return nil, err
		}
		if !won {
			report.Yielded = true
			return nil, nil
		}
	}
	report.Held = len(stopped)
	var batch []journal.Event
	for _, w := range through {
		var entry journal.Event
		if entry, err = e.actionEvent(w, now); err != nil {
			return nil, err
		}
		batch = append(batch, entry)
	}
	for _, h := range stopped {
		if h.known() {
			continue
		}
		var entry journal.Event
		if entry, err = heldEvent(h, now); err != nil {
			return nil, err
		}
		batch = append(batch, entry)
	}
	return batch, nil
}

func (e *Enforcer) count(ctx context.Context, report *Report, batch []journal.Event, lost []*journal.ConflictError) {
	beaten := map[string]bool{}
	for _, conflict := range lost {
		beaten[conflict.Lost.Subject] = true
	}
	report.Lost = len(lost)
	for _, entry := range batch {
		if beaten[entry.Subject] {
			continue
		}
		switch entry.Kind {
		case KindFlagged:
			report.Flagged++
		case KindThrottled:
			report.Throttled++
		case KindAsked, KindRequested:
			report.Requested++
		case KindReinstated, KindExpired:
			report.Reinstated++
		}
		e.log.LogAttrs(ctx, slog.LevelInfo, "enforcement action",
			slog.String("kind", entry.Kind), slog.String("tenant_id", entry.TenantID),
			slog.String("organizer_id", entry.OrganizerID), slog.String("actor", entry.Actor),
			slog.String("reason", entry.Reason), slog.Bool("dry_run", e.policy.DryRun))
	}
}

// lifts are the events that end what is over, and the organizers they are about.
func (e *Enforcer) lifts(states map[organizer]State, all []cases.Case, now time.Time) ([]journal.Event, map[organizer]bool, error) {
	dismissed := map[string]cases.Case{}
	for _, c := range all {
		if c.Outcome == cases.OutcomeFalsePositive || c.Outcome == cases.OutcomeExpected {
			dismissed[c.ID] = c
		}
	}
	var batch []journal.Event
	lifted := map[organizer]bool{}
	for _, o := range slices.SortedFunc(maps.Keys(states), func(a, b organizer) int {
		return strings.Compare(subject(a.tenant, a.id), subject(b.tenant, b.id))
	}) {
		s := states[o]
		var kind, reason string
		evidence, ended := s.Evidence, now
		c, wasDismissed := dismissed[s.Evidence.CaseID]
		switch {
		case s.expired(now):
			kind, reason, ended = KindExpired, "the "+string(s.Level)+" ended at "+s.Until.Format(time.RFC3339), s.Until
		case s.automatic() && s.InForce(now) != LevelObserve && wasDismissed:
			kind, reason = KindReinstated, fmt.Sprintf("case %s, which the %s rested on, was found to be %s", c.ID, s.Level, c.Outcome)
			evidence = evidenceOf(c)
		default:
			continue
		}
		after := lift(s, Actor, reason, evidence, ended, now)
		after.Version++
		if s.Pending != nil && now.Before(s.Pending.Until) {
			after.Pending = s.Pending // a person's request outlives the policy's level
		}
		entry, err := event(after, kind, Actor, reason, now)
		if err != nil {
			return nil, nil, err
		}
		batch = append(batch, entry)
		lifted[o] = true
	}
	return batch, lifted, nil
}

// wants are the automatic actions that the cases call for and the log lacks, one an
// organizer.
func (e *Enforcer) wants(ctx context.Context, states map[organizer]State, lifted map[organizer]bool, all []cases.Case, now time.Time) ([]wanted, error) {
	byOrganizer := map[organizer]wanted{}
	for _, c := range all {
		for _, id := range accused(c) {
			o := organizer{c.TenantID, id}
			s, known := states[o]
			if !known {
				s = State{TenantID: c.TenantID, OrganizerID: id, Level: LevelObserve}
			}
			action := e.Next(c, id, s, now)
			// One event an organizer and pass: what was lifted now is looked at next time.
			if action == "" || lifted[o] {
				continue
			}
			if best, ok := byOrganizer[o]; !ok || c.Score > best.Score || c.Score == best.Score && c.ID < best.CaseID {
				byOrganizer[o] = wanted{state: s, action: action, Evidence: evidenceOf(c), reason: fmt.Sprintf(
					"case %s has risk %d, and the policy acts from %d", c.ID, c.Score, e.policy.terms(c.TenantID).threshold(action))}
			}
		}
	}
	if len(byOrganizer) == 0 {
		return nil, nil
	}
	protected, err := e.protected(ctx, now)
	if err != nil {
		return nil, err
	}
	for o := range protected {
		delete(byOrganizer, o)
	}
	return slices.Collect(maps.Values(byOrganizer)), nil
}

// Next is the automatic action that a case calls for on one of its organizers whose state
// is s, "" for none. The guard rail may still hold it.
func (e *Enforcer) Next(c cases.Case, organizerID string, s State, now time.Time) Action {
	action := e.policy.terms(c.TenantID).wants(c.Score)
	if action == "" || e.policy.Stopped || e.protectedIn(c, organizerID) || !isOpen(c, now) || !e.moves(s, c, action, now) {
		return ""
	}
	return action
}

// protectedIn says whether an organizer of a case is protected, as far as the case tells.
func (e *Enforcer) protectedIn(c cases.Case, organizerID string) bool {
	return e.policy.protects(organizerID) || organizerID == normal(c.OrganizerID) && e.policy.protects(c.OrganizerUPN)
}

// isOpen says whether a case may be acted on: nobody closed it or put it off, and no appeal
// waits for an answer.
func isOpen(c cases.Case, now time.Time) bool {
	return c.AppealedAt.IsZero() && c.Status != cases.StatusClosed && !now.Before(c.SnoozedUntil) &&
		c.Outcome != cases.OutcomeFalsePositive && c.Outcome != cases.OutcomeExpected
}

// moves says whether an automatic action for a case goes further than what is in force,
// and on evidence that nobody has judged yet.
func (e *Enforcer) moves(s State, c cases.Case, action Action, now time.Time) bool {
	inForce := s.InForce(now)
	if s.DryRun && !e.policy.DryRun && s.automatic() {
		inForce = LevelObserve // it was only shown; now it is done
	}
	if levelOf(action).rank() <= inForce.rank() {
		return false
	}
	switch {
	case s.Lifted != nil && s.Level == LevelObserve && person(s.Lifted.Actor):
		// A person's word stands until there is more than the person knew of.
		return more(c, s.Lifted.Evidence, s.Lifted.At)
	case s.Lifted != nil && s.Level == LevelObserve:
		return c.ID != s.Lifted.Evidence.CaseID || seen(c).After(s.Lifted.At)
	case inForce != LevelObserve && !s.automatic():
		return more(c, s.Evidence, s.Since)
	default:
		return true
	}
}

// more says whether an open case tells more than what a person knew when deciding: it is
// another one, its risk is higher, or it was closed and opened again since.
func more(c cases.Case, known Evidence, at time.Time) bool {
	return c.ID != known.CaseID || c.Score > known.Score || known.Closed ||
		slices.ContainsFunc(c.Closings, func(closed time.Time) bool { return closed.After(at) })
}

// seen is when the detector last saw what a case is about: the end of its newest window.
// What people do to the case does not count.
func seen(c cases.Case) (last time.Time) {
	for _, f := range c.Findings {
		if f.WindowEnd.After(last) {
			last = f.WindowEnd
		}
	}
	return last
}

func (t Terms) threshold(a Action) int {
	if a == ActionThrottle {
		return t.AutoThrottleScore
	}
	return t.AutoFlagScore
}

func (e *Enforcer) actionEvent(w wanted, now time.Time) (journal.Event, error) {
	after, kind := w.state, KindFlagged
	after.Version++
	after.Level, after.Limits, after.DryRun = levelOf(w.action), nil, e.policy.DryRun
	terms := e.policy.terms(after.TenantID)
	after.Since, after.Until = now, now.Add(terms.Expiry)
	after.Actor, after.ApprovedBy, after.Reason, after.Evidence, after.Held = Actor, "", w.reason, w.Evidence, nil
	if w.action == ActionThrottle {
		after.Limits, kind = &terms.Throttle, KindThrottled
	}
	return event(after, kind, Actor, w.reason, now)
}

// known says whether the log says already that the guard rail stopped this.
func (h held) known() bool {
	was := h.state.Held
	return was != nil && was.Action == h.action && was.Rail == h.rail && was.Evidence.CaseID == h.CaseID
}

// heldEvent records that the guard rail stopped an action.
func heldEvent(h held, now time.Time) (journal.Event, error) {
	after := h.state
	after.Version++
	after.Held = &Held{Action: h.action, Rail: h.rail, Reason: h.why, At: now, Evidence: h.Evidence}
	return event(after, KindHeld, Actor, fmt.Sprintf("%s held: %s", h.action, h.why), now)
}
