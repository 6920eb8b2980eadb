package enforcement

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Decision is what an organizer may do at a moment. All keys but failed are always there; README.md
// describes them.
type Decision struct {
	OrganizerID string  `json:"organizer_id"` // as asked for when unknown
	TenantID    string  `json:"tenant_id"`
	Decision    Answer  `json:"decision"`
	Reason      string  `json:"reason"`
	Level       Level   `json:"level"`
	DryRun      bool    `json:"dry_run"` // Level binds nobody
	Limits      *Limits `json:"limits"`  // of a throttle, else null
	// MinutesLeft is what is left of the minutes of this hour, rounded down to hundredths;
	// LegsLeft of the calls at the same time. Null without a throttle.
	MinutesLeft *Minutes   `json:"minutes_left"`
	LegsLeft    *int       `json:"legs_left"`
	Until       *time.Time `json:"until"`   // UTC; when Level ends
	CaseID      *string    `json:"case_id"` // what it rests on
	Would       *Would     `json:"would"`   // null unless the dry run changes the answer
	// Failed says that the answer rests on nothing, and which way it was given then: "open"
	// (the call may go through) or "closed". Left out in the normal case.
	Failed *string `json:"failed,omitempty"`
}

// Would is the answer that a dry run keeps from being given.
type Would struct {
	Decision Answer `json:"decision"`
	Reason   string `json:"reason"`
}

// Minutes is a number of minutes, a plain number in JSON.
type Minutes struct{ decimal.Decimal }

// MarshalJSON writes the number without quotes.
func (m Minutes) MarshalJSON() ([]byte, error) { return []byte(m.StringFixed(2)), nil }

// UnmarshalJSON reads the number.
func (m *Minutes) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &m.Decimal) }

// isEmergency says whether a number has two or three digits: 112, 911, 999 and their like.
func isEmergency(number string) bool {
	number = strings.TrimPrefix(strings.TrimSpace(number), "+")
	if len(number) < 2 || len(number) > 3 {
		return false
	}
	for _, digit := range []byte(number) {
		if digit < '0' || digit > '9' {
			return false
		}
	}
	return true
}

// Decide says whether an organizer, given by id or sign-in name, may dial a number at a
// moment; a zero moment is now. The number may be empty. Where a sign-in name means
// organizers of several tenants, the strictest answer counts.
//
// It fails open: an organizer whom the store does not know may call, unless the policy
// says otherwise, and a caller that gets an error should let the call through.
func (e *Enforcer) Decide(ctx context.Context, name, number string, at time.Time) (Decision, error) {
	if at.IsZero() {
		at = e.clock()
	}
	at = at.UTC().Truncate(time.Millisecond)
	name = normal(name)
	fail := func(err error) (Decision, error) { return Decision{}, fmt.Errorf("decide on %q: %w", name, err) }
	if name == "" {
		return fail(fmt.Errorf("no organizer given: name one by id or sign-in name"))
	}
	emergency := isEmergency(number)

	found, err := e.find(ctx, name, at)
	if err != nil {
		return fail(err)
	}
	stop, err := e.Switch(ctx)
	if err != nil {
		return fail(err)
	}
	policy := e.policy.under(stop)
	var decisions []Decision
	for _, who := range found {
		s, err := e.State(ctx, who.TenantID, who.OrganizerID)
		if err != nil {
			return fail(err)
		}
		var used recent
		if s.InForce(at) == LevelThrottle {
			o := organizer{s.TenantID, s.OrganizerID}
			calls, err := e.calls(ctx, []organizer{o}, at)
			if err != nil {
				return fail(err)
			}
			used = (&window{calls: calls[o]}).used(at)
		}
		decisions = append(decisions, policy.settle(policy.answer(s, used, at), emergency))
	}
	if len(decisions) == 0 {
		return policy.settle(policy.unknown(name), emergency), nil
	}
	return strictest(decisions), nil
}

// strictest is the answer that counts where a name means several organizers.
func strictest(decisions []Decision) Decision {
	return slices.MinFunc(decisions, func(a, b Decision) int {
		return cmp.Or(cmp.Compare(b.Decision.strictness(), a.Decision.strictness()), cmp.Compare(b.Level.rank(), a.Level.rank()))
	})
}

// settle turns the answer that the level calls for into the one that is given.
func (p Policy) settle(d Decision, emergency bool) Decision {
	switch {
	case emergency && d.Decision != Allow:
		d.Decision, d.Reason = Allow, "emergency number: never held up"
	case d.DryRun && d.Decision != Allow:
		d.Would = &Would{Decision: d.Decision, Reason: d.Reason}
		d.Decision, d.Reason = Allow, "dry run: nothing is enforced"
		if p.Stopped {
			d.Reason = "kill switch: nothing is enforced"
		}
	}
	return d
}

func (a Answer) strictness() int {
	switch a {
	case Deny:
		return 2
	case Throttle:
		return 1
	default:
		return 0
	}
}

func (p Policy) unknown(name string) Decision {
	return Decision{
		OrganizerID: name, Decision: cmp.Or(p.UnknownOrganizer, Allow), Reason: "unknown organizer",
		Level: LevelObserve, DryRun: p.DryRun,
	}
}

// answer is the decision by the level in force, as if it were not a dry run. used is what
// the organizer has had of a throttle.
func (p Policy) answer(s State, used recent, at time.Time) Decision {
	d := Decision{
		TenantID: s.TenantID, OrganizerID: s.OrganizerID, Decision: Allow,
		Reason: "nothing is in force", Level: s.InForce(at), DryRun: s.dryRun(p),
	}
	if d.Level == LevelObserve {
		d.DryRun = p.DryRun
		return d
	}
	d.Reason = s.Reason
	if until := s.Until; !until.IsZero() { // copies, lest all of s goes to the heap
		d.Until = &until
	}
	if id := s.Evidence.CaseID; id != "" {
		d.CaseID = &id
	}
	switch d.Level {
	case LevelSuspend:
		d.Decision = Deny
	case LevelThrottle:
		return p.throttled(d, s, used)
	}
	return d
}

// throttled sets what is left of a throttle.
func (p Policy) throttled(d Decision, s State, used recent) Decision {
	limits := p.terms(s.TenantID).Throttle
	if s.Limits != nil {
		limits = *s.Limits
	}
	// Seconds first: 100 seconds are 1.666… minutes, and 2 minus that is 0.33, not 0.34.
	left := max(int64(limits.MinutesPerHour)*60-int64(used.Seconds), 0)
	minutes := Minutes{decimal.New(left*100/60, -2)}
	legs := max(limits.Legs-int(used.Legs), 0)
	d.Limits, d.MinutesLeft, d.LegsLeft = &limits, &minutes, &legs
	d.Decision = Throttle
	switch {
	case left == 0:
		d.Decision, d.Reason = Deny, fmt.Sprintf("the %d minutes an hour of the throttle are used up", limits.MinutesPerHour)
	case legs == 0:
		d.Decision, d.Reason = Deny, fmt.Sprintf("the %d calls at the same time of the throttle are going on", limits.Legs)
	}
	return d
}
