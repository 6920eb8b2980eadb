package simulate

import "strings"

// verdict is what the source says paid for a call. Money is in hundredths of the
// tenant's currency, as the export's two decimals have it.
type verdict struct {
	capability string
	charge     int64
	connection int64
	// slip names where the source strays from the rules; empty where it does not.
	slip string
}

// The slips, as expected/discrepancies.csv spells them.
const (
	slipFree        = "freecall"
	slipUnknown     = "unknown_capability"
	slipBlank       = "blank_capability"
	slipOtherBucket = "other_bucket"
	slipOtherAmount = "other_amount"
)

const (
	capAddon   = "MCOMEETADD_DIALOUT_US"
	capPool    = "MCOMEETADD"
	capPerUse  = "MCOMEETACPEA"
	capCredits = "MCOPSTNPP"
	capBot     = "MCOEV_VIRTUALUSER"
	capFree    = "FREECALL"
)

// provider charges one tenant's calls, in order of start, as the published rules
// say: the add-on, then the pool, then credits (source: audio conferencing
// subscription dial-out, and extended dial-out minutes to US and Canada).
type provider struct {
	tenant *tenant
	dice   *dice
	month  int
	pool   int64  // seconds left this month
	free   int64  // seconds left of the free plan's own pool, US and Canada only
	used   int64  // seconds drawn from the pool, all months
	dry    []tick // when each month's pool ran out; 0 where it did not
	fx     int64  // ten-thousandths of the currency for a US dollar
}

func newProvider(t *tenant, seed uint64) *provider {
	return &provider{
		tenant: t, dice: newDice(seed, streamProvider, uint64(t.index)),
		month: -1, fx: exchange(t.currency),
	}
}

// exchange is what a US dollar is, in ten-thousandths of a currency. Invented, as
// all rates here.
func exchange(currency string) int64 {
	fx := map[string]int64{
		"USD": 10_000, "EUR": 9_200, "GBP": 7_900, "CAD": 13_600, "KRW": 13_500_000, "CHF": 8_800,
		"AUD": 15_100, "NOK": 106_000, "JPY": 1_500_000,
	}
	if v, ok := fx[currency]; ok {
		return v
	}
	return 10_000
}

// settle gives the verdict on a call, or false where the provider does not let an
// honest caller through: nothing pays for it.
func (p *provider) settle(c *call) (verdict, bool) {
	p.enter(c.start)
	if c.kind != confOut {
		return p.unrated(c), true
	}
	v, paid := p.entitled(c)
	if !paid && !c.abusive && p.dice.chance(0.85) {
		return v, false
	}
	switch u := p.dice.Float64(); {
	case u < 0.025:
		return verdict{capability: capFree, slip: slipFree}, true
	case u < 0.028:
		v.capability, v.slip = pick(p.dice, []string{"MCO_PREVIEW_2027", "MCOMEETADD_XTRA9", "MCOPSTNU"}), slipUnknown
	case u < 0.0286:
		v.capability, v.slip = "", slipBlank
	case u < 0.032 && v.capability == capAddon:
		v.capability, v.slip = capPool, slipOtherBucket
	case u < 0.055 && v.charge > 2:
		v.charge += max(1, v.charge*int64(p.dice.between(4, 35))/100)
		v.slip = slipOtherAmount
	}
	return v, true
}

// enter refills the pools in a new calendar month (UTC).
func (p *provider) enter(t tick) {
	months := p.tenant.hours
	for p.month < 0 || p.month < len(months)-1 && t >= months[p.month].end {
		p.month++
		p.pool, p.free = p.tenant.poolSeconds(), 0
		p.dry = append(p.dry, 0)
		for _, o := range p.tenant.organizers {
			if o.holds(planSelect, months[p.month].start) {
				p.free += 60 * 60
			}
		}
	}
}

func (p *provider) entitled(c *call) (verdict, bool) {
	o, t := c.organizer, p.tenant
	to := &t.places.places[c.far.place]
	domestic := (to.iso == "US" || to.iso == "CA") && !to.premium
	full, perUse, free := o.conferenced(c.start), o.holds(planPerMinute, c.start), o.holds(planSelect, c.start)
	if domestic && (full || perUse || free) && o.holds(planAddon, c.start) {
		return verdict{capability: capAddon}, true
	}
	left := int64(c.seconds)
	pool := &p.pool
	draws := to.zoneA && !to.premium && (full || !perUse)
	if free && !full {
		pool, draws = &p.free, domestic
	}
	if draws && *pool > 0 {
		drawn := min(left, *pool)
		*pool -= drawn
		if pool == &p.pool {
			p.used += drawn
			if *pool == 0 {
				p.dry[p.month] = c.start
			}
		}
		if left -= drawn; left == 0 {
			return verdict{capability: capPool}, true
		}
		v := verdict{capability: capPool}
		if p.credits(o, c.start, perUse) {
			v.charge = p.price(to, left)
		}
		return v, true
	}
	if p.credits(o, c.start, perUse) {
		v := verdict{capability: capCredits, charge: p.price(to, left), connection: hundredths(to.fee(p.fx) * 100)}
		if perUse && !full {
			v.capability = capPerUse
		}
		return v, true
	}
	return verdict{capability: capPool}, false
}

func (p *provider) credits(o *organizer, at tick, perUse bool) bool {
	return p.tenant.funded && (perUse || o.holds(planCredits, at))
}

// price is the charge of a call, in hundredths of the currency: billed in tenths
// of a minute, each begun tenth counted.
func (p *provider) price(to *place, secs int64) int64 {
	tenths := (secs + 5) / 6
	perMinute := to.rate(p.fx)
	return hundredths(perMinute * tenths * 10)
}

// rate is the price of a minute in ten-thousandths of the currency.
func (to *place) rate(fx int64) int64 { return (to.perMinute*fx + 5_000) / 10_000 }

// fee is the connection charge in ten-thousandths of the currency.
func (to *place) fee(fx int64) int64 { return (to.connection*fx + 5_000) / 10_000 }

// hundredths rounds millionths of a currency half up.
func hundredths(millionths int64) int64 { return (millionths + 5_000) / 10_000 }

// unrated is what other call types carry.
func (p *provider) unrated(c *call) verdict {
	switch c.kind {
	case confIn:
		return verdict{capability: capPool}
	case botIn, botOut:
		return verdict{capability: capBot}
	}
	if strings.Contains("US CA GB", c.organizer.site.country) {
		return verdict{capability: "MCOPSTN1"}
	}
	return verdict{capability: "MCOPSTN2"}
}
