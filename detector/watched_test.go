package detector

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/rules"
)

// rows makes the views that a query reads and gives its rows, a text each.
func (p *past) rows(d *Detector, tenants, view, query string) (out []string) {
	p.t.Helper()
	req, err := Request{To: p.now}.complete(p.now)
	require.NoError(p.t, err)
	w := d.workspace(d.parameters(req).and("tenants", tenants))
	require.NoError(p.t, w.make(p.t.Context(), []string{view}))
	out = p.lines(w.parameters().on(p.t.Context(), nil), over([]string{view}, query))
	require.NoError(p.t, w.close(p.t.Context()))
	return out
}

// Who had a licence and did not call has a past of nothing; who is new has none.
func TestWhoCouldHaveCalledHasAPast(t *testing.T) {
	t.Parallel()
	january := func(d int) rules.Moment { return rules.Moment{Time: day(d).AddDate(0, -2, 0)} }
	p := newPast(t,
		rules.Usage{Organizer: "first of the tenant", Start: january(1), Minutes: 5},
		rules.Usage{Organizer: "licensed for years", Start: at(10), Minutes: 5},
		rules.Usage{Organizer: "hired in february", Start: at(10), Minutes: 5},
		rules.Usage{Organizer: "called before the licence", Start: january(5), Minutes: 5},
		rules.Usage{Organizer: "nothing known", Start: at(10), Minutes: 5},
		rules.Usage{Tenant: "new", Organizer: "licensed for years", Start: at(12), Minutes: 5},
	)
	for i, l := range []string{
		"'tenant', 'licensed for years', 'plan', '2024-05-01', '2200-01-01'",
		"'tenant', 'hired in february', 'plan', '2026-02-10', '2200-01-01'",
		"'tenant', 'called before the licence', 'plan', '2026-02-10', '2200-01-01'",
		"'new', 'licensed for years', 'plan', '2024-05-01', '2200-01-01'",
	} {
		generation := "10000000-0000-0000-0000-000000000000"
		if i == 3 {
			generation = "20000000-0000-0000-0000-000000000000"
		}
		require.NoError(t, p.store.Exec(t.Context(), fmt.Sprintf("INSERT INTO licence_intervals VALUES ('%s', %s)", generation, l)))
	}
	require.NoError(t, p.store.Exec(t.Context(), "INSERT INTO licence_generations VALUES ('10000000-0000-0000-0000-000000000000', 'tenant', 1, now()), ('20000000-0000-0000-0000-000000000000', 'new', 1, now())"))
	require.Equal(t, []string{
		"new licensed for years 2026-03-12",
		"tenant called before the licence 2026-01-05",
		"tenant first of the tenant 2026-01-01",
		"tenant hired in february 2026-02-10",
		"tenant licensed for years 2026-01-01",
		"tenant nothing known 2026-03-10",
	}, p.rows(p.detector(), "['tenant','new']", "watched", "SELECT tenant_id || ' ' || organizer_id || ' ' || toString(since) FROM watched ORDER BY tenant_id, organizer_id"))
	require.Equal(t, []string{
		"hired in february 28 1 0", "licensed for years 68 1 0", "nothing known 0 0 0",
	}, p.rows(p.detector(), "['tenant']", "baselines", `SELECT organizer_id || ' ' || toString(history_days) || ' ' || toString(enough) || ' ' || toString(calling_days)
		FROM baselines WHERE day = '2026-03-10' ORDER BY organizer_id`))
}

// Days of rest are those of where the organizer is, and of a number in North America of both ends.
func TestAWeekendIsTheOrganizers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, country, start, to string
		weekend                  bool
	}{
		{"saturday noon in new york", "US", "2026-03-07 17:00", "", true},
		{"friday noon in new york", "US", "2026-03-06 17:00", "", false},
		{"sunday 23:30 in new york is monday in utc", "US", "2026-03-09 03:30", "", true},
		{"saturday morning in sydney is friday afternoon in north america", "AU", "2026-03-06 20:00", "", false},
		{"saturday morning in sydney, to somebody there", "AU", "2026-03-06 20:00", "+61291234567", true},
		{"sunday noon in sydney", "AU", "2026-03-08 01:00", "", true},
		{"monday 8 o'clock in sydney is sunday in utc and in north america", "AU", "2026-03-08 21:00", "", false},
		{"friday in riyadh", "SA", "2026-03-06 09:00", "+966112345678", true},
		{"sunday in riyadh", "SA", "2026-03-08 09:00", "+966112345678", false},
		{"saturday, of somebody of no country", "", "2026-03-07 12:00", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			start, err := time.Parse("2006-01-02 15:04", test.start)
			require.NoError(t, err)
			p := newPast(t, rules.Usage{Organizer: "ann", Start: rules.Moment{Time: start}, Minutes: 5, To: test.to, Country: "XX"})
			if test.country != "" {
				require.NoError(t, p.store.Exec(t.Context(), fmt.Sprintf("INSERT INTO tenant_revisions (tenant_id, country, stored_at) VALUES ('tenant', '%s', now())", test.country)))
			}
			require.Equal(t, []string{fmt.Sprint(test.weekend)}, p.rows(p.detector(), "['tenant']", "calls", "SELECT toString(weekend) FROM calls"))
		})
	}
}
