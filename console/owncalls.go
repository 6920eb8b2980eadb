package console

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// fewCalls is up to how many revisions an organizer's records are read, and added up here: to
// prepare the statement that adds them up takes longer.
const fewCalls = 5000

// ownCalls are an organizer's records over a span.
type ownCalls []ownCall

type ownCall struct {
	UsageID string    `ch:"usage_id"`
	At      time.Time `ch:"started_at"`
	Seconds int64     `ch:"seconds"`
	Rated   bool      `ch:"is_conf_out"`
	Country string    `ch:"country"`
	Block   string    `ch:"block"`
	Number  string    `ch:"number"`
}

func (v views) ownCalls(ctx context.Context, s span) (out ownCalls, err error) {
	return out, v.read(ctx, &out, "calls", s.args()...)
}

// begins are when some of the calls began, each moment once.
func (o ownCalls) begins(usageIDs []string) (out []string) {
	wanted := map[string]bool{}
	for _, id := range usageIDs {
		wanted[id] = true
	}
	for _, c := range o {
		if wanted[c.UsageID] {
			out = append(out, c.At.UTC().Format("2006-01-02 15:04:05.0000000"))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// placesShown is how many places of a kind are shown, and numbersOfBlock how many of a block's numbers
// must have been called: a block beside the last four digits of a number is the number, where the
// same minutes stand at both.
const (
	placesShown    = 8
	numbersOfBlock = 3
)

// habits adds up as habits.sql does.
func (o ownCalls) habits() (h habits) {
	days, hours, places := map[time.Time]*dayUse{}, map[[2]int64]*hourUse{}, map[[2]string]*place{}
	numbers := map[string]map[string]bool{} // by block
	for _, c := range o {
		if !c.Rated {
			continue
		}
		at := c.At.UTC()
		midnight := at.Truncate(24 * time.Hour)
		if days[midnight] == nil {
			days[midnight] = &dayUse{Day: midnight}
		}
		days[midnight].Seconds += c.Seconds
		days[midnight].Calls++
		hour := [2]int64{int64(at.Weekday()+6)%7 + 1, int64(at.Hour())}
		if hours[hour] == nil {
			hours[hour] = &hourUse{Weekday: hour[0], Hour: hour[1]}
		}
		hours[hour].Seconds += c.Seconds
		for _, p := range [][2]string{{"country", c.Country}, {"area", c.Block[:min(len(c.Block), 3)]}, {"block", c.Block}, {"number", c.Number}} {
			if places[p] == nil {
				places[p] = &place{Kind: p[0], Name: p[1]}
			}
			places[p].Seconds += c.Seconds
			places[p].Calls++
		}
		if numbers[c.Block] == nil {
			numbers[c.Block] = map[string]bool{}
		}
		numbers[c.Block][c.Number] = true
	}
	for _, d := range days {
		h.Days = append(h.Days, *d)
	}
	slices.SortFunc(h.Days, func(a, b dayUse) int { return a.Day.Compare(b.Day) })
	for _, x := range hours {
		h.Hours = append(h.Hours, *x)
	}
	slices.SortFunc(h.Hours, func(a, b hourUse) int { return cmp.Or(cmp.Compare(a.Weekday, b.Weekday), cmp.Compare(a.Hour, b.Hour)) })
	shown := map[string]int{}
	for _, p := range slices.SortedFunc(maps.Values(places), comparePlaces) {
		if p.Name == "" || p.Kind == "block" && len(numbers[p.Name]) < numbersOfBlock {
			continue
		}
		if shown[p.Kind]++; shown[p.Kind] <= placesShown {
			h.Places = append(h.Places, *p)
		}
	}
	return h
}

func comparePlaces(a, b *place) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), cmp.Compare(b.Seconds, a.Seconds), strings.Compare(a.Name, b.Name))
}
