package detector

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/rules"
	"fairdial/store/storetest"
)

// leg is a revision of a record in a test of hours.
type leg struct {
	id, organizer, number string
	revision              int
	start                 time.Time
	seconds               int
	class, country, block string
	highCost              bool
	replacesStart         time.Time
}

func (p *past) land(legs ...leg) {
	p.t.Helper()
	batch, err := p.store.PrepareBatch(p.t.Context(), "INSERT INTO usage_revisions (tenant_id, usage_id, revision, call_type, is_conf_out, organizer_id, "+
		"conference_id, callee_number, destination_country, destination_class, npa_nxx, high_cost, started_at, ended_at, seconds, replaces_started_at, stored_at)")
	require.NoError(p.t, err)
	for _, l := range legs {
		require.NoError(p.t, batch.Append("tenant", l.id, uint16(l.revision), "conf_out", true, l.organizer, "", l.number, l.country, l.class, l.block, l.highCost,
			l.start, l.start.Add(time.Duration(l.seconds)*time.Second), uint32(l.seconds), l.replacesStart, p.now))
	}
	require.NoError(p.t, batch.Send())
}

// hours are those that count, a line each.
func (p *past) hours() []string {
	p.t.Helper()
	return p.lines(p.t.Context(), "SELECT toString(tuple(* EXCEPT digest)) FROM organizer_hours ORDER BY tenant_id, organizer_id, hour")
}

// lines is the rows of a query that has one column, of text.
func (p *past) lines(ctx context.Context, query string) (out []string) {
	p.t.Helper()
	rows, err := p.store.Query(ctx, query)
	require.NoError(p.t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		require.NoError(p.t, rows.Scan(&line))
		out = append(out, line)
	}
	require.NoError(p.t, rows.Err())
	return out
}

func (p *past) refresh(d *Detector) HoursReport {
	p.t.Helper()
	r, err := d.RefreshHours(p.t.Context())
	require.NoError(p.t, err)
	return r
}

// One hour whose figures can be worked out by hand, and the hours around it.
func TestTheFeaturesOfAnHour(t *testing.T) {
	t.Parallel()
	p := newPast(t)
	d := p.detector()
	d.o.AddonPlans = []string{"addon"}
	clock := func(h, m, s int) time.Time { return time.Date(2026, 3, 2, h, m, s, 0, time.UTC) }
	us := leg{organizer: "ann", class: "geographic", country: "US"}
	call := func(l leg, id, number, block string, start time.Time, seconds int) leg {
		l.id, l.number, l.block, l.start, l.seconds = id, number, block, start, seconds
		return l
	}
	abroad, free, rural := us, us, us
	abroad.country, free.class, rural.highCost = "JM", "toll_free", true
	p.land(
		call(us, "a", "+12125550001", "212555", clock(9, 0, 0), 4*3600), // until 13:00: an hour of its own
		call(us, "b", "+12125550001", "212555", clock(10, 0, 0), 600),
		call(us, "c", "+12125550002", "212555", clock(10, 5, 0), 600), // beside b for five minutes
		call(us, "d", "+12125550003", "212555", clock(10, 10, 0), 0),  // nobody answered
		call(abroad, "e", "+18765550100", "876555", clock(10, 20, 0), 30),
		call(free, "f", "+18005550100", "800555", clock(10, 30, 0), 570),
		call(rural, "g", "+17125550100", "712555", clock(10, 40, 0), 600),
		call(us, "h", "+12125550001", "212555", clock(14, 0, 0), 60),
	)
	p.now = p.now.Add(3 * time.Hour)
	require.Equal(t, HoursReport{Whole: true}, p.refresh(d))
	require.Equal(t, []string{
		// 600+600+30+570+600 = 2400 seconds to six callees, of whom the first, second and last have a
		// quarter each: 3 * 0.25 * 2 + 0.2375 * log2(1/0.2375) + 0.0125 * log2(80) = 2.071599 bits. Block 212-555
		// has half. 0001, 0002 and 0003 are two that follow another. Money: 20 minutes at 0.01, half
		// a minute at 0.25, 9.5 minutes at 0.03, 10 at 0.08.
		"('tenant','ann','2026-03-02 10:00:00',6,5,2400,1,0,6,6,0.25,2.071599,0.5,1.571599,2,['2026-03-02 10:00:00'],2,1,570,1,600,1,30,0,1.41)",
		// The long one, with the most beside it: b and c.
		"('tenant','ann','2026-03-02 13:00:00',1,1,14400,0,1,1,0,1,0,1,0,3,['2026-03-02 09:00:00','2026-03-02 10:00:00','2026-03-02 11:00:00','2026-03-02 12:00:00'],0,0,0,0,0,0,0,0,2.4)",
		"('tenant','ann','2026-03-02 14:00:00',1,1,60,0,0,1,0,1,0,1,0,1,['2026-03-02 14:00:00'],0,0,0,0,0,0,0,0,0.01)",
	}, p.hours())

	// A record that comes late touches its hour, the ones of calls beside it that end later, and
	// the next call to its number; a correction empties the hour that it leaves.
	p.now = p.now.Add(24 * time.Hour)
	p.land(call(us, "late", "+12125550009", "212555", clock(10, 5, 0), 300))
	p.now = p.now.Add(3 * time.Hour)
	require.Equal(t, HoursReport{Changed: 1}, p.refresh(d))
	require.EqualValues(t, 2, p.count("SELECT count() FROM organizer_hour_rows WHERE run_id = (SELECT argMax(run_id, made_at) FROM organizer_hour_runs)"), "10 and 13 o'clock")
	require.Contains(t, p.hours()[1], "14400,0,1,1,0,1,0,1,0,4,", "four legs at once")
	p.now = p.now.Add(24 * time.Hour)
	moved := call(us, "h", "+12125550001", "212555", clock(15, 30, 0), 60)
	moved.revision, moved.replacesStart = 1, clock(14, 0, 0)
	p.land(moved)
	p.now = p.now.Add(3 * time.Hour)
	require.Equal(t, HoursReport{Changed: 2}, p.refresh(d), "it and what it replaced")
	got := p.hours()
	require.Len(t, got, 3)
	require.Contains(t, got[2], "2026-03-02 15:00:00")
	// Nothing new, nothing done; other rates make all anew.
	p.now = p.now.Add(24 * time.Hour)
	runs := p.count("SELECT count() FROM organizer_hour_runs")
	require.Zero(t, p.refresh(d))
	require.Equal(t, runs, p.count("SELECT count() FROM organizer_hour_runs"))
	d.o.Rates.TollFree = d.o.Rates.Premium
	require.True(t, p.refresh(d).Whole)
	require.Contains(t, p.hours()[0], "20.175)")
	require.EqualValues(t, 3, p.count("SELECT count() FROM organizer_hour_rows"), "those of older runs are gone")
}

