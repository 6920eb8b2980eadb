package enforcement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// GuardRail bounds what is done automatically, so that a bad rule cannot act on everybody.
// Dry-run actions count as real ones do: a dry run shows what would really happen.
type GuardRail struct {
	// ActionsPerHour bounds the automatic actions of all tenants together in any 60
	// minutes; 0 allows none.
	ActionsPerHour int
	// TenantShare, 0 to 1, is the part of a tenant's organizers on whom automatic actions
	// may be in force at once. Any share above 0 allows at least one organizer, else no
	// small tenant could ever be policed.
	TenantShare float64
}

// Rail names the bound that held an action.
type Rail string

// The rails.
const (
	RailActionsPerHour Rail = "actions_per_hour"
	RailTenantShare    Rail = "tenant_share"
)

const railWindow = time.Hour

// allowed is how many organizers of a tenant of a size may be under automatic actions.
func (g GuardRail) allowed(organizers int) int {
	if g.TenantShare <= 0 {
		return 0
	}
	return max(1, int(g.TenantShare*float64(organizers)))
}

// wanted is an automatic action that the policy calls for.
type wanted struct {
	state  State // before it
	action Action
	reason string
	Evidence
}

func (w wanted) organizer() organizer { return organizer{w.state.TenantID, w.state.OrganizerID} }

// held is a wanted action that a rail stops.
type held struct {
	wanted
	rail Rail
	why  string
}

// claim is one automatic action that the rail let through: the version of an organizer's
// log that it will be, and when.
type claim struct {
	TenantID    string    `json:"tenant_id"`
	OrganizerID string    `json:"organizer_id"`
	Version     int       `json:"version"`
	At          time.Time `json:"at"` // UTC
}

func (c claim) organizer() organizer { return organizer{c.TenantID, c.OrganizerID} }

// ledger is the claims of the last 60 minutes. It is written before the actions
// themselves, with compare-and-set, so that two runs at once and a run that dies half way
// cannot together do more than the guard rail allows.
type ledger struct {
	Claims []claim `json:"claims"`
}

type organizer struct{ tenant, id string }

// slot is one version of an organizer's log.
type slot struct {
	organizer
	version int
}

// admit decides which wanted actions go through, the gravest first, and gives the ledger
// that says so. states are the states of all organizers and sizes the number of organizers
// by tenant; now is the moment of the actions.
func (g GuardRail) admit(past ledger, states map[organizer]State, sizes map[string]int, wants []wanted, now time.Time) ([]wanted, []held, ledger) {
	claims := map[slot]claim{}
	for _, c := range past.Claims {
		if now.Sub(c.At) < railWindow {
			claims[slot{c.organizer(), c.Version}] = c
		}
	}
	under := underAutomatic(states, claims, now)

	wants = slices.SortedFunc(slices.Values(wants), func(a, b wanted) int {
		return cmp.Or(
			cmp.Compare(levelOf(b.action).rank(), levelOf(a.action).rank()), cmp.Compare(b.Score, a.Score),
			cmp.Compare(a.state.TenantID, b.state.TenantID), cmp.Compare(a.state.OrganizerID, b.state.OrganizerID),
		)
	})
	var through []wanted
	var stopped []held
	for _, w := range wants {
		o := w.organizer()
		s := slot{o, w.state.Version + 1}
		if allowed := g.allowed(sizes[o.tenant]); !under.has(o) && len(under[o.tenant]) >= allowed {
			stopped = append(stopped, held{wanted: w, rail: RailTenantShare, why: fmt.Sprintf(
				"automatic actions are in force on %d of the tenant's %d organizers, and the policy allows %d",
				len(under[o.tenant]), sizes[o.tenant], allowed)})
			continue
		}
		count := len(claims)
		if _, again := claims[s]; !again { // else a run that died has claimed it
			count++
		}
		if count > g.ActionsPerHour {
			stopped = append(stopped, held{wanted: w, rail: RailActionsPerHour, why: fmt.Sprintf(
				"there were %d automatic actions in the last hour, and the policy allows %d", len(claims), g.ActionsPerHour)})
			continue
		}
		claims[s] = claim{TenantID: o.tenant, OrganizerID: o.id, Version: s.version, At: now}
		under.add(o)
		through = append(through, w)
	}
	return through, stopped, ledger{Claims: slices.SortedFunc(maps.Values(claims), func(a, b claim) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.TenantID, b.TenantID),
			cmp.Compare(a.OrganizerID, b.OrganizerID), cmp.Compare(a.Version, b.Version))
	})}
}

// underAutomatic are the organizers on whom automatic actions are in force, or will be
// once a claim that is not written yet has been.
func underAutomatic(states map[organizer]State, claims map[slot]claim, now time.Time) organizers {
	under := organizers{}
	for o, s := range states {
		if s.automatic() && s.InForce(now) != LevelObserve {
			under.add(o)
		}
	}
	for s := range claims {
		if s.version > states[s.organizer].Version {
			under.add(s.organizer)
		}
	}
	return under
}

// organizers is a set of them by tenant.
type organizers map[string]map[string]bool

func (set organizers) has(o organizer) bool { return set[o.tenant][o.id] }

func (set organizers) add(o organizer) {
	if set[o.tenant] == nil {
		set[o.tenant] = map[string]bool{}
	}
	set[o.tenant][o.id] = true
}

func levelOf(a Action) Level {
	switch a {
	case ActionFlag:
		return LevelFlag
	case ActionThrottle:
		return LevelThrottle
	case ActionSuspend, ActionApprove:
		return LevelSuspend
	default:
		return LevelObserve
	}
}
