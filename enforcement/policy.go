package enforcement

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Answer is what a caller may do.
type Answer string

// The answers of a decision.
const (
	Allow    Answer = "allow"
	Throttle Answer = "throttle" // allowed, within the limits that are given with it
	Deny     Answer = "deny"
)

// Policy says what may be done, by whom and how often.
type Policy struct {
	// DryRun records what would be done and does nothing. While it is on, nothing that was
	// recorded before binds either.
	DryRun bool
	// AutoFlagScore and AutoThrottleScore are the risk (0 to 100) of a case from which its
	// organizer is flagged or throttled without a person; 0 turns it off.
	AutoFlagScore     int
	AutoThrottleScore int
	// Throttle is the limit where a request names none.
	Throttle Limits
	// Expiry is how long a level holds where a request names no end.
	Expiry time.Duration
	// Protected are ids or UPNs of organizers on whom nothing is ever done automatically.
	Protected []string
	// GuardRail bounds what is done automatically.
	GuardRail GuardRail
	// RequestThrottleScore and RequestSuspendScore are the risk from which the policy asks
	// people for that step; 0 turns it off. What it asks for binds nobody before the people
	// that the step takes have approved it.
	RequestThrottleScore int
	RequestSuspendScore  int
	// ThrottlePeople is how many different people a throttle takes that the policy does not
	// set by itself: 1 (which 0 means too) or 2. A suspension always takes two.
	ThrottlePeople int
	// Tenants are the terms of tenants that have their own.
	Tenants map[string]Terms
	// Stopped is the kill switch: nothing is done automatically, and nothing that was
	// recorded binds anybody.
	Stopped bool
	// UnknownOrganizer is the answer for one whom the store does not know: Allow or Deny.
	// Empty is Allow.
	UnknownOrganizer Answer
}

// Terms are the part of a policy that a tenant may have its own of; Policy documents each.
type Terms struct {
	AutoFlagScore        int
	AutoThrottleScore    int
	RequestThrottleScore int
	RequestSuspendScore  int
	ThrottlePeople       int
	Throttle             Limits
	Expiry               time.Duration
}

// terms are those that hold for a tenant.
func (p Policy) terms(tenantID string) Terms {
	if own, ok := p.Tenants[tenantID]; ok {
		return own
	}
	return p.Terms()
}

// Terms are those of the tenants that have none of their own.
func (p Policy) Terms() Terms {
	return Terms{
		AutoFlagScore: p.AutoFlagScore, AutoThrottleScore: p.AutoThrottleScore,
		RequestThrottleScore: p.RequestThrottleScore, RequestSuspendScore: p.RequestSuspendScore,
		ThrottlePeople: p.ThrottlePeople, Throttle: p.Throttle, Expiry: p.Expiry,
	}
}

// People is how many different people an action takes that the policy does not do by itself.
func (t Terms) People(a Action) int {
	switch a {
	case ActionSuspend:
		return 2
	case ActionThrottle:
		return max(t.ThrottlePeople, 1)
	default:
		return 1
	}
}

func (p Policy) check() error {
	errs := []error{p.Terms().check()}
	for id, terms := range p.Tenants {
		if err := terms.check(); err != nil {
			errs = append(errs, fmt.Errorf("tenant %s: %w", id, err))
		}
	}
	if p.GuardRail.ActionsPerHour < 0 || p.GuardRail.TenantShare < 0 || p.GuardRail.TenantShare > 1 {
		errs = append(errs, fmt.Errorf("guard rail: %d actions an hour and a share of %v: want no negative number and a share of at most 1",
			p.GuardRail.ActionsPerHour, p.GuardRail.TenantShare))
	}
	if p.UnknownOrganizer != "" && p.UnknownOrganizer != Allow && p.UnknownOrganizer != Deny {
		errs = append(errs, fmt.Errorf("unknown organizer: %q is neither allow nor deny", p.UnknownOrganizer))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("enforcement policy: %w", err)
	}
	return nil
}

func (t Terms) check() error {
	var errs []error
	for name, score := range map[string]int{
		"automatic flag": t.AutoFlagScore, "automatic throttle": t.AutoThrottleScore,
		"requested throttle": t.RequestThrottleScore, "requested suspension": t.RequestSuspendScore,
	} {
		if score < 0 || score > 100 {
			errs = append(errs, fmt.Errorf("score of the %s: %d is not between 0 and 100", name, score))
		}
	}
	if t.Expiry <= 0 {
		errs = append(errs, errors.New("expiry: every level must end by itself, give a time longer than nothing"))
	}
	if t.ThrottlePeople < 0 || t.ThrottlePeople > 2 {
		errs = append(errs, fmt.Errorf("a throttle by %d people: want 1 or 2", t.ThrottlePeople))
	}
	return errors.Join(append(errs, t.Throttle.check())...)
}

// wants is the automatic action for a case of a score, "" for none.
func (t Terms) wants(score int) Action {
	switch {
	case t.AutoThrottleScore > 0 && score >= t.AutoThrottleScore:
		return ActionThrottle
	case t.AutoFlagScore > 0 && score >= t.AutoFlagScore:
		return ActionFlag
	default:
		return ""
	}
}

// requests is the action that people are asked for over a case of a score, "" for none.
func (t Terms) requests(score int) Action {
	switch {
	case t.RequestSuspendScore > 0 && score >= t.RequestSuspendScore:
		return ActionSuspend
	case t.RequestThrottleScore > 0 && score >= t.RequestThrottleScore:
		return ActionThrottle
	default:
		return ""
	}
}

// protects says whether any of an organizer's names is on the list, whatever their case.
func (p Policy) protects(names ...string) bool {
	return slices.ContainsFunc(p.Protected, func(entry string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			return name != "" && strings.EqualFold(strings.TrimSpace(entry), name)
		})
	})
}