// checks sets on how many random worlds, always the same ones, the next property is tried;
// FAIRDIAL_CHECKS asks for more, at random.
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

// Whatever comes late, is corrected, moved to another organizer or hour, or killed half way:
// hours that were kept up to date are those that are made from nothing.
func TestHoursKeptUpToDateAreThoseMadeFromNothing(t *testing.T) {
	checks(t, 15)
	s := storetest.Open(t)
	truncate := func(tables ...string) {
		for _, table := range tables {
			require.NoError(t, s.Exec(t.Context(), "TRUNCATE TABLE "+table))
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		truncate("usage_revisions", "licence_intervals", "licence_generations", "organizer_hour_rows", "organizer_hour_runs")
		p := &past{t: t, store: s, now: day(1)}
		kept := p.detector()
		kept.o.AddonPlans = []string{"addon"}
		// Even, where rapid's own numbers are mostly small: calls must lie in many hours.
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "world"), 1))
		pick := random.IntN
		draw := func(l leg) leg {
			l.organizer, l.number = string(rune('a'+pick(2))), fmt.Sprintf("+1212555000%d", pick(2))
			l.start = day(1).Add(-time.Duration(pick(2)) * 60 * 24 * time.Hour).Add(time.Duration(pick(600)) * time.Minute)
			l.seconds = []int{0, 20, 600, 7200, 20000}[pick(5)]
			l.class, l.country, l.block, l.highCost = "geographic", []string{"US", "JM"}[pick(2)], "212555", pick(2) == 1
			return l
		}
		var all []leg
		for step := range 2 + pick(3) {
			p.now = p.now.Add(5 * time.Hour)
			var legs []leg
			fresh := pick(4)
			if step == 0 {
				fresh += 12 // a past, of which the later steps touch little
			}
			for range fresh {
				legs = append(legs, draw(leg{id: fmt.Sprint("r", len(all)+len(legs))}))
			}
			for i := range all {
				if step > 0 && pick(12) == 0 {
					next := draw(leg{id: all[i].id, revision: all[i].revision + 1, replacesStart: all[i].start})
					legs, all[i] = append(legs, next), next
				}
			}
			for _, l := range legs {
				if l.revision == 0 {
					all = append(all, l)
				}
			}
			if len(legs) > 0 {
				p.land(legs...)
			}
			if pick(3) == 0 {
				p.hold(fmt.Sprintf("%08d", step), []string{"a", "b"}[pick(2)], day(1).Add(-time.Duration(pick(200))*24*time.Hour))
			}
			switch pick(4) {
			case 0: // later
			case 1: // killed before its last write
				p.refresh(kept)
				require.NoError(t, s.Exec(t.Context(), "DELETE FROM organizer_hour_runs WHERE made_at = (SELECT max(made_at) FROM organizer_hour_runs) AND NOT whole"))
			default:
				p.refresh(kept)
			}
		}
		p.now = p.now.Add(time.Hour)
		p.refresh(kept)
		got := p.hours()
		truncate("organizer_hour_rows", "organizer_hour_runs")
		require.True(t, p.refresh(kept).Whole)
		require.Equal(t, p.hours(), got)
	})
}

