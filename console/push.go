package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Push takes usage that senders bring to the sources of that kind.
type Push struct {
	// Keys are of senders, by source. They open nothing else.
	Keys map[string][]Key
	// Receive stores a body and returns when it is in the store. ErrNoUsage is a body that
	// cannot be read.
	Receive func(ctx context.Context, source, receipt string, body []byte) (Pushed, error)
	// places are as many as bodies may be on their way to the store at once; more are told to
	// come again.
	places chan struct{}
}

// NewPush makes one that has so many bodies on their way at once.
func NewPush(keys map[string][]Key, atOnce int, receive func(ctx context.Context, source, receipt string, body []byte) (Pushed, error)) *Push {
	return &Push{Keys: keys, Receive: receive, places: make(chan struct{}, atOnce)}
}

// Pushed is what became of a body. Read = accepted + duplicate + ignored + rejected.
type Pushed struct {
	Read      uint64      `json:"read"`
	Accepted  uint64      `json:"accepted"`
	Duplicate uint64      `json:"duplicate"`
	Ignored   uint64      `json:"ignored"`
	Rejected  uint64      `json:"rejected"`
	Rows      []PushedRow `json:"rows"`
}

// PushedRow is what became of a row.
type PushedRow struct {
	Row     uint64 `json:"row"`
	UsageID string `json:"usage_id,omitempty"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// ErrNoUsage is what a Push answers for a body that holds no usage, or not to its end.
var ErrNoUsage = errors.New("the body cannot be read as usage")

// The bounds of a body, as it comes and unpacked.
const (
	maxPush         = 16 << 20 // bytes
	maxPushUnpacked = 64 << 20
	maxReceipt      = 200 // characters of an Idempotency-Key
)

var errPushTooLarge = fmt.Errorf("at most %d MiB are read, and %d MiB unpacked; send less at once", maxPush>>20, maxPushUnpacked>>20)

// source is whose key it is. All keys are compared, each in constant time.
func (p *Push) source(given string) (name string, found bool) {
	sum := sha256.Sum256([]byte(given))
	for source, keys := range p.Keys {
		for i := range keys {
			if subtle.ConstantTimeCompare(keys[i].sum[:], sum[:]) == 1 && given != "" {
				name, found = source, true
			}
		}
	}
	return name, found
}

// push takes usage. The order matters: who it is, whether there is room, and only then the
// body.
func (a *api) push(w http.ResponseWriter, r *http.Request) {
	p := a.opts.Push
	if p == nil {
		problem(w, http.StatusNotFound, "No source of the kind push is configured.")
		return
	}
	source, known := p.source(bearer(r))
	if !known {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fairdial usage"`)
		problem(w, http.StatusUnauthorized, "A key of a push source is needed: send it as Authorization: Bearer KEY.")
		return
	}
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	default:
		w.Header().Set("Retry-After", "1")
		problem(w, http.StatusTooManyRequests, "As much as can be is on its way to the store: send it again in a second.")
		return
	}
	body, err := unpack(w, r)
	switch {
	case errors.Is(err, errPushTooLarge):
		problem(w, http.StatusRequestEntityTooLarge, err.Error())
		return
	case err != nil:
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	receipt := r.Header.Get("Idempotency-Key")
	if len(receipt) > maxReceipt {
		problem(w, http.StatusBadRequest, fmt.Sprintf("An Idempotency-Key has at most %d characters.", maxReceipt))
		return
	}
	if receipt == "" {
		sum := sha256.Sum256(body)
		receipt = hex.EncodeToString(sum[:16])
	}
	report, err := p.Receive(r.Context(), source, receipt, body)
	switch {
	case errors.Is(err, ErrNoUsage):
		problem(w, http.StatusUnprocessableEntity, err.Error())
	case err != nil:
		a.fail(w, r, err)
	default:
		if report.Rows == nil {
			report.Rows = []PushedRow{}
		}
		writeJSON(w, http.StatusAccepted, report)
	}
}

// unpack reads a body whole. Gzip is told by its first bytes too: senders forget the header.
func unpack(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, errPushTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("the body broke off: %w", err)
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "gzip") {
		return nil, errors.New("of encodings, gzip is understood")
	}
	if bytes.HasPrefix(body, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("the gzip cannot be read: %w", err)
		}
		if body, err = io.ReadAll(io.LimitReader(z, maxPushUnpacked+1)); err != nil {
			return nil, fmt.Errorf("the gzip cannot be read to its end: %w", err)
		}
		if len(body) > maxPushUnpacked {
			return nil, errPushTooLarge
		}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(text) == 0 || text[0] != '[' && text[0] != '{' {
		return nil, errors.New("send a JSON array of usage rows, or one row a line (JSON Lines)")
	}
	return body, nil
}
