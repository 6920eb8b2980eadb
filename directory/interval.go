package directory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"fairdial/usage"
)

// sighting is what one snapshot says of one service plan of one organizer.
type sighting struct {
	organizerID   string
	servicePlanID string
	held          bool
	// assignedAt is when the plan's state last changed, by the directory itself.
	assignedAt time.Time
}

// snapshot is the directory of a tenant as it was at a moment.
type snapshot struct {
	at time.Time
	// complete: what is not in it was not there. A page short of the whole says
	// nothing about whom it leaves out.
	complete  bool
	sightings []sighting
}

type holding struct{ organizerID, servicePlanID string }

// intervals gives the licences that snapshots tell of. It sorts the snapshots: the order
// in which they arrived does not matter.
//
// A plan is held from its assignedDateTime, as the directory has it, also when that was
// before the first snapshot. It is held until the first complete snapshot without it, or
// until the moment at which the directory says that it was suspended or deleted. A fresh
// assignedDateTime between two snapshots that both have the plan is no gap: nothing was
// seen to be missing. A plan that was seen to be missing is held again from the
// snapshot that has it, unless its assignedDateTime is after the one that had not.
func intervals(tenantID string, snapshots []snapshot) []usage.Licence {
	snapshots = slices.Clone(snapshots)
	slices.SortStableFunc(snapshots, func(a, b snapshot) int { return a.at.Compare(b.at) })

	type state struct {
		open    bool
		from    time.Time
		missing time.Time // newest snapshot that had not got it; zero if none
	}
	states := map[holding]*state{}
	var out []usage.Licence
	end := func(h holding, s *state, to time.Time) {
		if s.open && to.After(s.from) {
			out = append(out, usage.Licence{
				TenantID: tenantID, OrganizerID: h.organizerID, ServicePlanID: h.servicePlanID, From: s.from, To: to,
			})
		}
		s.open = false
	}
	var before, whole time.Time // the snapshot before, and the newest complete one
	for _, snap := range snapshots {
		seen := map[holding]sighting{}
		for _, x := range snap.sightings {
			h := holding{x.organizerID, x.servicePlanID}
			// The same plan through two licences is held if either gives it, from the earlier.
			if old, twice := seen[h]; twice && old.held && (!x.held || !x.assignedAt.Before(old.assignedAt)) {
				continue
			}
			seen[h] = x
		}
		for h, x := range seen {
			s := states[h]
			if s == nil {
				s = &state{missing: whole}
				states[h] = s
			}
			switch {
			case x.held && s.open:
				if x.assignedAt.Before(s.from) && x.assignedAt.After(s.missing) {
					s.from = x.assignedAt
				}
			case x.held:
				s.open, s.from = true, x.assignedAt
				if !s.missing.IsZero() && !x.assignedAt.After(s.missing) {
					s.from = snap.at
				}
			default:
				to := snap.at
				if x.assignedAt.After(before) && x.assignedAt.Before(snap.at) {
					to = x.assignedAt
				}
				end(h, s, to)
				s.missing = snap.at
			}
		}
		if snap.complete {
			for h, s := range states {
				if _, there := seen[h]; !there {
					end(h, s, snap.at)
					s.missing = snap.at
				}
			}
			whole = snap.at
		}
		before = snap.at
	}
	for h, s := range states {
		if s.open {
			out = append(out, usage.Licence{TenantID: tenantID, OrganizerID: h.organizerID, ServicePlanID: h.servicePlanID, From: s.from})
		}
	}
	slices.SortFunc(out, func(a, b usage.Licence) int {
		return cmp.Or(
			strings.Compare(a.OrganizerID, b.OrganizerID),
			strings.Compare(a.ServicePlanID, b.ServicePlanID),
			a.From.Compare(b.From),
		)
	})
	return out
}
