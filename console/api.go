package console

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
)

// api answers programs. What would be made anew for each decision is kept: a gateway asks
// thousands a second.
type api struct {
	opts    Options
	json    []string  // the media type
	buffers sync.Pool // *[]byte that answers are written into
}

// routes are all addresses of the API; openapi.yaml lists the same, and a test
// compares them.
func (a *api) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /api/v1/ratings/{usage_id}/explanation": a.explainRating,
		"GET /api/v1/pools":                          a.pools,
		"GET /api/v1/pools/history":                  a.poolHistory,
		"GET /api/v1/pools/notices":                  a.poolNotices,
		"GET /api/v1/credits":                        a.credits,
		"GET /api/v1/reconciliation":                 a.reconciliation,
		"GET /api/v1/reconciliation/records":         a.reconciliationRecords,
		"GET /api/v1/cases":                          a.listCases,
		"GET /api/v1/cases/{id}":                     a.getCase,
		"GET /api/v1/cases/{id}/history":             a.caseHistory,
		"POST /api/v1/cases/{id}/actions":            a.actOnCase,
		"GET /api/v1/cases/{id}/enforcement":         a.caseEnforcement,
		"POST /api/v1/cases/{id}/enforcement":        a.enforce,
		"POST /api/v1/cases/{id}/approval":           a.approve,
		"GET /api/v1/decisions/{organizer}":          a.decide,
		"POST /api/v1/decisions":                     a.decideAll,
		"POST /api/v1/calls":                         a.reportCalls,
		"POST /api/v1/usage":                         a.push,
		"GET /api/v1/openapi.yaml":                   a.openAPI,
	}
}

func (a *api) openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openAPIFile)
}

// fail answers an error without telling the caller what is inside the store.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrNotFound) {
		problem(w, http.StatusNotFound, "There is nothing under this id.")
		return
	}
	if r.Context().Err() != nil {
		return // nobody waits for an answer
	}
	a.opts.Logger.LogAttrs(r.Context(), slog.LevelError, "request failed",
		slog.String("method", r.Method), slog.String("route", r.Pattern), slog.Any("error", err))
	problem(w, http.StatusInternalServerError, "The daemon could not answer; its log says why.")
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// problem writes an RFC 9457 problem document.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail,
	})
}

func problemHandler(status int, detail string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { problem(w, status, detail) })
}
