// Package cases holds what Fairdial has against an organizer: findings, the case
// they combine into, and the log of what happened to it. A case is an append-only
// list of events in the store's journal; its state is derived from them.
package cases

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// Severity orders findings and cases.
type Severity string

// The severities a rule can give.
const (
	SeverityWarning  Severity = "warning"
	SeverityCritical Severity = "critical"
)

// Verdict keeps fair-use excess and fraud apart.
type Verdict string

// The verdicts a rule can give.
const (
	VerdictFairUse Verdict = "fair_use"
	VerdictFraud   Verdict = "fraud"
)

// Status is where a case stands; what it turned out to be is its Outcome.
type Status string

// The states of a case.
const (
	StatusOpen         Status = "open"
	StatusAcknowledged Status = "acknowledged"
	StatusClosed       Status = "closed"
)

// Outcome is what reviewers decided a case to be.
type Outcome string

// The outcomes of a case; empty until somebody decides.
const (
	OutcomeConfirmed     Outcome = "confirmed"
	OutcomeFalsePositive Outcome = "false_positive"
	OutcomeExpected      Outcome = "expected"
)

// Cause is why a case was a false alarm, in terms that can be counted.
type Cause string

// The causes of a false alarm.
const (
	CauseLegitimate Cause = "legitimate_use" // much, and allowed
	CauseEvent      Cause = "known_event"    // a campaign, an outage, an incident
	CauseData       Cause = "wrong_data"     // usage, directory or licences were not right
	CauseRule       Cause = "rule_too_strict"
	CauseDuplicate  Cause = "duplicate" // another case is about the same
	CauseOther      Cause = "other"
)

// Causes are all causes of a false alarm.
func Causes() []Cause {
	return []Cause{CauseLegitimate, CauseEvent, CauseData, CauseRule, CauseDuplicate, CauseOther}
}

// Finding is one rule's judgement of one organizer over one window.
type Finding struct {
	ID          string    `json:"finding_id"`
	RuleID      string    `json:"rule_id"`
	RuleVersion int       `json:"rule_version"`
	RuleTitle   string    `json:"rule_title"`
	Verdict     Verdict   `json:"verdict"`
	Severity    Severity  `json:"severity"`
	At          time.Time `json:"at"`           // UTC; the step that first saw it at this severity
	WindowStart time.Time `json:"window_start"` // UTC
	WindowEnd   time.Time `json:"window_end"`   // UTC
	Value       float64   `json:"value"`
	Threshold   float64   `json:"threshold"`
	Baseline    *float64  `json:"baseline"` // nil where there is not enough history
	Unit        string    `json:"unit"`     // what Value, Threshold and Baseline count
	// Exposure is what the calls that prove the finding add up to.
	ExposureSeconds int64           `json:"exposure_seconds"`
	ExposureAmount  decimal.Decimal `json:"exposure_amount"`
	Currency        string          `json:"currency"`
	// UsageIDs are the calls that prove it, the largest first; Calls is how many
	// there are in all.
	UsageIDs []string       `json:"usage_ids"`
	Calls    int64          `json:"calls"`
	Sentence string         `json:"sentence"`
	Facts    map[string]any `json:"facts,omitempty"`
	Weight   float64        `json:"weight"`  // 0 to 1: how strongly the rule speaks for abuse
	Family   string         `json:"family"`  // rules of one family do not count twice
	Outcome  string         `json:"outcome"` // hit, snoozed
}

