package enforcement

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/cases"
	"fairdial/store/journal"
)

// checks sets how many random worlds the next property is tried on: always the same ones, so
// that what they are known to meet is met; FAIRDIAL_CHECKS asks for more, at random.
func checks(t *testing.T, n int) {
	worlds, seed := fmt.Sprint(n), "20260302"
	if more := os.Getenv("FAIRDIAL_CHECKS"); more != "" {
		worlds, seed = more, "0"
	}
	for name, value := range map[string]string{"rapid.checks": worlds, "rapid.seed": seed} {
		before := flag.Lookup(name).Value.String()
		require.NoError(t, flag.Set(name, value))
		t.Cleanup(func() { require.NoError(t, flag.Set(name, before)) })
	}
}

// Over random policies, tenants and wishes, hour after hour, with runs that die after they
// claimed: what goes through never passes either rail, and nothing is held without need.
func TestNothingPassesTheGuardRail(t *testing.T) {
	checks(t, 2000)
	rapid.Check(t, func(t *rapid.T) {
		rail := GuardRail{
			ActionsPerHour: rapid.IntRange(0, 6).Draw(t, "actions an hour"),
			TenantShare:    rapid.SampledFrom([]float64{0, 0.01, 0.1, 0.34, 1}).Draw(t, "share"),
		}
		sizes := map[string]int{"a": rapid.IntRange(0, 30).Draw(t, "size of a"), "b": rapid.IntRange(1, 5).Draw(t, "size of b")}
		states := map[organizer]State{}
		var book ledger
		var done []time.Time
		now := start
		write := func(w wanted, at time.Time) {
			s := w.state
			if s.Version != states[w.organizer()].Version {
				return // somebody was first
			}
			s.Version++
			s.Level, s.Actor, s.Until = levelOf(w.action), Actor, at.Add(90*time.Minute)
			states[w.organizer()] = s
			done = append(done, at)
		}
		type slow struct {
			wanted
			at time.Time
		}
		var late []slow
		for range rapid.IntRange(1, 8).Draw(t, "passes") {
			now = now.Add(time.Duration(rapid.IntRange(0, 70).Draw(t, "minutes")) * time.Minute)
			var wants []wanted
			for _, tenant := range []string{"a", "b"} {
				for i := range rapid.IntRange(0, 6).Draw(t, "wishes") {
					o := organizer{tenant, fmt.Sprint(i)}
					s := states[o]
					s.TenantID, s.OrganizerID = o.tenant, o.id
					if s.InForce(now) == LevelThrottle {
						continue
					}
					action := ActionThrottle
					if s.InForce(now) == LevelObserve && rapid.Bool().Draw(t, "flag") {
						action = ActionFlag
					}
					wants = append(wants, wanted{state: s, action: action, Evidence: Evidence{Score: rapid.IntRange(0, 100).Draw(t, "score")}})
				}
			}
			before := len(book.Claims)
			through, stopped, next := rail.admit(book, states, sizes, wants, now)
			require.Len(t, wants, len(through)+len(stopped))
			require.LessOrEqual(t, len(next.Claims), before+len(through))
			book = next
			written := len(through)
			if rapid.IntRange(0, 3).Draw(t, "dies") == 0 {
				written = rapid.IntRange(0, len(through)).Draw(t, "written before it dies")
			}
			for _, w := range through[:written] {
				write(w, now)
			}
			for _, l := range late { // or it did not die and was only slow
				if now.Sub(l.at) < time.Hour && rapid.Bool().Draw(t, "late") {
					write(l.wanted, l.at)
				}
			}
			for _, w := range through[written:] {
				late = append(late, slow{w, now})
			}
			requireWithinRail(t, rail, sizes, states, done, now)
			if rail.ActionsPerHour == 6 && rail.TenantShare == 1 && sizes["a"] >= 6 && sizes["b"] >= 5 && before == 0 && len(wants) <= 5 {
				require.Empty(t, stopped, "there is room")
			}
		}
	})
}

func requireWithinRail(t require.TestingT, rail GuardRail, sizes map[string]int, states map[organizer]State, done []time.Time, now time.Time) {
	for _, end := range done {
		n := 0
		for _, at := range done {
			if !at.After(end) && end.Sub(at) < time.Hour {
				n++
			}
		}
		require.LessOrEqual(t, n, rail.ActionsPerHour, "actions in the hour to %s", end)
	}
	under := map[string]int{}
	for o, s := range states {
		if s.automatic() && s.InForce(now) != LevelObserve {
			under[o.tenant]++
		}
	}
	for tenant, n := range under {
		require.LessOrEqual(t, n, max(1, int(rail.TenantShare*float64(sizes[tenant]))), "organizers of %s under automatic actions", tenant)
	}
	if rail.TenantShare == 0 {
		require.Empty(t, done)
	}
}

