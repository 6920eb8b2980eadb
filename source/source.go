// Package source knows how the places fare that usage arrives from by itself: when each was
// last read, what it brought, whether it fails, and whether it is later than usual.
// README.md states the rules.
package source

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"fairdial/ingest"
	"fairdial/store/journal"
)

// Conn is what is read of the store.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
}

// Log keeps and tells how sources fare.
type Log struct {
	Conn    Conn
	Journal *journal.Journal
	Now     func() time.Time
}

// Actor is who a source is in the ledger.
func Actor(name string) string { return "source:" + name }

// The log of a source's failures; the subject is its name.
const (
	stream        = "source_health"
	kindFailed    = "failed"
	kindRecovered = "recovered"
)

// Failure is why a source cannot be read, and since when.
type Failure struct {
	Since  time.Time `json:"since"` // UTC
	Reason string    `json:"reason"`
	// Lasting is a failure that does not pass by itself: somebody must mend it.
	Lasting bool `json:"lasting,omitempty"`
}

// Note keeps how an attempt to read a source ended. Only what is new is written: a failure
// that goes on for the same reason is one event.
func (l Log) Note(ctx context.Context, name, tenantID string, failed error, lasting bool) error {
	last, there, err := l.Journal.Latest(ctx, stream, name)
	if err != nil {
		return fmt.Errorf("source %s: how it fares: %w", name, err)
	}
	was, err := failure(last)
	if err != nil {
		return err
	}
	event := journal.Event{Stream: stream, Subject: name, TenantID: tenantID, Version: last.Version + 1, Actor: Actor(name), At: l.Now()}
	switch {
	case failed == nil && (!there || was == nil):
		return nil
	case failed == nil:
		event.Kind, event.Reason, event.Body = kindRecovered, "read again", "{}"
	default:
		now := Failure{Since: l.Now().UTC(), Reason: failed.Error(), Lasting: lasting}
		if was != nil {
			now.Since = was.Since
			if was.Lasting == lasting && (lasting || was.Reason == now.Reason) {
				return nil
			}
		}
		body, err := json.Marshal(now)
		if err != nil {
			return err
		}
		event.Kind, event.Reason, event.Body = kindFailed, now.Reason, string(body)
	}
	err = l.Journal.Append(ctx, event)
	if _, lost := errors.AsType[*journal.ConflictError](err); lost {
		return nil // another process has just said so
	}
	return err
}

// failure is what an event tells; nil where the source does not fail.
func failure(e journal.Event) (*Failure, error) {
	if e.Kind != kindFailed {
		return nil, nil
	}
	var f Failure
	if err := json.Unmarshal([]byte(e.Body), &f); err != nil {
		return nil, fmt.Errorf("source %s: how it fares: %w", e.Subject, err)
	}
	return &f, nil
}

// Failures are the sources that fail now, by name.
func (l Log) Failures(ctx context.Context) (map[string]Failure, error) {
	heads, err := l.Journal.Heads(ctx, stream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("how sources fare: %w", err)
	}
	out := map[string]Failure{}
	for _, e := range heads {
		f, err := failure(e)
		if err != nil {
			return nil, err
		}
		if f != nil {
			out[e.Subject] = *f
		}
	}
	return out, nil
}

// Arrivals is what a source brought so far.
type Arrivals struct {
	ingest.Counts
	LastReceipt time.Time // UTC; something came, new or not
	LastNew     time.Time // UTC; a new or corrected record came
	// Recent is how often something new came in the last four weeks, and Longest the longest
	// silence between two of them.
	Recent  uint64
	Longest time.Duration
}

// usualSpan is how far back the usual silences of a source are looked for: four weeks hold
// weekends and most holidays.
const usualSpan = 28 * 24 * time.Hour

var (
	//go:embed sql/arrivals.sql
	arrivalsSQL string
	//go:embed sql/countries.sql
	countriesSQL string
)

// Arrivals tells what each source brought, by name.
func (l Log) Arrivals(ctx context.Context) (map[string]Arrivals, error) {
	var rows []struct {
		Actor     string    `ch:"actor"`
		Read      uint64    `ch:"read"`
		Accepted  uint64    `ch:"accepted"`
		Duplicate uint64    `ch:"duplicate"`
		Ignored   uint64    `ch:"ignored"`
		Rejected  uint64    `ch:"rejected"`
		Receipt   time.Time `ch:"last_receipt"`
		New       time.Time `ch:"last_new"`
		Times     []uint32  `ch:"arrivals"`
		Recent    uint64    `ch:"recent"`
		Longest   int64     `ch:"longest_silence"`
	}
	since := clickhouse.DateNamed("since", l.Now().UTC().Add(-usualSpan), clickhouse.Seconds)
	if err := l.Conn.Select(ctx, &rows, arrivalsSQL, since); err != nil {
		return nil, fmt.Errorf("what sources brought: %w", err)
	}
	out := map[string]Arrivals{}
	for _, r := range rows {
		a := Arrivals{
			Counts:      ingest.Counts{Read: r.Read, Accepted: r.Accepted, Duplicate: r.Duplicate, Ignored: r.Ignored, Rejected: r.Rejected},
			LastReceipt: r.Receipt.UTC(), Recent: r.Recent, Longest: time.Duration(r.Longest) * time.Second,
		}
		if r.New.Unix() > 0 {
			a.LastNew = r.New.UTC()
		}
		out[r.Actor[len(Actor("")):]] = a
	}
	return out, nil
}

// Countries are those in which a tenant's users are, as far as usage says.
func (l Log) Countries(ctx context.Context, tenantID string) ([]string, error) {
	var rows []struct {
		Country string `ch:"usage_country"`
	}
	if err := l.Conn.Select(ctx, &rows, countriesSQL, clickhouse.Named("tenant_id", tenantID)); err != nil {
		return nil, fmt.Errorf("where the users of tenant %s are: %w", tenantID, err)
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Country
	}
	return out, nil
}
