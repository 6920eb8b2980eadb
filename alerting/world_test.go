package alerting

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const (
	token     = "xoxb-fake"
	channel   = "#fair-use"
	channelID = "C0FAIRUSE"
)

// clock moves when somebody sleeps, so that no test waits.
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

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.move(max(d, 0))
	return ctx.Err()
}

// world is a real store and a Slack over real HTTP, with a clock of its own.
type world struct {
	t        testing.TB
	store    *store.Store
	journal  *journal.Journal
	cases    *cases.Log
	clock    *clock
	slack    *slackfake.Server
	enforcer *enforcement.Enforcer
	log      *bytes.Buffer
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, store: storetest.Open(t), clock: &clock{at: start}, log: &bytes.Buffer{}}
	w.journal = journal.New(w.store, w.clock.now, uuid.New)
	w.cases = cases.NewLog(w.journal)
	w.slack = slackfake.Start(slackfake.Options{Now: w.clock.now})
	t.Cleanup(w.slack.Close)
	var err error
	w.enforcer, err = enforcement.New(enforcement.Options{
		Conn: w.store, Journal: w.journal, Cases: w.cases, Now: w.clock.now,
		Policy: enforcement.Policy{
			DryRun: true, AutoFlagScore: 90, Expiry: 24 * time.Hour, Throttle: enforcement.Limits{MinutesPerHour: 60, Legs: 2},
			GuardRail: enforcement.GuardRail{ActionsPerHour: 10, TenantShare: 1},
		},
	})
	require.NoError(t, err)
	return w
}

func (w *world) sender() *Slack {
	w.t.Helper()
	s, err := NewSlack(SlackOptions{Token: NewToken(token), APIURL: w.slack.URL, Timeout: 2 * time.Second})
	require.NoError(w.t, err)
	return s
}

func (w *world) options(change ...func(*Options)) Options {
	w.t.Helper()
	opts := Options{
		Cases: w.cases, Journal: w.journal, Enforcement: w.enforcer, Sender: w.sender(), Channel: channel, MinScore: 50,
		BaseURL: "https://fairdial.example/", Now: w.clock.now, NewID: uuid.New,
		Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	for _, c := range change {
		c(&opts)
	}
	return opts
}

func withoutToken(o *Options) { o.Sender = nil }

// alerter is a run of the program: each has its own name in announcements.
func (w *world) alerter(change ...func(*Options)) *Alerter {
	w.t.Helper()
	a, err := New(w.options(change...))
	require.NoError(w.t, err)
	a.sleep = w.clock.sleep
	return a
}

func (w *world) run(a *Alerter) Report {
	w.t.Helper()
	r, err := a.Run(context.Background())
	require.NoError(w.t, err)
	r.Problem, r.Quiet = "", nil
	return r
}

// happen records events of cases, each as the next version of its case.
func (w *world) happen(kind, actor string, all ...cases.Case) {
	w.t.Helper()
	known, err := w.cases.List(context.Background(), cases.Filter{})
	require.NoError(w.t, err)
	versions := map[string]int{}
	for _, c := range known {
		versions[c.ID] = c.Version
	}
	var events []cases.Event
	for _, c := range all {
		events = append(events, cases.Event{
			CaseID: c.ID, Version: versions[c.ID] + 1, Kind: kind, Actor: actor, Reason: "a good reason", At: w.clock.now(), State: c,
		})
	}
	lost, err := w.cases.Record(context.Background(), events)
	require.NoError(w.t, err)
	require.Empty(w.t, lost)
}

func (w *world) put(all ...cases.Case) {
	w.t.Helper()
	w.happen(cases.KindUpdated, "system:detector", all...)
}

// parents and replies are what stands in the channel.
func (w *world) parents() (out []slackfake.Message) {
	for _, m := range w.slack.Messages(channelID) {
		if m.ThreadTS == "" {
			out = append(out, m)
		}
	}
	return out
}

func (w *world) replies() (out []slackfake.Message) {
	for _, m := range w.slack.Messages(channelID) {
		if m.ThreadTS != "" {
			out = append(out, m)
		}
	}
	return out
}

// reasons is the delivery log of a case, without the announcements.
func (w *world) reasons(a *Alerter, caseID string) (out []string) {
	w.t.Helper()
	entries, err := a.List(context.Background())
	require.NoError(w.t, err)
	for _, e := range entries {
		if e.CaseID == caseID {
			out = append(out, e.Kind+": "+e.Reason)
		}
	}
	return out
}

// finding is the n-th of a kind that occurs.
func finding(n int) cases.Finding {
	return []cases.Finding{
		{
			ID: "f-highcost", RuleID: "high-cost-blocks", RuleVersion: 3, RuleTitle: "Calls to high-cost blocks",
			Verdict: cases.VerdictFraud, Severity: cases.SeverityCritical, Weight: 0.9, Value: 412.5, Threshold: 120,
			Baseline: new(30.0), Unit: "minutes", Calls: 37, ExposureSeconds: 24750,
			Sentence: "412 minutes in a day to blocks known for access stimulation, against 30 on a usual day.",
		},
		{
			ID: "f-night", RuleID: "night-calls", RuleVersion: 1, RuleTitle: "Calls at night",
			Verdict: cases.VerdictFraud, Severity: cases.SeverityWarning, Weight: 0.5, Value: 22, Threshold: 10, Unit: "calls",
			Sentence: "22 calls between 00:00 and 05:00 local time.",
		},
		{
			ID: "f-month", RuleID: "monthly-minutes", RuleVersion: 2, RuleTitle: "Minutes of the month",
			Verdict: cases.VerdictFairUse, Severity: cases.SeverityWarning, Weight: 0.4, Value: 4012, Threshold: 3000,
			Baseline: new(1250.25), Unit: "minutes", Sentence: "4,012 minutes this month.",
		},
		{
			ID: "f-peers", RuleID: "peers", RuleVersion: 1, RuleTitle: "Far above comparable organizers",
			Verdict: cases.VerdictFairUse, Severity: cases.SeverityWarning, Weight: 0.2, Value: 9.5, Threshold: 6, Unit: "deviations",
			Sentence: "9.5 deviations above the median of comparable organizers.",
		},
	}[n]
}

// caseOf is an open case of a risk with n findings.
func caseOf(name string, score, findings int) cases.Case {
	c := cases.Case{
		ID:       uuid.NewSHA1(uuid.Nil, []byte(name)).String(),
		TenantID: "501148ec-614d-4165-bc2d-7cfa7b48f4ae", TenantName: "Contoso Industries",
		OrganizerID: "organizer-" + name, OrganizerName: "Dana Reyes", OrganizerUPN: "dana@contoso.example",
		Score: score, Severity: cases.SeverityWarning, Verdict: cases.VerdictFraud, Status: cases.StatusOpen,
		OpenedAt: start, UpdatedAt: start, ExposureSeconds: 24750, ExposureAmount: decimal.RequireFromString("96.125"), Currency: "USD",
		SecondsByBucket: map[string]int64{"addon": 18000, "pool": 3600, "unfunded": 3150},
	}
	for i := range findings {
		c.Findings = append(c.Findings, finding(i))
		if finding(i).Severity == cases.SeverityCritical {
			c.Severity = cases.SeverityCritical
		}
	}
	return c
}

func manyCases(n int) (out []cases.Case) {
	for i := range n {
		out = append(out, caseOf(fmt.Sprintf("case%03d", i), 60+i%40, 1))
	}
	return out
}
