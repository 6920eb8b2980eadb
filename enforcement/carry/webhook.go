package carry

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"fairdial/enforcement"
)

// Webhook tells a system of the operator's own what is to hold.
type Webhook struct {
	name, url string
	secret    []byte
	now       func() time.Time
	client    *http.Client
}

// NewWebhook makes the adapter. Every call bears X-Fairdial-Timestamp (Unix seconds),
// X-Fairdial-Signature ("v1=" and the HMAC-SHA256 of timestamp, a dot and the body) and
// Idempotency-Key.
func NewWebhook(name, address, secret string, now func() time.Time) (*Webhook, error) {
	if _, err := url.ParseRequestURI(address); err != nil || secret == "" {
		return nil, fmt.Errorf("adapter %s: a webhook needs an address and a secret", name)
	}
	return &Webhook{name: name, url: address, secret: []byte(secret), now: now, client: newClient()}, nil
}

// Effect implements [Adapter].
func (w *Webhook) Effect(level enforcement.Level) string {
	if level == enforcement.LevelObserve {
		return ""
	}
	return w.name + " is told by a signed webhook, and acts on it as it is made to."
}

func newClient() *http.Client {
	return &http.Client{
		Timeout: 15 * time.Second,
		// A redirect would carry what is said, and who says it, to whoever it names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Name implements [Adapter].
func (w *Webhook) Name() string { return w.name }

// Wish implements [Adapter]: every level is told, and limits with it.
func (w *Webhook) Wish(o Order) string {
	switch o.Level {
	case "", "observe":
		return ""
	}
	wish := string(o.Level)
	if o.Limits != nil {
		wish += fmt.Sprintf(" %d/%d", o.Limits.MinutesPerHour, o.Limits.Legs)
	}
	return wish
}

// Prepare implements [Adapter]: nothing is to be remembered.
func (w *Webhook) Prepare(context.Context, Order) (json.RawMessage, error) { return nil, nil }

// Apply implements [Adapter].
func (w *Webhook) Apply(ctx context.Context, o Order, _ string, _ json.RawMessage) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(w.now().Unix(), 10)
	// A connection each: on one that is used again and breaks, net/http repeats by itself what
	// has an idempotency key, beyond the tries that are counted.
	request.Close = true
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", o.ID)
	request.Header.Set("X-Fairdial-Timestamp", stamp)
	request.Header.Set("X-Fairdial-Signature", Sign(w.secret, stamp, body))
	response, err := w.client.Do(request)
	if err != nil {
		return bare(err)
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("the receiver answered %s", response.Status)
	}
	return nil
}

// Sign is the signature of a call at a time stamp.
func Sign(secret []byte, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// bare leaves the address out of an error: it may hold a key.
func bare(err error) error {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("no answer: %w", inner.Err)
	}
	return err
}

// Verify implements [Adapter]: the receiver's 2xx is its word.
func (w *Webhook) Verify(context.Context, Order, string, json.RawMessage) error { return nil }
