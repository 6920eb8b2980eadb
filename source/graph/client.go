// Package graph polls Microsoft Graph for the PSTN usage of a tenant. README.md states
// the rules.
package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Token gives a bearer token for Graph. With fresh, one given before was refused and must
// not be given again.
type Token func(ctx context.Context, fresh bool) (string, error)

// Client asks Graph for pages, never faster than its limits allow.
type Client struct {
	HTTP  *http.Client
	Base  *url.URL // of the cloud, such as https://graph.microsoft.com
	Token Token
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error

	mu    sync.Mutex
	began bool
	next  time.Time // before it nothing is asked
	stats Stats
}

// Stats is what a client has done since it was made.
type Stats struct {
	Requests  uint64
	Throttled time.Duration // waited because Graph asked for it
	// Skew is how far this machine's clock is ahead of Graph's, to a second or so; known
	// after the first answer.
	Skew time.Duration
}

// Stats tells what the client has done.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

func (c *Client) count(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
}

// Pace is the least time between two requests for a collection. Graph allows 50 a minute;
// 48 leave room for the clock of the other side.
const Pace = time.Minute / 48

// The bounds of one answer and of trying again.
const (
	maxPage     = 64 << 20 // bytes
	maxAttempts = 8
	firstPause  = 2 * time.Second
	maxPause    = 2 * time.Minute
)

// ErrPermission: the app registration lacks a permission or its administrator's consent.
var ErrPermission = errors.New("a permission is missing")

// errGone: Graph has forgotten the state that a delta link stands for.
var errGone = errors.New("the state of the last synchronisation is gone")

// permission names what a request needs, the least first.
// Source: Microsoft Learn, permissions of each method, application permissions.
func permission(address string) string {
	switch {
	case strings.Contains(address, "/users"):
		return "User.Read.All"
	case strings.Contains(address, "/subscribedSkus"):
		return "LicenseAssignment.Read.All (or Organization.Read.All)"
	}
	return "CallRecord-PstnCalls.Read.All (or CallRecords.Read.All)"
}

// wait takes the next place in the queue. A new client waits once before its first
// request, so that starting again and again does not exceed the limit either.
func (c *Client) wait(ctx context.Context) error {
	c.mu.Lock()
	now := c.Now()
	if !c.began {
		c.began, c.next = true, now.Add(Pace)
	}
	at := now
	if c.next.After(at) {
		at = c.next
	}
	c.next = at.Add(Pace)
	c.mu.Unlock()
	if d := at.Sub(now); d > 0 {
		return c.Sleep(ctx, d)
	}
	return ctx.Err()
}

// get asks for one page until it is there, it is refused, or it has failed too often.
func (c *Client) get(ctx context.Context, address string) ([]byte, error) {
	pause, fresh := firstPause, false
	var last error
	for range maxAttempts {
		if err := c.wait(ctx); err != nil {
			return nil, err
		}
		body, status, after, err := c.once(ctx, address, fresh)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, ErrCredentials):
			return nil, err
		case err != nil:
			last = err
		case status == http.StatusOK:
			return body, nil
		case status == http.StatusUnauthorized && !fresh:
			fresh, last = true, errors.New("the token was refused")
			continue
		case status == http.StatusUnauthorized:
			return nil, fmt.Errorf("%w: graph refuses a fresh token; check the directory and client id of the source", ErrCredentials)
		case status == http.StatusForbidden:
			return nil, fmt.Errorf("%w: graph answers 403; grant the application permission %s to the app registration and let an administrator consent", ErrPermission, permission(address))
		case status == http.StatusGone:
			return nil, errGone
		case status == http.StatusTooManyRequests || status >= 500:
			last = fmt.Errorf("graph answers %d", status)
		default:
			return nil, fmt.Errorf("graph answers %d to %s", status, address)
		}
		fresh = false
		wait := max(after, pause)
		pause = min(2*pause, maxPause)
		if err := c.Sleep(ctx, wait); err != nil {
			return nil, err
		}
		if after > 0 {
			c.count(func(s *Stats) { s.Throttled += wait })
		}
	}
	return nil, fmt.Errorf("graph failed %d times, it is tried again at the next poll: %w", maxAttempts, last)
}

func (c *Client) once(ctx context.Context, address string, fresh bool) (body []byte, status int, after time.Duration, err error) {
	token, err := c.Token(ctx, fresh)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("get a token for Graph: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, 0, err
	}
	// A connection each: on one that is used again and breaks, net/http repeats the request
	// by itself and at once, past the pace.
	request.Close = true
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	c.count(func(s *Stats) { s.Requests++ })
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, 0, 0, err
	}
	defer response.Body.Close()
	if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		now := c.Now()
		c.count(func(s *Stats) { s.Skew = now.Sub(at).Truncate(time.Second) })
	}
	after = retryAfter(response.Header.Get("Retry-After"), c.Now())
	body, err = io.ReadAll(io.LimitReader(response.Body, maxPage+1))
	if err == nil && len(body) > maxPage {
		err = fmt.Errorf("an answer is longer than %d bytes", maxPage)
	}
	return body, response.StatusCode, after, err
}

// retryAfter reads the header's seconds or date; 0 if there is none.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// sameHost refuses a link to another host: the token would go with the request.
func (c *Client) sameHost(link string) error {
	u, err := url.Parse(link)
	if err != nil {
		return fmt.Errorf("the link to the next page is no address: %w", err)
	}
	if u.Scheme != c.Base.Scheme || u.Host != c.Base.Host {
		return fmt.Errorf("the link to the next page leads to %q and not to %q: not followed", u.Host, c.Base.Host)
	}
	return nil
}
