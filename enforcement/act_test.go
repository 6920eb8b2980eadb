package enforcement

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store/journal"
)

func named(name string, value any) any { return clickhouse.Named(name, value) }

// request is one by alice on the first organizer, with a reason.
func request(a Action, change ...func(*Request)) Request {
	r := Request{Action: a, TenantID: "t1", OrganizerID: "o0", Actor: "cli:alice", Reason: "because"}
	for _, c := range change {
		c(&r)
	}
	return r
}

func by(actor string) func(*Request) { return func(r *Request) { r.Actor = actor } }

func TestTheLadder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	w.put(caseOf("t1", "o0", 60))
	e := w.enforcer(policy())
	act := func(r Request) State {
		t.Helper()
		s, err := e.Act(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, s, w.state(e, "t1", "o0"), "what Act gives is what is stored")
		return s
	}

	s := act(request(ActionFlag, func(r *Request) { r.CaseID = "case-t1-o0" }))
	require.Equal(t, State{
		TenantID: "t1", OrganizerID: "o0", Version: 1, Level: LevelFlag, Since: start, Until: start.Add(24 * time.Hour),
		Actor: "cli:alice", Reason: "because", Evidence: Evidence{CaseID: "case-t1-o0", CaseVersion: 1, Score: 60},
	}, s)

	s = act(request(ActionThrottle))
	require.Equal(t, &Limits{MinutesPerHour: 60, Legs: 2}, s.Limits, "the policy's limits")
	until := start.Add(time.Hour)
	s = act(request(ActionThrottle, func(r *Request) { r.Limits, r.Until = &Limits{MinutesPerHour: 5, Legs: 1}, until }))
	require.Equal(t, &Limits{MinutesPerHour: 5, Legs: 1}, s.Limits)
	require.Equal(t, until, s.Until)

	s = act(request(ActionSuspend, func(r *Request) { r.Reason = "fraud" }))
	require.Equal(t, LevelThrottle, s.Level, "a request changes nothing yet")
	require.Equal(t, "cli:alice", s.Pending.Actor)

	s = act(request(ActionApprove, by("console:bob")))
	require.Equal(t, LevelSuspend, s.Level)
	require.Equal(t, "cli:alice", s.Actor)
	require.Equal(t, "console:bob", s.ApprovedBy)
	require.Equal(t, "fraud", s.Reason)
	require.Nil(t, s.Pending)
	require.Nil(t, s.Limits)

	s = act(request(ActionReinstate, by("cli:carol")))
	require.Equal(t, LevelObserve, s.Level)
	require.Empty(t, s.ApprovedBy)
	require.Equal(t, &Lifted{Actor: "cli:carol", At: start, Evidence: Evidence{CaseID: "case-t1-o0", CaseVersion: 1, Score: 60}}, s.Lifted)

	require.Equal(t, []string{KindFlagged, KindThrottled, KindThrottled, KindRequested, KindSuspended, KindReinstated}, w.kinds(e, "t1", "o0"))
}

