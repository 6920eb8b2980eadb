package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/store/storetest"
	"fairdial/usage"
)

// ledger stands in for the books; it keeps what it was asked.
type ledger struct {
	closed   []rating.CloseRequest
	reopened []string
	signed   []string
	noted    []string
	err      error
	against  []rating.Obstacle
	mayNot   error
	closing  *rating.Closing
	opened   *rating.Reopening
}

func (l *ledger) Statements(_ context.Context, m usage.Month, tenants []string) ([]rating.Statement, error) {
	all := []rating.Statement{}
	for _, tenant := range []string{"t", "other"} {
		if len(tenants) == 0 || tenants[0] == tenant {
			all = append(all, rating.Statement{
				TenantID: tenant, TenantName: "Contoso <b>", Month: m.String(), Calls: 2, Seconds: 7200,
				Buckets:    []rating.BucketTotal{{Bucket: usage.BucketPool, Calls: 2, Seconds: 7200, Amounts: []rating.Amount{{Currency: "USD", Amount: new(decimal.RequireFromString("1.5"))}, {Currency: "EUR", UnpricedCalls: 3}}, UnpricedCalls: 3}},
				Exceptions: []rating.Exception{{Text: "look at +14255550123"}}, Closed: l.closing, Reopened: l.opened,
				Notes: []rating.Note{{By: "console:carol", At: now, Text: "asked <them> on +14255550123"}},
			})
		}
	}
	return all, nil
}

func (l *ledger) Close(_ context.Context, req rating.CloseRequest) (rating.Closing, error) {
	l.closed = append(l.closed, req)
	return rating.Closing{}, l.err
}

func (l *ledger) Reopen(_ context.Context, _ usage.Month, tenantID, actor, reason string) (rating.Closing, error) {
	l.reopened = append(l.reopened, tenantID+" "+actor+" "+reason)
	return rating.Closing{}, l.err
}

func (l *ledger) Obstacles(_ context.Context, m usage.Month, all []rating.Statement) (map[string][]rating.Obstacle, error) {
	out := map[string][]rating.Obstacle{}
	for _, st := range all {
		if l.against != nil {
			out[st.TenantID] = l.against
		}
	}
	return out, nil
}

func (l *ledger) MayReopen(context.Context, usage.Month, string, string) error { return l.mayNot }

func (l *ledger) Leak(_ context.Context, m usage.Month, tenantID string) (rating.Leak, error) {
	if tenantID == "unrated" {
		return rating.Leak{}, rating.ErrNotRated
	}
	part := rating.LeakPart{Calls: 3, Seconds: 7200, Amount: new(decimal.RequireFromString("12.5")), UnpricedCalls: 1}
	out := rating.Leak{TenantID: tenantID, Month: m.String(), Currency: "USD", Note: "prices are dear", Absorbed: part, Questioned: part, Shown: shownIn(tenantID)}
	for i := range perList + 2 {
		out.Organizers = append(out.Organizers, rating.LeakOrganizer{OrganizerID: fmt.Sprint("o", i), Name: "Ann <i>", Absorbed: part, Cases: []string{"c-1"}})
	}
	out.Organizers[0].Absorbed.Amount = nil
	return out, nil
}

func (l *ledger) Signatures(context.Context, rating.Reconciliation) ([]rating.Signature, error) {
	return []rating.Signature{{By: "ann", Reason: "as expected"}}, nil
}

func (l *ledger) Sign(_ context.Context, _ rating.Reconciliation, fingerprint, actor, reason string) error {
	l.signed = append(l.signed, fingerprint+" "+actor+" "+reason)
	return l.err
}

func (l *ledger) Note(_ context.Context, m usage.Month, tenantID, actor, text string) ([]rating.Note, error) {
	l.noted = append(l.noted, m.String()+" "+tenantID+" "+actor+" "+text)
	return []rating.Note{{By: actor, At: now, Text: text}}, l.err
}

func (l *ledger) Write(_ context.Context, w io.Writer, format string, m usage.Month, tenants []string) error {
	_, err := fmt.Fprint(w, format, m, tenants)
	return err
}

