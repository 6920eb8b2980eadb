package enforcement

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"fairdial/cases"
	"fairdial/store/journal"
)

// requests are the steps that the policy asks people for and the log lacks, one an
// organizer. Those whose log the batch moves on already are looked at in the next pass.
func (e *Enforcer) requests(ctx context.Context, states map[organizer]State, batch []journal.Event, all []cases.Case, now time.Time) ([]journal.Event, error) {
	busy := map[string]bool{}
	for _, entry := range batch {
		busy[entry.Subject] = true
	}
	asked := map[organizer]Pending{}
	for _, c := range all {
		terms := e.policy.terms(c.TenantID)
		action := terms.requests(c.Score)
		if action == "" || !isOpen(c, now) {
			continue
		}
		for _, id := range accused(c) {
			o := organizer{c.TenantID, id}
			if busy[subject(o.tenant, o.id)] || e.protectedIn(c, id) || !e.mayAsk(states[o], c, action, now) {
				continue
			}
			p := Pending{
				Action: action, Actor: Actor, At: now, Until: now.Add(terms.Expiry), Evidence: evidenceOf(c),
				Reason: fmt.Sprintf("case %s has risk %d: the policy asks people to %s", c.ID, c.Score, action),
			}
			if action == ActionThrottle {
				p.Limits = &terms.Throttle
			}
			if best, ok := asked[o]; !ok || c.Score > best.Evidence.Score || c.Score == best.Evidence.Score && c.ID < best.Evidence.CaseID {
				asked[o] = p
			}
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	protected, err := e.protected(ctx, now)
	if err != nil {
		return nil, err
	}
	var out []journal.Event
	for _, o := range slices.SortedFunc(maps.Keys(asked), func(a, b organizer) int {
		return strings.Compare(subject(a.tenant, a.id), subject(b.tenant, b.id))
	}) {
		if protected[o] {
			continue
		}
		before := states[o]
		before.TenantID, before.OrganizerID, before.Pending = o.tenant, o.id, nil
		if before.Version == 0 {
			before.Level = LevelObserve
		}
		before.Version++
		after, kind, err := e.ask(before, asked[o])
		if err != nil {
			return nil, err
		}
		entry, err := event(after, kind, Actor, asked[o].Reason, now)
		if err != nil {
			return nil, err
		}
		out = append(out, entry)
	}
	return out, nil
}

// mayAsk says whether a request would tell people something that they have not decided on.
func (e *Enforcer) mayAsk(s State, c cases.Case, action Action, now time.Time) bool {
	if p := s.Pending; p != nil {
		if now.Before(p.Until) {
			return false
		}
		if !seen(c).After(p.Until) { // nobody cared, and nothing was seen since
			return false
		}
	}
	if s.Rejected != nil && !more(c, s.Rejected.Evidence, s.Rejected.At) {
		return false
	}
	return e.moves(s, c, action, now)
}
