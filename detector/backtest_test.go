package detector

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/rules"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

// busyDay finds days with many calls; VERSION, STATUS and the thresholds are filled in.
const busyDay = `
id: busy-day
version: VERSION
title: Many calls in a day
meaning: Calls in a day, in a test.
verdict: fair_use
family: volume
status: STATUS
scope: organizer
window: day
unit: calls
thresholds: {warning: WARNING, critical: 20}
weights: {warning: 0.6, critical: 0.9}
parameters: []
sql: |
  SELECT tenant_id, organizer_id, at, toDateTime64(day, 3, 'UTC') AS window_start, toDateTime64(day + 1, 3, 'UTC') AS window_end,
      toFloat64(calls) AS value, CAST(NULL, 'Nullable(Float64)') AS baseline
  FROM organizer_days
evidence: c.day = toDate(h.window_start)
sentence: "{{count .value \"call\"}} in a day."
false_positives: [A test.]
runbook: Look.
owner: test
`

func busyDayOf(t *testing.T, version int, status rules.Status, warning int) rules.Rule {
	t.Helper()
	text := busyDay
	for from, to := range map[string]string{"VERSION": strconv.Itoa(version), "STATUS": string(status), "WARNING": strconv.Itoa(warning)} {
		text = strings.ReplaceAll(text, from, to)
	}
	r, err := rules.Parse("busy-day.yaml", []byte(text))
	require.NoError(t, err)
	return r
}

// past is a store with usage, and the log of cases on it.
type past struct {
	t     *testing.T
	store *store.Store
	cases *cases.Log
	now   time.Time
	// prefix begins the usage ids.
	prefix string
}

func newPast(t *testing.T, usage ...rules.Usage) *past {
	s := storetest.Open(t)
	p := &past{t: t, store: s, now: time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)}
	p.cases = cases.NewLog(journal.New(s, func() time.Time { return p.now }, uuid.New))
	p.use(usage...)
	return p
}

// use stores calls as a source would have given them.
func (p *past) use(usage ...rules.Usage) {
	p.t.Helper()
	if len(usage) == 0 {
		return
	}
	calls := rules.Test{Usage: usage}.Calls()
	batch, err := p.store.PrepareBatch(p.t.Context(), "INSERT INTO usage_revisions (tenant_id, usage_id, call_type, is_conf_out, organizer_id, "+
		"conference_id, callee_number, destination_country, destination_class, npa_nxx, started_at, ended_at, seconds, stored_at)")
	require.NoError(p.t, err)
	for _, c := range calls {
		require.NoError(p.t, batch.Append(c.Tenant, p.prefix+c.Organizer+c.ID, "conf_out", true, c.Organizer, c.Conference, c.Number, c.Country, c.Class, c.NPANXX, c.Start, c.End, uint32(c.Seconds), p.now))
	}
	require.NoError(p.t, batch.Send())
}

