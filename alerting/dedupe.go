package alerting

import (
	"slices"
	"time"

	"fairdial/cases"
)

// Reason is why a case is told, or why it is not.
type Reason string

// The reasons, the first that fits counts.
const (
	ReasonBelowMin     Reason = "below_min_score"  // never told, and the risk is below the least that is
	ReasonClosedUntold Reason = "closed_untold"    // never told, and nobody needs to know any more
	ReasonNewCase      Reason = "new_case"         // never told
	ReasonClosed       Reason = "closed"           // told, and closed since
	ReasonWorsened     Reason = "worsened"         // higher risk or severity, a further finding, reopened
	ReasonOverdue      Reason = "overdue"          // nobody acknowledged it or decided in time
	ReasonChanged      Reason = "changed"          // the message would read otherwise
	ReasonElsewhere    Reason = "told_elsewhere"   // told in another channel, and nothing new since
	ReasonNothingNew   Reason = "nothing_new"      // the message reads as it should
	ReasonDead         Reason = "given_up"         // failed for a day; nothing new since
	ReasonNoMessage    Reason = "no_message_there" // told by the log alone, and not worth a message now
	ReasonRail         Reason = "guard_rail"       // about no case: the guard rail holds actions back
)

// tells says whether a reason leads to a message.
func (r Reason) tells() bool {
	switch r {
	case ReasonNewCase, ReasonClosed, ReasonWorsened, ReasonOverdue, ReasonChanged:
		return true
	default:
		return false
	}
}

// compare says whether a case is news against what was told of it in the channel.
// elsewhere is the newest version that was told in any other channel, 0 for none, and
// content the hash of the message as it would be now.
func compare(c cases.Case, d Delivery, elsewhere, minScore int, content string, now time.Time) Reason {
	isClosed := c.Status == cases.StatusClosed
	if d.Told == nil {
		switch {
		case elsewhere > 0 && (isClosed || c.Version <= elsewhere):
			return ReasonElsewhere // a new channel is not flooded with the old one's cases
		case c.Score < minScore && elsewhere == 0:
			return ReasonBelowMin
		case isClosed:
			return ReasonClosedUntold
		default:
			return ReasonNewCase
		}
	}
	shown := d.Told.Content
	if d.TS != "" {
		shown = d.Shown
	}
	switch {
	case isClosed && d.Told.Status != cases.StatusClosed:
		return ReasonClosed
	case !isClosed && worse(c, *d.Told):
		return ReasonWorsened
	case fellDue(c, *d.Told, now):
		return ReasonOverdue
	case content != shown:
		return ReasonChanged
	default:
		return ReasonNothingNew
	}
}

func worse(c cases.Case, told Told) bool {
	return c.Score > told.Score || rank(c.Severity) > rank(told.Severity) || told.Status == cases.StatusClosed ||
		slices.ContainsFunc(c.Findings, func(f cases.Finding) bool { return !slices.Contains(told.Findings, f.ID) })
}

// inLog narrows a reason to what is worth a line in the log: unlike a message, a line
// cannot be kept up to date.
func inLog(r Reason) Reason {
	if r == ReasonChanged {
		return ReasonNothingNew
	}
	return r
}

// inSlack narrows a reason to what is worth a message in Slack for a case that was only
// logged so far: old cases are not sent again because somebody configured a token. Those
// that are open and changed after are.
func inSlack(r Reason, c cases.Case, d Delivery) Reason {
	if d.Told == nil || d.TS != "" || !r.tells() {
		return r
	}
	if r == ReasonOverdue && d.Digest != "" { // told with many others: now it is told by itself
		return r
	}
	if c.Status == cases.StatusClosed || c.Version <= d.Told.CaseVersion || d.Digest != "" && r == ReasonChanged {
		return ReasonNoMessage
	}
	return ReasonNewCase
}
