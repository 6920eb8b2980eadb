package enforcement

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store/journal"
)

// The policy asks, people approve: one for a throttle, two different ones for a suspension.
func TestThePolicyAsksAndPeopleApprove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 3)
	p := policy()
	p.AutoFlagScore, p.AutoThrottleScore, p.RequestThrottleScore, p.RequestSuspendScore = 0, 0, 70, 90
	e := w.enforcer(p)
	w.put(caseOf("t1", "o0", 69), caseOf("t1", "o1", 80), caseOf("t1", "o2", 95))
	require.Equal(t, Report{Cases: 3, Requested: 2}, w.run(e))
	require.Equal(t, Report{Cases: 3}, w.run(e), "people are asked once")
	require.Zero(t, w.state(e, "t1", "o0").Version)
	for _, id := range []string{"o1", "o2"} {
		require.Equal(t, LevelObserve, w.state(e, "t1", id).Level, "a request binds nobody")
		d, err := e.Decide(t.Context(), id, "", time.Time{})
		require.NoError(t, err)
		require.Equal(t, Allow, d.Decision)
	}
	approve := func(id, actor string) (State, error) {
		return e.Act(t.Context(), Request{Action: ActionApprove, TenantID: "t1", OrganizerID: id, Actor: actor, Reason: "yes"})
	}
	s, err := approve("o1", "slack:dana")
	require.NoError(t, err)
	require.Equal(t, LevelThrottle, s.Level)
	require.Equal(t, "slack:dana", s.Actor)
	require.Equal(t, &p.Throttle, s.Limits)
	require.Nil(t, s.Pending)

	s, err = approve("o2", "slack:dana")
	require.NoError(t, err)
	require.Equal(t, LevelObserve, s.Level, "one is not enough")
	_, err = approve("o2", "cli:Dana")
	require.ErrorIs(t, err, ErrSecondPerson)
	_, err = approve("o2", "system:job")
	require.ErrorIs(t, err, ErrPersonOnly)
	s, err = approve("o2", "cli:bob")
	require.NoError(t, err)
	require.Equal(t, LevelSuspend, s.Level)
	require.Equal(t, []string{"slack:dana", "cli:bob"}, []string{s.Actor, s.ApprovedBy})
	require.Equal(t, []string{KindRequested, KindApproved, KindSuspended}, w.kinds(e, "t1", "o2"))
	require.Equal(t, Report{Cases: 3}, w.run(e))
}

// A request that a person turned down is made again on graver evidence alone.
func TestARejectedRequestComesBackWithMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	p := policy()
	p.AutoFlagScore, p.AutoThrottleScore, p.RequestThrottleScore = 0, 0, 70
	e := w.enforcer(p)
	w.put(caseOf("t1", "o0", 80))
	require.Equal(t, 1, w.run(e).Requested)
	_, err := e.Act(t.Context(), Request{Action: ActionReject, TenantID: "t1", OrganizerID: "o0", Actor: "cli:bob", Reason: "a known event"})
	require.NoError(t, err)
	require.Zero(t, w.run(e).Requested)
	w.put(caseOf("t1", "o0", 80))
	require.Zero(t, w.run(e).Requested)
	w.put(caseOf("t1", "o0", 81))
	require.Equal(t, 1, w.run(e).Requested)
	require.Equal(t, []string{KindAsked, KindDeclined, KindAsked}, w.kinds(e, "t1", "o0"))
	// Nobody cares: it is asked again once the detector has seen more.
	w.clock.move(p.Expiry)
	require.Zero(t, w.run(e).Requested)
	w.clock.move(time.Minute)
	w.put(caseOf("t1", "o0", 82))
	require.Equal(t, 1, w.run(e).Requested)
}

func TestATenantHasTermsOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 2)
	w.organizers("t2", 2)
	p := policy()
	own := p.Terms()
	own.AutoFlagScore, own.AutoThrottleScore, own.ThrottlePeople, own.Throttle, own.Expiry = 0, 95, 2, Limits{MinutesPerHour: 7, Legs: 1}, time.Hour
	p.Tenants = map[string]Terms{"t2": own}
	e := w.enforcer(p)
	w.put(caseOf("t1", "o0", 92), caseOf("t2", "o0", 92), caseOf("t2", "o1", 96))
	require.Equal(t, Report{Cases: 3, Wanted: 2, Throttled: 2}, w.run(e))
	s := w.state(e, "t2", "o1")
	require.Equal(t, &own.Throttle, s.Limits)
	require.Equal(t, start.Add(time.Hour), s.Until)
	// By people, a throttle takes two there, and one elsewhere.
	throttle := Request{Action: ActionThrottle, TenantID: "t2", OrganizerID: "o0", Actor: "cli:alice", Reason: "r"}
	s, err := e.Act(t.Context(), throttle)
	require.NoError(t, err)
	require.Equal(t, LevelObserve, s.Level)
	require.Equal(t, ActionThrottle, s.Pending.What())
	_, err = e.Act(t.Context(), throttle)
	require.ErrorIs(t, err, ErrAlreadyPending)
	s, err = e.Act(t.Context(), Request{Action: ActionApprove, TenantID: "t2", OrganizerID: "o0", Actor: "cli:bob", Reason: "r"})
	require.NoError(t, err)
	require.Equal(t, LevelThrottle, s.Level)
	require.Equal(t, "cli:bob", s.ApprovedBy)
	throttle.TenantID, throttle.OrganizerID = "t1", "o1"
	s, err = e.Act(t.Context(), throttle)
	require.NoError(t, err)
	require.Equal(t, LevelThrottle, s.Level)
	p.Tenants["t2"] = Terms{Expiry: time.Hour, ThrottlePeople: 3}
	_, err = New(Options{Conn: w.store, Journal: w.journal, Cases: w.cases, Policy: p, Now: w.clock.now})
	require.ErrorContains(t, err, "tenant t2")
}

