package enforcement

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// decide gives the answer as JSON, as a gateway reads it.
func decide(t *testing.T, e *Enforcer, name, number string, at time.Time) string {
	t.Helper()
	d, err := e.Decide(t.Context(), name, number, at)
	require.NoError(t, err)
	b, err := json.Marshal(d)
	require.NoError(t, err)
	return string(b)
}

const number = "+16055550123"

func TestDecisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 5)
	e := w.enforcer(policy())
	for _, r := range []Request{
		request(ActionFlag, func(r *Request) { r.OrganizerID = "o1" }),
		request(ActionThrottle, func(r *Request) { r.OrganizerID = "o2" }),
		request(ActionSuspend, func(r *Request) { r.OrganizerID, r.Reason = "o3", "premium fraud" }),
		request(ActionApprove, by("cli:bob"), func(r *Request) { r.OrganizerID = "o3" }),
		request(ActionSuspend, func(r *Request) { r.OrganizerID = "o4" }),
	} {
		_, err := e.Act(t.Context(), r)
		require.NoError(t, err)
	}
	dryPolicy := policy()
	dryPolicy.DryRun = true
	dry := w.enforcer(dryPolicy)
	denying := policy()
	denying.UnknownOrganizer = Deny
	strict := w.enforcer(denying)
	denying.DryRun = true
	strictDry := w.enforcer(denying)
	w.call("t1", "noDirectory", "u1", 0, start.Add(-time.Hour), 60)
	w.call("t1", "longGone", "u2", 0, start.Add(-40*24*time.Hour), 60)

	for name, c := range map[string]struct {
		e            *Enforcer
		name, number string
		at           time.Time
		want         string
	}{
		"nothing in force": {
			e, "o0", number, start,
			`{"organizer_id":"o0","tenant_id":"t1","decision":"allow","reason":"nothing is in force","level":"observe","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":null,"case_id":null,"would":null}`,
		},
		"flagged": {
			e, "o1", number, start,
			`{"organizer_id":"o1","tenant_id":"t1","decision":"allow","reason":"because","level":"flag","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":"2026-03-03T09:00:00Z","case_id":null,"would":null}`,
		},
		"throttled, by sign-in name": {
			e, " O2@T1.Example", "", start,
			`{"organizer_id":"o2","tenant_id":"t1","decision":"throttle","reason":"because","level":"throttle","dry_run":false,"limits":{"minutes_per_hour":60,"legs":2},"minutes_left":60.00,"legs_left":2,"until":"2026-03-03T09:00:00Z","case_id":null,"would":null}`,
		},
		"suspended": {
			e, "o3", number, start,
			`{"organizer_id":"o3","tenant_id":"t1","decision":"deny","reason":"premium fraud","level":"suspend","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":"2026-03-03T09:00:00Z","case_id":null,"would":null}`,
		},
		"suspended, an emergency": {
			e, "o3", "911", start,
			`{"organizer_id":"o3","tenant_id":"t1","decision":"allow","reason":"emergency number: never held up","level":"suspend","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":"2026-03-03T09:00:00Z","case_id":null,"would":null}`,
		},
		"suspended, and over": {
			e, "o3", number, start.Add(24 * time.Hour),
			`{"organizer_id":"o3","tenant_id":"t1","decision":"allow","reason":"nothing is in force","level":"observe","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":null,"case_id":null,"would":null}`,
		},
		"suspended, all in dry run": {
			dry, "o3", number, start,
			`{"organizer_id":"o3","tenant_id":"t1","decision":"allow","reason":"dry run: nothing is enforced","level":"suspend","dry_run":true,"limits":null,"minutes_left":null,"legs_left":null,"until":"2026-03-03T09:00:00Z","case_id":null,"would":{"decision":"deny","reason":"premium fraud"}}`,
		},
		"throttled, all in dry run": {
			dry, "o2", number, start,
			`{"organizer_id":"o2","tenant_id":"t1","decision":"allow","reason":"dry run: nothing is enforced","level":"throttle","dry_run":true,"limits":{"minutes_per_hour":60,"legs":2},"minutes_left":60.00,"legs_left":2,"until":"2026-03-03T09:00:00Z","case_id":null,"would":{"decision":"throttle","reason":"because"}}`,
		},
		"a request is no suspension": {
			e, "o4", number, start,
			`{"organizer_id":"o4","tenant_id":"t1","decision":"allow","reason":"nothing is in force","level":"observe","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":null,"case_id":null,"would":null}`,
		},
		"unknown": {
			e, "ghost", number, start,
			`{"organizer_id":"ghost","tenant_id":"","decision":"allow","reason":"unknown organizer","level":"observe","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":null,"case_id":null,"would":null}`,
		},
		"unknown is denied": {
			strict, "ghost", number, start,
			`{"organizer_id":"ghost","tenant_id":"","decision":"deny","reason":"unknown organizer","level":"observe","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":null,"case_id":null,"would":null}`,
		},
		"unknown would be denied": {
			strictDry, "ghost", number, start,
			`{"organizer_id":"ghost","tenant_id":"","decision":"allow","reason":"dry run: nothing is enforced","level":"observe","dry_run":true,"limits":null,"minutes_left":null,"legs_left":null,"until":null,"case_id":null,"would":{"decision":"deny","reason":"unknown organizer"}}`,
		},
		"known by usage alone": {
			strict, "noDirectory", number, start,
			`{"organizer_id":"noDirectory","tenant_id":"t1","decision":"allow","reason":"nothing is in force","level":"observe","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":null,"case_id":null,"would":null}`,
		},
		"known by usage long ago": {
			strict, "longGone", number, start,
			`{"organizer_id":"longGone","tenant_id":"","decision":"deny","reason":"unknown organizer","level":"observe","dry_run":false,"limits":null,"minutes_left":null,"legs_left":null,"until":null,"case_id":null,"would":null}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, decide(t, c.e, c.name, c.number, c.at))
		})
	}
	_, err := e.Decide(t.Context(), " ", number, start)
	require.ErrorContains(t, err, "no organizer given")
}

func TestWhatIsLeftOfAThrottle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 2)
	e := w.enforcer(policy())
	_, err := e.Act(t.Context(), request(ActionThrottle, func(r *Request) { r.Limits = &Limits{MinutesPerHour: 10, Legs: 2} }))
	require.NoError(t, err)
	at := start.Add(30 * time.Minute)
	left := func() (answer Answer, minutes string, legs int) {
		t.Helper()
		d, decideErr := e.Decide(t.Context(), "o0", number, at)
		require.NoError(t, decideErr)
		return d.Decision, d.MinutesLeft.String(), *d.LegsLeft
	}
	same := func(answer Answer, minutes string, legs int) {
		t.Helper()
		a, m, l := left()
		require.Equal(t, []any{answer, minutes, legs}, []any{a, m, l})
	}
	same(Throttle, "10", 2)

	w.call("t1", "o0", "ended an hour ago", 0, at.Add(-time.Hour-5*time.Minute), 300)
	w.call("t1", "o0", "in the future", 0, at.Add(time.Hour), 300)
	w.call("t1", "o1", "another's", 0, at.Add(-time.Minute), 30)
	same(Throttle, "10", 2)

	w.call("t1", "o0", "u1", 0, at.Add(-time.Hour+time.Millisecond), 100)
	same(Throttle, "8.33", 2) // 500 seconds are 8.333… minutes, rounded down
	w.call("t1", "o0", "u1", 1, at.Add(-time.Hour+time.Millisecond), 40)
	same(Throttle, "9.33", 2) // the correction counts, not both

	w.call("t1", "o0", "long", 0, at.Add(-2*time.Minute), 180) // still going on
	same(Throttle, "6.33", 1)
	w.call("t1", "o0", "second", 0, at, 379)
	same(Deny, "0.01", 0)

	at = at.Add(10 * time.Minute) // both have ended, and the first is more than an hour ago
	same(Throttle, "0.68", 2)
	w.call("t1", "o0", "last", 0, at.Add(-time.Minute), 41)
	same(Deny, "0", 2)
	d, err := e.Decide(t.Context(), "o0", number, at)
	require.NoError(t, err)
	require.Equal(t, "the 10 minutes an hour of the throttle are used up", d.Reason)
}

// A sign-in name counts for whoever has it by the newest snapshot.
func TestASignInNameThatMovedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.organizers("t1", 1)
	w.exec("INSERT INTO snapshot_organizers SELECT snapshot_id, tenant_id, 'o0', 'new@t1.example', name, usage_location, enabled, snapshot_at + INTERVAL 1 DAY FROM snapshot_organizers")
	e := w.enforcer(policy())
	for name, want := range map[string]string{"NEW@t1.example": "o0", "o0@t1.example": "o0@t1.example"} {
		d, err := e.Decide(t.Context(), name, "", start)
		require.NoError(t, err)
		require.Equal(t, want, d.OrganizerID)
	}
}

// A sign-in name that two tenants share gets the stricter answer of the two, but never one
// that a dry run only shows.
func TestTheStricterOfTwoTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tenant := range []string{"t1", "t2"} {
		w.call(tenant, "o0", "u", 0, start.Add(-time.Hour), 60)
	}
	dryPolicy := policy()
	dryPolicy.DryRun = true
	e := w.enforcer(policy())
	_, err := e.Act(t.Context(), request(ActionThrottle, func(r *Request) { r.TenantID = "t2" }))
	require.NoError(t, err)
	_, err = w.enforcer(dryPolicy).Act(t.Context(), request(ActionSuspend))
	require.NoError(t, err)
	_, err = w.enforcer(dryPolicy).Act(t.Context(), request(ActionApprove, by("cli:bob")))
	require.NoError(t, err)
	d, err := e.Decide(t.Context(), "o0@usage.example", number, start)
	require.NoError(t, err)
	require.Equal(t, "t2", d.TenantID)
	require.Equal(t, Throttle, d.Decision)
	require.Nil(t, d.Would)
}

func TestAPolicyThatContradictsItselfIsRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Policy){
		"automatic flag":     func(p *Policy) { p.AutoFlagScore = 101 },
		"automatic throttle": func(p *Policy) { p.AutoThrottleScore = -1 },
		"expiry":             func(p *Policy) { p.Expiry = 0 },
		"guard rail":         func(p *Policy) { p.GuardRail.TenantShare = 1.5 },
		"unknown organizer":  func(p *Policy) { p.UnknownOrganizer = "ask" },
		"limits":             func(p *Policy) { p.Throttle.Legs = -1 },
	} {
		p := policy()
		change(&p)
		require.ErrorContains(t, p.check(), want)
	}
	require.NoError(t, policy().check())
}

func BenchmarkDecide(b *testing.B) {
	w := newWorld(b)
	w.organizers("t1", 100_000)
	e := w.enforcer(policy())
	_, err := e.Act(b.Context(), request(ActionThrottle))
	require.NoError(b, err)
	w.exec("INSERT INTO usage_revisions (tenant_id, usage_id, is_conf_out, organizer_id, started_at, ended_at, seconds) " +
		"SELECT 't1', toString(number), true, concat('o', toString(number % 100000)), toDateTime64('2026-03-02 09:00:00', 7, 'UTC') - toIntervalSecond(number), toDateTime64('2026-03-02 09:00:00', 7, 'UTC'), 60 FROM numbers(1000000)")
	for _, c := range []struct{ what, name string }{
		{"nothing in force", "o77"}, {"throttled", "o0"}, {"sign-in name", "o77@t1.example"}, {"unknown", "ghost"},
	} {
		b.Run(c.what, func(b *testing.B) {
			for b.Loop() {
				if _, err := e.Decide(b.Context(), c.name, number, start); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
