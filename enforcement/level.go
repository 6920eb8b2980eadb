package enforcement

import (
	"fmt"
	"time"
)

// Level is how far Fairdial has gone against an organizer.
type Level string

// The levels, mildest first.
const (
	LevelObserve  Level = "observe"  // nothing is done
	LevelFlag     Level = "flag"     // people see it, calls go through
	LevelThrottle Level = "throttle" // calls go through within Limits
	LevelSuspend  Level = "suspend"  // no calls
)

// rank orders levels; an unknown one ranks with observe.
func (l Level) rank() int {
	switch l {
	case LevelFlag:
		return 1
	case LevelThrottle:
		return 2
	case LevelSuspend:
		return 3
	default:
		return 0
	}
}

// Action is what somebody asks to be done to an organizer.
type Action string

// The actions. Suspend is a request: it takes effect when a second person approves it. So is
// throttle where the policy wants two people for it.
const (
	ActionFlag      Action = "flag"
	ActionThrottle  Action = "throttle"
	ActionSuspend   Action = "suspend"
	ActionApprove   Action = "approve"
	ActionReject    Action = "reject"
	ActionReinstate Action = "reinstate"
)

// ParseAction reads an action's name.
func ParseAction(s string) (Action, error) {
	switch a := Action(s); a {
	case ActionFlag, ActionThrottle, ActionSuspend, ActionApprove, ActionReject, ActionReinstate:
		return a, nil
	default:
		return "", fmt.Errorf("action %q: want flag, throttle, suspend, approve, reject or reinstate", s)
	}
}

// Limits are what a throttled organizer may still do.
type Limits struct {
	// MinutesPerHour bounds the minutes that are talked in any 60 minutes.
	MinutesPerHour int `json:"minutes_per_hour"`
	// Legs bounds the calls at the same time.
	Legs int `json:"legs"`
}

func (l Limits) check() error {
	if l.MinutesPerHour < 0 || l.Legs < 0 {
		return fmt.Errorf("limits of %d minutes an hour and %d legs: neither may be negative", l.MinutesPerHour, l.Legs)
	}
	return nil
}

// Evidence is what an action rests on.
type Evidence struct {
	CaseID      string `json:"case_id,omitempty"`
	CaseVersion int    `json:"case_version,omitempty"`
	Score       int    `json:"score,omitempty"` // of the case then, 0 to 100
	Closed      bool   `json:"case_closed,omitempty"`
}

// State is where enforcement stands for an organizer after an event of its log. Use
// [State.InForce] for what holds at a moment: a level ends at Until without any event.
type State struct {
	TenantID    string `json:"tenant_id"`
	OrganizerID string `json:"organizer_id"`
	// Version counts the events of the organizer's log, held ones included; 0 for none.
	Version int   `json:"version"`
	Level   Level `json:"level"`
	// DryRun says that the level was recorded to show what would be done.
	DryRun bool    `json:"dry_run"`
	Limits *Limits `json:"limits,omitempty"` // of a throttle
	// Since and Until bound the level, UTC.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Actor set the level; for a suspension, asked for it, and ApprovedBy approved it.
	Actor      string   `json:"actor,omitempty"`
	ApprovedBy string   `json:"approved_by,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	Evidence   Evidence `json:"evidence,omitzero"`
	// Pending is a step that waits for people.
	Pending *Pending `json:"pending,omitempty"`
	// Held is an automatic action that the guard rail kept from being done.
	Held *Held `json:"held,omitempty"`
	// Lifted is the latest reinstatement.
	Lifted *Lifted `json:"lifted,omitempty"`
	// Rejected is the latest request that a person turned down.
	Rejected *Lifted `json:"rejected,omitempty"`
}

// Pending is a step that somebody, or the policy, asked for and that too few approved yet.
type Pending struct {
	// Action is throttle or suspend; empty, in old entries, is suspend.
	Action Action  `json:"action,omitempty"`
	Limits *Limits `json:"limits,omitempty"` // of a throttle
	Actor  string  `json:"actor"`
	// ApprovedBy are the people who did, without the one who asked.
	ApprovedBy []string  `json:"approved_by,omitempty"`
	Reason     string    `json:"reason"`
	At         time.Time `json:"at"`    // UTC
	Until      time.Time `json:"until"` // UTC; when the step would end
	Evidence   Evidence  `json:"evidence,omitzero"`
}

// What is the step that was asked for.
func (p Pending) What() Action {
	if p.Action == "" {
		return ActionSuspend
	}
	return p.Action
}

// people are all who stand behind the request: jobs do not count.
func (p Pending) people() []string {
	if person(p.Actor) {
		return append([]string{p.Actor}, p.ApprovedBy...)
	}
	return p.ApprovedBy
}

// Held is an automatic action that was wanted and not done.
type Held struct {
	Action   Action    `json:"action"`
	Rail     Rail      `json:"rail"`
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"` // UTC
	Evidence Evidence  `json:"evidence,omitzero"`
}

// Lifted says who ended a level, and what was known then.
type Lifted struct {
	Actor string `json:"actor"`
	// At is UTC; for a level that ran out, the moment it did.
	At       time.Time `json:"at"`
	Evidence Evidence  `json:"evidence,omitzero"`
}

// InForce is the level that holds at a moment, dry-run or not.
func (s State) InForce(at time.Time) Level {
	if s.Level == "" || s.expired(at) {
		return LevelObserve
	}
	return s.Level
}

func (s State) expired(at time.Time) bool {
	return s.Level.rank() > 0 && !s.Until.IsZero() && !at.Before(s.Until)
}

// automatic says whether the level was set by the policy.
func (s State) automatic() bool { return s.Actor == Actor }

// dryRun says whether a state binds nobody: it was recorded in dry-run, or everything
// is in dry-run now.
func (s State) dryRun(policy Policy) bool { return s.DryRun || policy.DryRun }
