package console

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"fairdial/cases"
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
		"GET /api/v1/decisions/{organizer}":          a.decide,
		"POST /api/v1/decisions":                     a.decideAll,
		"POST /api/v1/calls":                         a.reportCalls,
		"POST /api/v1/usage":                         a.push,
		"GET /api/v1/openapi.yaml":                   a.openAPI,
	}
}

func (a *api) listCases(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	filter := CaseFilter{TenantID: q.Get("tenant_id"), OrganizerID: q.Get("organizer_id"), Status: q.Get("status")}
	if s := q.Get("min_score"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 100 {
			problem(w, http.StatusBadRequest, "min_score must be a whole number from 0 to 100.")
			return
		}
		filter.MinScore = n
	}
	list, err := a.opts.Cases.List(r.Context(), filter)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if list == nil {
		list = []cases.Case{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"cases": list})
}

func (a *api) getCase(w http.ResponseWriter, r *http.Request) {
	c, err := a.opts.Cases.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, c)
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
