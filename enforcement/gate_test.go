package enforcement

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/store/journal"
)

func (w *world) gate(e *Enforcer, change ...func(*GateOptions)) *Gate {
	w.t.Helper()
	opts := GateOptions{Marks: w.journal, Conn: w.store}
	for _, c := range change {
		c(&opts)
	}
	g, err := NewGate(e, opts)
	require.NoError(w.t, err)
	return g
}

func (w *world) refreshed(e *Enforcer) *Gate {
	w.t.Helper()
	g := w.gate(e)
	require.NoError(w.t, g.Refresh(context.Background()))
	return g
}

// The gate answers from memory what Decide answers from the store, for every level, name
// and moment, and after each change.
func TestTheGateAnswersAsTheStoreDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 6)
	w.organizers("t2", 1) // o0 is in both
	e := w.enforcer(policy())
	g := w.refreshed(e)
	agree := func() {
		t.Helper()
		require.NoError(t, g.Refresh(t.Context()))
		for _, name := range []string{"o0", "o1", "o2", "o3", "O1@t1.example", "o2@T1.EXAMPLE", "nobody", "nobody@t1.example"} {
			for _, number := range []string{"", "+14255550100", "112"} {
				want, err := e.Decide(t.Context(), name, number, time.Time{})
				require.NoError(t, err)
				got, err := g.Decide(name, number)
				require.NoError(t, err)
				require.Equal(t, want, got, "%s %s", name, number)
			}
		}
	}
	act := func(action Action, organizer, actor string) {
		t.Helper()
		_, err := e.Act(t.Context(), Request{Action: action, TenantID: "t1", OrganizerID: organizer, Actor: actor, Reason: "r"})
		require.NoError(t, err)
	}
	agree()
	act(ActionFlag, "o0", "cli:ann")
	act(ActionThrottle, "o1", "cli:ann")
	act(ActionSuspend, "o2", "cli:ann")
	agree()
	act(ActionApprove, "o2", "cli:bob")
	w.call("t1", "o1", "u1", 0, start.Add(-10*time.Minute), 300)
	w.call("t1", "o1", "u2", 0, start.Add(-70*time.Minute), 300)
	w.call("t1", "o1", "u3", 0, start.Add(-time.Minute), 600) // goes on
	agree()
	d, err := g.Decide("o1", "")
	require.NoError(t, err)
	require.Equal(t, Throttle, d.Decision)
	require.Equal(t, 1, *d.LegsLeft)
	require.Equal(t, "45.00", d.MinutesLeft.StringFixed(2))
	w.clock.move(25 * time.Hour) // all levels have run out
	agree()
	_, err = g.Decide(" ", "")
	require.ErrorIs(t, err, ErrNoOrganizer)
}

// Organizers of two tenants may have one id: a gateway, which names no tenant, is told the strictest
// answer, and who asks for one tenant's is told theirs.
func TestEachTenantsOrganizerHasAnAnswerOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 2)
	w.organizers("t2", 1) // o0 is in both
	e := w.enforcer(policy())
	_, err := e.Act(t.Context(), Request{Action: ActionThrottle, TenantID: "t1", OrganizerID: "o0", Actor: "cli:ann", Reason: "r"})
	require.NoError(t, err)
	require.Equal(t, "open", *w.gate(e).Within("t2", "o0").Failed, "nothing is read yet")
	g := w.refreshed(e)
	d, err := g.Decide("o0", "")
	require.NoError(t, err)
	require.Equal(t, Throttle, d.Decision)
	require.Equal(t, d, g.Within("t1", "o0"))
	require.Equal(t, Allow, g.Within("t2", "o0").Decision)
	require.Equal(t, "t2", g.Within("t2", "o0").TenantID)
	require.Equal(t, "unknown organizer", g.Within("t2", "o1").Reason, "known in t1 alone")
	require.Equal(t, uint64(1), g.Answers()["throttle"], "what a page shows is no gateway's question")
}

