// Package outlet holds the ways to tell news of cases elsewhere than in Slack, a file each:
// a signed webhook, e-mail, an Alertmanager.
package outlet

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

	"github.com/cenkalti/backoff/v5"

	"fairdial/alerting"
)

// Webhook posts news as JSON, signed.
type Webhook struct {
	name, url string
	secret    []byte
	now       func() time.Time
	client    *http.Client
}

// NewWebhook makes the outlet. Every call bears X-Fairdial-Timestamp (Unix seconds),
// X-Fairdial-Signature ("v1=" and the HMAC-SHA256 of timestamp, a dot and the body) and
// Idempotency-Key.
func NewWebhook(name, address, secret string, now func() time.Time) (*Webhook, error) {
	if _, err := url.ParseRequestURI(address); err != nil || secret == "" {
		return nil, fmt.Errorf("outlet %s: a webhook needs an address and a secret", name)
	}
	return &Webhook{name: name, url: address, secret: []byte(secret), now: now, client: newClient()}, nil
}

func newClient() *http.Client {
	return &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Name implements [alerting.Outlet].
func (w *Webhook) Name() string { return w.name }

// Send implements [alerting.Outlet].
func (w *Webhook) Send(ctx context.Context, n alerting.News) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return post(ctx, w.client, w.url, body, func(h http.Header) {
		stamp := strconv.FormatInt(w.now().Unix(), 10)
		h.Set("Idempotency-Key", n.ID)
		h.Set("X-Fairdial-Timestamp", stamp)
		h.Set("X-Fairdial-Signature", Sign(w.secret, stamp, body))
	})
}

// Sign is the signature of a call at a time stamp.
func Sign(secret []byte, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// tries of one call, the first included; later passes try again.
const tries = 3

// post sends JSON and tries again where the receiver does not answer, is in trouble or asks
// to wait.
func post(ctx context.Context, client *http.Client, address string, body []byte, headers func(http.Header)) error {
	once := func() (struct{}, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
		if err != nil {
			return struct{}{}, backoff.Permanent(errors.New("the address cannot be used"))
		}
		// A connection each: on one that is used again and breaks, net/http repeats by itself what
		// has an idempotency key, beyond the tries that are counted.
		request.Close = true
		request.Header.Set("Content-Type", "application/json")
		headers(request.Header)
		response, err := client.Do(request)
		if err != nil {
			if inner, ok := errors.AsType[*url.Error](err); ok {
				err = inner.Err // the address may hold a key
			}
			return struct{}{}, fmt.Errorf("no answer: %w", err)
		}
		defer response.Body.Close()
		switch {
		case response.StatusCode >= 200 && response.StatusCode < 300:
			return struct{}{}, nil
		case response.StatusCode == http.StatusTooManyRequests:
			if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds <= 10 {
				return struct{}{}, backoff.RetryAfter(seconds)
			}
			return struct{}{}, fmt.Errorf("the receiver answered %s", response.Status)
		case response.StatusCode >= 500:
			return struct{}{}, fmt.Errorf("the receiver answered %s", response.Status)
		default:
			return struct{}{}, backoff.Permanent(fmt.Errorf("the receiver answered %s", response.Status))
		}
	}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = 200 * time.Millisecond
	_, err := backoff.Retry(ctx, once, backoff.WithBackOff(pause), backoff.WithMaxTries(tries))
	return err
}
