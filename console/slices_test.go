package console

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// plainSlices breaks use down as one would by hand: of each record its newest revision.
const plainSlices = `
	SELECT %s AS name, '' AS label, toInt64(count()) AS calls, toInt64(sum(seconds)) AS seconds
	FROM (SELECT * FROM usage_revisions ORDER BY revision DESC LIMIT 1 BY tenant_id, usage_id)
	WHERE is_conf_out AND started_at >= '2026-01-05' AND started_at < '2026-01-15' AND %s
	GROUP BY name ORDER BY name`

func TestBreakdownsAreThoseOfTheNewestRevisions(t *testing.T) {
	h, _, conn := withCases(t)
	dice := rand.New(rand.NewPCG(7, 7))
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	countries := []string{"US", "CA", "GB", ""}
	type revision struct {
		tenant, id string
		number     int
		at, before time.Time
	}
	var newest []revision
	write := func(all []revision) {
		var rows []string
		for _, r := range all {
			rows = append(rows, fmt.Sprintf("('%s', '%s', %d, %t, 'o%d', '%s', '42555%d', '+142555%d010%d', '%s', %d, '%s')", r.tenant, r.id, r.number, dice.IntN(5) > 0, dice.IntN(3),
				countries[dice.IntN(4)], dice.IntN(12), dice.IntN(2), dice.IntN(6), r.at.Format("2006-01-02 15:04:05.0000000"), dice.IntN(900), r.before.Format("2006-01-02 15:04:05.0000000")))
		}
		require.NoError(t, conn.Exec(t.Context(), "INSERT INTO usage_revisions (tenant_id, usage_id, revision, is_conf_out, organizer_id, destination_country, npa_nxx, callee_number, started_at, seconds, replaces_started_at) VALUES "+strings.Join(rows, ",")))
	}
	kept, dials := &peerMemo{}, &dialMemo{}
	check := func() {
		t.Helper()
		for by, key := range map[string]string{"day": "toString(toDate(started_at))", "country": "destination_country::String", "tenant": "tenant_id::String", "organizer": "organizer_id"} {
			for query, where := range map[string]string{"": "true", "&tenant_id=t1": "tenant_id = 't1'"} {
				want := []slice{}
				require.NoError(t, conn.Select(t.Context(), &want, fmt.Sprintf(plainSlices, key, where)))
				got := into[struct{ Slices []slice }](t, get(h, "/api/v1/usage/slices?from=2026-01-05&to=2026-01-15&limit=200&by="+by+query)).Slices
				for i := range got {
					got[i].Label = ""
				}
				require.ElementsMatch(t, want, got, by+query)
			}
		}
		// The calls that prove a case are found by when they began.
		views := views{conn: conn, peers: kept, dials: dials}
		s := span{tenant: "t1", organizer: "o1", from: begin.AddDate(0, 0, 4), to: begin.AddDate(0, 0, 14)}
		var proving []struct {
			ID string    `ch:"usage_id"`
			At time.Time `ch:"at"`
		}
		require.NoError(t, conn.Select(t.Context(), &proving, `SELECT usage_id, toDateTime(started_at, 'UTC') AS at
			FROM (SELECT * FROM usage_revisions ORDER BY revision DESC LIMIT 1 BY tenant_id, usage_id)
			WHERE tenant_id = 't1' AND organizer_id = 'o1' AND started_at >= '2026-01-05' AND started_at < '2026-01-15' ORDER BY at, usage_id`))
		ids := []string{"nobody's"}
		for _, p := range proving {
			ids = append(ids, p.ID)
		}
		_, few, err := views.proven(t.Context(), s, ids)
		require.NoError(t, err)
		evidence, err := views.evidence(t.Context(), s, ids)
		require.NoError(t, err)
		require.Equal(t, evidence, few)
		require.Len(t, evidence, len(proving))
		for i, p := range proving {
			require.Equal(t, p.ID, evidence[i].UsageID)
			require.True(t, p.At.Equal(evidence[i].At))
		}
		checkTies(t, views, s)
		checkHabits(t, views, s)
		var records []struct {
			ID string `ch:"id"`
		}
		require.NoError(t, conn.Select(t.Context(), &records, `SELECT concat(tenant_id, '/', usage_id) AS id
			FROM (SELECT * FROM usage_revisions ORDER BY revision DESC LIMIT 1 BY tenant_id, usage_id)
			WHERE is_conf_out AND started_at >= '2026-01-05' AND started_at < '2026-01-15' ORDER BY started_at DESC, tenant_id, usage_id LIMIT 500`))
		got := into[struct{ Usage []listedUse }](t, get(h, "/api/v1/usage?from=2026-01-05&to=2026-01-15&limit=500")).Usage
		require.Len(t, got, len(records))
		for i, r := range records {
			require.Equal(t, r.ID, got[i].TenantID+"/"+got[i].UsageID)
		}
	}
	moment := func() time.Time {
		return begin.Add(time.Duration(dice.Int64N(int64(20 * 24 * time.Hour)))).Truncate(time.Second)
	}
	for i := range 200 { // the same id is another record at another tenant
		for _, tenant := range []string{"t1", "t2"} {
			at := moment()
			newest = append(newest, revision{tenant, fmt.Sprint("u", i), 0, at, at})
		}
	}
	write(newest)
	check()       // nothing is corrected
	for range 2 { // corrections, corrections of those, and records that come late
		var corrections []revision
		for i := range newest {
			if dice.IntN(6) == 0 {
				r := &newest[i]
				r.number, r.before = r.number+1, r.at
				if dice.IntN(2) == 0 {
					r.at = moment()
				}
				corrections = append(corrections, *r)
			}
		}
		late := revision{"t1", fmt.Sprint("late", len(newest)), 0, moment(), begin}
		newest = append(newest, late)
		write(append(corrections, late))
		check()
		// What was replaced is kept of some, and of some twice.
		for range 2 {
			require.NoError(t, conn.Exec(t.Context(), "INSERT INTO kept_replaced SELECT * FROM replaced_usage WHERE cityHash64(usage_id) % 3 = 1"))
		}
		check()
	}
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO kept_replaced SELECT * FROM unkept_replaced"))
	check()
	require.NoError(t, conn.Exec(t.Context(), "OPTIMIZE TABLE usage_revisions FINAL"))
	check()
}

