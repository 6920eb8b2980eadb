// Package buttons does what people press under a case's message in Slack. A press is
// acknowledged at once and worked on afterwards; who pressed is a person that the
// configuration names; of two presses on the same state one counts, and the other person is
// told whose. ../README.md states the rules.
package buttons

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"fairdial/alerting"
	"fairdial/cases"
	"fairdial/enforcement"
)

// Role says what a person may press.
type Role string

// The roles, each with what the one before it may do.
const (
	RoleViewer   Role = "viewer"   // look, and open the case
	RoleReviewer Role = "reviewer" // acknowledge, snooze, mark as expected, dismiss
	RoleEnforcer Role = "enforcer" // throttle
)

func (r Role) rank() int {
	switch r {
	case RoleReviewer:
		return 1
	case RoleEnforcer:
		return 2
	default:
		return 0
	}
}

// Right is what a press takes at the console.
type Right string

// The rights; they are named as the console's permissions.
const (
	RightReview  Right = "review"
	RightApprove Right = "approve"
)

// Person is somebody who is known to the program.
type Person struct {
	// Name is what the log has them under, the same as through any other door: "dana" in
	// Slack is "dana" on the command line.
	Name string
	Role Role
}

// Cases is what the buttons need of the case log.
type Cases interface {
	Get(ctx context.Context, id string) (cases.Case, error)
	History(ctx context.Context, id string) ([]cases.Event, error)
	Act(ctx context.Context, id string, a cases.Action, at time.Time) (cases.Case, error)
}

// Enforcement is what the buttons need to ask for a throttle.
type Enforcement interface {
	State(ctx context.Context, tenantID, organizerID string) (enforcement.State, error)
	History(ctx context.Context, tenantID, organizerID string) ([]enforcement.Event, error)
	Act(ctx context.Context, r enforcement.Request) (enforcement.State, error)
}

// Responder says something to the one who pressed.
type Responder interface {
	// Whisper shows a text to the person alone, under the message.
	Whisper(ctx context.Context, responseURL, text string) error
}

// Options are what a Desk needs; all are required but Logger.
type Options struct {
	Cases       Cases
	Enforcement Enforcement
	// People are by Slack's user id, such as U012AB3CD.
	People map[string]Person
	// Account says why a person who has an account of the console too may not do what a press
	// takes, nil for whoever may or has none; nil where nobody has one.
	Account func(name string, right Right, tenantID string) error
	// Tell brings the message of a case up to date.
	Tell      func(ctx context.Context, caseID string) error
	Responder Responder
	Now       func() time.Time
	Logger    *slog.Logger
}

// waiting bounds the presses that are acknowledged and not worked on yet.
const waiting = 256

// Desk works presses off.
type Desk struct {
	opts  Options
	queue chan Press
	stale chan string // cases whose message does not show how they stand
}

// Press is one press of a button, from Slack.
type Press struct {
	UserID      string
	Button      alerting.ButtonID
	Value       string
	Choice      string // out of a list
	ResponseURL string
}

// New makes a Desk; [Desk.Run] works its presses off.
func New(opts Options) (*Desk, error) {
	if opts.Cases == nil || opts.Enforcement == nil || opts.Tell == nil || opts.Responder == nil || opts.Now == nil {
		return nil, errors.New("slack buttons need the case log, enforcement, a way to tell, a way to answer and a clock")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Desk{opts: opts, queue: make(chan Press, waiting), stale: make(chan string, waiting)}, nil
}

// ErrBusy refuses a press because too many wait.
var ErrBusy = errors.New("too many presses wait to be worked on")

// Take accepts a press without waiting for what it leads to.
func (d *Desk) Take(p Press) error {
	select {
	case d.queue <- p:
		return nil
	default:
		return ErrBusy
	}
}

// Run works presses off, one after the other, until ctx ends; those that were taken by then
// are finished. Messages are brought up to date beside it: Slack may ask to wait, and the
// next press does not. What ctx cuts short there, the next pass does.
func (d *Desk) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() {
		for {
			select {
			case id := <-d.stale:
				d.tell(ctx, id)
			case <-ctx.Done():
				return
			}
		}
	})
	for {
		select {
		case p := <-d.queue:
			d.work(context.WithoutCancel(ctx), p)
		case <-ctx.Done():
			for {
				select {
				case p := <-d.queue:
					d.work(context.WithoutCancel(ctx), p)
				default:
					return nil
				}
			}
		}
	}
}

