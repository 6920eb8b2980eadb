package simulate

import (
	"fmt"
)

// organizer is a person or a room that owns meetings.
type organizer struct {
	tenant     *tenant
	index      int
	id         guid
	upn, name  string
	site       *site
	profile    *profile
	plot       *plot // nil for the honest
	holdings   []holding
	contacts   []number
	phone      number
	conference uint32  // the standing conference id
	starts     int     // day index of the first day at work
	thrift     float64 // factor on meetings: who has no add-on is told to spare the pool
	until      tick    // end of the latest meeting of the days before
}

// Streams of randomness, one a purpose.
const (
	streamTenant = iota + 1
	streamColleagues
	streamDeck
	streamOrganizer
	streamCast
	streamHonest
	streamAbuse
	streamProvider
	streamFeed
	streamStrange
)

// populate makes a tenant's organizers from a hand of archetypes.
func (t *tenant) populate(o Options, deal func() *profile) {
	firsts, lasts, hostile := firstNames(), lastNames(), hostileNames()
	d := newDice(o.Seed)
	days := int((t.hours[len(t.hours)-1].end - t.hours[0].start) / (24 * hour))
	for i := range t.organizers {
		d.reseed(o.Seed, streamOrganizer, uint64(t.index), uint64(i))
		p := &organizer{tenant: t, index: i, id: d.guid(), site: t.siteFor(d), profile: deal()}
		p.name, p.upn = t.person(d, i, firsts, lasts)
		if p.profile.archetype == archRoom {
			p.name = fmt.Sprintf("Room %d.%02d", d.between(1, 12), d.between(1, 30))
			p.upn = t.address(fmt.Sprintf("room-%d", i))
		}
		// A few in every tenant, the same share everywhere.
		if k := i % 97; k == 11 || len(t.organizers) < 97 && i == len(t.organizers)/2 {
			p.name = hostile[(t.index*5+i/97)%len(hostile)]
		}
		p.phone = t.places.near(d, p.site)
		p.conference = d.conferenceID()
		for range p.profile.contacts {
			p.contacts = append(p.contacts, p.stranger(d))
		}
		if p.profile.archetype == archStarter {
			p.starts = d.between(min(4, days-1), max(1, days/2))
		}
		p.thrift = 1
		p.equip(d)
		t.organizers[i] = p
	}
}

func (d *dice) conferenceID() uint32 { return uint32(d.between(100_000_000, 999_999_999)) }

// stranger is a number the organizer may come to call, by the profile's mix.
func (o *organizer) stranger(d *dice) number {
	a, m := o.tenant.places, o.profile.mix
	colleagues := 0.2
	if o.site.country != "US" && o.site.country != "CA" {
		// Elsewhere the add-on is bought for the calls to America; who is near by
		// joins with the app or dials in.
		m.home *= 0.12
		colleagues = 0.02
	}
	if d.chance(colleagues) {
		return pick(d, o.tenant.colleagues)
	}
	switch u := d.Float64() * (m.home + m.northAmerica + m.zoneA + m.rest); {
	case u < m.home:
		return a.near(d, o.site)
	case u < m.home+m.northAmerica:
		switch rare := d.Float64(); {
		case rare < 0.03:
			return a.tollFree(d)
		case rare < 0.034: // honest customers live in rural exchanges too
			return a.block(d, pick(d, a.highCost))
		}
		iso := "US"
		if d.chance(0.09) {
			iso = "CA"
		}
		return a.in(d, iso)
	case u < m.home+m.northAmerica+m.zoneA:
		return a.in(d, pick(d, a.zoneAISO))
	default:
		if d.chance(0.04) {
			return a.from(d, a.satellite)
		}
		return a.in(d, pick(d, a.restISO))
	}
}

// callee is whom the organizer's next leg goes to: mostly somebody known.
func (o *organizer) callee(d *dice) number {
	if len(o.contacts) > 0 && d.chance(o.profile.known) {
		return o.contacts[d.favourite(len(o.contacts))]
	}
	return o.stranger(d)
}

// equip assigns the organizer's licences as of the start of the run; a few change
// in its course.
func (o *organizer) equip(d *dice) {
	t := o.tenant
	begin, end := t.hours[0].start, t.hours[len(t.hours)-1].end
	from := begin - seconds(d.span(20, 400)*86400)
	if o.profile.archetype == archStarter {
		from = begin + tick(o.starts)*24*hour - seconds(d.span(3, 8)*3600)
	}
	credits := t.funded && d.chance(0.88)
	switch o.profile.archetype {
	case archRoom:
		o.give(skuRooms, from, forever)
	case archPayPerUse:
		o.give(t.base, from, forever)
		o.give(skuPerMinute, from, forever)
		credits = credits && d.chance(0.4)
	case archUnlicensed:
		// Half hold the product with its conferencing plan switched off.
		if t.standardE5 != nil && d.chance(0.5) {
			o.holdings = append(o.holdings, holding{sku: t.standardE5, from: from, to: forever, disabled: planConferencing})
		} else {
			o.give(t.base, from, forever)
		}
	default:
		switch {
		case t.selectShare > 0 && d.chance(t.selectShare):
			o.give(t.base, from, forever)
			o.give(skuSelect, from, forever)
		case t.standardE5 != nil && d.chance(0.4):
			o.give(t.standardE5, from, forever)
		default:
			o.give(t.base, from, forever)
			o.give(t.standard, from, forever)
		}
	}
	if credits {
		o.give(skuCredits, from, forever)
	}
	want := o.profile.addon
	if want < 0.9 { // who is known to need it gets it everywhere
		want *= t.addon
	}
	if o.profile.archetype == archUnlicensed || !d.chance(want) {
		o.thrift = 0.35
		return
	}
	got := from + seconds(d.span(0, 10)*86400)
	switch {
	case o.profile.archetype == archStarter:
		o.give(skuAddon, from+seconds(d.span(1, 48)*3600), forever)
	case d.chance(0.03): // bought in the course of the run
		o.give(skuAddon, between(d, begin, end, 0.1, 0.9), forever)
	case d.chance(0.015): // given back
		o.give(skuAddon, got, between(d, begin, end, 0.1, 0.9))
	default:
		o.give(skuAddon, got, forever)
	}
}

// between is an instant in the part [a, b) of the time from begin to end, on a
// whole second as the directory has it.
func between(d *dice, begin, end tick, a, b float64) tick {
	t := begin + tick(float64(end-begin)*d.span(a, b))
	return t - t%second
}