// Reports of a gateway count at once, once, and after a restart; the usage record of the
// same call takes their place.
func TestReportsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 3)
	e := w.enforcer(policy())
	_, err := e.Act(t.Context(), Request{Action: ActionThrottle, TenantID: "t1", OrganizerID: "o1", Actor: "cli:ann", Reason: "r"})
	require.NoError(t, err)
	g := w.refreshed(e)
	left := func(g *Gate) string {
		d, err := g.Decide("o1", "")
		require.NoError(t, err)
		return fmt.Sprintf("%s %s min %d legs", d.Decision, d.MinutesLeft.StringFixed(2), *d.LegsLeft)
	}
	require.Equal(t, "throttle 60.00 min 2 legs", left(g))
	begun := CallReport{Organizer: "O1@t1.example", CallID: "c1", StartedAt: start.Add(-5 * time.Minute)}
	for range 2 {
		n, err := g.Report(t.Context(), "gateway", []CallReport{begun, {Organizer: "nobody", CallID: "x", StartedAt: start}})
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	require.Equal(t, "throttle 55.00 min 1 legs", left(g))
	w.clock.move(time.Minute)
	require.Equal(t, "throttle 54.00 min 1 legs", left(g), "a call that goes on takes as it goes")
	second := CallReport{Organizer: "o1", CallID: "c2", StartedAt: start.Add(-time.Minute)}
	_, err = g.Report(t.Context(), "gateway", []CallReport{second})
	require.NoError(t, err)
	require.Equal(t, "deny 52.00 min 0 legs", left(g))

	require.NoError(t, g.Refresh(t.Context()))
	require.Equal(t, "deny 52.00 min 0 legs", left(g))
	require.Equal(t, "deny 52.00 min 0 legs", left(w.refreshed(e)), "a gate that starts knows the same")
	asked, err := e.Decide(t.Context(), "o1", "", time.Time{})
	require.NoError(t, err)
	answered, err := g.Decide("o1", "")
	require.NoError(t, err)
	require.Equal(t, answered, asked, "and so does the command line")

	second.EndedAt = start
	_, err = g.Report(t.Context(), "gateway", []CallReport{second})
	require.NoError(t, err)
	require.Equal(t, "throttle 53.00 min 1 legs", left(g))
	w.call("t1", "o1", "c2", 0, start.Add(-time.Minute), 61)
	w.clock.move(callsEvery)
	require.NoError(t, g.Refresh(t.Context()))
	require.Equal(t, "throttle 52.81 min 1 legs", left(g), "usage has c2 now: 61 seconds, once; c1 took 370")

	for name, bad := range map[string]CallReport{
		"nobody": {CallID: "x", StartedAt: start}, "no id": {Organizer: "o1", StartedAt: start},
		"no start": {Organizer: "o1", CallID: "x"}, "future": {Organizer: "o1", CallID: "x", StartedAt: start.Add(time.Hour)},
		"backwards": {Organizer: "o1", CallID: "x", StartedAt: start, EndedAt: start.Add(-time.Second)},
	} {
		_, err := g.Report(t.Context(), "gateway", []CallReport{bad})
		require.ErrorIs(t, err, ErrBadReport, name)
	}
}

// deaf is a journal whose store does not answer.
type deaf struct{ Marks }

func (deaf) Mark(context.Context, string) (journal.Mark, error) {
	return journal.Mark{}, errors.New("no answer")
}

// What the gate answers when it does not know is a setting, and the answer says so.
func TestTheGateFailsAsConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 2)
	e := w.enforcer(policy())
	for fail, way := range map[Answer]string{"": "open", Allow: "open", Deny: "closed"} {
		g := w.gate(e, func(o *GateOptions) { o.Fail = fail })
		blind := func(says string) {
			t.Helper()
			require.Error(t, g.Ready())
			d, err := g.Decide("o1", "+14255550100")
			require.NoError(t, err)
			require.Equal(t, way, *d.Failed)
			require.Equal(t, map[string]Answer{"open": Allow, "closed": Deny}[way], d.Decision)
			require.Contains(t, d.Reason, says)
			require.Contains(t, d.Reason, "fails "+way)
			d, err = g.Decide("o1", "911")
			require.NoError(t, err)
			require.Equal(t, Allow, d.Decision, "emergency calls go through")
		}
		blind("not been read")
		require.NoError(t, g.Refresh(t.Context()))
		require.NoError(t, g.Ready())
		d, err := g.Decide("o1", "")
		require.NoError(t, err)
		require.Nil(t, d.Failed)
		g.opts.Marks = deaf{}
		require.Error(t, g.Refresh(t.Context()))
		w.clock.move(2 * time.Minute)
		require.NoError(t, g.Ready(), "what was read is good for a while")
		w.clock.move(time.Second)
		blind("has not answered for 2m1s")
		require.Equal(t, uint64(4), g.Answers()["failed"])
	}
	_, err := NewGate(e, GateOptions{Marks: w.journal, Conn: w.store, Fail: "perhaps"})
	require.ErrorContains(t, err, "perhaps")
}