// Two names are two people only if neither had the other's account in hand, since some time
// before it was asked for.
func TestAnAccountInHandApprovesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	terms := policy()
	terms.ThrottlePeople = 2
	var asked []string
	e, err := New(Options{
		Conn: w.store, Journal: w.journal, Cases: w.cases, Policy: terms, Now: w.clock.now,
		Apart: func(_ context.Context, first, second string, at time.Time) error {
			asked = append(asked, first+" "+second+" "+at.Format(time.TimeOnly))
			if second == "console:bob" {
				return &journal.OneHandError{First: first, Second: second, Because: []string{"alice made the account of bob"}}
			}
			return nil
		},
	})
	require.NoError(t, err)
	for _, action := range []Action{ActionThrottle, ActionSuspend} {
		_, err = e.Act(t.Context(), request(action))
		require.NoError(t, err)
		w.clock.move(time.Minute)
		_, err = e.Act(t.Context(), request(ActionApprove, by("console:bob")))
		require.ErrorContains(t, Refused(err), "console:bob is no second person beside cli:alice: alice made the account of bob")
		s, err := e.Act(t.Context(), request(ActionApprove, by("console:dora")))
		require.NoError(t, err)
		require.Equal(t, "console:dora", s.ApprovedBy)
	}
	require.Equal(t, []string{
		"cli:alice console:bob 09:00:00", "cli:alice console:dora 09:00:00", "cli:alice console:bob 09:01:00", "cli:alice console:dora 09:01:00",
	}, asked)
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.enforcer(policy())
	w.call("t2", "elsewhere", "u1", 0, start, 60)
	w.put(caseOf("t9", "o9", 99))
	pendingBy := func(actor string) []Request { return []Request{request(ActionSuspend, by(actor))} }
	for name, c := range map[string]struct {
		before []Request
		r      Request
		want   error
	}{
		"nobody asks":               {nil, request(ActionFlag, by(" ")), journal.ErrNoActor},
		"no reason":                 {nil, request(ActionFlag, func(r *Request) { r.Reason = "\n" }), ErrNoReason},
		"a job suspends":            {nil, request(ActionSuspend, by("system:enforcement")), ErrPersonOnly},
		"a job approves":            {pendingBy("cli:alice"), request(ActionApprove, by("System:other")), ErrPersonOnly},
		"the same person":           {pendingBy("cli:alice"), request(ActionApprove), ErrSecondPerson},
		"by another door":           {pendingBy("cli:alice"), request(ActionApprove, by("console:Alice ")), ErrSecondPerson},
		"asked for twice":           {pendingBy("cli:bob"), request(ActionSuspend), ErrAlreadyPending},
		"nothing to approve":        {nil, request(ActionApprove), ErrNothingPending},
		"nothing to reject":         {nil, request(ActionReject), ErrNothingPending},
		"rejected, then approved":   {append(pendingBy("cli:alice"), request(ActionReject)), request(ActionApprove, by("cli:bob")), ErrNothingPending},
		"reinstated, then approved": {append(pendingBy("cli:alice"), request(ActionReinstate)), request(ActionApprove, by("cli:bob")), ErrNothingPending},
		"nothing to lift":           {nil, request(ActionReinstate), ErrNothingToLift},
		"an end in the past":        {nil, request(ActionFlag, func(r *Request) { r.Until = start }), ErrBadEnd},
		"an unknown organizer":      {nil, request(ActionFlag, func(r *Request) { r.OrganizerID = "ghost" }), ErrUnknownOrganizer},
		"another tenant's":          {nil, request(ActionFlag, func(r *Request) { r.OrganizerID = "elsewhere" }), ErrUnknownOrganizer},
		"another one's case":        {nil, request(ActionFlag, func(r *Request) { r.CaseID = "case-t9-o9" }), ErrUnknownCase},
	} {
		t.Run(name, func(t *testing.T) {
			// Each in a tenant of its own.
			w.organizers(name, 1)
			for _, r := range c.before {
				r.TenantID = name
				_, err := e.Act(t.Context(), r)
				require.NoError(t, err)
			}
			before := w.state(e, name, "o0")
			c.r.TenantID = name
			_, err := e.Act(t.Context(), c.r)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, before, w.state(e, name, "o0"), "a refused request leaves no trace")
		})
	}
}

func TestAForgottenRequestCannotBeApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	e := w.enforcer(policy())
	_, err := e.Act(t.Context(), request(ActionSuspend))
	require.NoError(t, err)
	w.clock.move(24 * time.Hour)
	_, err = e.Act(t.Context(), request(ActionApprove, by("cli:bob")))
	require.ErrorIs(t, err, ErrNothingPending)
	_, err = e.Act(t.Context(), request(ActionSuspend, by("cli:bob")))
	require.NoError(t, err, "and does not stand in the way of a new one")
}

func TestOfTwoPeopleOneWinsAndTheOtherIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	// Both have read the state before either writes.
	e := w.enforcerOn(policy(), &meeting{Journal: w.journal, two: newBarrier(2)})
	names := []string{"cli:alice", "console:bob"}
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { _, errs[i] = e.Act(context.Background(), request(ActionThrottle, by(name))) })
	}
	wg.Wait()
	loser := 0
	if errs[0] == nil {
		loser = 1
	}
	require.NoError(t, errs[1-loser])
	var conflict *journal.ConflictError
	require.ErrorAs(t, errs[loser], &conflict)
	require.Equal(t, names[1-loser], conflict.Winner.Actor)
	require.ErrorContains(t, errs[loser], names[1-loser], "the loser is told who decided")
	require.Equal(t, names[1-loser], w.state(e, "t1", "o0").Actor)
	require.Len(t, w.kinds(e, "t1", "o0"), 1)
}