// While the kill switch is on nothing binds and nothing is done, in any process; what is
// over still ends.
func TestTheKillSwitch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 3)
	e := w.enforcer(policy())
	g := w.refreshed(e)
	w.put(caseOf("t1", "o0", 95))
	require.Equal(t, 1, w.run(e).Throttled)
	stop, err := e.Turn(t.Context(), true, "cli:alice", "a bad rule")
	require.NoError(t, err)
	require.Equal(t, Switch{Version: 1, Stopped: true, Actor: "cli:alice", Reason: "a bad rule", At: start}, stop)
	_, err = e.Turn(t.Context(), true, "cli:bob", "a bad rule")
	require.ErrorIs(t, err, ErrSwitch)
	_, err = e.Turn(t.Context(), false, "system:job", "x")
	require.ErrorIs(t, err, ErrPersonOnly)
	require.NoError(t, g.Refresh(t.Context()))
	for _, decide := range []func() (Decision, error){
		func() (Decision, error) { return g.Decide("o0", "") },
		func() (Decision, error) { return e.Decide(t.Context(), "o0", "", time.Time{}) },
	} {
		d, err := decide()
		require.NoError(t, err)
		require.Equal(t, Allow, d.Decision)
		require.Equal(t, "kill switch: nothing is enforced", d.Reason)
		require.Equal(t, Throttle, d.Would.Decision)
	}
	other := w.enforcer(policy())
	w.put(caseOf("t1", "o1", 95))
	require.Equal(t, Report{Cases: 2, Stopped: true}, w.run(other))
	w.clock.move(25 * time.Hour)
	require.Equal(t, Report{Cases: 2, Stopped: true, Reinstated: 1}, w.run(other))
	_, err = other.Turn(t.Context(), false, "cli:bob", "the rule is mended")
	require.NoError(t, err)
	require.Equal(t, 1, w.run(e).Throttled, "o1: the case of o0 has not been seen since its level ran out")
	require.NoError(t, g.Refresh(t.Context()))
	d, err := g.Decide("o1", "")
	require.NoError(t, err)
	require.Equal(t, Throttle, d.Decision)

	p := policy()
	p.Stopped = true // held by the configuration
	require.True(t, w.run(w.enforcer(p)).Stopped)
	_, err = w.enforcer(p).Turn(t.Context(), false, "cli:bob", "x")
	require.ErrorContains(t, err, "enforcement.kill_switch")
}

// An appeal opens a closed case again, and the policy waits for the answer to it.
func TestAnAppealIsNoReasonToGoFurther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	p := policy()
	e := w.enforcer(p)
	_, err := e.Act(t.Context(), Request{Action: ActionFlag, TenantID: "t1", OrganizerID: "o0", Actor: "cli:bob", Reason: "r"})
	require.NoError(t, err)
	w.put(caseOf("t1", "o0", 50))
	act := func(kind, reason string) (cases.Case, error) {
		return w.cases.Act(t.Context(), "case-t1-o0", cases.Action{Kind: kind, Actor: "cli:bob", Reason: reason}, w.clock.now())
	}
	_, err = act(cases.KindConfirmed, "abuse")
	require.NoError(t, err)
	_, err = act(cases.KindAppealed, "")
	require.ErrorIs(t, err, cases.ErrAction)
	c, err := act(cases.KindAppealed, "It was the yearly all-hands, ticket 4711.")
	require.NoError(t, err)
	require.Equal(t, cases.StatusOpen, c.Status)
	require.Equal(t, start, c.AppealedAt)
	c.Score = 99
	w.put(c)
	require.Equal(t, Report{}, w.run(e), "a case under appeal does not count")
	_, err = act(cases.KindConfirmed, "no")
	require.NoError(t, err)
	c, err = act(cases.KindReopened, "once more")
	require.NoError(t, err)
	require.Zero(t, c.AppealedAt)
	require.Equal(t, 1, w.run(e).Throttled)
	var conflict *journal.ConflictError
	_, err = w.cases.Act(t.Context(), "case-t1-o0", cases.Action{Kind: cases.KindAppealed, Actor: "cli:bob", Reason: "x", Version: 1}, w.clock.now())
	require.ErrorAs(t, err, &conflict)
}
