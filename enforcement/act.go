package enforcement

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"fairdial/cases"
	"fairdial/store/journal"
)

// Why a request is refused.
var (
	// ErrNoReason: every action says why.
	ErrNoReason = errors.New("an action needs a reason: say why")
	// ErrPersonOnly: suspending, and what belongs to it, is for people.
	ErrPersonOnly = errors.New("only a person may ask for a suspension or decide on one")
	// ErrSecondPerson: the one who asked for a suspension tried to approve it.
	ErrSecondPerson = errors.New("it must be approved by another person than those who asked for it or approved it already")
	// ErrAlreadyPending: one request at a time waits for approval.
	ErrAlreadyPending = errors.New("a request waits for approval already: approve or reject it")
	// ErrNothingPending: there is no request to approve or reject.
	ErrNothingPending = errors.New("nothing waits for approval")
	// ErrNothingToLift: the organizer is not under any measure.
	ErrNothingToLift = errors.New("nothing is in force that could be lifted")
	// ErrBadEnd: a level must end in the future.
	ErrBadEnd = errors.New("the end must lie in the future")
	// ErrUnknownOrganizer: neither directory nor usage knows the organizer.
	ErrUnknownOrganizer = errors.New("unknown organizer: neither the directory nor recent usage has it in this tenant")
	// ErrUnknownCase: the case named as evidence does not exist or is about others.
	ErrUnknownCase = errors.New("unknown case: name one that is about this organizer, or none")
)

// Refused is why a person's request cannot be carried out as things stand, nil for any other
// error: what it says is fit to be shown to them.
func Refused(err error) error {
	if one, ok := errors.AsType[*journal.OneHandError](err); ok {
		return one
	}
	for _, why := range []error{
		journal.ErrNoActor, journal.ErrHiddenName, ErrNoReason, ErrPersonOnly, ErrSecondPerson, ErrAlreadyPending, ErrNothingPending,
		ErrNothingToLift, ErrBadEnd, ErrUnknownOrganizer, ErrUnknownCase,
	} {
		if errors.Is(err, why) {
			return why
		}
	}
	return nil
}

// Request asks for an action on an organizer.
type Request struct {
	Action      Action
	TenantID    string
	OrganizerID string // an id, not a sign-in name
	Actor       string // who asks, such as "cli:alice"
	Reason      string
	// Until ends a flag, throttle or suspension, UTC; zero means the policy's expiry.
	Until time.Time
	// Limits of a throttle; nil means the policy's.
	Limits *Limits
	// CaseID is the evidence; empty when there is none.
	CaseID string
	// Version is the state the request was made on; 0 means whatever it is. When the
	// state has moved on, the error is a *[journal.ConflictError] that says who was first.
	Version int
	// Untouched says that nothing had ever been done about the organizer when the request was
	// made; there is no version of that, and 0 is whatever there is.
	Untouched bool
}

func (r Request) check(now time.Time) error {
	if _, err := journal.Actor(r.Actor); err != nil {
		return err
	}
	if strings.TrimSpace(r.Reason) == "" {
		return ErrNoReason
	}
	if r.TenantID == "" || r.OrganizerID == "" {
		return errors.New("an action needs a tenant id and an organizer id")
	}
	switch r.Action {
	case ActionSuspend, ActionApprove, ActionReject:
		if !person(r.Actor) {
			return fmt.Errorf("%w (%s is none)", ErrPersonOnly, r.Actor)
		}
	}
	if !r.Until.IsZero() && !r.Until.After(now) {
		return fmt.Errorf("%w: %s has passed", ErrBadEnd, r.Until.UTC().Format(time.RFC3339))
	}
	if r.Limits != nil {
		return r.Limits.check()
	}
	return nil
}

// person tells people from jobs, which name themselves "system:…".
func person(actor string) bool { return !strings.HasPrefix(strings.ToLower(actor), "system:") }

