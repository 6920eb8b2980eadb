package alerting

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"fairdial/cases"
	"fairdial/store/journal"
)

// Stream is the journal's stream of deliveries. A subject is a case in a channel, and the
// body of an event the [Delivery] after it.
const Stream = "delivery"

// Actor is who deliveries are by.
const Actor = "system:alerting"

// The kinds of event in a delivery's log.
const (
	KindAnnounced = "announced" // a message is about to be sent or changed
	KindPosted    = "posted"    // the case's message stands in the channel
	KindUpdated   = "updated"   // the case's message was changed in place
	KindReplied   = "replied"   // the message was changed, and what got worse posted in its thread
	KindAdopted   = "adopted"   // an announced message was found in the channel
	KindLogged    = "logged"    // without a token: written to the log and kept here
	KindMuted     = "muted"     // not told, with the reason
	KindFailed    = "failed"    // refused or not answered, with the reason
	KindDigested  = "digested"  // told in a digest, with others
	KindDead      = "dead"      // given up after a day of failures
	KindRetried   = "retried"   // somebody asked to try again what was given up
	KindPictured  = "pictured"  // the chart is on its way into the thread, or is left out
)

// Delivery is how far a case has been told in a channel, after an event of its log.
type Delivery struct {
	CaseID      string `json:"case_id"`
	TenantID    string `json:"tenant_id"`
	OrganizerID string `json:"organizer_id"`
	Channel     string `json:"channel"` // as configured
	Version     int    `json:"version"`
	// ChannelID and TS are where Slack keeps the case's message; empty without one.
	ChannelID string `json:"channel_id,omitempty"`
	TS        string `json:"ts,omitempty"`
	// Parents counts the messages that were posted for the case: more than one where
	// somebody deleted it.
	Parents int `json:"parents,omitempty"`
	// Shown is the hash of what the message says; empty while that is not known.
	Shown string `json:"shown,omitempty"`
	// PostedAt is when the first message was posted, UTC.
	PostedAt time.Time `json:"posted_at,omitzero"`
	// ChartDue says that the message has no chart in its thread yet, and none was tried.
	ChartDue bool `json:"chart_due,omitempty"`
	// Digest names the digest that told the case, where one did.
	Digest string `json:"digest,omitempty"`
	// Told is the case as it was last told, by a message or by the log; nil before.
	Told *Told `json:"told,omitempty"`
	// Attempt is what was announced and is not known to have been done.
	Attempt *Attempt `json:"attempt,omitempty"`
	// Muted and Failure are the latest; the next message that gets through clears them.
	Muted   *Muted   `json:"muted,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
	Dead    *Dead    `json:"dead,omitempty"`

	kind string // of the newest event
}

// Told is what is compared to see whether there is news.
type Told struct {
	CaseVersion  int            `json:"case_version"`
	Score        int            `json:"score"`
	Severity     cases.Severity `json:"severity"`
	Status       cases.Status   `json:"status"`
	SnoozedUntil time.Time      `json:"snoozed_until,omitzero"`
	InForce      string         `json:"in_force,omitempty"` // in words
	Late         time.Time      `json:"late,omitzero"`      // by when nobody had taken it, where that was told
	Findings     []string       `json:"findings"`           // finding ids
	Content      string         `json:"content"`            // hash of the message
	Reason       Reason         `json:"reason"`
	Text         string         `json:"text"` // the message as plain text
}

// Attempt is a message, or a change of one, on its way.
type Attempt struct {
	ID     string    `json:"delivery_id,omitempty"` // stands in the message's metadata; empty for a change
	Thread string    `json:"thread_ts,omitempty"`   // of a reply, the message it answers
	Told   Told      `json:"told"`                  // what will have been told
	Run    string    `json:"run"`                   // which run sends it
	At     time.Time `json:"at"`                    // UTC
}

// Muted says why something was not told.
type Muted struct {
	Cause  MuteCause `json:"cause"`
	Reason Reason    `json:"reason"` // what would have been told
	Detail string    `json:"detail"`
	Score  int       `json:"score"`
}

// Failure says why something could not be told.
type Failure struct {
	Code    string    `json:"code"` // Slack's, or one of ours
	Detail  string    `json:"detail"`
	RetryAt time.Time `json:"retry_at,omitzero"` // UTC; Slack asked not to send anything before
	// Since is when the first of Tries in a row failed, UTC; NotBefore when this message is
	// tried again.
	Since     time.Time `json:"since,omitzero"`
	Tries     int       `json:"tries,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
}

func subjectOf(caseID, channel string) string { return caseID + "/" + channel }

func deliveryOf(e journal.Event) (Delivery, error) {
	var d Delivery
	if err := json.Unmarshal([]byte(e.Body), &d); err != nil {
		return Delivery{}, fmt.Errorf("delivery event %d of %s cannot be read: %w", e.Version, e.Subject, err)
	}
	d.Version, d.kind = int(e.Version), e.Kind
	return d, nil
}

// event makes the log entry that leads to d, which is at the version before.
func (d Delivery) event(kind, reason string, at time.Time) (journal.Event, error) {
	d.Version++
	body, err := json.Marshal(d)
	if err != nil {
		return journal.Event{}, fmt.Errorf("delivery of case %s: %w", d.CaseID, err)
	}
	return journal.Event{
		Stream: Stream, Subject: subjectOf(d.CaseID, d.Channel), Version: uint32(d.Version), Kind: kind,
		TenantID: d.TenantID, OrganizerID: d.OrganizerID, Actor: Actor, At: at, Reason: reason, Body: string(body),
	}, nil
}

// deliveries are named in a space of their own, so that an id says nothing and can be
// derived again by a run that knows only the log.
var space = uuid.MustParse("0f6d6b0c-53c5-4b0e-9d3f-6a8d9f1f5c11")

// parentID names the n-th message that stands for a case in a channel.
func parentID(caseID, channel string, n int) string {
	return uuid.NewSHA1(space, fmt.Appendf(nil, "%s\n%s\n%d", caseID, channel, n)).String()
}

// replyID names the reply that tells what a message says from now on.
func replyID(caseID, channel string, caseVersion int, content string) string {
	return uuid.NewSHA1(space, fmt.Appendf(nil, "%s\n%s\nreply %d %s", caseID, channel, caseVersion, content)).String()
}
