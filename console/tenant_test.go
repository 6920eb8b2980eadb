package console

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/rating"
)

// The pages of a tenant and of an organizer tell what was used, held and done.
func TestPagesOfATenantAndAnOrganizer(t *testing.T) {
	h, l, conn := withCases(t, func(o *Options) { o.Plans = map[string]string{"plan-1": "unlimited add-on"} })
	ctx := t.Context()
	for _, statement := range []string{
		`INSERT INTO usage_revisions (tenant_id, usage_id, is_conf_out, organizer_id, callee_number, started_at, ended_at, seconds) VALUES
			('t', 'u1', true, 'ann', '+14255550101', '2026-02-02 09:00:00', '2026-02-02 10:00:00', 3600), ('t', 'u2', true, 'bob', '+14255550101', '2026-02-27 09:00:00', '2026-02-27 10:00:00', 600)`,
		`INSERT INTO tenant_revisions (tenant_id, name, country, segment, channel, credits_funded, credits_currency, stored_at) VALUES ('t', 'Contoso <b>', 'CA', 'commercial', 'web_direct', false, '', '2026-01-01')`,
		"INSERT INTO licence_generations (generation_id, tenant_id, stored_at) VALUES ('" + rejection + "', 't', '2026-01-01')",
		`INSERT INTO licence_intervals (generation_id, tenant_id, organizer_id, service_plan_id, held_from, held_to) VALUES
			('` + rejection + `', 't', 'ann', 'PLAN-1', '2025-11-15', '2026-01-15'), ('` + rejection + `', 't', 'bob', 'PLAN-1', '2025-12-15', '2200-01-01')`,
	} {
		require.NoError(t, conn.Exec(ctx, statement))
	}
	id := openCase(t, l.log, "t", "ann", 80)
	_, err := l.log.Act(ctx, id, cases.Action{Kind: cases.KindNoted, Actor: "cli:eve", Reason: "rang <them> on +14255550123"}, now)
	require.NoError(t, err)

	page := get(h, "/tenants/t").Body.String()
	require.Contains(t, page, "Contoso &lt;b&gt;")
	require.Contains(t, page, "web direct")
	require.Contains(t, page, "<title>2026-02-02: 60 min, 1 calls</title>", "use by day")
	require.Contains(t, page, `unlimited add-on<p class="quiet file">PLAN-1</p></td><td class="n">0</td><td class="n">0</td><td class="n">0</td><td class="n">1</td><td class="n">2</td><td class="n">1</td><td class="n">1</td>`, "licences over time")
	require.Contains(t, page, "rang &lt;them&gt; on …0123")
	require.NotContains(t, page, "system:detector", "of a tenant, what people did")

	page = get(h, "/organizers/t/ann").Body.String()
	require.Contains(t, page, "<strong>opened</strong>")
	require.Contains(t, page, "<strong>noted</strong>")
	require.Contains(t, page, "unlimited add-on")
}

func TestATenantThatThereIsNotIsNotFound(t *testing.T) {
	_, _, conn := withCases(t)
	h, _ := consoleOn(t, conn, func(o *Options) { o.Ratings = noPools{} })
	require.Equal(t, http.StatusNotFound, get(h, "/tenants/nobody").Code)
}

type noPools struct{ ratingWorld }

func (noPools) Pools(context.Context, rating.PoolsRequest) ([]rating.PoolStanding, error) {
	return nil, nil
}

func TestTheBurnDownOfAPool(t *testing.T) {
	until := time.Date(2026, 2, 20, 0, 0, 0, 0, time.UTC)
	s := rating.PoolStanding{Month: "2026-02", Seconds: 6000, At: now, DataUntil: &until, Days: []rating.PoolDay{{Day: "2026-02-02", Drawn: 1500}, {Day: "2026-02-15", Drawn: 4500}}}
	require.Equal(t, []poolLeft{
		{time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC), 1500, 4500}, {time.Date(2026, 2, 15, 0, 0, 0, 0, time.UTC), 4500, 0},
	}, burn(s))
	chart := string(burnChart(english(), s))
	wellFormed(t, chart)
	require.Contains(t, chart, `class="own" points="64.0,18.0 900.0,158.0 "`, "an even pace")
	require.Contains(t, chart, `class="left" points="64.0,18.0 93.9,18.0 123.7,53.0 482.0,53.0 511.9,158.0 631.3,158.0 "`, "up to what is known")
	require.Empty(t, burnChart(english(), rating.PoolStanding{Month: "2026-02"}), "a pool of nothing")
}

func TestWhatAnOrganizerUsedUp(t *testing.T) {
	h, l, conn := withCases(t)
	openCase(t, l.log, "t", "ann", 80)
	openCase(t, l.log, "unrated", "ann", 80)
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO usage_revisions (tenant_id, usage_id, is_conf_out, organizer_id, started_at, ended_at, seconds) VALUES ('t', 'u1', true, 'bob', '2026-02-20 09:00:00', '2026-02-20 10:00:00', 3600)`))
	page := get(h, "/organizers/t/ann").Body.String()
	for _, part := range []string{
		"2026-02 is closed by eve: this is run 3.", "What was used up, 2026-02", "<dt>add-on</dt><dd>100 <small>minutes</small></dd>", "<dt>pool</dt><dd>100 <small>minutes</small></dd>",
		"a licence's share</dt><dd>60</dd>",
		`class="u-pool" points="64.0,158.0 93.9,158.0 123.7,`,
		`<td class="nowrap">2026-02-02</td><td class="n">100</td><td class="n">100</td><td class="n">25</td><td class="n">25</td>`,
		`<td class="nowrap">2026-02-15</td><td class="n">0</td><td class="n">100</td><td class="n">75</td><td class="n">100</td>`,
	} {
		require.Contains(t, page, part)
	}
	require.NotContains(t, page, "u-credits", "what paid for nothing is not shown")
	require.Contains(t, get(h, "/organizers/unrated/ann").Body.String(), "Nothing of this tenant is rated in the newest month.")

	m := spentOver(rating.Spent{Month: "2026-02", Days: []rating.SpentDay{{Day: "2026-02-02", Credits: 60}, {Day: "2026-02-03", Unfunded: 600}}}, time.Date(2026, 2, 4, 0, 0, 0, 0, time.UTC))
	require.False(t, m.Pooled())
	chart := string(spentChart(english(), m))
	wellFormed(t, chart)
	require.Contains(t, chart, `class="u-credits" points="64.0,158.0 93.9,158.0 123.7,144.0 123.7,144.0 153.6,144.0 "`, "up to what is known")
	require.Empty(t, spentChart(english(), spentOver(rating.Spent{Month: "2026-02"}, now)), "a month without calls")
}