// Act does what a person asks for and gives the state after it. Of two people who act on
// the same state one wins; the other's error is a *[journal.ConflictError].
func (e *Enforcer) Act(ctx context.Context, r Request) (State, error) {
	r.OrganizerID = normal(r.OrganizerID)
	now := e.now()
	fail := func(err error) (State, error) {
		return State{}, fmt.Errorf("%s organizer %s: %w", r.Action, r.OrganizerID, err)
	}
	if _, err := ParseAction(string(r.Action)); err != nil {
		return State{}, err
	}
	if err := r.check(now); err != nil {
		return fail(err)
	}
	before, err := e.State(ctx, r.TenantID, r.OrganizerID)
	if err != nil {
		return fail(err)
	}
	if (r.Version != 0 || r.Untouched) && r.Version != before.Version {
		return fail(e.movedOn(ctx, r, before))
	}
	if before.Version == 0 {
		if err = e.mustKnow(ctx, r.TenantID, r.OrganizerID, now); err != nil {
			return fail(err)
		}
	}
	evidence, err := e.evidence(ctx, r)
	if err != nil {
		return fail(err)
	}
	after, kind, err := e.apply(ctx, before, r, evidence, now)
	if err != nil {
		return fail(err)
	}
	entry, err := event(after, kind, r.Actor, r.Reason, now)
	if err != nil {
		return fail(err)
	}
	if err := e.journal.Append(ctx, entry); err != nil {
		return fail(err)
	}
	e.log.LogAttrs(ctx, slog.LevelInfo, "enforcement action",
		slog.String("kind", kind), slog.String("tenant_id", r.TenantID), slog.String("organizer_id", r.OrganizerID),
		slog.String("actor", r.Actor), slog.String("case_id", evidence.CaseID), slog.Bool("dry_run", after.DryRun))
	return after, nil
}

// apply is the state after a request and the kind of event that leads there.
func (e *Enforcer) apply(ctx context.Context, before State, r Request, evidence Evidence, now time.Time) (State, string, error) {
	after := before
	after.Version++
	if after.Pending != nil && !now.Before(after.Pending.Until) {
		after.Pending = nil // nobody approved it while it could have had an effect
	}
	terms := e.policy.terms(r.TenantID)
	asked := Pending{Action: r.Action, Actor: r.Actor, Reason: r.Reason, At: now, Evidence: evidence}
	asked.Until = r.Until.UTC().Truncate(time.Millisecond)
	if r.Until.IsZero() {
		asked.Until = now.Add(terms.Expiry)
	}
	if r.Action == ActionThrottle {
		asked.Limits = new(terms.Throttle)
		if r.Limits != nil {
			asked.Limits = r.Limits
		}
	}
	switch r.Action {
	case ActionFlag, ActionThrottle, ActionSuspend:
		if terms.People(r.Action) > 1 {
			return e.ask(after, asked)
		}
		return e.set(after, asked, now)
	case ActionApprove:
		return e.approve(ctx, after, r, now)
	case ActionReject:
		if after.Pending == nil {
			return State{}, "", ErrNothingPending
		}
		kind := KindRejected
		if after.Pending.What() == ActionThrottle {
			kind = KindDeclined
		}
		after.Rejected = &Lifted{Actor: r.Actor, At: now, Evidence: after.Pending.Evidence}
		after.Pending = nil
		return after, kind, nil
	default:
		if before.InForce(now) == LevelObserve && after.Pending == nil {
			return State{}, "", ErrNothingToLift
		}
		return lift(after, r.Actor, r.Reason, evidence, now, now), KindReinstated, nil
	}
}

// ask puts a request that waits for people into a state. One that the policy made gives way
// to a person's.
func (e *Enforcer) ask(after State, asked Pending) (State, string, error) {
	if p := after.Pending; p != nil && (person(p.Actor) || len(p.ApprovedBy) > 0 || !person(asked.Actor)) {
		return State{}, "", fmt.Errorf("%w (asked for by %s at %s)", ErrAlreadyPending, p.Actor, p.At.Format(time.RFC3339))
	}
	after.Pending = &asked
	if asked.What() == ActionThrottle {
		return after, KindAsked, nil
	}
	return after, KindRequested, nil
}

// MayApprove says why somebody cannot approve what waits in a state; nil where they can, or where
// nothing waits.
func (e *Enforcer) MayApprove(ctx context.Context, s State, actor string) error {
	if s.Pending == nil {
		return nil
	}
	return e.mayApprove(ctx, *s.Pending, actor)
}

func (e *Enforcer) mayApprove(ctx context.Context, pending Pending, actor string) error {
	behind := pending.people()
	if slices.ContainsFunc(behind, func(a string) bool { return journal.SamePerson(a, actor) }) {
		return fmt.Errorf("%w (%s)", ErrSecondPerson, strings.Join(behind, ", "))
	}
	if e.apart == nil {
		return nil
	}
	for _, first := range behind {
		if err := e.apart(ctx, first, actor, pending.At); err != nil {
			return err
		}
	}
	return nil
}

