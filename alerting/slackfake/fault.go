package slackfake

import (
	"net/http"
	"time"
)

type faultKind int

const (
	faultNone      faultKind = iota
	faultStatus              // an HTTP status
	faultError               // ok:false with a code
	faultDrop                // the connection breaks before anything happened
	faultDropAfter           // the connection breaks after the call was carried out
)

// Fault is something that goes wrong with one call.
type Fault struct {
	kind       faultKind
	status     int
	code       string
	retryAfter time.Duration
	wait       time.Duration
	always     bool
}

// RateLimited answers 429 with Retry-After; none at all for 0.
func RateLimited(after time.Duration) Fault {
	return Fault{kind: faultStatus, status: http.StatusTooManyRequests, retryAfter: after}
}

// Status answers an HTTP status with a page that is no JSON.
func Status(code int) Fault { return Fault{kind: faultStatus, status: code} }

// Refused answers ok:false with an error code.
func Refused(code string) Fault { return Fault{kind: faultError, code: code} }

// Dropped breaks the connection off before anything happened.
func Dropped() Fault { return Fault{kind: faultDrop} }

// DroppedAfter carries the call out and then breaks the connection off: the caller cannot
// know that the message is there.
func DroppedAfter() Fault { return Fault{kind: faultDropAfter} }

// Slow waits before it answers as usual.
func Slow(wait time.Duration) Fault { return Fault{wait: wait} }

// Always makes a fault stay until Mend.
func Always(f Fault) Fault {
	f.always = true
	return f
}

// None lets a call through, for use between faults.
func None() Fault { return Fault{} }

// Fail makes the next calls of a method go wrong, one fault a call.
func (s *Server) Fail(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], faults...)
}

// Mend forgets all faults.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = map[string][]Fault{}
}
