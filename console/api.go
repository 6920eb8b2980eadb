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
	views   views
	json    []string  // the media type
	buffers sync.Pool // *[]byte that answers are written into
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
