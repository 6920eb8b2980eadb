package enforcement

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store/journal"
)

func TestThePolicyActsFromItsScoresOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 40)
	with := func(organizer string, score int, change ...func(*cases.Case)) {
		c := caseOf("t1", organizer, score)
		for _, f := range change {
			f(&c)
		}
		w.put(c)
	}
	with("o0", 69)
	with("o1", 70)
	with("o2", 89)
	with("o3", 90)
	with("o4", 100, func(c *cases.Case) { c.Status = cases.StatusClosed })
	with("o5", 100, func(c *cases.Case) { c.SnoozedUntil = start.Add(time.Minute) })
	with("o6", 75, func(c *cases.Case) { c.Status = cases.StatusAcknowledged })
	with("o7", 100, func(c *cases.Case) { c.Outcome = cases.OutcomeExpected })
	with("o8", 100) // protected by id
	with("o9", 100) // protected by sign-in name, which only the directory knows
	with("unlisted", 100, func(c *cases.Case) { c.OrganizerUPN = "vip@t1.example" })
	with("", 95, func(c *cases.Case) { c.ID, c.Members = "ring", []string{"o20", "o21", "o21", "guest"} })
	w.call("t1", "guest", "u1", 0, start.Add(-time.Hour), 60) // protected by a sign-in name that calls alone know

	p := policy()
	p.Protected = []string{"O8", "o9@T1.example ", "VIP@t1.example", "GUEST@usage.example"}
	e := w.enforcer(p)
	report := w.run(e)
	require.Equal(t, Report{Cases: 9, Wanted: 6, Flagged: 3, Throttled: 3}, report)
	for organizer, want := range map[string]Level{
		"o0": LevelObserve, "o1": LevelFlag, "o2": LevelFlag, "o3": LevelThrottle, "o4": LevelObserve, "o5": LevelObserve,
		"o6": LevelFlag, "o7": LevelObserve, "o8": LevelObserve, "o9": LevelObserve, "unlisted": LevelObserve,
		"o20": LevelThrottle, "o21": LevelThrottle, "guest": LevelObserve,
	} {
		require.Equal(t, want, w.state(e, "t1", organizer).InForce(start), organizer)
	}
	require.Equal(t, State{
		TenantID: "t1", OrganizerID: "o3", Version: 1, Level: LevelThrottle, Limits: &Limits{MinutesPerHour: 60, Legs: 2},
		Since: start, Until: start.Add(24 * time.Hour), Actor: Actor,
		Reason:   "case case-t1-o3 has risk 90, and the policy acts from 90",
		Evidence: Evidence{CaseID: "case-t1-o3", CaseVersion: 1, Score: 90},
	}, w.state(e, "t1", "o3"))

	require.Equal(t, Report{Cases: 9}, w.run(e), "a second pass finds nothing to do")

	w.clock.move(time.Minute) // the snooze is over, and one got worse
	with("o1", 95)
	require.Equal(t, Report{Cases: 10, Wanted: 2, Throttled: 2}, w.run(e))
	require.Equal(t, []string{KindFlagged, KindThrottled}, w.kinds(e, "t1", "o1"))
}

func TestNothingIsAutomaticByDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(caseOf("t1", "o0", 100))
	p := policy()
	p.AutoFlagScore, p.AutoThrottleScore = 0, 0
	require.Equal(t, Report{Cases: 1}, w.run(w.enforcer(p)))
}

func TestADryRunIsRecordedAndDoneForRealLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 10)
	w.put(caseOf("t1", "o0", 95))
	p := policy()
	p.DryRun = true
	dry, real := w.enforcer(p), w.enforcer(policy())
	require.Equal(t, Report{Cases: 1, Wanted: 1, Throttled: 1, DryRun: true}, w.run(dry))
	require.True(t, w.state(dry, "t1", "o0").DryRun)
	require.Equal(t, Report{Cases: 1, DryRun: true}, w.run(dry))
	require.Equal(t, Report{Cases: 1, Wanted: 1, Throttled: 1}, w.run(real))
	require.False(t, w.state(real, "t1", "o0").DryRun)
	require.Equal(t, Report{Cases: 1}, w.run(real))
	require.Equal(t, Report{Cases: 1, DryRun: true}, w.run(dry), "a real action is not taken back to a shown one")
}

func TestALevelEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 10)
	e := w.enforcer(policy())
	w.put(caseOf("t1", "o0", 75))
	w.run(e)
	w.clock.move(24*time.Hour - time.Millisecond)
	require.Equal(t, LevelFlag, w.state(e, "t1", "o0").InForce(w.clock.now()))
	require.Zero(t, w.run(e).Reinstated)

	w.clock.move(time.Millisecond)
	require.Equal(t, LevelObserve, w.state(e, "t1", "o0").InForce(w.clock.now()), "on the dot, before any pass")
	w.clock.move(time.Hour)
	require.Equal(t, Report{Cases: 1, Reinstated: 1}, w.run(e))
	s := w.state(e, "t1", "o0")
	require.Equal(t, LevelObserve, s.Level)
	require.Equal(t, start.Add(24*time.Hour), s.Lifted.At, "when it ended, not when it was noticed")
	require.Equal(t, Report{Cases: 1}, w.run(e), "the old evidence does not act again")
	_, err := w.cases.Act(t.Context(), "case-t1-o0", cases.Action{Kind: cases.KindNoted, Actor: "cli:alice", Reason: "looked at it"}, w.clock.now())
	require.NoError(t, err)
	require.Equal(t, Report{Cases: 1}, w.run(e), "nor does what people write about it")

	w.put(caseOf("t1", "o0", 75)) // seen again by the detector
	require.Equal(t, Report{Cases: 1, Wanted: 1, Flagged: 1}, w.run(e))
	require.Equal(t, []string{KindFlagged, KindExpired, KindFlagged}, w.kinds(e, "t1", "o0"))
}

func TestAPersonsReinstatementStandsUntilItGetsWorse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 10)
	e := w.enforcer(policy())
	w.put(caseOf("t1", "o0", 75))
	w.run(e)
	_, err := e.Act(t.Context(), request(ActionReinstate))
	require.NoError(t, err)
	w.clock.move(time.Hour)
	w.put(caseOf("t1", "o0", 75))
	require.Equal(t, Report{Cases: 1}, w.run(e), "the same again")
	w.put(caseOf("t1", "o0", 72))
	require.Equal(t, Report{Cases: 1}, w.run(e), "milder")
	w.put(caseOf("t1", "o0", 76))
	require.Equal(t, Report{Cases: 1, Wanted: 1, Flagged: 1}, w.run(e), "worse")
}

// A case that was closed after a person reinstated the organizer, or before, and is open
// again is another matter.
func TestAReopenedCaseIsNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 10)
	e := w.enforcer(policy())
	for _, organizer := range []string{"o0", "o1"} {
		w.put(caseOf("t1", organizer, 85))
	}
	w.run(e)
	lift := func(organizer string) {
		_, err := e.Act(t.Context(), request(ActionReinstate, func(r *Request) { r.OrganizerID = organizer }))
		require.NoError(t, err)
	}
	closeCase := func(organizer string) {
		_, err := w.cases.Act(t.Context(), "case-t1-"+organizer, cases.Action{Kind: cases.KindConfirmed, Actor: "cli:bob", Reason: "talked to them"}, w.clock.now())
		require.NoError(t, err)
	}
	lift("o0")
	w.clock.move(time.Minute)
	closeCase("o0")
	closeCase("o1")
	lift("o1")
	require.Equal(t, Report{}, w.run(e))
	w.clock.move(time.Hour)
	for _, organizer := range []string{"o0", "o1"} {
		c, err := w.cases.Get(t.Context(), "case-t1-"+organizer)
		require.NoError(t, err)
		c.Status, c.Outcome, c.Score = cases.StatusOpen, "", 75
		w.put(c)
	}
	require.Equal(t, Report{Cases: 2, Wanted: 2, Flagged: 2}, w.run(e))
}

func TestALevelAPersonChoseIsOnlyRaisedOnWorseEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 10)
	e := w.enforcer(policy())
	w.put(caseOf("t1", "o0", 92))
	_, err := e.Act(t.Context(), request(ActionFlag, func(r *Request) { r.CaseID = "case-t1-o0" }))
	require.NoError(t, err)
	require.Equal(t, Report{Cases: 1}, w.run(e), "flagging was the answer to 92")
	w.put(caseOf("t1", "o0", 96))
	require.Equal(t, Report{Cases: 1, Wanted: 1, Throttled: 1}, w.run(e))
}

func TestADismissedCaseTakesItsActionAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 10)
	e := w.enforcer(policy())
	w.put(caseOf("t1", "o0", 95))
	w.put(caseOf("t1", "o1", 95))
	w.run(e)
	_, err := e.Act(t.Context(), request(ActionFlag, func(r *Request) { r.OrganizerID, r.CaseID = "o1", "case-t1-o1" }))
	require.NoError(t, err)
	for _, organizer := range []string{"o0", "o1"} {
		c := caseOf("t1", organizer, 95)
		c.Status, c.Outcome = cases.StatusClosed, cases.OutcomeFalsePositive
		w.put(c)
	}
	require.Equal(t, Report{Reinstated: 1}, w.run(e))
	require.Equal(t, LevelObserve, w.state(e, "t1", "o0").Level)
	require.Equal(t, LevelFlag, w.state(e, "t1", "o1").Level, "what a person did, a person takes back")
	require.Equal(t, Report{}, w.run(e))
}

func TestAPersonsRequestOutlivesThePolicysLevel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 10)
	e := w.enforcer(policy())
	w.put(caseOf("t1", "o0", 95))
	w.run(e)
	_, err := e.Act(t.Context(), request(ActionSuspend, func(r *Request) { r.Until = start.Add(48 * time.Hour) }))
	require.NoError(t, err)
	w.clock.move(24 * time.Hour)
	require.Equal(t, 1, w.run(e).Reinstated)
	_, err = e.Act(t.Context(), request(ActionApprove, by("cli:bob")))
	require.NoError(t, err)
	require.Equal(t, start.Add(48*time.Hour), w.state(e, "t1", "o0").Until)
}

func TestTheGuardRailHoldsAndSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 40)
	w.organizers("t2", 40)
	for i, organizer := range []string{"o0", "o1", "o2", "o3"} {
		w.put(caseOf("t1", organizer, 80+i))
	}
	w.put(caseOf("t2", "o0", 70))
	w.put(caseOf("t2", "o1", 71))
	p := policy()
	p.GuardRail = GuardRail{ActionsPerHour: 3, TenantShare: 0.05} // two of each tenant
	e := w.enforcer(p)
	require.Equal(t, Report{Cases: 6, Wanted: 6, Flagged: 3, Held: 3}, w.run(e))
	require.Equal(t, LevelFlag, w.state(e, "t1", "o3").Level, "the gravest first")
	require.Equal(t, LevelFlag, w.state(e, "t1", "o2").Level)
	require.Equal(t, LevelFlag, w.state(e, "t2", "o1").Level)
	s := w.state(e, "t1", "o1")
	require.Equal(t, LevelObserve, s.Level)
	require.Equal(t, RailTenantShare, s.Held.Rail)
	require.Equal(t, "automatic actions are in force on 2 of the tenant's 40 organizers, and the policy allows 2", s.Held.Reason)
	require.Equal(t, RailActionsPerHour, w.state(e, "t2", "o0").Held.Rail)
	require.Equal(t, []string{KindHeld}, w.kinds(e, "t1", "o1"))

	require.Equal(t, Report{Cases: 6, Wanted: 3, Held: 3}, w.run(e))
	require.Equal(t, []string{KindHeld}, w.kinds(e, "t1", "o1"), "the same is not recorded twice")

	w.clock.move(time.Hour)
	_, err := e.Act(t.Context(), request(ActionReinstate, func(r *Request) { r.OrganizerID = "o3" }))
	require.NoError(t, err)
	require.Equal(t, Report{Cases: 6, Wanted: 3, Flagged: 2, Held: 1}, w.run(e), "the hour is over, and one place in t1 is free again")
	require.Equal(t, LevelFlag, w.state(e, "t1", "o1").Level)
	require.Nil(t, w.state(e, "t1", "o1").Held)
}

// A person may act whatever the guard rail says.
func TestTheGuardRailDoesNotBindPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 3)
	p := policy()
	p.GuardRail = GuardRail{}
	e := w.enforcer(p)
	w.put(caseOf("t1", "o0", 90))
	require.Equal(t, Report{Cases: 1, Wanted: 1, Held: 1}, w.run(e))
	_, err := e.Act(t.Context(), request(ActionFlag))
	require.NoError(t, err)
}

var errKilled = errors.New("killed")

// dying fails at its n-th write, before the write or after it, and at every one that follows.
type dying struct {
	Journal
	left  int
	after bool
}

func (d *dying) write(do func() error) error {
	d.left--
	switch {
	case d.left > 0:
		return do()
	case d.left == 0 && d.after:
		if err := do(); err != nil {
			return err
		}
	}
	return errKilled
}

func (d *dying) Append(ctx context.Context, e journal.Event) error {
	return d.write(func() error { return d.Journal.Append(ctx, e) })
}

func (d *dying) AppendBatch(ctx context.Context, events []journal.Event) (lost []*journal.ConflictError, err error) {
	if len(events) == 0 {
		return nil, nil
	}
	err = d.write(func() (err error) { lost, err = d.Journal.AppendBatch(ctx, events); return err })
	return lost, err
}

