package console

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

// The audit is of the days that are asked for, and calls people and tenants by their names.
func TestTheAuditByDaysAndNames(t *testing.T) {
	h, l, conn := withCases(t)
	id := openCase(t, l.log, "t", "ann", 90)
	_, err := l.log.Act(t.Context(), id, cases.Action{Kind: cases.KindNoted, Actor: "console:eve", Reason: "rang"}, now)
	require.NoError(t, err)
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO tenant_revisions (tenant_id, name, country, segment, channel, credits_funded, credits_currency, stored_at) VALUES ('t', 'Contoso <b>', 'US', 'commercial', 'ea', true, 'USD', '2026-01-01')"))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO snapshot_organizers (snapshot_id, tenant_id, organizer_id, upn, name, enabled, snapshot_at) VALUES ('11111111-1111-4111-8111-111111111111', 't', 'ann', 'ann@t.example', 'Ann Li', true, '2026-02-01')"))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind) VALUES ('11111111-1111-4111-8111-111111111111', 't', 'users')"))
	today, day := now.Format(time.DateOnly), func(by int) string { return now.AddDate(0, 0, by).Format(time.DateOnly) }
	page := get(h, "/audit?from="+today+"&to="+today).Body.String()
	for _, part := range []string{`<a href="/cases/` + id + `">Ann Li</a>`, "Contoso &lt;b&gt;", "console:eve"} {
		require.Contains(t, page, part)
	}
	for _, query := range []string{"from=" + day(1), "to=" + day(-1)} {
		require.NotContains(t, get(h, "/audit?"+query).Body.String(), "console:eve", query)
		require.NotContains(t, get(h, "/audit/export?"+query).Body.String(), "console:eve", query)
		require.NotContains(t, get(h, "/api/v1/audit?"+query).Body.String(), "console:eve", query)
	}
	for _, name := range []string{"nN+l", "contoso"} {
		require.Contains(t, get(h, "/audit?q="+name).Body.String(), "console:eve", "by the name that is shown: %s", name)
		require.Contains(t, get(h, "/api/v1/audit?q="+name).Body.String(), "console:eve", name)
	}
	require.NotContains(t, get(h, "/audit?q=nobody+else").Body.String(), "console:eve")
	require.Contains(t, get(h, "/audit?from=of+old").Body.String(), "console:eve", "what is no day narrows nothing")
	require.Equal(t, http.StatusBadRequest, get(h, "/api/v1/audit?from=of+old").Code)
	require.Contains(t, get(h, "/tenants/t").Body.String(), `<a href="/organizers/t/ann">Ann Li</a>`)
}