func (p *past) detector(pack ...rules.Rule) *Detector {
	d, err := New(Options{
		Conn: p.store, Cases: p.cases, Pack: pack, Now: func() time.Time { return p.now }, NewID: uuid.New, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(p.t, err)
	return d
}

func (p *past) count(query string) (n uint64) {
	p.t.Helper()
	require.NoError(p.t, p.store.QueryRow(p.t.Context(), query).Scan(&n))
	return n
}

// leftovers counts working tables.
func leftovers(t *testing.T, s *store.Store) (n uint64) {
	t.Helper()
	require.NoError(t, s.QueryRow(t.Context(), "SELECT count() FROM system.tables WHERE database = currentDatabase() AND startsWith(name, '"+workPrefix+"')").Scan(&n))
	return n
}

func (p *past) decide(organizer, kind string) {
	p.t.Helper()
	_, err := p.cases.Act(p.t.Context(), cases.ID("tenant", organizer), cases.Action{Kind: kind, Actor: "ann", Reason: "looked"}, p.now)
	require.NoError(p.t, err)
}

func at(day int) rules.Moment {
	return rules.Moment{Time: time.Date(2026, 3, day, 8, 0, 0, 0, time.UTC)}
}

func day(day int) time.Time { return time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC) }

func TestABacktestFindsWhatDetectionDidAndComparesWithPeople(t *testing.T) {
	t.Parallel()
	p := newPast(t,
		rules.Usage{Organizer: "abuser", Start: at(2), Minutes: 10, Times: 25, Days: 3},
		rules.Usage{Organizer: "trainer", Start: at(3), Minutes: 10, Times: 12},
		rules.Usage{Organizer: "small", Start: at(4), Minutes: 10, Times: 7},
		rules.Usage{Organizer: "quiet", Start: at(4), Minutes: 10, Times: 2},
		rules.Usage{Tenant: "other", Organizer: "abroad", Start: at(4), Minutes: 10, Times: 30},
	)
	live := p.detector(busyDayOf(t, 1, rules.StatusLive, 10))
	real, err := live.Detect(t.Context(), Request{From: day(1), To: day(8)}, nil)
	require.NoError(t, err)
	require.Len(t, real.Cases, 3)
	p.decide("abuser", cases.KindConfirmed)
	p.decide("trainer", cases.KindDismissed)

	rows := p.count("SELECT count() FROM finding_rows")
	events := p.count("SELECT count() FROM journal")
	ticks, of := 0, 0
	b, err := live.Backtest(t.Context(), BacktestRequest{
		From: day(1), To: day(8), Candidate: rules.Pack{busyDayOf(t, 2, rules.StatusExperimental, 5)},
	}, func(done, total int) { ticks, of = done, total })
	require.NoError(t, err)
	require.Equal(t, of, ticks, "progress ends at its end")
	require.Equal(t, rows, p.count("SELECT count() FROM finding_rows"))
	require.Equal(t, events, p.count("SELECT count() FROM journal"))
	require.Zero(t, leftovers(t, p.store))

	opened := func(list []WouldBeCase) (out []string) {
		for _, c := range list {
			out = append(out, c.OrganizerID+" "+c.OpenedAt.Format("2 15:04"))
		}
		slices.Sort(out)
		return out
	}
	var did []string
	for _, c := range real.Cases {
		did = append(did, c.OrganizerID+" "+c.OpenedAt.Format("2 15:04"))
	}
	slices.Sort(did)
	require.Equal(t, did, opened(b.Live.Cases), "the same cases at the same times as detection opened")
	half := 0.5
	require.Equal(t, Reviewed{Confirmed: 1, Dismissed: 1, Undecided: 1, Precision: &half}, b.Live.Reviewed)
	require.Equal(t, Reviewed{Confirmed: 1, Dismissed: 1, Undecided: 1, NoCase: 1, Precision: &half}, b.Candidate.Reviewed)
	require.Equal(t, Split{OnlyCandidate: 1, Both: 3}, b.Difference.Cases)
	require.Equal(t, Split{OnlyCandidate: 1, Both: 3}, b.Difference.Findings)
	require.Len(t, b.Difference.Changed, 1)
	changed := b.Difference.Changed[0]
	require.Equal(t, "candidate busy-day@2 small 2026-03 warning: 5 calls in a day.",
		changed.On+" "+rules.Rule{ID: changed.RuleID, Version: changed.RuleVersion}.Key()+" "+changed.OrganizerID+" "+changed.Month+" "+string(changed.Severity)+": "+changed.Sentence)
	require.Len(t, b.Rules, 2)
	require.Equal(t, []string{"live", "candidate"}, []string{b.Rules[0].On, b.Rules[1].On})
	require.Equal(t, []int{3, 4}, []int{b.Rules[0].Findings, b.Rules[1].Findings})
	require.Equal(t, []int{3, 4}, []int{b.Rules[0].Cases, b.Rules[1].Cases})
	require.Equal(t, 2, b.Live.Reviewed.Confirmed+b.Live.Reviewed.Dismissed)
	require.True(t, slices.IsSortedFunc(b.Candidate.Log, func(x, y cases.Event) int { return x.At.Compare(y.At) }))

	// A candidate that finds less: what people confirmed is missed, what they dismissed avoided.
	b, err = live.Backtest(t.Context(), BacktestRequest{
		From: day(1), To: day(8), Tenants: []string{"tenant"}, Rules: []string{"busy-day"}, Candidate: rules.Pack{busyDayOf(t, 3, rules.StatusLive, 19)},
	}, nil)
	require.NoError(t, err)
	require.Equal(t, 1, b.Tenants)
	require.Equal(t, []int{0, 0}, []int{b.Live.Missed, b.Live.Avoided})
	require.Equal(t, []int{0, 1}, []int{b.Candidate.Missed, b.Candidate.Avoided})
	require.Equal(t, Split{OnlyLive: 1, Both: 1}, b.Difference.Cases)
	// Reopened since: what was decided before still says something.
	p.decide("abuser", cases.KindReopened)
	b, err = live.Backtest(t.Context(), BacktestRequest{From: day(1), To: day(8)}, nil)
	require.NoError(t, err)
	require.Equal(t, 1, b.Live.Reviewed.Confirmed)
	require.Nil(t, b.Candidate)
}

func TestABacktestTakesRulesBySideAndStatus(t *testing.T) {
	t.Parallel()
	p := newPast(t, rules.Usage{Organizer: "abuser", Start: at(2), Minutes: 10, Times: 25})
	run := func(req BacktestRequest, pack ...rules.Rule) Backtest {
		req.From, req.To = day(1), day(4)
		b, err := p.detector(pack...).Backtest(t.Context(), req, nil)
		require.NoError(t, err)
		return b
	}
	shadow := busyDayOf(t, 1, rules.StatusShadow, 10)
	b := run(BacktestRequest{}, shadow)
	require.Equal(t, 1, b.Rules[0].Findings, "a shadow rule is run")
	require.Empty(t, b.Live.Cases, "and opens nothing")
	require.Len(t, run(BacktestRequest{Rules: []string{"busy-day"}}, shadow).Live.Cases, 1, "named, it is taken as if live")
	require.Empty(t, run(BacktestRequest{}, busyDayOf(t, 1, rules.StatusDeprecated, 10)).Rules)

	b = run(BacktestRequest{Candidate: rules.Pack{shadow}}, shadow)
	require.Len(t, b.Rules, 1, "what does not differ runs once")
	require.Equal(t, "both", b.Rules[0].On)

	fresh := shadow
	fresh.ID = "another"
	b = run(BacktestRequest{Candidate: rules.Pack{fresh}}, shadow)
	require.Len(t, b.Rules, 2)
	require.Empty(t, b.Live.Cases)
	require.Len(t, b.Candidate.Cases, 1)

	_, err := p.detector(shadow).Backtest(t.Context(), BacktestRequest{From: day(1), To: day(2), Rules: []string{"none"}}, nil)
	require.ErrorContains(t, err, `no rule "none"`)
	_, err = p.detector(shadow).Backtest(t.Context(), BacktestRequest{To: day(2)}, nil)
	require.ErrorContains(t, err, "from when to when")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.detector(shadow).Backtest(ctx, BacktestRequest{From: day(1), To: day(2)}, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAShadowRuleIsRecordedAndAnExperimentalOneIsNot(t *testing.T) {
	t.Parallel()
	p := newPast(t, rules.Usage{Organizer: "abuser", Start: at(2), Minutes: 10, Times: 25})
	other := busyDayOf(t, 1, rules.StatusShadow, 5)
	other.ID = "in-the-shadow"
	trial := busyDayOf(t, 1, rules.StatusExperimental, 5)
	trial.ID = "on-trial"
	d := p.detector(busyDayOf(t, 1, rules.StatusLive, 10), other, trial)
	dry, err := d.Detect(t.Context(), Request{From: day(1), To: day(4), DryRun: true}, nil)
	require.NoError(t, err)
	require.Len(t, dry.Rules, 3, "a dry run runs the experimental one too")
	require.Positive(t, dry.Rules[2].Findings)
	require.Zero(t, p.count("SELECT count() FROM finding_rows"))

	report, err := d.Detect(t.Context(), Request{From: day(1), To: day(4)}, nil)
	require.NoError(t, err)
	require.Len(t, report.Rules, 2)
	require.Positive(t, p.count("SELECT count() FROM finding_rows WHERE rule_id = 'in-the-shadow' AND rule_status = 'shadow'"))
	require.Len(t, report.Cases, 1)
	for _, f := range report.Cases[0].Findings {
		require.Equal(t, "busy-day", f.RuleID, "the shadow rule counts nothing in the risk")
	}
	alone, err := p.detector(busyDayOf(t, 1, rules.StatusLive, 10)).Backtest(t.Context(), BacktestRequest{From: day(1), To: day(4)}, nil)
	require.NoError(t, err)
	require.Equal(t, alone.Live.Cases[0].Score, report.Cases[0].Score)
	_, err = d.Detect(t.Context(), Request{From: day(1), To: day(4), Rules: []string{"on-trial"}}, nil)
	require.ErrorContains(t, err, "on-trial is experimental")

	kept := p.detector(busyDayOf(t, 1, rules.StatusLive, 10), other)
	kept.o.Known = &RecordMemo{}
	asKept := func() {
		t.Helper()
		for range 2 {
			want, err := d.Records(t.Context())
			require.NoError(t, err)
			got, err := kept.Records(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, got, "what is kept is what there is")
		}
	}
	asKept()

	// The shadow rule's precision is that of the cases which other rules opened.
	p.decide("abuser", cases.KindConfirmed)
	asKept()
	records, err := d.Records(t.Context())
	require.NoError(t, err)
	require.Len(t, records, 2)
	for id, r := range records {
		require.Equal(t, []int{1, 1, 1, 0}, []int{r.Findings, r.Organizers, r.Reviewed.Confirmed, r.Reviewed.Dismissed}, id)
		require.Equal(t, 1.0, *r.Reviewed.Precision)
		require.Equal(t, day(2).Format(time.DateOnly), r.Newest.Format(time.DateOnly))
	}
	require.NoError(t, p.store.Exec(t.Context(), "INSERT INTO finding_rows SELECT * REPLACE ('somebody' AS organizer_id, generateUUIDv4() AS finding_id) FROM finding_rows"))
	asKept()
}

func TestTheStepOfABacktestGrowsWithItsLength(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		days int
		step time.Duration
		says bool
	}{{90, time.Hour, false}, {101, 6 * time.Hour, true}, {366, 6 * time.Hour, true}, {1000, 24 * time.Hour, true}} {
		step, why := stepOf(BacktestRequest{From: day(1), To: day(1).AddDate(0, 0, c.days)})
		require.Equal(t, c.step, step, "%d days", c.days)
		require.Equal(t, c.says, why != "")
	}
	step, why := stepOf(BacktestRequest{From: day(1), To: day(1).AddDate(5, 0, 0), Step: time.Minute})
	require.Equal(t, time.Minute, step)
	require.Empty(t, why)
}
