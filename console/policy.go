package console

import (
	"context"
	"fmt"
	"net/http"

	"fairdial/access"
)

// need is what a route asks of who comes.
type need struct {
	may access.Permission
	// scoped routes show somebody who sees some tenants only what they see; others are closed
	// to them.
	scoped bool
}

func (n need) met(who access.Identity) bool { return who.May(n.may) && (n.scoped || !who.Scoped()) }

// needs is the one place that says who may do what, on pages and in the API alike. A route
// that is not in it is not served.
func needs() map[string]need {
	see := need{access.See, true}
	return map[string]need{
		"GET /setup":           {access.Anybody, true},
		"POST /setup":          {access.Anybody, true},
		"GET /sign-in":         {access.Anybody, true},
		"POST /sign-in":        {access.Anybody, true},
		"POST /sign-out":       {access.Anybody, true},
		"GET /openid/begin":    {access.Anybody, true},
		"GET /openid/callback": {access.Anybody, true},

		"GET /account":                         see,
		"POST /account/sessions/{session}/end": see,

		"GET /{$}":                                      see,
		"GET /cases":                                    see,
		"GET /cases/{id}":                               see,
		"POST /cases/views":                             see,
		"POST /cases/bulk":                              {access.Review, true},
		"POST /cases/{id}/act":                          {access.Review, true},
		"POST /cases/{id}/enforce":                      {access.Review, true},
		"POST /cases/{id}/approve":                      {access.Approve, true},
		"GET /tenants":                                  see,
		"GET /tenants/{tenant}":                         see,
		"GET /organizers/{tenant}/{organizer}":          see,
		"POST /organizers/{tenant}/{organizer}/enforce": {access.Review, true},
		"POST /organizers/{tenant}/{organizer}/approve": {access.Approve, true},

		"GET /usage":                     see,
		"GET /usage/export":              see,
		"GET /usage/{tenant}/{usage_id}": see,

		"GET /finance":                           see,
		"GET /finance/{month}":                   see,
		"GET /finance/{month}/download":          see,
		"GET /finance/{month}/{tenant}":          see,
		"GET /finance/{month}/{tenant}/variance": see,
		"GET /finance/{month}/{tenant}/leak":     see,
		"GET /finance/{month}/{tenant}/records":  see,
		"POST /finance/{month}/{tenant}/close":   {access.Account, true},
		"POST /finance/{month}/{tenant}/reopen":  {access.Account, true},
		"POST /finance/{month}/{tenant}/sign":    {access.Account, true},
		"POST /finance/{month}/{tenant}/note":    {access.Account, true},

		"GET /ingest":                                 see,
		"GET /ingest/quarantine":                      see,
		"GET /ingest/quarantine/{rejection}":          see,
		"POST /ingest/quarantine/{rejection}/retry":   {access.Administer, false},
		"POST /ingest/quarantine/{rejection}/dismiss": {access.Administer, false},
		"POST /ingest/quarantine/bulk":                {access.Administer, false},
		"GET /rules":                                  {access.See, false},
		"GET /rules/pack/{rule}":                      {access.See, false},
		"GET /rules/candidate":                        {access.Review, false},
		"POST /rules/candidate":                       {access.Review, false},
		"GET /rules/candidate/{rule}/download":        {access.Review, false},
		"GET /rules/trial":                            {access.See, false},
		"POST /rules/trial/cancel":                    {access.Review, false},
		"GET /audit":                                  {access.Audit, false},
		"GET /audit/export":                           {access.Audit, false},
		"GET /settings":                               {access.Administer, false},
		"GET /settings/doctor":                        {access.Administer, false},
		"POST /settings/users":                        {access.Administer, false},
		"POST /settings/users/{user}":                 {access.Administer, false},
		"POST /settings/keys":                         {access.Administer, false},
		"POST /settings/keys/{key}/end":               {access.Administer, false},
		"POST /settings/sessions/{session}/end":       {access.Administer, false},

		"/api/":                                                     {access.Decide, true},
		"GET /api/v1/me":                                            {access.Decide, true},
		"GET /api/v1/me/sessions":                                   see,
		"DELETE /api/v1/me/sessions/{session}":                      see,
		"GET /api/v1/overview":                                      see,
		"GET /api/v1/cases":                                         see,
		"POST /api/v1/cases/actions":                                {access.Review, true},
		"GET /api/v1/views":                                         see,
		"PUT /api/v1/views/{shelf}/{view}":                          see,
		"DELETE /api/v1/views/{shelf}/{view}":                       see,
		"GET /api/v1/cases/{id}":                                    see,
		"GET /api/v1/cases/{id}/related":                            see,
		"GET /api/v1/cases/{id}/history":                            see,
		"POST /api/v1/cases/{id}/actions":                           {access.Review, true},
		"GET /api/v1/cases/{id}/enforcement":                        see,
		"POST /api/v1/cases/{id}/enforcement":                       {access.Review, true},
		"POST /api/v1/cases/{id}/approval":                          {access.Approve, true},
		"GET /api/v1/tenants":                                       see,
		"GET /api/v1/tenants/{tenant}":                              see,
		"GET /api/v1/organizers":                                    see,
		"GET /api/v1/organizers/{tenant}/{organizer}":               see,
		"GET /api/v1/organizers/{tenant}/{organizer}/enforcement":   see,
		"POST /api/v1/organizers/{tenant}/{organizer}/enforcement":  {access.Review, true},
		"POST /api/v1/organizers/{tenant}/{organizer}/approval":     {access.Approve, true},
		"GET /api/v1/usage":                                         see,
		"GET /api/v1/usage/slices":                                  see,
		"GET /api/v1/ratings/{usage_id}/explanation":                see,
		"GET /api/v1/pools":                                         see,
		"GET /api/v1/pools/history":                                 see,
		"GET /api/v1/pools/notices":                                 see,
		"GET /api/v1/credits":                                       see,
		"GET /api/v1/reconciliation":                                see,
		"GET /api/v1/reconciliation/records":                        see,
		"GET /api/v1/months":                                        see,
		"GET /api/v1/months/{month}/statements":                     see,
		"GET /api/v1/months/{month}/download":                       see,
		"GET /api/v1/months/{month}/statements/{tenant}":            see,
		"GET /api/v1/months/{month}/statements/{tenant}/leak":       see,
		"GET /api/v1/months/{month}/statements/{tenant}/signatures": see,
		"POST /api/v1/months/{month}/statements/{tenant}/close":     {access.Account, true},
		"POST /api/v1/months/{month}/statements/{tenant}/reopen":    {access.Account, true},
		"POST /api/v1/months/{month}/statements/{tenant}/sign":      {access.Account, true},
		"GET /api/v1/months/{month}/statements/{tenant}/notes":      see,
		"POST /api/v1/months/{month}/statements/{tenant}/notes":     {access.Account, true},
		"GET /api/v1/rules":                                         {access.See, false},
		"GET /api/v1/rules/pack/{rule}":                             {access.See, false},
		"POST /api/v1/rules/check":                                  {access.Review, false},
		"GET /api/v1/rules/candidates":                              {access.Review, false},
		"GET /api/v1/rules/backtest":                                {access.See, false},
		"POST /api/v1/rules/backtest":                               {access.Review, false},
		"POST /api/v1/rules/backtest/cancel":                        {access.Review, false},
		"GET /api/v1/sources":                                       see,
		"GET /api/v1/jobs":                                          see,
		"GET /api/v1/checks":                                        {access.Administer, false},
		"GET /api/v1/ingest/batches":                                see,
		"GET /api/v1/ingest/quarantine":                             see,
		"GET /api/v1/ingest/quarantine/{rejection}":                 see,
		"POST /api/v1/ingest/quarantine/{rejection}/retry":          {access.Administer, false},
		"POST /api/v1/ingest/quarantine/{rejection}/dismiss":        {access.Administer, false},
		"POST /api/v1/ingest/quarantine/actions":                    {access.Administer, false},
		"GET /api/v1/audit":                                         {access.Audit, false},
		"GET /api/v1/users":                                         {access.Administer, false},
		"POST /api/v1/users":                                        {access.Administer, false},
		"PATCH /api/v1/users/{user}":                                {access.Administer, false},
		"GET /api/v1/keys":                                          {access.Administer, false},
		"POST /api/v1/keys":                                         {access.Administer, false},
		"POST /api/v1/keys/{key}/end":                               {access.Administer, false},
		"GET /api/v1/sessions":                                      {access.Administer, false},
		"POST /api/v1/sessions/{session}/end":                       {access.Administer, false},
		"GET /api/v1/decisions/{organizer}":                         {access.Decide, false},
		"POST /api/v1/decisions":                                    {access.Decide, false},
		"POST /api/v1/calls":                                        {access.Decide, false},
		// Its senders have keys of their own, which open nothing else.
		"POST /api/v1/usage":       {access.Anybody, true},
		"GET /api/v1/openapi.yaml": {access.Decide, true},
		"GET /metrics":             {access.Decide, false},
	}
}