// hold imports licences: the organizer has the add-on since then, and nobody else has.
func (p *past) hold(generation, organizer string, since time.Time) {
	id := generation + "-0000-0000-0000-000000000000"
	require.NoError(p.t, p.store.Exec(p.t.Context(), fmt.Sprintf("INSERT INTO licence_intervals VALUES ('%s', 'tenant', '%s', 'addon', '%s', '2200-01-01')",
		id, organizer, since.Format(time.DateTime))))
	require.NoError(p.t, p.store.Exec(p.t.Context(), fmt.Sprintf("INSERT INTO licence_generations VALUES ('%s', 'tenant', 1, '%s')", id, p.now.Format(time.DateTime))))
}

// everyHour finds every hour that an organizer has, with all that the view says of it.
const everyHour = `
id: every-hour
version: 1
title: Every hour
meaning: Hours, in a test.
verdict: fair_use
family: volume
status: live
scope: organizer
window: day
unit: calls
thresholds: {warning: 1, critical: 1000}
weights: {warning: 0.1, critical: 0.9}
parameters: []
sql: |
  SELECT tenant_id, organizer_id, at, toDateTime64(hour, 3, 'UTC') AS window_start, toDateTime64(hour + 3600, 3, 'UTC') AS window_end,
      toFloat64(calls) AS value, CAST(NULL, 'Nullable(Float64)') AS baseline, toString(tuple(COLUMNS('.*'))) AS all_of_it
  FROM organizer_hours
evidence: c.ended_at >= h.window_start AND c.ended_at < h.window_end
sentence: "{{.all_of_it}}"
false_positives: [A test.]
runbook: Look.
owner: test
`

// A pass that writes takes the hours from the store, a dry run works them out: they are the
// same at every step, and a step sees an hour once it is over.
func TestAPassSeesTheHoursThatWereOver(t *testing.T) {
	t.Parallel()
	p := newPast(t,
		rules.Usage{Organizer: "ann", Start: at(2), Minutes: 50, Times: 3, Apart: rules.Span{Duration: 30 * time.Minute}, Days: 12},
		rules.Usage{Organizer: "bob", Start: rules.Moment{Time: day(3).Add(22 * time.Hour)}, Minutes: 200, Times: 2},
	)
	require.NoError(t, p.store.Exec(t.Context(), "INSERT INTO tenant_revisions (tenant_id, country, stored_at) VALUES ('tenant', 'DE', now())"))
	r, err := rules.Parse("every-hour.yaml", []byte(everyHour))
	require.NoError(t, err)
	d := p.detector(r)
	seen := func(stored bool, from, to time.Time, latency time.Duration) (out []string) {
		req, err := Request{From: from, To: to, Latency: latency}.complete(p.now)
		require.NoError(t, err)
		if stored {
			p.refresh(d)
		}
		w := d.workspace(d.parameters(req).and("tenants", texts([]string{"tenant"})))
		w.stored = stored
		require.NoError(t, w.make(t.Context(), []string{"organizer_hours"}))
		rows, err := p.store.Query(w.parameters().on(t.Context(), nil), over([]string{"organizer_hours"}, "SELECT toString(tuple(*)) FROM organizer_hours ORDER BY tenant_id, organizer_id, hour"))
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var line string
			require.NoError(t, rows.Scan(&line))
			out = append(out, line)
		}
		require.NoError(t, w.close(t.Context()))
		return out
	}
	worked := seen(false, day(4), day(16), 20*time.Minute)
	require.NotEmpty(t, worked)
	require.Equal(t, worked, seen(true, day(4), day(16), 20*time.Minute))
	for _, to := range []time.Time{day(5).Add(9 * time.Hour), day(9).Add(9*time.Hour + 20*time.Minute)} {
		require.Subset(t, worked, seen(true, day(4), to, 20*time.Minute), "what a step saw is so later too")
	}
	// Bob's hour from 4 to 5 UTC ends a night from 23:00 to 5:41 in Berlin: six hours of its day.
	last := worked[len(worked)-1]
	require.True(t, strings.HasPrefix(last, "('tenant','bob','2026-03-04 04:00:00','2026-03-04 06:00:00.000',1,1,12000,0,0,1,1,0,1,0,1,0,1,6,"), last)
	require.True(t, strings.HasSuffix(last, "'Europe/Berlin','country',5,'2026-03-04',1,0,1,0)"), last)
	report, err := d.Detect(t.Context(), Request{From: day(4), To: day(16)}, nil)
	require.NoError(t, err)
	require.Positive(t, report.Findings)
	require.Zero(t, leftovers(t, p.store))
}

