package alerting

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fairdial/cases"
	"fairdial/enforcement"
)

// notice is what a message says, in words that are fit to be shown but not yet safe from
// markup. Slack's blocks and the plain text are two renderings of it.
type notice struct {
	caseID   string
	headline string // severity, who, tenant
	account  string // the organizer's sign-in name or id
	sentence string // what is unusual
	news     string // of a reply: what got worse; else empty
	facts    []row  // the strongest findings
	also     []string
	members  []string
	rows     []row // risk, exposure, what paid, what is in force, what is next
	rules    []string
	link     string // the case in the console, empty without one
	buttons  []slack.BlockElement
	digest   bool // of many cases: caseID is the digest's
}

type row struct{ label, text string }

// How long a text of somebody else's may be, in characters.
const (
	maxName     = 60
	maxTenant   = 40
	maxSentence = 600
	maxTitle    = 120
	maxReason   = 200
	maxFacts    = 3
	maxAlso     = 12
	maxMembers  = 10
)

// subject is all that a message is made of.
type subject struct {
	event   cases.Event
	state   enforcement.State  // the strictest of the organizers
	accused int                // organizers the case is about
	under   int                // of them with something in force
	next    enforcement.Action // what the policy does by itself in its next pass
	dryRun  bool               // nothing is enforced at all
	baseURL string
	now     time.Time

	offers       bool                 // the message has buttons
	version      int                  // of the first organizer's enforcement log
	throttleable bool                 // nothing as strict is in force
	pending      *enforcement.Pending // what is asked for on the first organizer
}

// compose says what there is to say about a case.
func compose(s subject) notice {
	c := s.event.State
	findings := oneEach(strongest(bearing(c)))
	n := notice{
		caseID:   caseID(c.ID),
		headline: headline(c),
		account:  clean(cmp.Or(c.OrganizerUPN, c.OrganizerID), maxName),
		members:  cleaned(c.Members, maxName),
	}
	if s.baseURL != "" {
		// The first page lists all cases; the fragment is the row.
		n.link = strings.TrimRight(s.baseURL, "/") + "/#" + url.PathEscape(c.ID)
	}
	for i, f := range findings {
		if i == 0 {
			n.sentence = clean(f.Sentence, maxSentence)
		}
		if i < maxFacts {
			n.facts = append(n.facts, fact(f.Finding, f.times))
		} else {
			n.also = append(n.also, title(f.Finding))
		}
		n.rules = append(n.rules, fmt.Sprintf("%s@%d", clean(f.RuleID, maxTitle), f.RuleVersion))
	}
	if n.sentence == "" {
		n.sentence = "The case has no finding that says what is unusual."
	}
	n.rows = []row{
		{"Risk", risk(s.event)},
		{"Exposure", exposure(c)},
		{"Paid by", paidBy(c.SecondsByBucket)},
		{"In force", inForce(s)},
		{"Next", next(s)},
	}
	if s.offers {
		n.buttons = buttons(s, n.link)
	}
	return n
}

// reply says what got worse since a case was last told.
func reply(s subject, before Told) notice {
	n := compose(s)
	c := s.event.State
	var news []string
	if before.Status == cases.StatusClosed {
		news = append(news, "Reopened")
	}
	if c.Score > before.Score {
		news = append(news, fmt.Sprintf("risk %d → %d", before.Score, c.Score))
	}
	if rank(c.Severity) > rank(before.Severity) {
		news = append(news, fmt.Sprintf("%s → %s", before.Severity, c.Severity))
	}
	fresh := slices.DeleteFunc(strongest(c.Findings), func(f cases.Finding) bool { return slices.Contains(before.Findings, f.ID) })
	for _, f := range oneEach(fresh) {
		news = append(news, "new: "+title(f.Finding))
	}
	n.news = "Worse: " + strings.Join(firstFew(news, maxAlso), "; ")
	return n
}