// workFor bounds the work on one press.
const workFor = 20 * time.Second

func (d *Desk) work(ctx context.Context, p Press) {
	ctx, cancel := context.WithTimeout(ctx, workFor)
	defer cancel()
	if p.Button == alerting.ButtonOpen {
		return
	}
	seen, err := alerting.ParseSeen(p.Value)
	said := ""
	if err == nil {
		said, err = d.do(ctx, p, seen)
	}
	if err != nil {
		d.opts.Logger.LogAttrs(ctx, slog.LevelError, "a press of a Slack button failed",
			slog.String("button", string(p.Button)), slog.String("case_id", seen.CaseID), slog.Any("error", err))
		said = "That did not work, and the program's log says why. Nothing was changed; try again, or use the command line."
	}
	if said != "" {
		if err := d.opts.Responder.Whisper(ctx, p.ResponseURL, said); err != nil {
			d.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "the one who pressed a button could not be answered", slog.Any("error", err))
		}
	}
	if seen.CaseID == "" {
		return
	}
	// Whatever happened, the message must show how the case stands now.
	select {
	case d.stale <- seen.CaseID:
	default: // so many wait that the next pass comes first
	}
}

func (d *Desk) tell(ctx context.Context, caseID string) {
	ctx, cancel := context.WithTimeout(ctx, workFor)
	defer cancel()
	if err := d.opts.Tell(ctx, caseID); err != nil {
		d.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "the message is brought up to date later",
			slog.String("case_id", caseID), slog.Any("error", err))
	}
}

// needs is the least role for each button.
var needs = map[alerting.ButtonID]Role{
	alerting.ButtonAcknowledge: RoleReviewer, alerting.ButtonSnooze: RoleReviewer,
	alerting.ButtonExpected: RoleReviewer, alerting.ButtonDismiss: RoleReviewer, alerting.ButtonThrottle: RoleEnforcer,
}

// do does what a press asks for and gives what to say to the one who pressed, "" for
// nothing: the message itself shows what was done.
func (d *Desk) do(ctx context.Context, p Press, seen alerting.Seen) (string, error) {
	person, known := d.opts.People[p.UserID]
	if !known {
		return fmt.Sprintf("Nothing was done: the program does not know who you are. An operator names you under slack.people, with the Slack id %s.", p.UserID), nil
	}
	least, exists := needs[p.Button]
	if !exists {
		return "", fmt.Errorf("there is no button %q", p.Button)
	}
	if person.Role.rank() < least.rank() {
		return fmt.Sprintf("Nothing was done: this takes the role %s, and you are %s. An operator changes it under slack.people.", least, person.Role), nil
	}
	if d.opts.Account != nil {
		c, err := d.opts.Cases.Get(ctx, seen.CaseID)
		if err != nil {
			return "", err
		}
		if why := d.opts.Account(person.Name, RightReview, c.TenantID); why != nil {
			return mayNot(why), nil
		}
	}
	actor := "slack:" + person.Name
	d.opts.Logger.LogAttrs(ctx, slog.LevelInfo, "slack button", slog.String("button", string(p.Button)),
		slog.String("case_id", seen.CaseID), slog.String("actor", actor))
	if p.Button == alerting.ButtonThrottle {
		return d.throttle(ctx, person, seen)
	}
	return d.act(ctx, actor, p, seen)
}

// mayNot tells somebody that their account of the console does not let them.
func mayNot(why error) string { return "Nothing was done: " + plain(why.Error()) + "." }