// Killed at any write, before it reached the store or after, and run again, the policy has
// done what it does undisturbed, and the guard rail has counted nothing twice.
func TestKilledAndRunAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 60)
	p := policy()
	p.GuardRail = GuardRail{ActionsPerHour: 4, TenantShare: 1}
	setUp := func() *Enforcer {
		w.exec("TRUNCATE TABLE journal")
		w.clock.at = start
		var all []cases.Case
		for i, organizer := range []string{"o0", "o1", "o2", "o3", "o4", "o5"} {
			all = append(all, caseOf("t1", organizer, 70+5*i))
		}
		w.put(all...)
		e := w.enforcer(p)
		_, err := e.Act(t.Context(), request(ActionFlag, func(r *Request) { r.OrganizerID, r.Until = "o9", start.Add(time.Minute) }))
		require.NoError(t, err)
		w.clock.move(time.Hour) // o9's flag is over
		return e
	}
	outcome := func(e *Enforcer) map[string][]string {
		out := map[string][]string{}
		for _, o := range []string{"o0", "o1", "o2", "o3", "o4", "o5", "o9"} {
			out[o] = w.kinds(e, "t1", o)
		}
		return out
	}
	e := setUp()
	require.Equal(t, Report{Cases: 6, Wanted: 6, Flagged: 2, Throttled: 2, Held: 2, Reinstated: 1}, w.run(e))
	want := outcome(e)

	killed := 0
	for n := 1; ; n++ {
		done := false
		for _, after := range []bool{false, true} {
			e := setUp()
			_, err := w.enforcerOn(p, &dying{Journal: w.journal, left: n, after: after}).Run(t.Context())
			if err == nil {
				done = true
				continue
			}
			require.ErrorIs(t, err, errKilled)
			killed++
			w.run(e)
			require.Equal(t, want, outcome(e), "killed at write %d, after it: %v", n, after)
			w.run(e)
			require.Equal(t, want, outcome(e))
		}
		if done {
			break
		}
	}
	require.Equal(t, 4, killed, "two writes, each before and after")
}

// Runs that overlap do together what one does.
func TestRunsThatOverlap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 60)
	var all []cases.Case
	for i := range 20 {
		all = append(all, caseOf("t1", fmt.Sprint("o", i), 70+i))
	}
	w.put(all...)
	p := policy()
	p.GuardRail = GuardRail{ActionsPerHour: 7, TenantShare: 1}
	e := w.enforcer(p)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := w.enforcer(p).Run(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	w.run(e)
	require.Len(t, automaticActions(t, w, e), 7)
}

// A run that has planned on what another run then changed does nothing: between its
// reading and its claim a graver case came in and took the only place there was.
func TestARunYieldsToTheOneThatClaimedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 60)
	w.put(caseOf("t1", "o0", 80))
	p := policy()
	p.GuardRail = GuardRail{ActionsPerHour: 1, TenantShare: 1}
	e := w.enforcer(p)
	slow := w.enforcerOn(p, &interrupted{Journal: w.journal, before: func() {
		w.put(caseOf("t1", "o1", 95))
		require.Equal(t, Report{Cases: 2, Wanted: 2, Throttled: 1, Held: 1}, w.run(e))
	}})
	require.Equal(t, Report{Cases: 1, Wanted: 1, Yielded: true}, w.run(slow))
	require.Equal(t, []string{KindHeld}, w.kinds(e, "t1", "o0"))
	require.Equal(t, []string{KindThrottled}, w.kinds(e, "t1", "o1"))
}

// interrupted lets something else happen before its first single write.
type interrupted struct {
	Journal
	before func()
}

func (i *interrupted) Append(ctx context.Context, e journal.Event) error {
	if i.before != nil {
		i.before()
		i.before = nil
	}
	return i.Journal.Append(ctx, e)
}

// automaticActions are all that were ever written.
func automaticActions(t require.TestingT, w *world, e *Enforcer) (out []Event) {
	events, err := w.journal.Events(context.Background(), Stream, journal.Filter{})
	require.NoError(t, err)
	for _, ev := range events {
		if ev.Actor == Actor && (ev.Kind == KindFlagged || ev.Kind == KindThrottled) {
			s, err := stateOf(ev)
			require.NoError(t, err)
			out = append(out, Event{Version: int(ev.Version), Kind: ev.Kind, Actor: ev.Actor, At: ev.At, State: s})
		}
	}
	return out
}
