package console

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/store"
	"fairdial/store/journal"
)

// sieve stands in for the ingest.
type sieve struct{ state, dismissed string }

func (s *sieve) Retry(context.Context, string, string) (string, string, error) {
	return s.state, "still +14255550123", nil
}

func (s *sieve) Dismiss(_ context.Context, actor, reason, id string) error {
	if s.dismissed != "" {
		return ErrResolved
	}
	s.dismissed = actor + " " + reason + " " + id
	return nil
}

type pack struct{}

func (pack) Rules(context.Context) ([]Rule, error) {
	half := .5
	return []Rule{{ID: "r1", Title: "Too <much>", Precision: &half}}, nil
}

func (p pack) Rule(ctx context.Context, id string) (WholeRule, error) {
	all, err := p.Rules(ctx)
	if id != all[0].ID || err != nil {
		return WholeRule{}, ErrNotFound
	}
	return WholeRule{
		Rule: all[0], Meaning: "more <than> one can", FalsePositives: []string{"a campaign"}, TestNames: []string{"finds <it>"},
		Text: "id: r1\nversion: 1\nstatus: live\nsql: |\n  SELECT '</pre>'\n",
	}, nil
}

func fill(t *testing.T, conn *store.Store) {
	t.Helper()
	const id = "6f1a8f0e-5f0b-4c58-9d43-0f5f1d0a7c11"
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO ingest_ledger (tenant_id, file, state, read, rejected, at) VALUES ('t', 'a<b>.csv', 'finished', 2, 1, '2026-02-01'), ('other', 'other.csv', 'finished', 1, 0, '2026-02-02')"))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, at) SELECT toUUID('"+id+"'), 't', 'b.csv', arrayJoin(['started', 'finished']), '2026-02-03'"))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, at) VALUES (generateUUIDv4(), 't', 'begun.csv', 'started', '2026-02-04')"))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO quarantine (rejection_id, tenant_id, file, reason, raw, rejected_at) VALUES ('"+id+"', 't', 'a.csv', 'bad_quoting', '\"+14255550123', '2026-02-01')"))
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO finding_rows (finding_id, tenant_id, organizer_id, rule_id, severity, window_end) VALUES
		(generateUUIDv4(), 't', 'o', 'r1', 'critical', '2026-02-01 00:00:00'), (generateUUIDv4(), 't', 'o2', 'r1', 'warning', '2026-01-20 00:00:00'), (generateUUIDv4(), 't', 'o2', 'r2', 'warning', '2026-01-20 00:00:00')`))
	j := journal.New(conn, nowThen, uuid.New)
	require.NoError(t, j.Append(t.Context(), journal.Event{Stream: "case", Subject: "c1", Version: 1, Kind: "noted", Actor: "cli:ann", Reason: "rang +14255550123"}))
	require.NoError(t, j.Append(t.Context(), journal.Event{Stream: "job", Subject: "rate", Version: 1, Kind: "done", Actor: "system:schedule"}))
}

func TestIngestRulesAndAudit(t *testing.T) {
	h, _, cookies := signedIn(t)
	by := cookie(cookies["admin"])
	page := func(path string) string {
		w := ask(h, "GET "+path, by)
		require.Equal(t, http.StatusOK, w.Code, path)
		return w.Body.String()
	}
	require.Contains(t, page("/ingest"), "a&lt;b&gt;.csv")
	require.NotContains(t, ask(h, "GET /ingest", cookie(cookies["scoped"])).Body.String(), "other.csv")
	require.Equal(t, 1, strings.Count(page("/ingest"), ">started</td>"), "that a file was begun stands until its end")
	require.Equal(t, 1, strings.Count(page("/ingest"), "b.csv"), "a file is one line")
	row := regexp.MustCompile(`/ingest/quarantine/[0-9a-f-]{36}`).FindString(page("/ingest/quarantine"))
	require.NotEmpty(t, row)
	require.Contains(t, page(row), "…0123")
	require.NotContains(t, page(row), "4255550123")
	still := send(h, row+"/retry", "", by)
	require.Contains(t, still.Body.String(), "Still not to be trusted")
	require.NotContains(t, still.Body.String(), "4255550123")
	require.Equal(t, http.StatusUnprocessableEntity, send(h, row+"/dismiss", "reason=", by).Code)
	require.Equal(t, http.StatusSeeOther, send(h, row+"/dismiss", "reason=r", by).Code)
	require.Equal(t, http.StatusConflict, send(h, row+"/dismiss", "reason=r", by).Code, "somebody was first")
	require.Contains(t, page("/rules"), "Too &lt;much&gt;")

	rule := page("/rules/pack/r1")
	require.Contains(t, rule, "more &lt;than&gt; one can")
	require.Contains(t, rule, "finds &lt;it&gt;")
	require.Contains(t, rule, "SELECT &#39;&lt;/pre&gt;&#39;")
	require.Regexp(t, `<td class="nowrap">2026-01</td><td class="n">2</td>.*</td><td class="n">1</td><td class="n">2</td>`, rule, "a month's window ends as the next begins")
	require.Equal(t, http.StatusNotFound, ask(h, "GET /rules/pack/none", by).Code)

	audit := page("/audit")
	require.Contains(t, audit, "rang …0123")
	require.NotContains(t, audit, "system:schedule")
	require.NotContains(t, audit, "argon2id", "what the log holds of passwords is shown nowhere")
	require.Contains(t, page("/audit?system=yes&stream=job"), "system:schedule")
	require.NotContains(t, page("/audit?q=nobody"), "cli:ann")
	require.Contains(t, page("/audit?before=2020-01-01+00:00:00.000000"), "Nothing older")
	export := page("/audit/export?stream=case")
	require.Contains(t, export, "cli:ann,case,noted,c1")
	require.NotContains(t, export, "4255550123")
}

func TestSettings(t *testing.T) {
	h, book, cookies := signedIn(t)
	by := cookie(cookies["admin"])
	post := func(path string, v url.Values) int { return send(h, path, v.Encode(), by).Code }
	require.Equal(t, http.StatusSeeOther, post("/settings/users", url.Values{"name": {"zoe"}, "role": {"viewer"}, "tenants": {"t u"}, "password": {password}}))
	require.Equal(t, http.StatusUnprocessableEntity, post("/settings/users", url.Values{"name": {"zoe"}, "role": {"viewer"}, "password": {password}}))
	users := book.Users()
	require.Equal(t, []string{"t", "u"}, users[len(users)-1].Tenants)
	require.Equal(t, http.StatusSeeOther, post("/settings/users/zoe", url.Values{"role": {"reviewer"}, "disabled": {"yes"}}))
	_, err := book.SignIn(t.Context(), "zoe", password, "z", "")
	require.ErrorIs(t, err, access.ErrPassword, "whoever is disabled stays out")
	require.Equal(t, http.StatusUnprocessableEntity, post("/settings/users/admin", url.Values{"role": {"viewer"}}))

	made := send(h, "/settings/keys", "name=gw&role=gateway", by).Body.String()
	key := regexp.MustCompile(`fd_[A-Z0-9]+`).FindString(made)
	bear := header("Authorization", "Bearer "+key)
	require.Equal(t, http.StatusOK, ask(h, "GET /api/v1/decisions/o", bear).Code)
	require.Equal(t, http.StatusForbidden, ask(h, "GET /api/v1/cases", bear).Code, "a gateway reads no cases")
	require.NotContains(t, ask(h, "GET /settings", by).Body.String(), key)
	require.Contains(t, ask(h, "GET /settings", by).Body.String(), "2 messages &lt;fail&gt;", "how Slack fares")
	require.NotContains(t, ask(h, "GET /settings", by).Body.String(), "as whoever made it")
	require.NoError(t, book.AddUser(t.Context(), access.User{Name: "second", Role: access.Admin}, password, "cli:root"))
	require.NoError(t, book.ChangeUser(t.Context(), "admin", access.Change{Disabled: new(true)}, "second", "left"))
	require.Equal(t, http.StatusUnauthorized, ask(h, "GET /api/v1/decisions/o", bear).Code, "a key does not outlive its maker")
	signed, err := book.SignIn(t.Context(), "second", password, "z", "")
	require.NoError(t, err)
	require.Contains(t, ask(h, "GET /settings", cookie(signed)).Body.String(), "now nothing, as whoever made it")
	require.NoError(t, book.ChangeUser(t.Context(), "admin", access.Change{Disabled: new(false)}, "second", "back"))
	require.Equal(t, http.StatusOK, ask(h, "GET /api/v1/decisions/o", bear).Code)
	cookies["admin"], err = book.SignIn(t.Context(), "admin", password, "y", "")
	require.NoError(t, err)
	by = cookie(cookies["admin"])
	require.Equal(t, http.StatusSeeOther, post("/settings/keys/"+book.Keys()[0].ID+"/end", nil))
	require.Equal(t, http.StatusUnauthorized, ask(h, "GET /api/v1/decisions/o", bear).Code)

	viewer := book.Sessions("user/viewer")[0].ID
	require.Equal(t, http.StatusSeeOther, post("/settings/sessions/"+viewer+"/end", nil))
	require.Equal(t, http.StatusSeeOther, ask(h, "GET /cases", cookie(cookies["viewer"])).Code, "signed out")
	require.Contains(t, ask(h, "GET /settings/doctor", by).Body.String(), "needs a hand")
}
