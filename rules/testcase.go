package rules

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"fairdial/cases"
)

// Test is a unit test that a rule carries: a few calls in, findings out.
type Test struct {
	Name  string  `yaml:"name"`
	Usage []Usage `yaml:"usage"`
	// From and To are the steps of the test; by default there is one step, the first
	// full hour after the last call has ended.
	From       Moment         `yaml:"from"`
	To         Moment         `yaml:"to"`
	Step       Span           `yaml:"step"` // 1h by default
	Latency    Span           `yaml:"latency"`
	Parameters map[string]any `yaml:"parameters"` // over the rule's defaults
	// Expect is the findings, one an organizer; an empty list expects none.
	Expect []Expect `yaml:"expect"`
}

// Usage makes calls. Everything but start and length has a default.
type Usage struct {
	Tenant     string  `yaml:"tenant"`     // "tenant"
	Organizer  string  `yaml:"organizer"`  // "someone"
	Organizers int     `yaml:"organizers"` // the same calls for so many: "someone-1", "someone-2" …
	Start      Moment  `yaml:"start"`
	Minutes    float64 `yaml:"minutes"`
	Seconds    float64 `yaml:"seconds"` // added to minutes
	Times      int     `yaml:"times"`   // meetings a day; 1
	Apart      Span    `yaml:"apart"`   // from one start to the next; the length and a minute
	Days       int     `yaml:"days"`    // 1
	On         string  `yaml:"on"`      // all days, workdays or weekends, by UTC
	Legs       int     `yaml:"legs"`    // numbers dialled into each meeting; 1
	// To is the first number dialled and Callees how many different ones, counting up,
	// the calls take in turn; 1, or as many as there are legs.
	To      string `yaml:"to"`
	Callees int    `yaml:"callees"`
	// Conference is an id for all of these meetings; by default each has its own.
	Conference string `yaml:"conference"`
	Country    string `yaml:"country"` // by the number: +1 is US, others must be named
	Region     string `yaml:"region"`  // US state or Canadian province; none
	Class      string `yaml:"class"`   // geographic
	HighCost   bool   `yaml:"high_cost"`
	Addon      *bool  `yaml:"addon"` // whether the organizer holds the add-on; true
	// Licensed is since when the organizer has a licence of any kind; by default since it calls.
	Licensed Moment `yaml:"licensed"`
}

// Expect is one finding of a test, as its newest row has it.
type Expect struct {
	Organizer string         `yaml:"organizer"` // "someone"
	Severity  cases.Severity `yaml:"severity"`
	First     Moment         `yaml:"first"`    // the step that first saw it
	AtLeast   float64        `yaml:"at_least"` // what the value must reach
	AtMost    float64        `yaml:"at_most"`  // and must not pass; 0 for no bound
	Calls     int64          `yaml:"calls"`    // that prove it; 0 for any number
	Sentence  string         `yaml:"sentence"` // a part of it
}

// Call is one call of a test, as the feature views will see it.
type Call struct {
	Tenant, Organizer, ID, Conference, Number, Country, Region, Class, NPANXX string
	HighCost, Addon                                                           bool
	Start, End                                                                time.Time
	Licensed                                                                  time.Time // zero: since it calls
	Seconds                                                                   int64
}

// Moment is a time in a rule file: "2026-02-03 09:30" or RFC 3339, UTC unless it says.
type Moment struct{ time.Time }

// UnmarshalYAML reads a moment.
func (m *Moment) UnmarshalYAML(n *yaml.Node) error {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, n.Value); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is not a time such as 2026-02-03 09:30", n.Value)
}

// Span is a length of time in a rule file: "90m", "24h".
type Span struct{ time.Duration }

// UnmarshalYAML reads a length of time.
func (s *Span) UnmarshalYAML(n *yaml.Node) error {
	d, err := time.ParseDuration(n.Value)
	if err != nil {
		return fmt.Errorf("%q is not a length of time such as 90m", n.Value)
	}
	s.Duration = d
	return nil
}

// Calls is all calls of a test, in the order of the file.
func (t Test) Calls() []Call {
	var out []Call
	meeting := 0
	for _, u := range t.Usage {
		for i := range max(1, u.Organizers) {
			organizer := or(u.Organizer, "someone")
			if u.Organizers > 1 {
				organizer = fmt.Sprintf("%s-%d", organizer, i+1)
			}
			out, meeting = u.calls(out, meeting, organizer)
		}
	}
	return out
}

func (u Usage) calls(out []Call, meeting int, organizer string) ([]Call, int) {
	seconds := int64(u.Minutes*60 + u.Seconds)
	length := time.Duration(seconds) * time.Second
	apart := u.Apart.Duration
	if apart == 0 {
		apart = length + time.Minute
	}
	legs := max(1, u.Legs)
	callees := max(1, u.Callees)
	if u.Callees == 0 {
		callees = legs
	}
	dialled := 0
	day := u.Start.Time
	for range max(1, u.Days) {
		for u.off(day) {
			day = day.AddDate(0, 0, 1)
		}
		for k := range max(1, u.Times) {
			meeting++
			start := day.Add(time.Duration(k) * apart)
			for range legs {
				number := count(or(u.To, "+12125550100"), dialled%callees)
				dialled++
				out = append(out, Call{
					Tenant: or(u.Tenant, "tenant"), Organizer: organizer,
					ID: fmt.Sprintf("call-%06d", len(out)+1), Conference: or(u.Conference, strconv.Itoa(100_000_000+meeting)),
					Number: number, Country: u.country(number), Region: u.Region, Class: or(u.Class, "geographic"), NPANXX: npanxx(number),
					HighCost: u.HighCost, Addon: u.Addon == nil || *u.Addon,
					Start: start, End: start.Add(length), Seconds: seconds, Licensed: u.Licensed.Time,
				})
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return out, meeting
}

// off says that nobody calls on the day.
func (u Usage) off(day time.Time) bool {
	weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
	return u.On == "workdays" && weekend || u.On == "weekends" && !weekend
}

func (u Usage) country(number string) string {
	if u.Country == "" && strings.HasPrefix(number, "+1") {
		return "US"
	}
	return u.Country
}

// npanxx is the exchange of a +1 number; of others there is none.
func npanxx(number string) string {
	if len(number) == 12 && strings.HasPrefix(number, "+1") {
		return number[2:8]
	}
	return ""
}

// count is the number n further on from a number, of the same length.
func count(number string, n int) string {
	digits, err := strconv.ParseUint(strings.TrimPrefix(number, "+"), 10, 64)
	if err != nil {
		return number
	}
	return "+" + strconv.FormatUint(digits+uint64(n), 10)
}

// settling is how long after its end a call is settled, at the latest (settled_at of the view calls).
const settling = 3 * time.Hour

// Steps is the first and the last step of a test: unless it says, one by which all calls are settled,
// so that a later one sees the same.
func (t Test) Steps() (from, to time.Time, step time.Duration) {
	step = or(t.Step.Duration, time.Hour)
	to = t.To.Time
	if to.IsZero() {
		for _, c := range t.Calls() {
			if c.End.After(to) {
				to = c.End
			}
		}
		to = to.Add(t.Latency.Duration + settling).Truncate(time.Hour).Add(time.Hour)
	}
	from = t.From.Time
	if from.IsZero() {
		from = to
	}
	return from, to, step
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