// Case is the state of a case after its latest event.
type Case struct {
	ID            string    `json:"case_id"`
	Version       int       `json:"version"`
	TenantID      string    `json:"tenant_id"`
	TenantName    string    `json:"tenant_name"`
	OrganizerID   string    `json:"organizer_id"`
	OrganizerName string    `json:"organizer_name"`
	OrganizerUPN  string    `json:"organizer_upn"`
	Members       []string  `json:"members,omitempty"`   // organizers of a ring case, its own among them
	RingCase      string    `json:"ring_case,omitempty"` // the ring's case that this one is part of
	Score         int       `json:"score"`               // risk, 0 to 100
	Severity      Severity  `json:"severity"`
	Verdict       Verdict   `json:"verdict"`
	Status        Status    `json:"status"`
	Outcome       Outcome   `json:"outcome,omitempty"`
	Assignee      string    `json:"assignee,omitempty"`
	SnoozedUntil  time.Time `json:"snoozed_until,omitzero"`
	// Snoozes are what people asked not to hear of: findings of these rules are
	// recorded and not scored.
	Snoozes []Snooze `json:"snoozes,omitempty"`
	// Closings are when people closed the case. What a window saw before the last of
	// them is decided; only later windows can open the case again.
	Closings []time.Time `json:"closings,omitempty"` // UTC
	// Cause is why it was a false alarm, of one that was dismissed.
	Cause Cause `json:"cause,omitempty"`
	// AppealedAt is when the organizer appealed, until somebody decides on the case again.
	AppealedAt time.Time `json:"appealed_at,omitzero"` // UTC
	// DueAt is by when somebody must have looked at the case, as its severity asks for (Terms), and
	// RespondedAt when somebody had: acknowledged it or decided. Opened again it is due anew.
	DueAt       time.Time `json:"due_at,omitzero"`       // UTC
	RespondedAt time.Time `json:"responded_at,omitzero"` // UTC
	Terms       Terms     `json:"terms,omitzero"`
	OpenedAt    time.Time `json:"opened_at"`  // UTC; the replayed time in a replay
	UpdatedAt   time.Time `json:"updated_at"` // UTC; likewise
	// Exposure is the largest any of the findings shows: their calls overlap, so
	// they are not added up.
	ExposureSeconds int64           `json:"exposure_seconds"`
	ExposureAmount  decimal.Decimal `json:"exposure_amount"`
	Currency        string          `json:"currency"`
	// SecondsByBucket says what paid for all of the organizer's calls in the months, up to that
	// of the event, that the findings are about.
	SecondsByBucket map[string]int64 `json:"seconds_by_bucket,omitempty"`
	Findings        []Finding        `json:"findings"`
}

// Snooze is somebody's wish not to hear of one rule about one organizer for a time.
type Snooze struct {
	RuleID string    `json:"rule_id"`
	From   time.Time `json:"from"`  // UTC
	Until  time.Time `json:"until"` // UTC
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
}

// Snoozed says whether a rule's findings at a time are not to be heard of.
func (c Case) Snoozed(ruleID string, at time.Time) bool {
	return slices.ContainsFunc(c.Snoozes, func(s Snooze) bool {
		return s.RuleID == ruleID && !at.Before(s.From) && at.Before(s.Until)
	})
}

// Closing is how often the case had been closed by a time, and when it last was.
func (c Case) Closing(by time.Time) (times int, last time.Time) {
	for _, t := range c.Closings {
		if !t.After(by) {
			times, last = times+1, t
		}
	}
	return times, last
}

// Event is one entry of a case's log.
type Event struct {
	CaseID  string    `json:"case_id"`
	Version int       `json:"version"`
	Kind    string    `json:"kind"`
	Actor   string    `json:"actor"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`
	// Recorded is when the event was written, later than At in a replay.
	Recorded time.Time `json:"recorded_at"`
	State    Case      `json:"state"`
}

// The kinds of event in a case's log.
const (
	KindOpened       = "opened"
	KindWorsened     = "worsened" // higher score or severity, or a further finding
	KindUpdated      = "updated"  // the same findings with newer numbers
	KindReopened     = "reopened"
	KindAssigned     = "assigned"
	KindAcknowledged = "acknowledged"
	KindSnoozed      = "snoozed"
	KindExpected     = "expected"
	KindConfirmed    = "confirmed"
	KindDismissed    = "dismissed"
	KindNoted        = "noted"
	KindAppealed     = "appealed" // the organizer's note; it opens a closed case again
	KindMerged       = "merged"   // others were merged into it: it is a ring's case
	KindJoined       = "joined"   // it became part of a ring's case
	KindLeft         = "left"     // it is part of it no more; of the ring's case, somebody left
)