// Two approve the same request at the same moment: one decision, and the other is told whose.
func TestOfTwoApproversOneDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	asked, err := w.enforcer(policy()).Act(t.Context(), request(ActionSuspend, by("cli:alice")))
	require.NoError(t, err)
	for name, second := range map[string]Request{
		"two approve":         request(ActionApprove, by("slack:carol")),
		"one rejects":         request(ActionReject, by("slack:carol")),
		"the same one, twice": request(ActionApprove, by("console:Bob")),
	} {
		t.Run(name, func(t *testing.T) {
			e := w.enforcerOn(policy(), &meeting{Journal: w.journal, two: newBarrier(2)})
			asks := []Request{request(ActionApprove, by("console:bob")), second}
			before := w.state(e, "t1", "o0")
			errs := make([]error, 2)
			var wg sync.WaitGroup
			for i := range asks {
				asks[i].Version = before.Version
				wg.Go(func() { _, errs[i] = e.Act(context.Background(), asks[i]) })
			}
			wg.Wait()
			loser := 0
			if errs[0] == nil {
				loser = 1
			}
			require.NoError(t, errs[1-loser])
			var conflict *journal.ConflictError
			require.ErrorAs(t, errs[loser], &conflict)
			require.Equal(t, asks[1-loser].Actor, conflict.Winner.Actor)
			after := w.state(e, "t1", "o0")
			require.Equal(t, before.Version+1, after.Version, "one decision")
			require.Nil(t, after.Pending)
			// What was decided is taken back, and asked for again.
			if after.Level == LevelSuspend {
				require.Equal(t, asks[1-loser].Actor, after.ApprovedBy)
				_, err = w.enforcer(policy()).Act(t.Context(), request(ActionReinstate))
				require.NoError(t, err)
			}
			_, err = w.enforcer(policy()).Act(t.Context(), request(ActionSuspend, by("cli:alice")))
			require.NoError(t, err)
		})
	}
	require.Equal(t, 1, asked.Version)
}

func TestARequestOnAnOldStateIsToldWhoChangedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	e := w.enforcer(policy())
	for _, name := range []string{"cli:alice", "cli:bob", "cli:carol"} {
		_, err := e.Act(t.Context(), request(ActionFlag, by(name)))
		require.NoError(t, err)
	}
	_, err := e.Act(t.Context(), request(ActionReinstate, by("cli:dan"), func(r *Request) { r.Version = 1 }))
	var conflict *journal.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, "cli:bob", conflict.Winner.Actor, "the first who acted on the state that dan saw")
	_, err = e.Act(t.Context(), request(ActionReinstate, by("cli:dan"), func(r *Request) { r.Version = 3 }))
	require.NoError(t, err)
	_, err = e.Act(t.Context(), request(ActionFlag, func(r *Request) { r.Version = 9 }))
	require.ErrorContains(t, err, "newest is 4")
	require.False(t, errors.As(err, &conflict) && conflict.Winner.Version == 10)
}

// meeting lets nobody write before all have read.
type meeting struct {
	Journal
	two *barrier
}

func (m *meeting) Append(ctx context.Context, e journal.Event) error {
	m.two.wait()
	return m.Journal.Append(ctx, e)
}

type barrier struct {
	wg sync.WaitGroup
}

func newBarrier(n int) *barrier {
	b := &barrier{}
	b.wg.Add(n)
	return b
}

func (b *barrier) wait() {
	b.wg.Done()
	b.wg.Wait()
}

// A person's step that names no case rests on the open one of the highest risk.
func TestAStepHasEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 3)
	lesser, closed := caseOf("t1", "o0", 55), caseOf("t1", "o0", 99)
	lesser.ID, closed.ID, closed.Status = "lesser", "closed", cases.StatusClosed
	w.put(caseOf("t1", "o0", 60), lesser, closed, caseOf("t1", "o1", 95))
	e := w.enforcer(policy())
	_, err := e.Act(t.Context(), request(ActionFlag))
	require.NoError(t, err)
	require.Equal(t, "case-t1-o0", w.state(e, "t1", "o0").Evidence.CaseID)
	_, err = e.Act(t.Context(), request(ActionFlag, func(r *Request) { r.OrganizerID = "o2" }))
	require.NoError(t, err)
	require.Zero(t, w.state(e, "t1", "o2").Evidence, "there is no case")
}

// Who saw that nothing had been done decides past nobody who was first, however late they come.
func TestWhoSawNothingIsToldWhoWasFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	e := w.enforcer(policy())
	untouched := func(r *Request) { r.Untouched = true }
	_, err := e.Act(t.Context(), request(ActionFlag, untouched))
	require.NoError(t, err)
	_, err = e.Act(t.Context(), request(ActionThrottle, by("cli:bob"), untouched))
	var conflict *journal.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, "cli:alice", conflict.Winner.Actor)
	require.Equal(t, LevelFlag, w.state(e, "t1", "o0").Level)
	_, err = e.Act(t.Context(), request(ActionThrottle, by("cli:bob")))
	require.NoError(t, err, "a request on whatever there is goes through")
}
