package simulate

import (
	"math"
	"slices"
)

// strange is how a world differs from the ordinary one: drawn from the seed, and from 0.3 to 3
// times the volume, at other hours, with other people and another mixture of abuse. A rule
// that only knows the ordinary world shows it here.
type strange struct {
	*dice
	on bool
}

func (o Options) strangeness() strange {
	return strange{newDice(o.Seed, streamStrange), o.Strange}
}

// scale is a factor from 1/most to most, as often below one as above.
func (d *dice) scale(most float64) float64 { return math.Exp(d.span(-1, 1) * math.Log(most)) }

// people are the archetypes, some of them rarer or more frequent, and the heavy users that
// an ordinary world lacks.
func (s strange) people() []*profile {
	kinds := profiles()
	if !s.on {
		return kinds
	}
	kinds = append(kinds, heavies()...)
	for _, p := range kinds {
		if p.archetype != archRegular && p.archetype != archLight {
			p.weight *= s.scale(3)
		}
		p.minutes *= s.scale(1.4)
		p.contacts = max(4, int(float64(p.contacts)*s.scale(1.6)))
		if p.day != nil || p.opens == 0 || s.chance(0.5) {
			continue
		}
		shift := s.span(-3, 5)
		p.opens, p.closes = p.opens+shift, p.closes+shift
	}
	return kinds
}

// habits gives a tenant its own volume, and other digits hidden than its country has.
func (s strange) habits(t *tenant) {
	t.volume = 1
	if !s.on {
		return
	}
	t.volume = s.scale(3)
	t.mask = pick(s.dice, []int{0, 0, 0, 2, 3, 4})
}

// mixture is the scenarios of a world: some do not happen in it.
func (s strange) mixture(all []*scenario) []*scenario {
	if !s.on {
		return all
	}
	return slices.DeleteFunc(all, func(*scenario) bool { return s.chance(0.25) })
}

// vary gives a plot its own pace and lengths of calls.
func (s strange) vary(p *plot) {
	p.vigour, p.stretch = 1, 1
	if !s.on {
		return
	}
	p.vigour = s.span(0.6, 2)
	// Who stays under a limit, or keeps a line up, watches the length.
	if n := p.scenario.name; n != "splitting" && n != "nailed_up" {
		p.stretch = s.span(0.7, 1.4)
	}
}

// heavies are honest heavy users of strange worlds: each looks like abuse to who counts
// minutes, and none is.
func heavies() []*profile {
	american := mix4{home: 0.1, northAmerica: 0.88, zoneA: 0.02}
	return []*profile{
		{
			archetype: "called_traveller", says: "has its meetings call it wherever it is, at a hotel or a mobile bought there", weight: 12,
			meetings: 2, legs: 1.7, minutes: 34, sigma: 0.5, longest: 150, opens: 8, closes: 18, rest: 0.05, contacts: 25, known: 0.85, addon: 0.95, mix: american, day: calledDay,
		},
		{
			archetype: "war_room", says: "a bridge kept open day and night for a week or two, engineers in shifts", weight: 5,
			meetings: 0.3, legs: 2, minutes: 30, sigma: 0.6, longest: 120, opens: 8, closes: 18, rest: 0.1, contacts: 16, known: 1, addon: 1, mix: american, shared: true, day: warDay,
		},
		{
			archetype: "callback_desk", says: "calls customers back, one after the other, a few minutes each", weight: 8,
			meetings: 13, legs: 1, minutes: 5, sigma: 0.7, longest: 40, opens: 8, closes: 18, rest: 0.02, contacts: 120, known: 0.4, addon: 1, mix: american,
		},
		{
			archetype: "panel_recruiter", says: "interviews strangers back to back", weight: 8,
			meetings: 9, legs: 1.2, minutes: 30, sigma: 0.3, longest: 60, opens: 8, closes: 19, rest: 0.01, contacts: 12, known: 0.1, addon: 1, mix: american,
		},
		{
			archetype: "plant_line", says: "a long meeting with one plant every morning and evening", weight: 6,
			meetings: 0.2, legs: 1.5, minutes: 25, sigma: 0.5, longest: 120, opens: 8, closes: 18, rest: 0.05, contacts: 12, known: 0.9, addon: 1, mix: american, day: plantDay,
		},
		{
			archetype: "town_hall", says: "hundreds dialled in twice a month, many of them for the first time", weight: 5,
			meetings: 0.3, legs: 2, minutes: 25, sigma: 0.6, longest: 120, opens: 8, closes: 18, rest: 0.02, contacts: 300, known: 0.6, addon: 1, mix: american, shared: true, day: townDay,
		},
		{
			archetype: "chief_assistant", says: "an assistant to four, whose meetings overlap", weight: 12,
			meetings: 7.5, legs: 2.8, minutes: 29, sigma: 0.5, longest: 180, opens: 7, closes: 19, rest: 0.08, contacts: 110, known: 0.88, addon: 1, mix: american, shared: true, day: assistantDay,
		},
		{
			archetype: "rural_sales", says: "sells to farms: a third of its customers live in rural exchanges", weight: 6,
			meetings: 3.5, legs: 1.4, minutes: 19, sigma: 0.6, longest: 90, opens: 7, closes: 18, rest: 0.05, contacts: 60, known: 0.8, addon: 1, mix: american, day: ruralDay,
		},
		{
			archetype: "island_colleague", says: "a colleague of its team lives on an island with a plus one", weight: 6,
			meetings: 1.6, legs: 2, minutes: 25, sigma: 0.5, longest: 120, opens: 8, closes: 18, rest: 0.05, contacts: 24, known: 0.9, addon: 1, mix: american, day: islandDay,
		},
		{
			archetype: "results_day", says: "investor relations: two days a quarter, hundreds of legs in several calls", weight: 4,
			meetings: 0.3, legs: 1.8, minutes: 25, sigma: 0.6, longest: 120, opens: 8, closes: 18, rest: 0.02, contacts: 400, known: 0.9, addon: 1, mix: american, shared: true, day: resultsDay,
		},
	}
}