func headline(c cases.Case) string {
	word := map[cases.Severity]string{cases.SeverityWarning: "Warning", cases.SeverityCritical: "Critical"}[c.Severity]
	parts := []string{cmp.Or(word, "Case")}
	switch c.Verdict {
	case cases.VerdictFraud:
		parts = append(parts, "fraud")
	case cases.VerdictFairUse:
		parts = append(parts, "fair use")
	}
	if c.Status == cases.StatusClosed {
		parts = []string{closed(c)}
	}
	who := clean(cmp.Or(c.OrganizerName, c.OrganizerUPN, c.OrganizerID), maxName)
	if who == "" && len(c.Members) > 0 {
		who = fmt.Sprintf("ring of %d organizers", len(c.Members))
	}
	parts = append(parts, cmp.Or(who, "unknown organizer"))
	parts = append(parts, cmp.Or(clean(cmp.Or(c.TenantName, c.TenantID), maxTenant), "unknown tenant"))
	return strings.Join(parts, " · ")
}

func closed(c cases.Case) string {
	outcome := map[cases.Outcome]string{
		cases.OutcomeConfirmed: "confirmed", cases.OutcomeFalsePositive: "false positive", cases.OutcomeExpected: "expected",
	}[c.Outcome]
	if outcome == "" {
		return "Closed"
	}
	return "Closed: " + outcome
}

// lately is how long a finding bears on the risk of a case.
const lately = 45 * 24 * time.Hour

// bearing are the findings that a case rests on now: recent ones, that people have not
// decided on by closing it. Of a closed case it is all.
func bearing(c cases.Case) []cases.Finding {
	var decided, newest time.Time
	for _, at := range c.Closings {
		if at.After(decided) {
			decided = at
		}
	}
	for _, f := range c.Findings {
		if f.At.After(newest) {
			newest = f.At
		}
	}
	found := slices.DeleteFunc(slices.Clone(c.Findings), func(f cases.Finding) bool {
		return f.WindowStart.Before(decided) || newest.Sub(f.At) > lately
	})
	if len(found) == 0 {
		return c.Findings
	}
	return found
}

// episode is the strongest finding of a rule, and how often the rule found something.
type episode struct {
	cases.Finding
	times int
}

// oneEach keeps the first finding of each rule.
func oneEach(findings []cases.Finding) (out []episode) {
	for _, f := range findings {
		i := slices.IndexFunc(out, func(e episode) bool { return e.RuleID == f.RuleID })
		if i < 0 {
			out = append(out, episode{f, 1})
		} else {
			out[i].times++
		}
	}
	return out
}

// strongest orders findings: graver first, then the rule that speaks more strongly for
// abuse, then the one that is further over its threshold.
func strongest(findings []cases.Finding) []cases.Finding {
	over := func(f cases.Finding) float64 {
		if f.Threshold <= 0 {
			return 0
		}
		return f.Value / f.Threshold
	}
	return slices.SortedStableFunc(slices.Values(findings), func(a, b cases.Finding) int {
		return cmp.Or(
			cmp.Compare(rank(b.Severity), rank(a.Severity)), cmp.Compare(b.Weight, a.Weight),
			cmp.Compare(over(b), over(a)), b.At.Compare(a.At), cmp.Compare(a.RuleID, b.RuleID), cmp.Compare(a.ID, b.ID),
		)
	})
}

func rank(s cases.Severity) int {
	switch s {
	case cases.SeverityWarning:
		return 1
	case cases.SeverityCritical:
		return 2
	default:
		return 0
	}
}

func title(f cases.Finding) string {
	return cmp.Or(clean(f.RuleTitle, maxTitle), clean(f.RuleID, maxTitle), "a rule without a name")
}

// fact is a finding's value beside what it is measured against.
func fact(f cases.Finding, times int) row {
	unit := clean(f.Unit, maxName)
	text := strings.TrimSpace(number(f.Value)+" "+unit) + ", threshold " + number(f.Threshold)
	if f.Baseline != nil {
		text += ", usually " + number(*f.Baseline)
	} else {
		text += ", no history to compare with"
	}
	if times > 1 {
		text += fmt.Sprintf(", %d times", times)
	}
	return row{title(f), text}
}

func risk(e cases.Event) string {
	c := e.State
	text := fmt.Sprintf("%d of 100", c.Score)
	switch c.Status {
	case cases.StatusAcknowledged:
		text += ", acknowledged"
		if e.Kind == cases.KindAcknowledged {
			text += " by " + clean(e.Actor, maxName)
		}
	case cases.StatusClosed:
		text += ", closed"
		if person(e.Actor) {
			text += " by " + clean(e.Actor, maxName)
		}
		if e.Reason != "" && person(e.Actor) {
			text += ": " + clean(e.Reason, maxReason)
		}
	}
	if c.Status != cases.StatusClosed && !c.SnoozedUntil.IsZero() {
		text += ", snoozed until " + moment(c.SnoozedUntil)
		if e.Kind == cases.KindSnoozed && e.Reason != "" {
			text += " by " + clean(e.Actor, maxName) + ": " + clean(e.Reason, maxReason)
		}
	}
	if c.Assignee != "" {
		text += ", with " + clean(c.Assignee, maxName)
	}
	return text
}

