// Package plan is the entitlement plan as data: which licence gives what, which
// destinations it covers, how large the pools are and how finely they are used up.
// A plan is YAML, effective-dated; README.md states the rules and where they come from.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// Plan is the whole file: identities, and versions by the date they came into force.
type Plan struct {
	Name     string `yaml:"name"`
	TimeZone Zone   `yaml:"time_zone"`
	// Identities says which licences give which entitlement.
	Identities Identities `yaml:"identities"`
	Versions   []Version  `yaml:"versions"`
}

// Identities names the licences of each entitlement.
type Identities struct {
	Conferencing Identity `yaml:"conferencing"`
	PayPerMinute Identity `yaml:"pay_per_minute"`
	Select       Identity `yaml:"select"`
	Addon        Identity `yaml:"addon"`
	Credits      Identity `yaml:"credits"`
}

// Identity names one entitlement: an organizer holds it by a service plan, a tenant
// has bought it with a SKU that carries one of the plans or is named by part number.
type Identity struct {
	ServicePlans   []GUID `yaml:"service_plans"`
	SKUPartNumbers []Name `yaml:"sku_part_numbers"`
}

// Version is what the provider grants from a date on.
type Version struct {
	From Date `yaml:"from"`
	// TollFreeCountsAsUS: +1 8YY numbers are treated as numbers in the US.
	TollFreeCountsAsUS bool           `yaml:"toll_free_counts_as_us"`
	Addon              Addon          `yaml:"addon"`
	Pool               Pool           `yaml:"pool"`
	SelectPool         Pool           `yaml:"select_pool"`
	Credits            Credits        `yaml:"credits"`
	Reconciliation     Reconciliation `yaml:"reconciliation"`
}

// Addon is the extended dial-out to US and Canada.
type Addon struct {
	Countries []Country `yaml:"countries"`
	Never     []Class   `yaml:"never"` // classes of number it does not cover
	// Requires: with one of these held as well, the add-on counts.
	Requires []Conferencing `yaml:"requires"`
	Channels []Name         `yaml:"channels"` // where it can be bought
	Segments []Name         `yaml:"segments"` // by whom
}

// Pool is minutes shared by a tenant's organizers in a calendar month.
type Pool struct {
	Countries                        []Country       `yaml:"countries"`
	Never                            []Class         `yaml:"never"`
	MinutesPerLicence                int             `yaml:"minutes_per_licence"`
	MinutesPerLicenceByTenantCountry map[Country]int `yaml:"minutes_per_licence_by_tenant_country"`
	// MinutesPerLicenceBySKU is for licences of a SKU, by part number, that add another
	// number of minutes than the rest; it comes before the tenant's country. May be left out.
	MinutesPerLicenceBySKU map[Name]int      `yaml:"minutes_per_licence_by_sku" json:",omitempty"`
	IncrementSeconds       int               `yaml:"increment_seconds"`
	Units                  Counting          `yaml:"units"`
	UnitsBySKU             map[Name]Counting `yaml:"units_by_sku"` // by part number
}

// Credits is how Communications Credits are charged.
type Credits struct {
	// IncrementTenths is the billing increment in tenths of a minute (6 seconds).
	IncrementTenths int `yaml:"increment_tenths"`
	// ConnectionChargeOnCrossing: a call that began in the pool and goes on at the
	// expense of credits is charged for the connection too.
	ConnectionChargeOnCrossing bool `yaml:"connection_charge_on_crossing"`
}

// Reconciliation says what the source's words mean.
type Reconciliation struct {
	// Tolerance is how far two amounts may be apart and still agree, in the currency.
	Tolerance    decimal.Decimal `yaml:"tolerance"`
	Capabilities Capabilities    `yaml:"capabilities"`
}

// Capabilities groups the values of licenseCapability by what they say paid.
type Capabilities struct {
	Addon    []Name `yaml:"addon"`
	Pool     []Name `yaml:"pool"`
	Credits  []Name `yaml:"credits"`
	FreeCall []Name `yaml:"free_call"`
	Other    []Name `yaml:"other"`
}

// Terms is what holds for one month.
type Terms struct {
	Version
	Identities Identities
	// ID is the plan's name and the hash of everything in these terms: the same
	// terms have the same ID, whatever else the file says.
	ID string
}

