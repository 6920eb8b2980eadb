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
	names := map[string]int{}
	for i, a := range e.Adapters {
		key := fmt.Sprintf("enforcement.adapters[%d]", i)
		if a.Name == "" {
			k.add(key+".name", "must not be empty: the log knows what was done by it")
		} else if first, known := names[a.Name]; known {
			k.add(key+".name", "%q is also enforcement.adapters[%d]", a.Name, first)
		}
		names[a.Name] = i
		a.validate(k, key)
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

func (a Adapter) validate(k *checker, key string) {
	k.oneOf(key+".kind", a.Kind, "webhook", "graph", "teams")
	if a.Secret != "" && a.SecretFile != "" {
		k.add(key+".secret", "at most one of secret and secret_file may be set")
	}
	httpURL(k, key+".url", a.URL)
	httpURL(k, key+".token_url", a.TokenURL)
	need := func(name string, given bool) {
		if !given {
			k.add(key+"."+name, "a %s adapter needs it", a.Kind)
		}
	}
	switch a.Kind {
	case "webhook":
		need("url", a.URL != "")
		need("secret_file", a.Secret != "" || a.SecretFile != "")
	case "graph":
		need("url", a.URL != "")
		need("token_url", a.TokenURL != "")
		need("client_id", a.ClientID != "")
		need("secret_file", a.Secret != "" || a.SecretFile != "")
		need("skus", len(a.SKUs) > 0)
		for i, sku := range a.SKUs {
			if !guid.MatchString(sku) {
				k.add(fmt.Sprintf("%s.skus[%d]", key, i), "%q is no GUID; take skuId from GET /subscribedSkus", sku)
			}
		}
	case "teams":
		need("command", len(a.Command) > 0)
		need("suspend_dial_out", a.SuspendDialOut != "" || a.ThrottleDialOut != "")
		k.oneOf(key+".throttle_dial_out", a.ThrottleDialOut, "", "zone_a", "domestic", "none")
		k.oneOf(key+".suspend_dial_out", a.SuspendDialOut, "", "zone_a", "domestic", "none")
	}
}
