package plan

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

type checker struct {
	where    keys
	problems []Problem
}

func (c *checker) add(key, format string, args ...any) {
	c.problems = append(c.problems, Problem{c.where.line(key), key, fmt.Sprintf(format, args...)})
}

// present asks for keys without which a plan would be silent on a rule.
func (c *checker) present(prefix string, names ...string) {
	for _, n := range names {
		if !c.where.has(prefix + n) {
			c.add(prefix+n, "is missing: a plan states every rule, copy it from the built-in plan")
		}
	}
}

func (c *checker) between(key string, value, low, high int) {
	if c.where.has(key) && (value < low || value > high) {
		c.add(key, "%d is not between %d and %d", value, low, high)
	}
}

func (p Plan) validate(where keys) []Problem {
	c := &checker{where: where}
	c.present("", "name", "time_zone", "identities", "versions")
	if strings.ContainsAny(p.Name, "@ \t\n") {
		c.add("name", "%q has a blank or an @ in it", p.Name)
	}
	for _, n := range []string{"conferencing", "pay_per_minute", "select", "addon", "credits"} {
		c.present("identities."+n+".", "service_plans", "sku_part_numbers")
	}
	if where.has("identities.conferencing.service_plans") && len(p.Identities.Conferencing.ServicePlans) == 0 {
		c.add("identities.conferencing.service_plans", "names no service plan, so nobody could hold Audio Conferencing")
	}
	c.identities(p.Identities)
	if where.has("versions") && len(p.Versions) == 0 {
		c.add("versions", "has no version")
	}
	for i, v := range p.Versions {
		prefix := fmt.Sprintf("versions[%d].", i)
		if i > 0 && !v.From.After(p.Versions[i-1].From.Time) {
			c.add(prefix+"from", "is not after the version before it; write versions from old to new")
		}
		c.version(prefix, v)
	}
	return c.problems
}

// identities: a service plan that gave two entitlements would make a rule undecidable.
func (c *checker) identities(ids Identities) {
	owner := map[GUID]string{}
	for _, x := range []struct {
		name string
		id   Identity
	}{
		{"conferencing", ids.Conferencing},
		{"pay_per_minute", ids.PayPerMinute},
		{"select", ids.Select},
		{"addon", ids.Addon},
		{"credits", ids.Credits},
	} {
		for i, plan := range x.id.ServicePlans {
			if other, taken := owner[plan]; taken {
				c.add(fmt.Sprintf("identities.%s.service_plans[%d]", x.name, i), "%s is already a service plan of %s", plan, other)
			}
			owner[plan] = x.name
		}
	}
}

func (c *checker) version(prefix string, v Version) {
	c.present(prefix, "from", "toll_free_counts_as_us", "addon", "pool", "select_pool", "credits", "reconciliation")
	if c.where.has(prefix + "addon") {
		c.present(prefix+"addon.", "countries", "never", "requires", "channels", "segments")
		unique(c, prefix+"addon.countries", v.Addon.Countries)
		if c.where.has(prefix+"addon.requires") && len(v.Addon.Requires) == 0 {
			c.add(prefix+"addon.requires", "is empty, so the add-on would never count")
		}
	}
	c.pool(prefix+"pool", v.Pool)
	c.pool(prefix+"select_pool", v.SelectPool)
	if c.where.has(prefix + "credits") {
		c.present(prefix+"credits.", "increment_tenths", "connection_charge_on_crossing")
		c.between(prefix+"credits.increment_tenths", v.Credits.IncrementTenths, 1, 600)
	}
	if c.where.has(prefix + "reconciliation") {
		c.reconciliation(prefix+"reconciliation.", v.Reconciliation)
	}
}

func (c *checker) pool(key string, p Pool) {
	if !c.where.has(key) {
		return
	}
	c.present(key+".", "countries", "never", "minutes_per_licence", "minutes_per_licence_by_tenant_country",
		"increment_seconds", "units", "units_by_sku")
	unique(c, key+".countries", p.Countries)
	c.between(key+".minutes_per_licence", p.MinutesPerLicence, 0, 100_000)
	for country, minutes := range p.MinutesPerLicenceByTenantCountry {
		c.between(key+".minutes_per_licence_by_tenant_country."+string(country), minutes, 0, 100_000)
	}
	seen := map[string]bool{}
	for name, minutes := range p.MinutesPerLicenceBySKU {
		at := key + ".minutes_per_licence_by_sku." + string(name)
		c.between(at, minutes, 0, 100_000)
		if lower := strings.ToLower(string(name)); seen[lower] {
			c.add(at, "%s stands here twice: part numbers are compared without case", name)
		} else {
			seen[lower] = true
		}
	}
	c.between(key+".increment_seconds", p.IncrementSeconds, 1, 3600)
}

func (c *checker) reconciliation(prefix string, r Reconciliation) {
	c.present(prefix, "tolerance", "capabilities")
	if r.Tolerance.IsNegative() || r.Tolerance.GreaterThan(decimal.NewFromInt(1)) {
		c.add(prefix+"tolerance", "%s is not between 0 and 1", r.Tolerance)
	}
	if !c.where.has(prefix + "capabilities") {
		return
	}
	c.present(prefix+"capabilities.", "addon", "pool", "credits", "free_call", "other")
	owner := map[string]string{}
	for _, x := range []struct {
		name   string
		values []Name
	}{
		{"addon", r.Capabilities.Addon},
		{"pool", r.Capabilities.Pool},
		{"credits", r.Capabilities.Credits},
		{"free_call", r.Capabilities.FreeCall},
		{"other", r.Capabilities.Other},
	} {
		for i, v := range x.values {
			upper := strings.ToUpper(string(v))
			if other, taken := owner[upper]; taken {
				c.add(fmt.Sprintf("%scapabilities.%s[%d]", prefix, x.name, i), "%s already stands under %s", v, other)
			}
			owner[upper] = x.name
		}
	}
}

func unique[S ~string](c *checker, key string, values []S) {
	seen := map[S]bool{}
	for i, v := range values {
		if v != "" && seen[v] {
			c.add(fmt.Sprintf("%s[%d]", key, i), "%s stands here twice", v)
		}
		seen[v] = true
	}
}
