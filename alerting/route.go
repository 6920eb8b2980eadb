package alerting

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fairdial/cases"
)

// Route says which cases are told in which channel. Empty lists let every case through.
type Route struct {
	Tenants    []string // ids
	Severities []cases.Severity
	Tags       []string // of the rules that found something; one is enough
	Channel    string
	// Quiet are the hours in which nothing new is told there, but for critical cases.
	Quiet Quiet
}

// Quiet is a span of each day, such as 22:00 to 07:00. The zero value is never quiet.
type Quiet struct {
	From, To time.Duration // since midnight
	Zone     *time.Location
}

// ParseQuiet reads "22:00-07:00"; "" is never quiet.
func ParseQuiet(text string, zone *time.Location) (Quiet, error) {
	if text == "" {
		return Quiet{}, nil
	}
	from, to, ok := strings.Cut(text, "-")
	var q Quiet
	for _, part := range []struct {
		text string
		into *time.Duration
	}{{from, &q.From}, {to, &q.To}} {
		at, err := time.Parse("15:04", strings.TrimSpace(part.text))
		if err != nil || !ok {
			return Quiet{}, fmt.Errorf("%q is no span of a day; write it as 22:00-07:00", text)
		}
		*part.into = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	if q.From == q.To {
		return Quiet{}, fmt.Errorf("%q is empty: it begins when it ends", text)
	}
	q.Zone = zone
	return q, nil
}

// holds says whether it is quiet at a moment, and until when.
func (q Quiet) holds(at time.Time) (bool, time.Time) {
	if q.From == q.To {
		return false, time.Time{}
	}
	zone := q.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := at.In(zone)
	clock := func(d time.Duration, days int) time.Time { // by the clock on the wall, over a change of it too
		return time.Date(local.Year(), local.Month(), local.Day()+days, int(d.Hours()), int(d.Minutes())%60, 0, 0, zone)
	}
	from, to := clock(q.From, 0), clock(q.To, 0)
	switch {
	case q.From < q.To:
		return !local.Before(from) && local.Before(to), to
	case local.Before(to):
		return true, to
	default:
		return !local.Before(from), clock(q.To, 1)
	}
}

func (q Quiet) now(at time.Time) bool {
	quiet, _ := q.holds(at)
	return quiet
}

// route is where a case is told: the first that fits, or the channel for all others.
func (a *Alerter) route(c cases.Case) Route {
	for _, r := range a.routes {
		if r.fits(c, a.tags) {
			return r
		}
	}
	return Route{Channel: a.channel, Quiet: a.quiet}
}

func (r Route) fits(c cases.Case, tags func(ruleID string) []string) bool {
	if len(r.Tenants) > 0 && !slices.Contains(r.Tenants, c.TenantID) {
		return false
	}
	if len(r.Severities) > 0 && !slices.Contains(r.Severities, c.Severity) {
		return false
	}
	return len(r.Tags) == 0 || tags != nil && slices.ContainsFunc(c.Findings, func(f cases.Finding) bool {
		return slices.ContainsFunc(tags(f.RuleID), func(tag string) bool { return slices.Contains(r.Tags, tag) })
	})
}

// quietIn is the quiet of a channel.
func (a *Alerter) quietIn(channel string) Quiet {
	for _, r := range a.routes {
		if r.Channel == channel {
			return r.Quiet
		}
	}
	return a.quiet
}

// channels are all that the configuration names.
func (a *Alerter) channels() []string {
	all := []string{a.channel}
	for _, r := range a.routes {
		if !slices.Contains(all, r.Channel) {
			all = append(all, r.Channel)
		}
	}
	return all
}

// places are the channels where a case may have to be told: where it belongs, and where a
// message of it stands, which must not go stale when the case moves to another channel.
func (a *Alerter) places(c cases.Case, b book) []string {
	out := []string{a.route(c).Channel}
	for _, channel := range a.channels() {
		if d, known := b.here[subjectOf(c.ID, channel)]; known && d.TS != "" && channel != out[0] {
			out = append(out, channel)
		}
	}
	return out
}
