package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"fairdial/store/replies"
)

// Replies keeps what was answered to requests that named themselves.
type Replies interface {
	Begin(ctx context.Context, key, fingerprint string) (*replies.Turn, *replies.Reply, error)
}

// once says whether requests of a route are done once for an Idempotency-Key: those that
// change something. Questions for decisions and checks of rules change nothing, and pushed
// usage has receipts of its own.
func once(pattern string) bool {
	return !strings.HasPrefix(pattern, "GET ") && !slices.Contains([]string{"POST /api/v1/decisions", "POST /api/v1/usage", "POST /api/v1/rules/check"}, pattern)
}

// keepFor bounds writing down an answer, which outlives its caller.
const keepFor = 10 * time.Second

// once does what a named request asks at most once, and answers it again as it was answered.
func (a *api) once(pattern string, next http.HandlerFunc) http.HandlerFunc {
	if !once(pattern) {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		if key == "" {
			next(w, r)
			return
		}
		if len(key) > maxReceipt {
			problem(w, http.StatusBadRequest, fmt.Sprintf("An Idempotency-Key has at most %d characters.", maxReceipt))
			return
		}
		if a.opts.Replies == nil {
			problem(w, http.StatusNotImplemented, "No answers are kept here: send the request without an Idempotency-Key.")
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("At most %d bytes are read.", maxBody))
			return
		}
		turn, answer, err := a.opts.Replies.Begin(r.Context(), replyKey(r, key), fingerprint(r, key, body))
		underWay, waiting := errors.AsType[*replies.UnderWayError](err)
		switch {
		case errors.Is(err, replies.ErrOther):
			problem(w, http.StatusUnprocessableEntity, "This Idempotency-Key named another request within the last 24 hours: use a new key.")
		case waiting:
			w.Header().Set("Retry-After", "1")
			problem(w, http.StatusConflict, "The request with this Idempotency-Key began at "+clock(underWay.Began)+
				" and has not ended. If it never does, the daemon was stopped in it: look whether it was done, and use a new key.")
		case err != nil:
			a.fail(w, r, err)
		case answer != nil:
			again(w, answer)
		default:
			a.take(w, r, turn, body, pattern, next)
		}
	}
}

// take does a request to its end, though its caller may be gone, and keeps the answer.
func (a *api) take(w http.ResponseWriter, r *http.Request, turn *replies.Turn, body []byte, pattern string, next http.HandlerFunc) {
	ctx := context.WithoutCancel(r.Context())
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(body))
	got := &recorder{ResponseWriter: w, status: http.StatusOK}
	next(got, r)

	ctx, cancel := context.WithTimeout(ctx, keepFor)
	defer cancel()
	var err error
	if got.status < http.StatusOK || got.status >= http.StatusMultipleChoices {
		err = turn.LetGo(ctx)
	} else {
		kept := replies.Reply{Status: got.status, Headers: map[string]string{}, Body: got.body.Bytes()}
		for _, name := range []string{"Content-Type", "ETag", "Location"} {
			if value := w.Header().Get(name); value != "" {
				kept.Headers[name] = value
			}
		}
		if pattern == "POST /api/v1/keys" {
			kept.Body = withoutSecret(kept.Body)
		}
		err = turn.Give(ctx, kept)
	}
	if err != nil { // it is done: the caller must hear so
		a.opts.Logger.LogAttrs(ctx, slog.LevelError, "an answer could not be kept; the same request again will be told that it is under way",
			slog.String("route", r.Pattern), slog.Any("error", err))
	}
	w.WriteHeader(got.status)
	_, _ = w.Write(got.body.Bytes())
}

// again answers as it was answered before.
func again(w http.ResponseWriter, answer *replies.Reply) {
	for name, value := range answer.Headers {
		w.Header().Set(name, value)
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body)
}

// withoutSecret cuts a new key out of its answer: it is shown once alone, and kept nowhere.
func withoutSecret(body []byte) []byte {
	var doc map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		return []byte("{}\n")
	}
	doc["secret"] = nil
	kept, err := json.Marshal(doc)
	if err != nil {
		return []byte("{}\n")
	}
	return append(kept, '\n')
}

// recorder holds an answer back until it is kept.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(part []byte) (int, error) { return r.body.Write(part) }

// replyKey names a request: keys of two callers never meet, nor those of one who sees or may
// other things than when the answer was kept: it may tell of a tenant that is no longer theirs.
func replyKey(r *http.Request, key string) string {
	who := identity(r.Context())
	kind := "key"
	if who.Session != "" {
		kind = "person"
	}
	sees := slices.Sorted(slices.Values(who.Tenants))
	return hashed(append([]string{kind, who.Name, who.Holder, key, string(who.Role)}, slices.Compact(sees)...)...)
}

// fingerprint tells what a request asks. The version it is made on is not in it: who sends
// it again may have looked meanwhile. The key salts it: a body may hold a password, and who
// reads the store must not be able to try passwords on it.
func fingerprint(r *http.Request, key string, body []byte) string {
	return hashed(key, r.Method, r.URL.Path, r.URL.RawQuery, string(body))
}

func hashed(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}
