package console

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Nobody imported a directory: whom usage names is listed all the same, and what the
// directory says of somebody comes before what a call does.
func TestOrganizersAreThoseOfUsageToo(t *testing.T) {
	h, _, conn := withCases(t)
	ctx := t.Context()
	require.NoError(t, conn.Exec(ctx, `INSERT INTO usage_revisions (tenant_id, usage_id, is_conf_out, organizer_id, organizer_upn, organizer_name, started_at, ended_at, seconds) VALUES
		('t', 'u1', true, 'ann', 'ann@t.example', 'Ann Old', '2026-02-01 10:00:00', '2026-02-01 10:10:00', 600),
		('t', 'u2', true, 'ann', 'ann@t.example', 'Ann New', '2026-02-03 10:00:00', '2026-02-03 10:10:00', 600),
		('t', 'u3', true, 'bob', '', 'Bob by phone', '2026-02-02 10:00:00', '2026-02-02 10:10:00', 600),
		('t', 'u4', true, '', '', '', '2026-02-02 10:00:00', '2026-02-02 10:10:00', 600)`))
	type listed struct {
		Organizers []struct {
			ID      string `json:"organizer_id"`
			Name    string
			In      bool `json:"in_directory"`
			Enabled *bool
			Seen    string `json:"seen_at"`
		}
	}
	all := into[listed](t, get(h, "/api/v1/organizers")).Organizers
	require.Len(t, all, 2)
	require.Equal(t, "Ann New", all[0].Name)
	require.Equal(t, "2026-02-03T10:00:00Z", all[0].Seen)
	require.False(t, all[0].In)
	require.Nil(t, all[0].Enabled, "nobody knows")

	require.NoError(t, conn.Exec(ctx, "INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind) VALUES ('"+rejection+"', 't', 'users')"))
	require.NoError(t, conn.Exec(ctx, `INSERT INTO snapshot_organizers (snapshot_id, tenant_id, organizer_id, upn, name, enabled, snapshot_at) VALUES
		('`+rejection+`', 't', 'bob', 'bob@t.example', 'Bob', true, '2026-02-01'), ('`+rejection+`', 't', 'eve', '', 'Eve', false, '2026-02-01')`))
	all = into[listed](t, get(h, "/api/v1/organizers")).Organizers
	require.Len(t, all, 3)
	require.Equal(t, "Bob", all[1].Name)
	require.True(t, *all[1].Enabled)
	require.False(t, *all[2].Enabled)
	require.Len(t, into[listed](t, get(h, "/api/v1/organizers?q=ann+new")).Organizers, 1)

	var plan []struct {
		Line string `ch:"explain"`
	}
	query, err := sqlFiles.ReadFile("sql/list_organizers.sql")
	require.NoError(t, err)
	require.NoError(t, conn.Select(ctx, &plan, "EXPLAIN "+string(query), named("tenants", []string{}), named("tenant_id", ""), named("text", ""), named("after_tenant", ""), named("after", ""), named("limit", uint64(2))))
	text := ""
	for _, l := range plan {
		text += l.Line + "\n"
	}
	require.Contains(t, text, "organizers_seen", "the projection is used, not the records")
}

// The block of a number and its last four digits are the number. A block is named where
// enough numbers of it were called.
func TestWhereCallsGoGivesNoNumberAway(t *testing.T) {
	_, _, conn := withCases(t)
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO usage_revisions (tenant_id, usage_id, is_conf_out, organizer_id, callee_number, npa_nxx, destination_country, started_at, ended_at, seconds)
		SELECT 't', toString(number), true, 'ann', if(number < 9, '+14255550123', concat('+1206555010', toString(number % 3))), if(number < 9, '425555', '206555'), 'US', '2026-02-01 10:00:00', '2026-02-01 10:10:00', 600 FROM numbers(15)`))
	h, err := newViews(conn).habits(t.Context(), span{tenant: "t", organizer: "ann", from: now.AddDate(0, -2, 0), to: now})
	require.NoError(t, err)
	var blocks []string
	for _, p := range h.Of("block") {
		blocks = append(blocks, p.Name)
	}
	require.Equal(t, []string{"206555"}, blocks)
	require.Len(t, h.Places, 1+2+1+4, "the country, two area codes, which leave three digits open, the block and four numbers")
}
