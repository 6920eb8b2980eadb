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
	// UnknownOrganizer is the answer for one whom the store does not know: Allow or Deny.
	// Empty is Allow.
	UnknownOrganizer Answer
}

func (p Policy) check() error {
	var errs []error
	for name, score := range map[string]int{"automatic flag": p.AutoFlagScore, "automatic throttle": p.AutoThrottleScore} {
		if score < 0 || score > 100 {
			errs = append(errs, fmt.Errorf("score of the %s: %d is not between 0 and 100", name, score))
		}
	}
	if p.Expiry <= 0 {
		errs = append(errs, errors.New("expiry: every level must end by itself, give a time longer than nothing"))
	}
	if p.GuardRail.ActionsPerHour < 0 || p.GuardRail.TenantShare < 0 || p.GuardRail.TenantShare > 1 {
		errs = append(errs, fmt.Errorf("guard rail: %d actions an hour and a share of %v: want no negative number and a share of at most 1",
			p.GuardRail.ActionsPerHour, p.GuardRail.TenantShare))
	}
	if p.UnknownOrganizer != "" && p.UnknownOrganizer != Allow && p.UnknownOrganizer != Deny {
		errs = append(errs, fmt.Errorf("unknown organizer: %q is neither allow nor deny", p.UnknownOrganizer))
	}
	errs = append(errs, p.Throttle.check())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("enforcement policy: %w", err)
	}
	return nil
}

// wants is the automatic action for a case of a score, "" for none.
func (p Policy) wants(score int) Action {
	switch {
	case p.AutoThrottleScore > 0 && score >= p.AutoThrottleScore:
		return ActionThrottle
	case p.AutoFlagScore > 0 && score >= p.AutoFlagScore:
		return ActionFlag
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
