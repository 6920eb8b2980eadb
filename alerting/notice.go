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
	link     string      // the case in the console, empty without one
	buttons  slack.Block // what can be pressed; nil for nothing
	digest   bool        // of many cases: caseID is the digest's
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
	stopped bool               // the kill switch is on
	every   time.Duration      // the longest time between two passes of the policy; 0 where it has none by itself
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
		headline: headline(c, s.now),
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
		{"Risk", risk(s.event, s.now)},
		{"Exposure", exposure(c)},
		{"Paid by", paidBy(c.SecondsByBucket)},
		{"In force", inForce(s)},
		{"Next", next(s)},
	}
	if s.offers {
		n.buttons = offers(s, n.link)
	}
	return n
}

// reply says what got worse since a case was last told.
func reply(s subject, before Told) notice {
	n := compose(s)
	c := s.event.State
	var news []string
	if before.Status == cases.StatusClosed {
		said := "Reopened"
		switch e := s.event; {
		case e.Kind == cases.KindAppealed:
			said = "Reopened by an appeal, " + by(e.Actor) + ": " + clean(e.Reason, maxReason)
		case e.Kind == cases.KindReopened && person(e.Actor):
			said = "Reopened by " + by(e.Actor) + ": " + clean(e.Reason, maxReason)
		}
		news = append(news, said)
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

func headline(c cases.Case, now time.Time) string {
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
	if c.Overdue(now) {
		parts = append([]string{"Overdue"}, parts...)
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
