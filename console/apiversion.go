package console

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/store/journal"
)

// tag is the ETag of a version.
func tag(version int) string { return `"` + strconv.Itoa(version) + `"` }

// tags are those that a header names.
func tags(header string) (out []string) {
	for t := range strings.SplitSeq(header, ",") {
		if t = strings.TrimSpace(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// writeVersioned answers what has a version, or that the caller has that version already.
func writeVersioned(w http.ResponseWriter, r *http.Request, version int, v any) {
	w.Header().Set("ETag", tag(version))
	if known := tags(r.Header.Get("If-None-Match")); r.Method == http.MethodGet && slices.ContainsFunc(known, func(t string) bool { return t == "*" || strings.TrimPrefix(t, "W/") == tag(version) }) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	writeJSON(w, http.StatusOK, v)
}

// winner is who changed something first.
type winner struct {
	Version int       `json:"version"`
	Kind    string    `json:"kind"`
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"` // UTC; when it was written
}

// seen is the version that a change was made on, out of If-Match, and whether that is the
// present one. It answers itself where ok is false: the header is missing or names no version.
func seen(w http.ResponseWriter, r *http.Request, present int) (version int, current, ok bool) {
	given := tags(r.Header.Get("If-Match"))
	switch {
	case len(given) == 0:
		w.Header().Set("ETag", tag(present))
		problem(w, http.StatusPreconditionRequired, "Say which version the change is made on: send the ETag that you saw as If-Match.")
		return 0, false, false
	case slices.Contains(given, "*"), slices.Contains(given, tag(present)):
		return present, true, true
	}
	old, err := strconv.Atoi(strings.Trim(given[0], `"`))
	if err != nil || old < 0 || old > present {
		w.Header().Set("ETag", tag(present))
		problemWith(w, http.StatusPreconditionFailed, "If-Match is no version that there has been; the present one is "+strconv.Itoa(present)+".", map[string]any{"version": present, "winner": nil})
		return 0, false, false
	}
	return old, false, true
}

// outrun answers that somebody was first: who, and which version stands now.
func (a *api) outrun(w http.ResponseWriter, status, present int, who *winner) {
	w.Header().Set("ETag", tag(present))
	detail := "It has changed since you saw it."
	if who != nil {
		detail = who.Actor + " was first: " + who.Kind + " at " + clock(who.At) + "."
	}
	problemWith(w, status, detail+" Nothing was done; look again and decide on what is there now.", map[string]any{"version": present, "winner": who})
}

// changed answers a change that failed; it says whether it went well. The status is for a
// change that somebody else's came before.
func (a *api) changed(w http.ResponseWriter, r *http.Request, err error, status, present int) bool {
	if err == nil {
		return true
	}
	if lost, ok := errors.AsType[*journal.ConflictError](err); ok {
		at := int(lost.Winner.Version)
		a.outrun(w, status, max(at, present), &winner{at, lost.Winner.Kind, lost.Winner.Actor, lost.Winner.RecordedAt.UTC()})
		return false
	}
	if why := enforcement.Refused(err); why != nil {
		problem(w, http.StatusUnprocessableEntity, sentence(why.Error()))
		return false
	}
	if errors.Is(err, cases.ErrAction) {
		problem(w, http.StatusUnprocessableEntity, sentence(err.Error()))
		return false
	}
	a.fail(w, r, err)
	return false
}

// sentence begins with a capital and ends with a point.
func sentence(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// problemWith is a problem document with members of its own.
func problemWith(w http.ResponseWriter, status int, detail string, more map[string]any) {
	doc := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}
	maps.Copy(doc, more)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}