// Where a country has several time zones, or none is known, the organizer's own past decides.
func TestTheZoneOfAnOrganizerIsThatOfItsDays(t *testing.T) {
	t.Parallel()
	clock := func(month time.Month, hour int) rules.Moment {
		return rules.Moment{Time: time.Date(2026, month, 5, hour, 0, 0, 0, time.UTC)}
	}
	hourly := rules.Span{Duration: time.Hour}
	p := newPast(t,
		rules.Usage{Organizer: "west", Start: clock(1, 16), Minutes: 20, Times: 10, Apart: hourly, Days: 60}, // 8 to 18 in Los Angeles
		rules.Usage{Organizer: "east", Start: clock(1, 13), Minutes: 20, Times: 9, Apart: hourly, Days: 60},  // 8 to 17 in New York
		rules.Usage{Organizer: "seldom", Start: clock(2, 3), Minutes: 20, Days: 9},
		rules.Usage{Tenant: "unknown", Organizer: "india", Start: clock(1, 4), Minutes: 20, Times: 8, Apart: hourly, Days: 60},
		rules.Usage{Tenant: "unknown", Organizer: "seldom", Start: clock(2, 3), Minutes: 20, Days: 2},
		rules.Usage{Tenant: "desert", Organizer: "friday", Start: rules.Moment{Time: time.Date(2026, 3, 6, 8, 0, 0, 0, time.UTC)}, Minutes: 20},
	)
	require.NoError(t, p.store.Exec(t.Context(), "INSERT INTO tenant_revisions (tenant_id, country, stored_at) VALUES ('tenant', 'US', now()), ('desert', 'SA', now())"))
	d := p.detector()
	w := d.workspace(d.parameters(Request{From: day(12), To: day(12), Step: time.Hour}).and("tenants", "['tenant','unknown','desert']"))
	require.NoError(t, w.make(t.Context(), []string{"organizer_hours"}))
	got := p.lines(w.parameters().on(t.Context(), nil), over([]string{"organizer_hours"}, `
		SELECT tenant_id || ' ' || organizer_id || ' ' || argMax(zone || ' ' || zone_from, hour) || ' ' || toString(argMax((off_hours, weekend), hour)) FROM organizer_hours
		GROUP BY tenant_id, organizer_id ORDER BY tenant_id, organizer_id`))
	require.Equal(t, []string{
		"desert friday Asia/Riyadh country (0,1)",
		"tenant east America/New_York past (0,0)",
		"tenant seldom America/New_York first (1,0)",
		"tenant west America/Los_Angeles past (0,0)",
		"unknown india UTC+05:00 past (0,0)",
		"unknown seldom   (NULL,NULL)",
	}, got)
	require.NoError(t, w.close(t.Context()))
}

func TestEveryTimeZoneIsKnown(t *testing.T) {
	t.Parallel()
	all, err := readZones(zonesText)
	require.NoError(t, err)
	require.Greater(t, len(all), 300)
	_, err = readZones("country,zone,weekend\nXX,Nowhere/At_All,6 7\n")
	require.ErrorContains(t, err, "line 2")
	_, err = readZones("country,zone,weekend\nDE,Europe/Berlin,8\n")
	require.ErrorContains(t, err, "no day of the week")
}
