package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"fairdial/enforcement"
)

// Decider answers what organizers may do now, and takes reports of their calls.
type Decider interface {
	Decide(organizer, number string) (enforcement.Decision, error)
	// Within is the same of one tenant's organizer, whatever other tenants' of the same name may do.
	Within(tenantID, organizerID string) enforcement.Decision
	Report(ctx context.Context, reporter string, reports []enforcement.CallReport) (int, error)
}

// The most that one request may ask or report, and how large it may be.
const (
	maxQuestions = 1000
	maxBody      = 1 << 20 // bytes
)

func (a *api) decide(w http.ResponseWriter, r *http.Request) {
	decision, err := a.opts.Decider.Decide(r.PathValue("organizer"), dialled(r.URL))
	if err != nil {
		problem(w, http.StatusBadRequest, "Name an organizer, by object id or user principal name.")
		return
	}
	buffer, ready := a.buffers.Get().(*[]byte)
	if !ready {
		buffer = new([]byte)
	}
	*buffer = append(decision.AppendJSON((*buffer)[:0]), '\n')
	w.Header()["Content-Type"] = a.json
	_, _ = w.Write(*buffer)
	a.buffers.Put(buffer)
}

// dialled is the number of a question.
func dialled(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	if value, only := strings.CutPrefix(u.RawQuery, "number="); only && !strings.ContainsAny(value, "&;") {
		if number, err := url.QueryUnescape(value); err == nil {
			return number
		}
	}
	return u.Query().Get("number")
}

// decideAll answers many questions in their order.
func (a *api) decideAll(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Questions []struct {
			Organizer string `json:"organizer"`
			Number    string `json:"number"`
		} `json:"questions"`
	}
	if !readJSON(w, r, &asked) {
		return
	}
	if len(asked.Questions) == 0 || len(asked.Questions) > maxQuestions {
		problem(w, http.StatusBadRequest, fmt.Sprintf("Ask from 1 to %d questions.", maxQuestions))
		return
	}
	decisions := make([]enforcement.Decision, len(asked.Questions))
	for i, q := range asked.Questions {
		var err error
		if decisions[i], err = a.opts.Decider.Decide(q.Organizer, q.Number); err != nil {
			problem(w, http.StatusBadRequest, fmt.Sprintf("Question %d names no organizer.", i+1))
			return
		}
	}
	body := []byte(`{"decisions":[`)
	for i := range decisions {
		if i > 0 {
			body = append(body, ',')
		}
		body = decisions[i].AppendJSON(body)
	}
	w.Header()["Content-Type"] = a.json
	_, _ = w.Write(append(body, "]}\n"...))
}

// reportCalls takes what a gateway says of calls that go on or have ended.
func (a *api) reportCalls(w http.ResponseWriter, r *http.Request) {
	var told struct {
		Calls []enforcement.CallReport `json:"calls"`
	}
	if !readJSON(w, r, &told) {
		return
	}
	if len(told.Calls) == 0 || len(told.Calls) > maxQuestions {
		problem(w, http.StatusBadRequest, fmt.Sprintf("Report from 1 to %d calls.", maxQuestions))
		return
	}
	taken, err := a.opts.Decider.Report(r.Context(), caller(r), told.Calls)
	if errors.Is(err, enforcement.ErrBadReport) {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"taken": taken, "unknown": len(told.Calls) - taken})
}

// readJSON reads a request's document; it answers itself when it cannot.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if !sentJSON(w, r) {
		return false
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("At most %d bytes are read.", maxBody))
			return false
		}
		problem(w, http.StatusBadRequest, "The document cannot be read: "+err.Error())
		return false
	}
	return true
}