// With replaces the licences of each entitlement that ids names any for: service plans
// and part numbers each on their own. An empty list leaves the plan's.
func (p Plan) With(ids Identities) Plan {
	p.Identities = Identities{
		Conferencing: p.Identities.Conferencing.with(ids.Conferencing),
		PayPerMinute: p.Identities.PayPerMinute.with(ids.PayPerMinute),
		Select:       p.Identities.Select.with(ids.Select),
		Addon:        p.Identities.Addon.with(ids.Addon),
		Credits:      p.Identities.Credits.with(ids.Credits),
	}
	return p
}

func (i Identity) with(other Identity) Identity {
	if len(other.ServicePlans) > 0 {
		i.ServicePlans = other.ServicePlans
	}
	if len(other.SKUPartNumbers) > 0 {
		i.SKUPartNumbers = other.SKUPartNumbers
	}
	return i
}

// NewIdentity takes an identity from configuration, where it has been checked.
func NewIdentity(servicePlans, skuPartNumbers []string) Identity {
	var i Identity
	for _, s := range servicePlans {
		i.ServicePlans = append(i.ServicePlans, GUID(strings.ToLower(s)))
	}
	for _, s := range skuPartNumbers {
		i.SKUPartNumbers = append(i.SKUPartNumbers, Name(s))
	}
	return i
}

// Location is the time zone in which months begin and end.
func (p Plan) Location() *time.Location {
	if p.TimeZone.Location == nil {
		return time.UTC
	}
	return p.TimeZone.Location
}

// InForce is what holds for a month: the newest version that was in force on its first
// day. The first version holds for everything before it as well.
func (p Plan) InForce(m usage.Month) Terms {
	first := m.Start(time.UTC)
	t := Terms{Version: p.Versions[0], Identities: p.Identities}
	for _, v := range p.Versions[1:] {
		if !v.From.After(first) {
			t.Version = v
		}
	}
	t.ID = p.id(t)
	return t
}

// id leaves out the date: moving a version's start changes nothing for the months that
// follow it before and after.
func (p Plan) id(t Terms) string {
	t.From, t.ID = Date{}, ""
	text, err := json.Marshal(struct {
		Zone  string
		Terms Terms
	}{p.Location().String(), t})
	if err != nil {
		panic("plan: terms are plain data: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%s@%s", p.Name, hex.EncodeToString(sum[:6]))
}

// PoolSeconds is the size of a pool: licences by the minutes each adds for a tenant of
// that country (ISO 3166-1 alpha-2).
func (p Pool) PoolSeconds(licences int64, tenantCountry string) int64 {
	minutes := p.MinutesPerLicence
	if m, ok := p.MinutesPerLicenceByTenantCountry[Country(tenantCountry)]; ok {
		minutes = m
	}
	return licences * int64(minutes) * 60
}

// SKUMinutes are the SKUs whose licences add minutes of their own: part numbers in small
// letters, in order, and the minutes of each.
func (p Pool) SKUMinutes() (parts []string, minutes []int64) {
	parts, minutes = []string{}, []int64{}
	byPart := map[string]int{}
	for name, m := range p.MinutesPerLicenceBySKU {
		byPart[strings.ToLower(string(name))] = m
	}
	for _, part := range slices.Sorted(maps.Keys(byPart)) {
		parts, minutes = append(parts, part), append(minutes, int64(byPart[part]))
	}
	return parts, minutes
}

// Eligible says whether a tenant can have bought the add-on, and if not, why. A channel
// or segment that is not known is no obstacle: it is reported as such, never assumed.
func (a Addon) Eligible(channel, segment string) (ok bool, why string) {
	var doubts []string
	ok = true
	for _, x := range []struct {
		noun, value string
		allowed     []Name
	}{{"channel", channel, a.Channels}, {"segment", segment, a.Segments}} {
		switch {
		case x.value == "":
			doubts = append(doubts, "the tenant's "+x.noun+" is not known")
		case !contains(x.allowed, x.value):
			ok = false
			doubts = append(doubts, fmt.Sprintf("the add-on is not offered in the %s %q", x.noun, x.value))
		}
	}
	return ok, strings.Join(doubts, "; ")
}

func contains(names []Name, value string) bool {
	for _, n := range names {
		if strings.EqualFold(string(n), value) {
			return true
		}
	}
	return false
}