func person(actor string) bool { return actor != "" && !strings.HasPrefix(actor, "system:") }

func exposure(c cases.Case) string {
	text := minutes(c.ExposureSeconds)
	if c.Currency != "" {
		text += ", " + c.ExposureAmount.StringFixed(2) + " " + clean(c.Currency, 10)
	} else {
		text += ", amount unknown"
	}
	var largest cases.Finding
	for _, f := range bearing(c) {
		if f.ExposureSeconds > largest.ExposureSeconds {
			largest = f
		}
	}
	switch {
	case largest.Calls == 1:
		text += ", 1 call"
	case largest.Calls > 1:
		text += ", " + number(float64(largest.Calls)) + " calls"
	}
	return text
}

// buckets in the order of the waterfall, as people call them.
var buckets = []row{{"addon", "add-on"}, {"pool", "pool"}, {"credits", "Communications Credits"}, {"unfunded", "nobody (unfunded)"}}

func paidBy(seconds map[string]int64) string {
	var parts []string
	for _, b := range buckets {
		if s := seconds[b.label]; s > 0 {
			parts = append(parts, b.text+" "+minutes(s))
		}
	}
	if len(parts) == 0 {
		return "not rated yet"
	}
	return strings.Join(parts, ", ") + " in the months of the findings"
}

func inForce(about subject) string {
	s := about.state
	level := s.InForce(about.now)
	if level == enforcement.LevelObserve {
		return "nothing (observe)"
	}
	text := string(level)
	if s.Limits != nil && level == enforcement.LevelThrottle {
		text += fmt.Sprintf(" to %d minutes an hour and %d calls at the same time", s.Limits.MinutesPerHour, s.Limits.Legs)
	}
	if about.accused > 1 {
		text += fmt.Sprintf(" on %d of %d organizers,", about.under, about.accused)
	}
	text += " by " + by(s.Actor)
	if s.ApprovedBy != "" {
		text += ", approved by " + clean(s.ApprovedBy, maxName)
	}
	if !s.Until.IsZero() {
		text += ", until " + moment(s.Until)
	}
	if s.DryRun || about.dryRun {
		text += ". Dry run: recorded only, calls go through"
	}
	return text
}

func by(actor string) string {
	if actor == enforcement.Actor {
		return "the policy"
	}
	return clean(actor, maxName)
}

func next(s subject) string {
	c := s.event.State
	switch {
	case s.state.Pending != nil && s.now.Before(s.state.Pending.Until):
		return fmt.Sprintf("%s asked to %s: another person approves or rejects it", by(s.state.Pending.Actor), s.state.Pending.What())
	case c.Status == cases.StatusClosed:
		return "nothing more"
	case s.state.Held != nil && s.next != "":
		return fmt.Sprintf("the policy would %s and is held by its guard rail (%s); a person can do it",
			s.state.Held.Action, clean(s.state.Held.Reason, maxReason))
	case s.next != "" && s.dryRun:
		return fmt.Sprintf("the policy will %s in its next pass. Dry run: recorded only", s.next)
	case s.next != "":
		return fmt.Sprintf("the policy will %s in its next pass", s.next)
	case s.state.InForce(s.now) != enforcement.LevelObserve && !s.state.Until.IsZero():
		return "a person reviews it; what is in force ends by itself"
	default:
		return "a person reviews it; nothing is done by itself"
	}
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func cleaned(texts []string, limit int) (out []string) {
	for _, t := range texts {
		if t = clean(t, limit); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// firstFew keeps n texts and counts the rest.
func firstFew(texts []string, n int) []string {
	if len(texts) <= n {
		return texts
	}
	return append(slices.Clone(texts[:n]), fmt.Sprintf("and %d more", len(texts)-n))
}

// caseID keeps what ids consist of, so that the command can be copied and run.
func caseID(id string) string {
	return truncate(strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, id), 100)
}
