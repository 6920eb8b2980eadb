package detector

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/rules"
)

// correct stores a further revision of a call of an organizer: with another length and, where
// to is not empty, of another organizer.
func (p *past) correct(organizer, id, to string, seconds int64) {
	p.t.Helper()
	require.NoError(p.t, p.store.Exec(p.t.Context(), fmt.Sprintf(`INSERT INTO usage_revisions (tenant_id, usage_id, revision, call_type, is_conf_out,
		organizer_id, conference_id, callee_number, destination_country, destination_class, npa_nxx, started_at, ended_at, seconds, replaces_started_at, stored_at)
	SELECT tenant_id, usage_id, revision + 1, call_type, is_conf_out, '%s', conference_id, callee_number, destination_country, destination_class, npa_nxx,
		started_at, started_at + toIntervalSecond(%d), %d, started_at, toDateTime64('%s', 6, 'UTC')
	FROM usage WHERE usage_id = '%s'`, to, seconds, seconds, p.now.Format(time.DateTime), organizer+id)))
}

// fresh is the detector that judges new records alone wherever it can.
func (p *past) fresh(pack ...rules.Rule) *Detector {
	d := p.detector(pack...)
	d.o.WholeCalls = 1
	return d
}

func (p *past) pass(d *Detector, at time.Time, onlyNew bool) Report {
	p.t.Helper()
	p.now = at
	r, err := d.Detect(p.t.Context(), Request{To: at, New: onlyNew}, nil)
	require.NoError(p.t, err)
	return r
}

func TestAPassOverNewRecordsJudgesWhoHasThem(t *testing.T) {
	t.Parallel()
	p := newPast(t)
	p.now = day(1)
	p.use(
		rules.Usage{Organizer: "heavy", Start: rules.Moment{Time: day(1)}, Minutes: 1, Times: 8},
		rules.Usage{Organizer: "idle", Start: rules.Moment{Time: day(1)}, Minutes: 1, Times: 8},
		rules.Usage{Organizer: "moved", Start: rules.Moment{Time: day(1).Add(time.Hour)}, Minutes: 1, Times: 12},
	)
	rule := busyDayOf(t, 1, rules.StatusLive, 10)
	d := p.fresh(rule)
	first := p.pass(d, day(1).Add(6*time.Hour), true)
	require.False(t, first.Fresh, "the first pass is over all")
	require.Len(t, first.Cases, 1)

	p.now, p.prefix = day(1).Add(7*time.Hour+30*time.Minute), "later-"
	p.use(rules.Usage{Organizer: "heavy", Start: rules.Moment{Time: day(1).Add(7 * time.Hour)}, Minutes: 1, Times: 4})
	second := p.pass(d, day(1).Add(10*time.Hour), true)
	require.True(t, second.Fresh)
	require.EqualValues(t, 12, second.Calls, "of heavy alone")
	require.Len(t, second.Cases, 1)
	require.Equal(t, "heavy", second.Cases[0].OrganizerID)
	require.Equal(t, 12.0, second.Cases[0].Findings[0].Value, "all of its day, not only what is new")

	// A corrected record touches the organizer it was taken from and the one it goes to.
	p.now = day(1).Add(13 * time.Hour)
	p.correct("moved", "call-000017", "idle", 60)
	third := p.pass(d, day(1).Add(14*time.Hour), true)
	require.True(t, third.Fresh)
	require.EqualValues(t, 8+12+1, third.Calls)

	// Another version of a rule, and the first pass of a day, are over all.
	require.False(t, p.pass(p.fresh(busyDayOf(t, 2, rules.StatusLive, 9)), day(1).Add(15*time.Hour), true).Fresh)
	require.False(t, p.pass(d, day(2).Add(time.Hour), true).Fresh)
	require.True(t, p.pass(d, day(2).Add(2*time.Hour), true).Fresh)
	// Where there is little, and where it is not asked for, all are judged.
	require.False(t, p.pass(p.detector(rule), day(2).Add(3*time.Hour), true).Fresh)
	require.False(t, p.pass(d, day(2).Add(3*time.Hour), false).Fresh)
	require.Zero(t, leftovers(t, p.store))
}

// Whatever comes in when, late and corrected records among it: passes over new records open
// the cases that passes over all open, at the same steps.
func TestPassesOverNewRecordsFindWhatPassesOverAllDo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			whole, fresh := newPast(t), newPast(t)
			rule := busyDayOf(t, 1, rules.StatusLive, 6)
			judged := 0
			for step := range 6 {
				at := day(1).Add(time.Duration(4*step+3) * time.Hour)
				var usage []rules.Usage
				for range random.IntN(4) {
					usage = append(usage, rules.Usage{
						Organizer: string(rune('a' + random.IntN(4))),
						// Late by up to three steps.
						Start:   rules.Moment{Time: at.Add(-time.Duration(1+random.IntN(12)) * time.Hour)},
						Minutes: 5, Times: 1 + random.IntN(8),
					})
				}
				for _, p := range []*past{whole, fresh} {
					p.now, p.prefix = at.Add(-time.Minute), fmt.Sprintf("%d-", step)
					p.use(usage...)
					if n := len(usage); n > 1 {
						p.correct(fmt.Sprintf("%d-%s", step, usage[0].Organizer), "call-000001", usage[n-1].Organizer, 60)
					}
				}
				whole.pass(whole.detector(rule), at, false)
				if fresh.pass(fresh.fresh(rule), at, true).Fresh {
					judged++
				}
			}
			require.Positive(t, judged)
			seen := func(p *past) (out []string) {
				list, err := p.cases.List(t.Context(), cases.Filter{})
				require.NoError(t, err)
				for _, c := range list {
					for _, f := range c.Findings {
						out = append(out, fmt.Sprintf("%s %s %s %v %s", c.OrganizerID, c.OpenedAt, f.At, f.Value, f.Severity))
					}
				}
				return out
			}
			require.NotEmpty(t, seen(whole))
			require.ElementsMatch(t, seen(whole), seen(fresh))
		})
	}
}
