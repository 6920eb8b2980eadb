package console

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/cases"
)

// call is one that proves a finding. Its NPA-NXX block is left out: beside the last four
// digits it would be the whole number.
type call struct {
	UsageID string    `ch:"usage_id"`
	At      time.Time `ch:"at"` // UTC
	Seconds int64     `ch:"seconds"`
	Number  string    `ch:"callee_number"`
	Country string    `ch:"destination_country"`
	CallID  string    `ch:"call_id"`
}

// dayUse is an organizer's dial-out of one day, UTC.
type dayUse struct {
	Day     time.Time `ch:"day" json:"day"`
	Seconds int64     `ch:"seconds" json:"seconds"`
	Calls   int64     `ch:"calls" json:"calls"`
	Flagged int       `ch:"-" json:"-"` // calls that prove a finding
}

type hourUse struct {
	Weekday int64 `ch:"weekday" json:"weekday"` // 1 is Monday
	Hour    int64 `ch:"hour" json:"hour"`       // UTC
	Seconds int64 `ch:"seconds" json:"seconds"`
}

// Name is the day of the week.
func (h hourUse) Name() string { return time.Weekday(h.Weekday % 7).String() }

// Clock is the hour as a clock shows it.
func (h hourUse) Clock() string { return fmt.Sprintf("%02d:00", h.Hour) }

// place is where calls went: a country, an NPA-NXX block or a number.
type place struct {
	Kind    string `ch:"kind" json:"kind"`
	Name    string `ch:"name" json:"name"`
	Seconds int64  `ch:"seconds" json:"seconds"`
	Calls   int64  `ch:"calls" json:"calls"`
}

// span is an organizer's time that is looked at.
type span struct {
	tenant, organizer string
	from, to          time.Time // UTC
}

// looked is how far back pages look from the newest that is known.
const looked = 90 * 24 * time.Hour

func (s span) args(more ...any) []any {
	return append([]any{named("tenant_id", s.tenant), named("organizer_id", s.organizer), instant("from", s.from), instant("to", s.to)}, more...)
}

// habits are an organizer's use over a span.
type habits struct {
	Days   []dayUse
	Hours  []hourUse
	Places []place
	Before time.Time // the day on which its first case was opened; days from it on are not its usual ones
}

// manyCalls is from how many on an organizer's records are a large part of a tenant's, for all that
// is known before they are read.
const manyCalls = 20_000

// habits are an organizer's over a span.
func (v views) habits(ctx context.Context, s span) (habits, error) {
	h, _, err := v.proven(ctx, s, nil)
	return h, err
}

// proven are an organizer's habits, and of its calls those that prove findings.
func (v views) proven(ctx context.Context, s span, usageIDs []string) (h habits, calls []call, err error) {
	var found []struct {
		Revisions int64 `ch:"revisions"`
	}
	if err := v.read(ctx, &found, "how_many", s.args()...); err != nil {
		return h, nil, err
	}
	many := int64(0)
	if len(found) > 0 {
		many = found[0].Revisions
	}
	if many <= fewCalls {
		own, err := v.ownCalls(ctx, s)
		if err != nil {
			return h, nil, err
		}
		calls, err = v.called(ctx, s, usageIDs, own.begins(usageIDs))
		return own.habits(), calls, err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() (err error) { h, err = v.habitsOf(ctx, s, many > manyCalls); return err })
	work.Go(func() (err error) { calls, err = v.evidence(ctx, s, usageIDs); return err })
	return h, calls, work.Wait()
}

func (v views) habitsOf(ctx context.Context, s span, many bool) (h habits, err error) {
	var rows []struct {
		Kind    string    `ch:"kind"`
		Day     time.Time `ch:"day"`
		Weekday int64     `ch:"weekday"`
		Hour    int64     `ch:"hour"`
		Name    string    `ch:"name"`
		Seconds int64     `ch:"seconds"`
		Calls   int64     `ch:"calls"`
	}
	if err := v.read(ctx, &rows, "habits", s.args(named("many", many))...); err != nil {
		return h, err
	}
	for _, x := range rows {
		switch x.Kind {
		case "day":
			h.Days = append(h.Days, dayUse{Day: x.Day, Seconds: x.Seconds, Calls: x.Calls})
		case "hour":
			h.Hours = append(h.Hours, hourUse{x.Weekday, x.Hour, x.Seconds})
		default:
			h.Places = append(h.Places, place{x.Kind, x.Name, x.Seconds, x.Calls})
		}
	}
	return h, nil
}

