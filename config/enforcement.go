package config

import "fmt"

func (c Config) validateEnforcement(k *checker) {
	e := c.Enforcement
	e.validateTerms(k, "enforcement")
	seen := map[string]int{}
	for i, t := range e.Tenants {
		key := fmt.Sprintf("enforcement.tenants[%d]", i)
		if t.ID == "" {
			k.add(key+".id", "must not be empty")
		} else if first, known := seen[t.ID]; known {
			k.add(key+".id", "%q is also enforcement.tenants[%d]", t.ID, first)
		}
		seen[t.ID] = i
		t.Under(e).validateTerms(k, key)
	}
	if e.GuardRail.ActionsPerHour < 0 {
		k.add("enforcement.guard_rail.actions_per_hour", "must not be negative")
	}
	if e.GuardRail.TenantShare < 0 || e.GuardRail.TenantShare > 1 {
		k.add("enforcement.guard_rail.tenant_share", "%v is not between 0 and 1", e.GuardRail.TenantShare)
	}
	k.oneOf("enforcement.unknown_organizer", e.UnknownOrganizer, "allow", "deny")
	k.oneOf("enforcement.on_failure", e.OnFailure, "allow", "deny")
	if e.MaxAge <= 0 {
		k.add("enforcement.max_age", "must be longer than nothing, such as 2m")
	}
}

// validateTerms checks what a tenant may have of its own.
func (e Enforcement) validateTerms(k *checker, key string) {
	k.between(key+".auto_flag_score", e.AutoFlagScore, 0, 100)
	k.between(key+".auto_throttle_score", e.AutoThrottleScore, 0, 100)
	k.between(key+".request_throttle_score", e.RequestThrottleScore, 0, 100)
	k.between(key+".request_suspend_score", e.RequestSuspendScore, 0, 100)
	k.between(key+".throttle_people", e.ThrottlePeople, 1, 2)
	if e.AutoThrottleScore > 0 && e.AutoFlagScore > e.AutoThrottleScore {
		k.add(key+".auto_throttle_score", "%d is below auto_flag_score %d: an organizer is flagged before being throttled",
			e.AutoThrottleScore, e.AutoFlagScore)
	}
	k.between(key+".throttle.minutes_per_hour", e.Throttle.MinutesPerHour, 0, 100000)
	k.between(key+".throttle.legs", e.Throttle.Legs, 0, 10000)
	if e.Expiry <= 0 {
		k.add(key+".expiry", "must be longer than nothing: every step ends by itself")
	}
}