// The same on the real store and through whole passes: random scores and policies, passes
// that overlap or are killed, people who reinstate.
func TestNoPassOverTheStorePassesTheGuardRail(t *testing.T) {
	checks(t, 8)
	w := newWorld(t)
	sizes := map[string]int{"a": 30, "b": 4}
	for tenant, n := range sizes {
		w.organizers(tenant, n)
	}
	rapid.Check(t, func(t *rapid.T) {
		w.exec("TRUNCATE TABLE journal")
		w.clock.at = start
		p := policy()
		p.Expiry = time.Duration(rapid.IntRange(20, 200).Draw(t, "expiry")) * time.Minute
		p.AutoFlagScore = rapid.IntRange(1, 60).Draw(t, "flag from")
		p.AutoThrottleScore = rapid.SampledFrom([]int{0, 80}).Draw(t, "throttle from")
		p.GuardRail = GuardRail{
			ActionsPerHour: rapid.IntRange(0, 8).Draw(t, "actions an hour"),
			TenantShare:    rapid.SampledFrom([]float64{0, 0.1, 0.5, 1}).Draw(t, "share"),
		}
		p.DryRun = rapid.Bool().Draw(t, "dry run")
		p.Protected = rapid.SampledFrom([][]string{nil, {"o1"}, {"O2@a.example"}}).Draw(t, "protected")
		p.RequestThrottleScore = rapid.SampledFrom([]int{0, 30}).Draw(t, "asks to throttle from")
		p.RequestSuspendScore = rapid.SampledFrom([]int{0, 50}).Draw(t, "asks to suspend from")
		if rapid.Bool().Draw(t, "a tenant with terms of its own") {
			own := p.Terms()
			own.AutoFlagScore, own.ThrottlePeople = rapid.IntRange(0, 100).Draw(t, "its flag from"), 2
			p.Tenants = map[string]Terms{"b": own}
		}
		e := w.enforcer(p)
		var stops []time.Time // when the kill switch was turned, on first
		for range rapid.IntRange(2, 5).Draw(t, "rounds") {
			if rapid.IntRange(0, 3).Draw(t, "turned") == 0 {
				_, err := e.Turn(context.Background(), len(stops)%2 == 0, "cli:alice", "because")
				require.NoError(t, err)
				stops = append(stops, w.clock.now())
				w.clock.move(time.Second) // what comes next is after it
			}
			w.clock.move(time.Duration(rapid.IntRange(0, 70).Draw(t, "minutes")) * time.Minute)
			var all []cases.Case
			for tenant, n := range sizes {
				for i := range min(n, 10) {
					if rapid.Bool().Draw(t, "seen") {
						all = append(all, caseOf(tenant, fmt.Sprint("o", i), rapid.IntRange(0, 100).Draw(t, "score")))
					}
				}
			}
			w.put(all...)
			passes := make([]*Enforcer, rapid.IntRange(1, 3).Draw(t, "passes at once"))
			for i := range passes {
				passes[i] = e
				if n := rapid.IntRange(0, 3).Draw(t, "dies at write"); n > 0 {
					passes[i] = w.enforcerOn(p, &dying{Journal: w.journal, left: n, after: rapid.Bool().Draw(t, "after it")})
				}
			}
			var wg sync.WaitGroup
			errs := make([]error, len(passes))
			for i, pass := range passes {
				wg.Go(func() { _, errs[i] = pass.Run(context.Background()) })
			}
			wg.Wait()
			for _, err := range errs {
				if err != nil && !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
			}
			if rapid.Bool().Draw(t, "a person lifts one") {
				_, err := e.Act(context.Background(), Request{Action: ActionReinstate, TenantID: "a", OrganizerID: "o0", Actor: "cli:alice", Reason: "fine"})
				if err != nil && !errors.Is(err, ErrNothingToLift) {
					t.Fatal(err)
				}
			}

			if rapid.Bool().Draw(t, "a person approves") {
				_, err := e.Act(context.Background(), Request{
					Action: ActionApprove, TenantID: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "where"), OrganizerID: "o0",
					Actor: rapid.SampledFrom([]string{"cli:alice", "slack:Alice", "cli:bob"}).Draw(t, "who"), Reason: "fine",
				})
				if err != nil && Refused(err) == nil {
					t.Fatal(err)
				}
			}

			list, err := e.States(context.Background())
			require.NoError(t, err)
			states := map[organizer]State{}
			for _, s := range list {
				requireProper(t, p, s)
				states[organizer{s.TenantID, s.OrganizerID}] = s
			}
			var done []time.Time
			for _, ev := range automaticActions(t, w, e) {
				done = append(done, ev.At)
				turned := 0
				for _, at := range stops {
					if at.Before(ev.At) {
						turned++
					}
				}
				require.Zero(t, turned%2, "nothing is automatic while the kill switch is on")
			}
			requireWithinRail(t, p.GuardRail, sizes, states, done, w.clock.now())
		}
	})
}

// requireProper holds a state against what no policy may lead to.
func requireProper(t *rapid.T, p Policy, s State) {
	terms := p.terms(s.TenantID)
	if s.Level != LevelObserve {
		require.True(t, s.Until.After(s.Since), "every level ends")
		require.NotEmpty(t, s.Actor)
		require.NotEmpty(t, s.Reason)
	}
	if s.Actor == Actor && s.Level != LevelObserve {
		require.NotEmpty(t, s.Evidence.CaseID)
		require.NotEqual(t, LevelSuspend, s.Level, "no suspension is automatic")
		require.GreaterOrEqual(t, s.Evidence.Score, terms.threshold(map[Level]Action{LevelFlag: ActionFlag, LevelThrottle: ActionThrottle}[s.Level]))
		require.False(t, p.protects(s.OrganizerID, s.OrganizerID+"@"+s.TenantID+".example"), "protected")
	}
	if s.Level == LevelSuspend || s.Level == LevelThrottle && s.Actor != Actor && terms.ThrottlePeople == 2 {
		require.NotEmpty(t, s.ApprovedBy)
		require.False(t, journal.SamePerson(s.Actor, s.ApprovedBy), "two different people")
	}
	if s.Pending != nil && s.Pending.Actor == Actor {
		require.False(t, p.protects(s.OrganizerID, s.OrganizerID+"@"+s.TenantID+".example"), "protected")
		require.Less(t, len(s.Pending.people()), terms.People(s.Pending.What()))
	}
}