type identityKey struct{}

// identity is who a request is from.
func identity(ctx context.Context) access.Identity {
	who, _ := ctx.Value(identityKey{}).(access.Identity)
	return who
}

// caller is the name of who a request is from.
func caller(r *http.Request) string { return identity(r.Context()).Name }

// guard lets a request through whose sender may do what the route is for.
func (k *keeper) guard(pattern string, next http.Handler) (http.Handler, error) {
	n, known := needs()[pattern]
	if !known {
		return nil, fmt.Errorf("console: %s stands in no list of who may do what", pattern)
	}
	// Nothing behind these asks who it is, and they are answered many thousand times a second.
	bare := pattern == "GET /api/v1/decisions/{organizer}"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, known, ok := k.identify(w, r)
		switch {
		case !ok:
			return
		case !known && n.may != access.Anybody:
			k.refuse(w, r)
			return
		case !n.met(who):
			k.forbid(w, r, n, who)
			return
		}
		if who.Scoped() {
			q := r.URL.Query()
			for _, tenant := range append(append(q["tenant_id"], q["tenant"]...), r.PathValue("tenant")) {
				if tenant != "" && !who.Sees(tenant) {
					k.pages.failed(w, r, ErrNotFound)
					return
				}
			}
		}
		if !bare {
			r = r.WithContext(context.WithValue(r.Context(), identityKey{}, who))
		}
		next.ServeHTTP(w, r)
	}), nil
}
