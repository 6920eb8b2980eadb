package enforcement

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Decision is what an organizer may do at a moment. All keys are always there; README.md
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

// shortCode is a number of two or three digits: 112, 911, 999 and their like.
var shortCode = regexp.MustCompile(`^\+?[0-9]{2,3}$`)

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
	emergency := shortCode.MatchString(strings.TrimSpace(number))

	found, err := e.find(ctx, name, at)
	if err != nil {
		return fail(err)
	}
	var decisions []Decision
	for _, who := range found {
		s, err := e.State(ctx, who.TenantID, who.OrganizerID)
		if err != nil {
			return fail(err)
		}
		d, err := e.answer(ctx, s, at)
		if err != nil {
			return fail(err)
		}
		decisions = append(decisions, settle(d, emergency))
	}
	if len(decisions) == 0 {
		return settle(e.unknown(name), emergency), nil
	}
	return slices.MinFunc(decisions, func(a, b Decision) int {
		return cmp.Or(cmp.Compare(b.Decision.strictness(), a.Decision.strictness()), cmp.Compare(b.Level.rank(), a.Level.rank()))
	}), nil
}

// settle turns the answer that the level calls for into the one that is given.
func settle(d Decision, emergency bool) Decision {
	switch {
	case emergency && d.Decision != Allow:
		d.Decision, d.Reason = Allow, "emergency number: never held up"
	case d.DryRun && d.Decision != Allow:
		d.Would = &Would{Decision: d.Decision, Reason: d.Reason}
		d.Decision, d.Reason = Allow, "dry run: nothing is enforced"
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

func (e *Enforcer) unknown(name string) Decision {
	return Decision{
		OrganizerID: name, Decision: cmp.Or(e.policy.UnknownOrganizer, Allow), Reason: "unknown organizer",
		Level: LevelObserve, DryRun: e.policy.DryRun,
	}
}

// answer is the decision by the level in force, as if it were not a dry run.
func (e *Enforcer) answer(ctx context.Context, s State, at time.Time) (Decision, error) {
	d := Decision{
		TenantID: s.TenantID, OrganizerID: s.OrganizerID, Decision: Allow,
		Reason: "nothing is in force", Level: s.InForce(at), DryRun: s.dryRun(e.policy),
	}
	if d.Level == LevelObserve {
		d.DryRun = e.policy.DryRun
		return d, nil
	}
	d.Reason = s.Reason
	if !s.Until.IsZero() {
		d.Until = &s.Until
	}
	if s.Evidence.CaseID != "" {
		d.CaseID = &s.Evidence.CaseID
	}
	switch d.Level {
	case LevelSuspend:
		d.Decision = Deny
	case LevelThrottle:
		return e.throttled(ctx, d, s, at)
	}
	return d, nil
}

// throttled sets what is left of a throttle.
func (e *Enforcer) throttled(ctx context.Context, d Decision, s State, at time.Time) (Decision, error) {
	limits := e.policy.Throttle
	if s.Limits != nil {
		limits = *s.Limits
	}
	used, err := e.recentCalls(ctx, organizer{s.TenantID, s.OrganizerID}, at)
	if err != nil {
		return Decision{}, err
	}
	// Seconds first: 100 seconds are 1.666… minutes, and 2 minus that is 0.33, not 0.34.
	seconds := decimal.NewFromInt(int64(limits.MinutesPerHour) * 60).Sub(decimal.NewFromInt(int64(used.Seconds)))
	minutes := Minutes{decimal.Max(seconds, decimal.Zero).Div(decimal.NewFromInt(60)).Truncate(2)}
	legs := max(limits.Legs-int(used.Legs), 0)
	d.Limits, d.MinutesLeft, d.LegsLeft = &limits, &minutes, &legs
	d.Decision = Throttle
	switch {
	case !seconds.IsPositive():
		d.Decision, d.Reason = Deny, fmt.Sprintf("the %d minutes an hour of the throttle are used up", limits.MinutesPerHour)
	case legs == 0:
		d.Decision, d.Reason = Deny, fmt.Sprintf("the %d calls at the same time of the throttle are going on", limits.Legs)
	}
	return d, nil
}