func withBooks(t *testing.T, l *ledger) http.Handler {
	t.Helper()
	w := world{}
	h, err := New(Options{
		Cases: w, Decider: w, Overview: w, Ratings: ratingWorld{}, Books: l, Conn: storetest.Open(t), Now: nowThen,
		Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Registry: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	return h
}

func TestFinancePages(t *testing.T) {
	l := &ledger{}
	h := withBooks(t, l)
	for path, part := range map[string]string{
		"/finance":                             "Nothing is rated yet",
		"/finance/2026-02":                     "Contoso &lt;b&gt;",
		"/finance/2026-02/t":                   "look at …0123",
		"/finance/2026-02/t/variance":          "as expected",
		"/finance/2026-02/t/records?class=all": "/usage/t/",
		"/usage":                               "No dial-out is known",
		"/usage?by=bucket&tenant=t":            "No dial-out is known of these days and this tenant",
		"/usage?record=u1":                     "no record with this id",
		"/usage/t/u1":                          "What paid for this call",
	} {
		w := get(h, path)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Contains(t, w.Body.String(), part, path)
	}
	for _, path := range []string{"/finance/2026-02/t/variance", "/finance/2026-02/t/records?class=all", "/usage/t/u1", "/tenants/t"} {
		require.Contains(t, get(h, path).Body.String(), "2026-02 is closed by eve: this is run 3.", path)
	}
	leak := get(h, "/finance/2026-02/t/leak").Body.String()
	for _, part := range []string{
		"12.50 USD", "1 without a rate", "unpriced USD", "prices are dear", "2026-02 is closed by eve", `/organizers/t/o0`, "Ann &lt;i&gt;", `href="/cases/c-1"`, `page=2" rel="next"`,
	} {
		require.Contains(t, leak, part)
	}
	require.Contains(t, get(h, "/finance/2026-02/t/leak?page=2").Body.String(), "/organizers/t/o51")
	for _, path := range []string{"/finance/2026-02/t/leak?format=csv", "/api/v1/months/2026-02/statements/t/leak?format=csv"} {
		file := get(h, path)
		require.Equal(t, "attachment; filename*=UTF-8''leak-2026-02-t.csv", file.Header().Get("Content-Disposition"))
		require.Equal(t, 1+52, strings.Count(file.Body.String(), "\n"), "all organizers")
	}
	require.Equal(t, http.StatusBadRequest, get(h, "/api/v1/months/2026-02/statements/t/leak?format=exe").Code)
	require.Equal(t, http.StatusNotFound, get(h, "/finance/2026-02/unrated/leak").Code)
	require.NotContains(t, get(h, "/finance/2026-02/open/variance").Body.String(), "closed by eve")
	require.Contains(t, get(h, "/api/v1/reconciliation/records?tenant_id=t&month=2026-02").Body.String(), `"shown":{"tenant_id":"t"`)
	for _, path := range []string{"/finance/2026-02", "/finance/2026-02/t"} {
		require.Contains(t, get(h, path).Body.String(), "<p>unpriced EUR</p>", "no rate is known: that is not 0.00")
	}
	for _, way := range ways() {
		require.Equal(t, http.StatusOK, get(h, "/usage?by="+way).Code, way)
		require.Contains(t, get(h, "/usage/export?from=2026-01-01&to=2026-03-01&by="+way).Body.String(), way+",name,calls,seconds")
	}
	for _, path := range []string{"/finance/nonsense", "/finance/2026-02/none", "/usage/t/nothing", "/finance/2026-02/unrated/variance"} {
		require.Equal(t, http.StatusNotFound, get(h, path).Code, path)
	}
	w := get(h, "/finance/2026-02/download?format=xlsx&tenant=t")
	require.Equal(t, "xlsx2026-02 [t]", w.Body.String())
	require.Equal(t, "attachment; filename*=UTF-8''statement-2026-02-t.xlsx", w.Header().Get("Content-Disposition"))
	require.Equal(t, http.StatusBadRequest, get(h, "/finance/2026-02/download?format=exe").Code)
}

func TestAMonthIsClosedAndOpened(t *testing.T) {
	l := &ledger{}
	h := withBooks(t, l)
	require.Equal(t, http.StatusSeeOther, send(h, "/finance/2026-02/t/close", "reason=r&force=yes").Code)
	require.Equal(t, []rating.CloseRequest{{Month: usage.Month{Year: 2026, Month: time.February}, TenantID: "t", Actor: "console:this machine", Reason: "r", Force: true}}, l.closed)
	require.Equal(t, http.StatusSeeOther, send(h, "/finance/2026-02/t/reopen", "reason=r").Code)
	require.Equal(t, []string{"t console:this machine r"}, l.reopened)
	require.Equal(t, "/finance/2026-02/t/variance", send(h, "/finance/2026-02/t/sign", "fingerprint=f&reason=r").Header().Get("Location"))
	require.Equal(t, []string{"f console:this machine r"}, l.signed)
	require.Equal(t, "/finance/2026-02/t#notes", send(h, "/finance/2026-02/t/note", "text=a+credit+note+comes").Header().Get("Location"))
	require.Equal(t, []string{"2026-02 t console:this machine a credit note comes"}, l.noted)
	require.Contains(t, get(h, "/finance/2026-02").Body.String(), `/finance/2026-02/t#notes">1 note</a>`)
	statement := get(h, "/finance/2026-02/t").Body.String()
	require.Contains(t, statement, "asked &lt;them&gt; on …0123")
	require.Contains(t, statement, `<p class="quiet">console:carol, <time datetime="2026-03-01T12:00:00Z">`, "who and when")
	for want, err := range map[int]error{
		http.StatusConflict: rating.ErrAlreadyClosed, http.StatusUnprocessableEntity: rating.ErrSamePerson, http.StatusInternalServerError: io.ErrUnexpectedEOF,
	} {
		l.err = fmt.Errorf("close: %w", err)
		require.Equal(t, want, send(h, "/finance/2026-02/t/reopen", "reason=r").Code)
	}
	l.err = &rating.NotReadyError{Because: []string{"three rows wait (fairdial quarantine)"}, Obstacles: []rating.Obstacle{{Text: "three rows wait"}}}
	refused := send(h, "/finance/2026-02/t/close", "")
	require.Equal(t, http.StatusUnprocessableEntity, refused.Code)
	require.Contains(t, refused.Body.String(), "2026-02 of t may still change: three rows wait. ")
	l.err = fmt.Errorf("reopen 2026-02 of tenant t as console:fin: %w", &rating.AdjustedLaterError{Month: "2026-03"})
	refused = send(h, "/finance/2026-02/t/reopen", "reason=r")
	require.Equal(t, http.StatusUnprocessableEntity, refused.Code)
	require.Contains(t, refused.Body.String(), "2026-03 is closed with adjustments of 2026-02 in it: open 2026-03 again first.")
	require.NotContains(t, refused.Body.String(), "console:")
}

// What speaks against closing is told before anybody presses the button, with the rows it is of;
// what the reader cannot do is not offered.
func TestWhatSpeaksAgainstClosingIsToldBefore(t *testing.T) {
	l := &ledger{}
	h := withBooks(t, l)
	page := func() string { return get(h, "/finance/2026-02/t").Body.String() }
	require.Contains(t, page(), "Nothing stands in the way. The closing will say:</p><ul><li>its reconciliation was signed with other figures than it has now")
	require.NotContains(t, page(), `name="force"`)
	l.against = []rating.Obstacle{
		{Code: rating.ObstacleQuarantined, Text: "12 rejected rows waiting for a decision", Blocks: true, Count: 12},
		{Code: rating.ObstacleStale, Text: "usage changed since", Blocks: true},
		{Code: rating.ObstacleEarlierStale, Text: "what came for January", Blocks: true, Month: "2026-01"},
		{Code: rating.ObstacleUnpriced, Text: "3 calls have no rate"},
		{Code: rating.ObstacleUnsigned, Text: "nobody signed"},
	}
	for _, part := range []string{
		`12 rejected rows waiting for a decision: <a href="/ingest/quarantine?month=2026-02&amp;tenant=t">the rows</a>`, `records?class=not_rated"`, `href="/finance/2026-01/t"`,
		`records?class=unpriced"`, `/variance#sign"`, `name="force"`,
	} {
		require.Contains(t, page(), part)
	}
	month := get(h, "/finance/2026-02").Body.String()
	for _, part := range []string{
		`<a href="/ingest/quarantine?month=2026-02&amp;tenant=t" title="12 rejected rows waiting for a decision">12 rejected rows</a>`, `title="nobody signed">not signed</a>`, `<a href="/finance/2026-02/t#look">1</a>`, "All 2 tenants", "0 closed",
		`<th scope="row">All 2 tenants</th><td>0 closed</td><td class="n" data-label="Calls">4</td><td class="n" data-label="Minutes">240:00</td>`, "<p>3.00 USD</p>", "<p>unpriced EUR</p>",
	} {
		require.Contains(t, month, part)
	}
	for _, path := range []string{"/api/v1/months/2026-02/statements", "/api/v1/months/2026-02/statements/t"} {
		require.Contains(t, get(h, path).Body.String(), `"obstacles":[{"code":"quarantined","text":"12 rejected rows waiting for a decision","blocks":true,"count":12}`)
	}

	l.opened = &rating.Reopening{By: "console:boss", At: now, Reason: "a call of +14255550123", ClosedBy: "console:fin", ClosedAt: now.AddDate(0, 0, -1), ClosedReason: "done"}
	require.Contains(t, page(), "It was closed before, by console:fin on ")
	require.Contains(t, page(), "console:boss opened it again on ")
	require.Contains(t, page(), "a call of …0123")

	l.opened, l.closing = nil, &rating.Closing{Actor: "console:fin", SHA256: "0123456789abcdef", Forced: []string{"12 rejected rows waiting for a decision (fairdial quarantine list --tenant t)"}, Notes: []string{"nobody signed"}}
	require.Contains(t, page(), "Closed although: 12 rejected rows waiting for a decision.</span>")
	require.Contains(t, page(), "Noted: nobody signed.")
	require.Contains(t, page(), `action="/finance/2026-02/t/reopen"`)
	l.mayNot = fmt.Errorf("reopen 2026-02 of tenant t as console:fin: %w", rating.ErrSamePerson)
	require.NotContains(t, page(), `action="/finance/2026-02/t/reopen"`)
	require.Contains(t, page(), "You closed 2026-02 of Contoso &lt;b&gt; yourself. Another person with the role finance must open it again.")
}