// checkHabits holds an organizer's habits, and their peers', against what one would count by hand.
func checkHabits(t *testing.T, v views, s span) {
	t.Helper()
	const newest = ` FROM (SELECT * FROM usage_revisions ORDER BY revision DESC LIMIT 1 BY tenant_id, usage_id)
		WHERE is_conf_out AND started_at >= '2026-01-05' AND started_at < '2026-01-15' AND tenant_id = 't1' `
	var want habits
	require.NoError(t, v.conn.Select(t.Context(), &want.Days, `SELECT toDateTime(toDate(started_at), 'UTC') AS day, toInt64(sum(seconds)) AS seconds, toInt64(count()) AS calls`+newest+`AND organizer_id = 'o1' GROUP BY day ORDER BY day`))
	require.NoError(t, v.conn.Select(t.Context(), &want.Hours, `SELECT toInt64(toDayOfWeek(started_at)) AS weekday, toInt64(toHour(started_at)) AS hour, toInt64(sum(seconds)) AS seconds`+newest+`AND organizer_id = 'o1' GROUP BY weekday, hour ORDER BY weekday, hour`))
	require.NoError(t, v.conn.Select(t.Context(), &want.Places, `SELECT kind, name, toInt64(sum(seconds)) AS seconds, toInt64(count()) AS calls
		FROM (SELECT seconds, callee_number, arrayJoin([('country', destination_country::String), ('area', substring(npa_nxx::String, 1, 3)), ('block', npa_nxx::String), ('number', callee_number)]) AS x, x.1 AS kind, x.2 AS name`+newest+`AND organizer_id = 'o1')
		WHERE name != '' GROUP BY kind, name HAVING kind != 'block' OR uniqExact(callee_number) >= 3 ORDER BY kind, seconds DESC, name LIMIT 8 BY kind`))
	for _, many := range []bool{false, true} {
		got, err := v.habitsOf(t.Context(), s, many)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	own, err := v.ownCalls(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, want, own.habits())
	var others []peerDay
	require.NoError(t, v.conn.Select(t.Context(), &others, `SELECT day, toInt64(count()) AS organizers, toInt64(quantileExact(0.5)(used)) AS usual, toInt64(quantileExact(0.95)(used)) AS high
		FROM (SELECT toDateTime(toDate(started_at), 'UTC') AS day, organizer_id, toInt64(sum(seconds)) AS used`+newest+`AND organizer_id != 'o1' GROUP BY day, organizer_id) GROUP BY day ORDER BY day`))
	for range 2 { // the second time from what was kept of the first
		all, err := v.everybody(t.Context(), s)
		require.NoError(t, err)
		require.Equal(t, others, all.others(want.Days))
	}
	require.Len(t, v.peers.of, 1)
}

// checkTies holds who called the same numbers against what one would count by hand, however much of
// it was read before.
func checkTies(t *testing.T, v views, s span) {
	t.Helper()
	others := []who{{"t1", "o0"}, {"t1", "o2"}, {"t2", "o0"}, {"t2", "o1"}, {"t2", "o2"}, {"t3", "o1"}}
	for _, days := range []int{0, 3, -40} { // the last is of what was read before in part
		s := span{s.tenant, s.organizer, s.from.AddDate(0, 0, days), s.to}
		const newest = `(SELECT * FROM usage_revisions ORDER BY revision DESC LIMIT 1 BY tenant_id, usage_id)
			WHERE is_conf_out AND callee_number != '' AND started_at >= {from:DateTime} AND started_at < {to:DateTime}`
		var want []struct {
			Tenant    string `ch:"tenant_id"`
			Organizer string `ch:"organizer_id"`
			Numbers   int64  `ch:"numbers"`
			Seconds   int64  `ch:"used"`
		}
		require.NoError(t, v.conn.Select(t.Context(), &want, `SELECT tenant_id::String AS tenant_id, organizer_id, toInt64(uniqExact(callee_number)) AS numbers, toInt64(sum(seconds)) AS used
			FROM `+newest+` AND (tenant_id, organizer_id) != ('t1', 'o1')
			AND callee_number IN (SELECT callee_number FROM `+newest+` AND (tenant_id, organizer_id) = ('t1', 'o1'))
			GROUP BY tenant_id, organizer_id HAVING numbers > 1 ORDER BY numbers DESC, used DESC, tenant_id, organizer_id LIMIT 6`, s.args()...))
		got, err := v.ties(t.Context(), s, others)
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for i, w := range want {
			require.Equal(t, tie{who{w.Tenant, w.Organizer}, int(w.Numbers), w.Seconds}, got[i])
		}
	}
}