// approve counts a person for what is asked for, and does it once there are enough.
func (e *Enforcer) approve(ctx context.Context, after State, r Request, now time.Time) (State, string, error) {
	pending := after.Pending
	if pending == nil {
		return State{}, "", ErrNothingPending
	}
	if err := e.mayApprove(ctx, *pending, r.Actor); err != nil {
		return State{}, "", err
	}
	approved := *pending
	approved.ApprovedBy = append(slices.Clone(pending.ApprovedBy), r.Actor)
	if len(approved.people()) < e.policy.terms(after.TenantID).People(approved.What()) {
		after.Pending = &approved
		return after, KindApproved, nil
	}
	return e.set(after, approved, now)
}

// set puts a step in force. It is by the person who asked for it or, where the policy asked,
// by the first who approved it.
func (e *Enforcer) set(after State, step Pending, now time.Time) (State, string, error) {
	kinds := map[Action]string{ActionFlag: KindFlagged, ActionThrottle: KindThrottled, ActionSuspend: KindSuspended}
	behind := step.people()
	actor, second := step.Actor, ""
	if len(behind) > 0 {
		actor, second = behind[0], strings.Join(behind[1:], ", ")
	}
	after.Level, after.Limits, after.DryRun = levelOf(step.What()), step.Limits, e.policy.DryRun
	after.Since, after.Until, after.Reason, after.Evidence = now, step.Until, step.Reason, step.Evidence
	after.Actor, after.ApprovedBy, after.Held = actor, second, nil
	if p := after.Pending; p != nil && levelOf(p.What()).rank() <= after.Level.rank() {
		after.Pending = nil // it is in force, or something stricter is
	}
	return after, kinds[step.What()], nil
}

// lift ends whatever is in force or asked for. ended is when it did.
func lift(s State, actor, reason string, evidence Evidence, ended, now time.Time) State {
	return State{
		TenantID: s.TenantID, OrganizerID: s.OrganizerID, Version: s.Version,
		Level: LevelObserve, Since: now, Actor: actor, Reason: reason, Evidence: evidence,
		Lifted: &Lifted{Actor: actor, At: ended, Evidence: evidence}, Rejected: s.Rejected,
	}
}

// movedOn is the error for a request on a state that is not the newest any more.
func (e *Enforcer) movedOn(ctx context.Context, r Request, newest State) error {
	log, err := e.journal.History(ctx, Stream, subject(r.TenantID, r.OrganizerID))
	if err != nil {
		return err
	}
	for _, entry := range log {
		if int(entry.Version) == r.Version+1 {
			return &journal.ConflictError{Winner: entry, Lost: journal.Event{
				Stream: Stream, Subject: entry.Subject, Version: entry.Version, Kind: string(r.Action),
				TenantID: r.TenantID, OrganizerID: r.OrganizerID, Actor: r.Actor, Reason: r.Reason,
			}}
		}
	}
	return fmt.Errorf("the request is for version %d and the newest is %d: read it again", r.Version, newest.Version)
}

// evidence is the case that the request names. One that names none rests on the organizer's
// case of the highest risk: a step on one that is not closed, if there is such; a
// reinstatement on any, so that the policy does not act on it again at once.
func (e *Enforcer) evidence(ctx context.Context, r Request) (Evidence, error) {
	heads, err := e.cases.Changed(ctx, time.Time{})
	if err != nil {
		return Evidence{}, fmt.Errorf("read the cases: %w", err)
	}
	var best Evidence
	for _, head := range heads {
		c := head.State
		if c.TenantID != r.TenantID || !about(c, r.OrganizerID) || r.CaseID != "" && c.ID != r.CaseID {
			continue
		}
		if r.CaseID == "" && r.Action != ActionReinstate && c.Status == cases.StatusClosed {
			continue
		}
		if c.Score >= best.Score {
			best = evidenceOf(c)
		}
	}
	if r.CaseID != "" && best.CaseID == "" {
		return Evidence{}, fmt.Errorf("%w (%s)", ErrUnknownCase, r.CaseID)
	}
	return best, nil
}

func evidenceOf(c cases.Case) Evidence {
	return Evidence{CaseID: c.ID, CaseVersion: c.Version, Score: c.Score, Closed: c.Status == cases.StatusClosed}
}

// about says whether a case is about an organizer; a ring's case is about each member.
func about(c cases.Case, organizerID string) bool {
	return slices.Contains(accused(c), organizerID)
}

// accused are the organizers a case is about.
func accused(c cases.Case) []string {
	seen := map[string]bool{"": true}
	var ids []string
	for _, id := range append([]string{c.OrganizerID}, c.Members...) {
		if id = normal(id); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}
