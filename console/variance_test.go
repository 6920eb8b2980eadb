package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

// The components of a variance add up, to the last decimal, to the variance at the head of the page.
func TestAVarianceIsTheSumOfItsComponents(t *testing.T) {
	h, _, _ := withCases(t, func(o *Options) { o.Ratings, o.Books = ratingWorld{}, &ledger{} })
	page := get(h, "/finance/2026-02/t1/variance").Body.String()
	for _, part := range []string{
		"<title>Variance: t1, 2026-02 – Fairdial</title>",
		"<dt>Variance: charged less rated</dt><dd>-1.2500</dd>",
		`/records?class=source_did_not_price">source did not price</a>`, `data-label="Calls">2</td><td class="n" data-label="Minutes">2:01</td><td class="n" data-label="USD">-1.2385</td>`,
		`/records?class=match">match</a>`, `data-label="Calls">5</td><td class="n" data-label="Minutes">10:00</td><td class="n" data-label="USD">-0.0115</td>`,
		`In all</th><td class="n" data-label="Calls">7</td><td class="n" data-label="Minutes">12:01</td><td class="n" data-label="USD">-1.2500</td>`,
	} {
		require.Contains(t, page, part)
	}
	require.Equal(t, 1, strings.Count(page, `">source did not price</a>`), "a component stands once")
	api := get(h, "/api/v1/reconciliation?tenant_id=t1&month=2026-02").Body.String()
	require.Contains(t, api, `"parts":[{"component":"source_did_not_price"`)
	require.Contains(t, api, `"variance":{"USD":"-0.0115"}`)
}

func TestTheRecordsOfAVarianceAreTold(t *testing.T) {
	h, _, conn := withCases(t, func(o *Options) { o.Ratings, o.Books = ratingWorld{}, &ledger{} })
	require.NoError(t, conn.Exec(t.Context(), `INSERT INTO usage_revisions (tenant_id, usage_id, started_at, callee_number) VALUES ('t1', 'u1', toDateTime64('2026-03-01 12:00:00', 7, 'UTC'), '+14255550123')`))
	page := get(h, "/finance/2026-02/t1/records?class=source_did_not_price").Body.String()
	for _, part := range []string{
		"Calls: source did not price, t1, 2026-02", "2 calls, 2:01 minutes · -1.2385 USD", "<strong>-1.2385</strong> USD", "1.2385 USD", "given for nothing", "add-on", "…0123",
		`href="/organizers/t1/=o"`, `?class=source_did_not_price&amp;format=csv`,
	} {
		require.Contains(t, page, part)
	}
	require.NotContains(t, page, "free_call")
	require.NotContains(t, page, "5550123")
	file := get(h, "/finance/2026-02/t1/records?class=source_did_not_price&format=csv")
	require.Equal(t, "attachment; filename*=UTF-8''variance-2026-02-t1-source_did_not_price.csv", file.Header().Get("Content-Disposition"))
	lines := strings.Split(strings.TrimSpace(file.Body.String()), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[1], "'=o", "what comes from outside is no formula")
	require.Contains(t, lines[1], ",-1.2385,USD,")
	require.Equal(t, file.Body.String(), get(h, "/api/v1/reconciliation/records?tenant_id=t1&month=2026-02&class=source_did_not_price&format=csv").Body.String())
	require.Contains(t, get(h, "/api/v1/reconciliation/records?tenant_id=t1&month=2026-02&class=source_did_not_price").Body.String(), `"variance":[{"currency":"USD","amount":"-1.2385"}]`)
	require.Equal(t, http.StatusBadRequest, get(h, "/api/v1/reconciliation/records?tenant_id=t1&month=2026-02&format=exe").Code)

	all := "/finance/2026-02/t1/records?class=" + rating.StatusNotRated
	require.Contains(t, get(h, all).Body.String(), `page=2" rel="next"`)
	require.NotContains(t, get(h, all+"&page=3").Body.String(), `rel="next"`)
	require.Equal(t, http.StatusBadRequest, get(h, all+"&page=101").Code)
	require.Equal(t, http.StatusNotFound, get(h, "/finance/2026-02/t1/records?class=nonsense").Code)
	require.Equal(t, 231, strings.Count(get(h, all+"&format=csv").Body.String(), "\n"))
}
