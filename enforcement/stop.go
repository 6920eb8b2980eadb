package enforcement

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"fairdial/store/journal"
	"fairdial/usage"
)

// The kill switch is one subject of a stream of its own, so that it takes effect in every
// process at once.
const (
	switchStream  = "enforcement_switch"
	switchSubject = "all"
	kindStopped   = "stopped"
	kindResumed   = "resumed"
)

// Switch is where the kill switch stands.
type Switch struct {
	Version int       `json:"version"`
	Stopped bool      `json:"stopped"`
	Actor   string    `json:"actor,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at,omitzero"` // UTC
}

// Switch reads the kill switch. The configuration may hold it too.
func (e *Enforcer) Switch(ctx context.Context) (Switch, error) {
	head, found, err := e.journal.Latest(ctx, switchStream, switchSubject)
	if err != nil {
		return Switch{}, fmt.Errorf("read the kill switch: %w", err)
	}
	var s Switch
	if found {
		if err := json.Unmarshal([]byte(head.Body), &s); err != nil {
			return Switch{}, fmt.Errorf("the kill switch cannot be read at version %d: %w", head.Version, err)
		}
		s.Version, s.Actor, s.Reason, s.At = int(head.Version), head.Actor, head.Reason, head.At
	}
	if e.policy.Stopped && !s.Stopped {
		s.Stopped, s.Actor, s.Reason = true, "configuration", "enforcement.kill_switch"
	}
	return s, nil
}

// ErrSwitch refuses to turn the kill switch to where it stands.
var ErrSwitch = errors.New("the kill switch stands there already")

// Turn stops all enforcement, or lets it go on. Both take a person and a reason.
func (e *Enforcer) Turn(ctx context.Context, stop bool, actor, reason string) (Switch, error) {
	if _, err := journal.Actor(actor); err != nil {
		return Switch{}, err
	}
	if strings.TrimSpace(reason) == "" {
		return Switch{}, ErrNoReason
	}
	if !person(actor) {
		return Switch{}, fmt.Errorf("%w: %s is none", ErrPersonOnly, actor)
	}
	before, err := e.Switch(ctx)
	if err != nil {
		return Switch{}, err
	}
	if before.Stopped == stop {
		return before, fmt.Errorf("%w: turned by %s (%s)", ErrSwitch, before.Actor, before.Reason)
	}
	if e.policy.Stopped {
		return before, errors.New("the configuration holds the kill switch: remove enforcement.kill_switch first")
	}
	after := Switch{Version: before.Version + 1, Stopped: stop, Actor: actor, Reason: reason, At: e.now()}
	body, err := json.Marshal(after)
	if err != nil {
		return Switch{}, err
	}
	kind := kindResumed
	if stop {
		kind = kindStopped
	}
	err = e.journal.Append(ctx, journal.Event{
		Stream: switchStream, Subject: switchSubject, Version: uint32(after.Version), Kind: kind,
		Actor: actor, At: after.At, Reason: reason, Body: string(body),
	})
	if err != nil {
		return Switch{}, fmt.Errorf("turn the kill switch: %w", err)
	}
	e.log.LogAttrs(ctx, slog.LevelWarn, "kill switch", slog.String("kind", kind), slog.String("actor", actor), slog.String("reason", usage.MaskNumbers(reason)))
	return after, nil
}

// under is the policy as the kill switch leaves it.
func (p Policy) under(s Switch) Policy {
	if s.Stopped {
		p.Stopped, p.DryRun = true, true
	}
	return p
}
