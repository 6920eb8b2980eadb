package enforcement

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// clock is set by the test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is a real store with a clock that stands still.
type world struct {
	t       testing.TB
	store   *store.Store
	journal *journal.Journal
	cases   *cases.Log
	clock   *clock
}

func newWorld(t testing.TB) *world {
	s := storetest.Open(t)
	c := &clock{at: start}
	j := journal.New(s, c.now, uuid.New)
	return &world{t: t, store: s, journal: j, cases: cases.NewLog(j), clock: c}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	require.NoError(w.t, w.store.Exec(context.Background(), query, args...))
}

// organizers puts n of them into the directory: "o0"@…, "o1"@….
func (w *world) organizers(tenant string, n int) {
	w.t.Helper()
	snapshot := uuid.NewString()
	w.exec("INSERT INTO snapshot_organizers (snapshot_id, tenant_id, organizer_id, upn, name, enabled, snapshot_at) "+
		"SELECT {s:UUID}, {t:String}, concat('o', toString(number)), concat('O', toString(number), '@', {t:String}, '.example'), 'Name', true, now64(3) FROM numbers({n:UInt32})",
		named("s", snapshot), named("t", tenant), named("n", n))
	w.exec("INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind, snapshot_at, rows, stored_at) "+
		"SELECT {s:UUID}, {t:String}, 'users', now64(3), {n:UInt32}, now64(6)",
		named("s", snapshot), named("t", tenant), named("n", n))
}

// call puts a revision of a usage record into the store.
func (w *world) call(tenant, organizer, id string, revision int, at time.Time, seconds int) {
	w.t.Helper()
	w.exec("INSERT INTO usage_revisions (tenant_id, usage_id, revision, call_type, is_conf_out, organizer_id, organizer_upn, started_at, ended_at, seconds) "+
		"SELECT {t:String}, {id:String}, {r:UInt16}, 'conf_out', true, {o:String}, concat({o:String}, '@usage.example'), "+
		"fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64} + {s:Int64} * 1000), {s:UInt32}",
		named("t", tenant), named("id", id), named("r", revision), named("o", organizer), named("at", at.UnixMilli()), named("s", seconds))
}

// put records the next version of cases, as the detector does.
func (w *world) put(all ...cases.Case) {
	w.t.Helper()
	known, err := w.cases.List(context.Background(), cases.Filter{})
	require.NoError(w.t, err)
	versions := map[string]int{}
	for _, c := range known {
		versions[c.ID] = c.Version
	}
	now := w.clock.now()
	var events []cases.Event
	for _, c := range all {
		c.UpdatedAt = now
		if c.Findings == nil {
			c.Findings = []cases.Finding{{ID: "f", RuleID: "r", WindowStart: now.Add(-time.Hour), WindowEnd: now}}
		}
		events = append(events, cases.Event{
			CaseID: c.ID, Version: versions[c.ID] + 1, Kind: cases.KindUpdated, Actor: "system:detector", At: now, State: c,
		})
	}
	lost, err := w.cases.Record(context.Background(), events)
	require.NoError(w.t, err)
	require.Empty(w.t, lost)
}

func caseOf(tenant, organizer string, score int) cases.Case {
	return cases.Case{
		ID: fmt.Sprintf("case-%s-%s", tenant, organizer), TenantID: tenant, OrganizerID: organizer,
		Score: score, Status: cases.StatusOpen, OpenedAt: start,
	}
}

// policy is real enforcement, with a guard rail out of the way.
func policy() Policy {
	return Policy{
		AutoFlagScore: 70, AutoThrottleScore: 90, Throttle: Limits{MinutesPerHour: 60, Legs: 2},
		Expiry: 24 * time.Hour, GuardRail: GuardRail{ActionsPerHour: 1000, TenantShare: 1},
	}
}

func (w *world) enforcer(p Policy) *Enforcer {
	w.t.Helper()
	return w.enforcerOn(p, w.journal)
}

func (w *world) enforcerOn(p Policy, j Journal) *Enforcer {
	w.t.Helper()
	e, err := New(Options{Conn: w.store, Journal: j, Cases: w.cases, Policy: p, Now: w.clock.now})
	require.NoError(w.t, err)
	return e
}

func (w *world) run(e *Enforcer) Report {
	w.t.Helper()
	r, err := e.Run(context.Background())
	require.NoError(w.t, err)
	return r
}

func (w *world) state(e *Enforcer, tenant, organizer string) State {
	w.t.Helper()
	s, err := e.State(context.Background(), tenant, organizer)
	require.NoError(w.t, err)
	return s
}

// kinds is what happened to an organizer.
func (w *world) kinds(e *Enforcer, tenant, organizer string) (out []string) {
	w.t.Helper()
	events, err := e.History(context.Background(), tenant, organizer)
	require.NoError(w.t, err)
	for _, ev := range events {
		out = append(out, ev.Kind)
	}
	return out
}