// Usual is the median seconds of the days with calls, as long as there was no case; 0 where none is known.
func (h habits) Usual() int64 {
	var all []int64
	for _, d := range h.Days {
		if h.Before.IsZero() || d.Day.Before(h.Before) {
			all = append(all, d.Seconds)
		}
	}
	if slices.Sort(all); len(all) > 0 {
		return all[len(all)/2]
	}
	return 0
}

// questioned is the day on which the first of an organizer's cases was opened, but for those that
// were found to be no abuse: zero where there is none.
func questioned(all []cases.Case) (day time.Time) {
	for _, c := range all {
		if c.Outcome == cases.OutcomeFalsePositive || c.Outcome == cases.OutcomeExpected {
			continue
		}
		if opened := c.OpenedAt.UTC().Truncate(24 * time.Hour); day.IsZero() || opened.Before(day) {
			day = opened
		}
	}
	return day
}

// Of is the places of a kind.
func (h habits) Of(kind string) (out []place) {
	for _, p := range h.Places {
		if p.Kind == kind {
			out = append(out, p)
		}
	}
	return out
}

// flag marks the days of the calls that prove findings.
func (h habits) flag(calls []call) {
	for _, c := range calls {
		for i := range h.Days {
			if h.Days[i].Day.Equal(c.At.UTC().Truncate(24 * time.Hour)) {
				h.Days[i].Flagged++
			}
		}
	}
}

// Plot is the chart of use by day.
func (h habits) Plot(from, to time.Time, peers []peerDay, calls []call) dayPlot {
	return dayPlot{From: from, To: to, Days: h.Days, Usual: h.Usual(), Peers: peers, Calls: calls}
}

// dayBesidePeers is a day's use and what the others of the tenant used.
type dayBesidePeers struct {
	dayUse
	Peer peerDay // with no organizers where nobody else called
}

// Beside are the days with the peers of each.
func (h habits) Beside(peers []peerDay) []dayBesidePeers {
	of := map[time.Time]peerDay{}
	for _, p := range peers {
		of[p.Day.UTC()] = p
	}
	out := make([]dayBesidePeers, len(h.Days))
	for i, d := range h.Days {
		out[i] = dayBesidePeers{d, of[d.Day.UTC()]}
	}
	return out
}

// evidence are calls of an organizer with many.
func (v views) evidence(ctx context.Context, s span, usageIDs []string) (out []call, err error) {
	if len(usageIDs) == 0 {
		return nil, nil
	}
	var found []struct {
		At string `ch:"at"`
	}
	if err := v.read(ctx, &found, "begins", s.args(named("usage_ids", usageIDs))...); err != nil {
		return nil, err
	}
	begins := make([]string, len(found))
	for i, f := range found {
		begins[i] = f.At
	}
	return v.called(ctx, s, usageIDs, begins)
}

// called are calls of an organizer of which it is known when they began.
func (v views) called(ctx context.Context, s span, usageIDs, begins []string) (out []call, err error) {
	if len(begins) == 0 {
		return nil, nil
	}
	return out, v.read(ctx, &out, "evidence", s.args(named("usage_ids", usageIDs), named("begins", begins))...)
}

// newest is the end of the day of a tenant's newest call, UTC; of one without calls, a time
// before all calls.
func (v views) newest(ctx context.Context, tenantID string) (time.Time, error) {
	var found []struct {
		At time.Time `ch:"at"`
	}
	end := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := v.read(ctx, &found, "newest", named("tenant_id", tenantID)); err != nil {
		return end, err
	}
	if len(found) > 0 && found[0].At.After(end) {
		end = found[0].At.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	}
	return end, nil
}
