package source

import (
	"fmt"
	"time"

	"fairdial/source/graph"
)

// Standing is how a source fares at a moment.
type Standing struct {
	Name     string
	Kind     string
	TenantID string
	Arrivals Arrivals
	Failure  *Failure
	Read     *graph.Span // of a Graph source that has read a window
	// Interval is how often a Graph source is asked.
	Interval time.Duration
	// Countries are where the tenant's users are.
	Countries []string
	// Late is the silence that is too long; 0 for what is usual.
	Late time.Duration
}

// Trouble is what is wrong with a source.
type Trouble struct {
	Source   string
	TenantID string
	Kind     string    // failing, unread, silent, vanishing
	Since    time.Time // UTC; with source and kind it names the trouble
	Says     string
	Mend     string
}

// The bounds of what is taken for trouble.
const (
	patience    = 3 * time.Hour // with failures that may pass by themselves
	enough      = 5             // arrivals from which a silence is judged
	leastLate   = 6 * time.Hour // shortest silence that is later than usual
	vanishAlert = 30 * 24 * time.Hour
)

// Troubles tells what is wrong with a source now, the gravest first.
func (s Standing) Troubles(now time.Time) []Trouble {
	var out []Trouble
	add := func(kind string, since time.Time, mend, says string, args ...any) {
		out = append(out, Trouble{Source: s.Name, TenantID: s.TenantID, Kind: kind, Since: since.UTC(), Says: fmt.Sprintf(says, args...), Mend: mend})
	}
	doctor := "fairdial doctor says what to mend; fairdial sources poll " + s.Name + " tries at once"
	switch {
	case s.Failure != nil && (s.Failure.Lasting || now.Sub(s.Failure.Since) >= patience):
		add("failing", s.Failure.Since, doctor, "it fails since %s: %s", clock(s.Failure.Since), s.Failure.Reason)
	case s.Read != nil && s.Interval > 0 && now.Sub(s.Read.ReadAt) > max(3*s.Interval, patience):
		add("unread", s.Read.ReadAt, "see that the daemon runs (fairdial serve) and its job source:"+s.Name, "it was last read at %s", clock(s.Read.ReadAt))
	}
	if late := s.LatestBy(); !late.IsZero() && now.After(late) {
		add("silent", s.Arrivals.LastNew, "see what it is fed by; sources.late in the configuration says what is too long",
			"nothing new since %s, longer than usual: it was due by %s", clock(s.Arrivals.LastNew), clock(late))
	}
	if s.Kind == "graph" && s.Read != nil {
		country, kept := graph.Shortest(s.Countries)
		if gone := s.Read.Until.Add(kept); now.After(gone.Add(-vanishAlert)) {
			add("vanishing", s.Read.Until, doctor, "Graph keeps the records of users in %s for %d days: those not read yet vanish from %s on",
				orElse(country, "most countries"), int(kept.Hours()/24), clock(gone))
		}
	}
	return out
}

// LatestBy is when something new is due at the latest; zero where it is not known.
func (s Standing) LatestBy() time.Time {
	last := s.Arrivals.LastNew
	switch {
	case last.IsZero():
		return time.Time{}
	case s.Late > 0:
		return last.Add(s.Late)
	case s.Arrivals.Recent < enough:
		return time.Time{}
	}
	return last.Add(max(s.Arrivals.Longest*3/2, leastLate))
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
