package console

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// twins are the pages and forms, and what does the same in the API.
func twins() map[string]string {
	return map[string]string{
		"GET /{$}": "GET /api/v1/overview",

		"GET /account":                         "GET /api/v1/me/sessions",
		"POST /account/sessions/{session}/end": "DELETE /api/v1/me/sessions/{session}",

		"GET /cases":               "GET /api/v1/cases",
		"GET /cases/{id}":          "GET /api/v1/cases/{id}",
		"POST /cases/{id}/act":     "POST /api/v1/cases/{id}/actions",
		"POST /cases/{id}/enforce": "POST /api/v1/cases/{id}/enforcement",
		"POST /cases/{id}/approve": "POST /api/v1/cases/{id}/approval",
		"POST /cases/bulk":         "POST /api/v1/cases/actions",
		"POST /cases/views":        "PUT /api/v1/views/{shelf}/{view}",

		"GET /tenants":                                  "GET /api/v1/tenants",
		"GET /tenants/{tenant}":                         "GET /api/v1/tenants/{tenant}",
		"GET /organizers/{tenant}/{organizer}":          "GET /api/v1/organizers/{tenant}/{organizer}",
		"POST /organizers/{tenant}/{organizer}/enforce": "POST /api/v1/organizers/{tenant}/{organizer}/enforcement",
		"POST /organizers/{tenant}/{organizer}/approve": "POST /api/v1/organizers/{tenant}/{organizer}/approval",

		"GET /usage":                     "GET /api/v1/usage",
		"GET /usage/export":              "GET /api/v1/usage/slices",
		"GET /usage/{tenant}/{usage_id}": "GET /api/v1/ratings/{usage_id}/explanation",

		"GET /finance":                           "GET /api/v1/months",
		"GET /finance/{month}":                   "GET /api/v1/months/{month}/statements",
		"GET /finance/{month}/download":          "GET /api/v1/months/{month}/download",
		"GET /finance/{month}/{tenant}":          "GET /api/v1/months/{month}/statements/{tenant}",
		"GET /finance/{month}/{tenant}/variance": "GET /api/v1/reconciliation",
		"GET /finance/{month}/{tenant}/records":  "GET /api/v1/reconciliation/records",
		"GET /finance/{month}/{tenant}/leak":     "GET /api/v1/months/{month}/statements/{tenant}/leak",
		"POST /finance/{month}/{tenant}/close":   "POST /api/v1/months/{month}/statements/{tenant}/close",
		"POST /finance/{month}/{tenant}/reopen":  "POST /api/v1/months/{month}/statements/{tenant}/reopen",
		"POST /finance/{month}/{tenant}/sign":    "POST /api/v1/months/{month}/statements/{tenant}/sign",
		"POST /finance/{month}/{tenant}/note":    "POST /api/v1/months/{month}/statements/{tenant}/notes",

		"GET /ingest":                                 "GET /api/v1/ingest/batches",
		"GET /ingest/quarantine":                      "GET /api/v1/ingest/quarantine",
		"GET /ingest/quarantine/{rejection}":          "GET /api/v1/ingest/quarantine/{rejection}",
		"POST /ingest/quarantine/{rejection}/retry":   "POST /api/v1/ingest/quarantine/{rejection}/retry",
		"POST /ingest/quarantine/bulk":                "POST /api/v1/ingest/quarantine/actions",
		"POST /ingest/quarantine/{rejection}/dismiss": "POST /api/v1/ingest/quarantine/{rejection}/dismiss",

		"GET /rules":                           "GET /api/v1/rules",
		"GET /rules/pack/{rule}":               "GET /api/v1/rules/pack/{rule}",
		"GET /rules/candidate":                 "GET /api/v1/rules/candidates",
		"GET /rules/candidate/{rule}/download": "GET /api/v1/rules/candidates",
		"POST /rules/candidate":                "POST /api/v1/rules/backtest",
		"GET /rules/trial":                     "GET /api/v1/rules/backtest",
		"POST /rules/trial/cancel":             "POST /api/v1/rules/backtest/cancel",

		"GET /audit":        "GET /api/v1/audit",
		"GET /audit/export": "GET /api/v1/audit",

		"GET /settings":                         "GET /api/v1/users",
		"GET /settings/doctor":                  "GET /api/v1/checks",
		"POST /settings/users":                  "POST /api/v1/users",
		"POST /settings/users/{user}":           "PATCH /api/v1/users/{user}",
		"POST /settings/keys":                   "POST /api/v1/keys",
		"POST /settings/keys/{key}/end":         "POST /api/v1/keys/{key}/end",
		"POST /settings/sessions/{session}/end": "POST /api/v1/sessions/{session}/end",
	}
}

// alsoTwins are what more of the API asks the same as a page that shows, or does, more than one thing.
func alsoTwins() map[string]string {
	return map[string]string{
		"DELETE /api/v1/views/{shelf}/{view}": "POST /cases/views",
		"GET /api/v1/keys":                    "GET /settings",
		"GET /api/v1/sessions":                "GET /settings",
		"POST /api/v1/rules/check":            "POST /rules/candidate",
	}
}

// Every page and form but those of signing in has a twin in the API, and both ask the same of who comes.
func TestPagesAndTheirTwinsAskTheSame(t *testing.T) {
	all, twin := needs(), twins()
	signing := []string{"/setup", "/sign-in", "/sign-out", "/openid/begin", "/openid/callback"}
	for page := range (&pages{}).routes() {
		_, path, _ := strings.Cut(page, " ")
		if slices.Contains(signing, path) {
			continue
		}
		require.Contains(t, twin, page, "a page without a twin in the API")
	}
	for page, in := range twin {
		require.Contains(t, all, page)
		require.Contains(t, all, in)
		require.Contains(t, (&api{}).routes(), in)
		require.Equal(t, all[page], all[in], "%s and %s", page, in)
	}
	for in, page := range alsoTwins() {
		require.Contains(t, all, in)
		require.Equal(t, all[page], all[in], "%s and %s", page, in)
	}
}
