package console

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// Only what is well is green, and what a page shows is linked.
func TestTheDoctorsPage(t *testing.T) {
	h, _, _ := withCases(t, func(o *Options) {
		o.Checks = func(context.Context) []Check {
			return []Check{
				{Name: "store", OK: true, State: "ok", Says: "fine"},
				{Name: "slack", OK: true, State: "not set up", Says: "no token", Mend: "set it"},
				{Name: "quarantine", OK: true, State: "look", Says: "217 rows wait", Mend: "fairdial quarantine list", Link: "/ingest/quarantine"},
				{Name: "add-on", State: "needs a hand", Says: "none"},
			}
		}
	})
	page := get(h, "/settings/doctor").Body.String()
	for _, part := range []string{
		`<span class="tag good">ok</span>`, `<span class="tag quiet">not set up</span>`, `<span class="tag warning">look</span>`, `<span class="tag critical">needs a hand</span>`,
		`<a href="/ingest/quarantine">217 rows wait</a>`, `<p class="quiet">set it</p>`,
	} {
		require.Contains(t, page, part)
	}
	require.NotContains(t, page, "fairdial quarantine list", "a page is linked in its place")
	require.Contains(t, get(h, "/api/v1/checks").Body.String(), `"state":"look","link":"/ingest/quarantine"`)
}
