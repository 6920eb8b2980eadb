package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"fairdial/store/journal"
	"fairdial/usage"
)

// The ways in which a rejected row is resolved; they are kinds of events in the stream
// of the quarantine, whose subjects are rejection ids.
const (
	StateRetried   = "retried"   // read again, and good now
	StateReplaced  = "replaced"  // a person gave the row as it should be
	StateDismissed = "dismissed" // a person decided that it is no usage
)

const quarantineStream = "quarantine"

// Resolution says what became of a rejected row that was tried again.
type Resolution struct {
	ID     uuid.UUID `json:"rejection_id"`
	State  string    `json:"state"` // retried, replaced, dismissed, or open when the row is still bad
	Reason string    `json:"reason,omitempty"`
	Detail string    `json:"detail,omitempty"`
	Counts Counts    `json:"counts"`
}

// ErrResolved: somebody has resolved the row already.
var ErrResolved = errors.New("the row is resolved already")

// Retry reads rejected rows again, as they stand in the quarantine, with the rules of
// today. A row that is good now is stored and resolved; one that is not stays open.
func (g *Ingester) Retry(ctx context.Context, actor string, rows []Rejected) ([]Resolution, error) {
	out := make([]Resolution, 0, len(rows))
	for _, r := range rows {
		one, err := g.again(ctx, actor, "read again", StateRetried, r, r.Raw)
		if err != nil {
			return out, err
		}
		out = append(out, one)
	}
	return out, nil
}

// Replace stores a row that a person has mended, in the format of the rejected one, and
// resolves that.
func (g *Ingester) Replace(ctx context.Context, actor, reason string, r Rejected, raw string) (Resolution, error) {
	return g.again(ctx, actor, reason, StateReplaced, r, raw)
}

// Dismiss resolves a row as no usage.
func (g *Ingester) Dismiss(ctx context.Context, actor, reason string, r Rejected) (Resolution, error) {
	if strings.TrimSpace(reason) == "" {
		return Resolution{}, errors.New("dismissing a row needs a reason")
	}
	return Resolution{ID: r.ID, State: StateDismissed}, g.resolve(ctx, actor, reason, StateDismissed, r, "")
}

func (g *Ingester) again(ctx context.Context, actor, why, state string, r Rejected, raw string) (Resolution, error) {
	if r.State != "open" {
		return Resolution{}, fmt.Errorf("%s: %w: %s", r.ID, ErrResolved, r.State)
	}
	open := Resolution{ID: r.ID, State: "open"}
	one, err := reread(r, raw)
	if err != nil {
		open.Reason, open.Detail = r.Reason, usage.MaskNumbers(err.Error())
		return open, nil // a row that is still broken stays open: that is the answer, not a failure
	}
	record, reason, detail := one.record(r.TenantID)
	if reason != "" {
		open.Reason, open.Detail = string(reason), detail
		return open, nil
	}
	counts, err := g.mended(ctx, actor, r, raw, record)
	if err != nil {
		return Resolution{}, err
	}
	return Resolution{ID: r.ID, State: state, Counts: counts}, g.resolve(ctx, actor, why, state, r, raw)
}

// sourceQuarantine marks records and ledger lines of rows that came out of the quarantine.
const sourceQuarantine = "quarantine"

// mended stores the record of a row that is good now, and its line in the ledger. The
// batch's id comes from the row's, so that a retry that was cut short finds what it
// stored already.
func (g *Ingester) mended(ctx context.Context, actor string, r Rejected, raw string, record usage.Record) (Counts, error) {
	release, err := g.locks.acquire(ctx, r.TenantID)
	if err != nil {
		return Counts{}, err
	}
	defer release()
	b := &batch{
		id: derived(r.ID.String(), raw), tenantID: r.TenantID, file: r.File,
		source: sourceQuarantine, sourceAt: r.RejectedAt,
	}
	in := incoming{batch: b, record: record, position: r.Position, format: r.Format}
	in.content, in.core = contentHashes(&in.record)
	if err := g.write(ctx, r.TenantID, []incoming{in}); err != nil {
		return Counts{}, err
	}
	content := sha256.Sum256([]byte(raw))
	return b.counts, g.record(ctx, Entry{
		BatchID: b.id, TenantID: r.TenantID, Source: b.source, File: r.File, Format: r.Format, State: stateFinished,
		Counts: b.counts, Detail: fmt.Sprintf("row at %d, mended", r.Position), Actor: actor, ContentHash: string(content[:]),
	})
}

// reread splits a raw row as its file's format says.
func reread(r Rejected, raw string) (row, error) {
	switch Format(r.Format) {
	case FormatCSV:
		c, err := newCSVReader(strings.NewReader(r.Header + "\n" + raw))
		if err != nil {
			return row{}, err
		}
		one, err := c.next()
		if err != nil {
			return row{}, errors.New("there is no row")
		}
		if _, err := c.next(); err == nil {
			return row{}, errors.New("these are several rows")
		}
		return one, nil
	case FormatGraphJSON, FormatJSONLines:
		return jsonRow(r.Position, raw), nil
	default:
		return row{}, fmt.Errorf("a broken %s cannot be read again from here: mend the file and ingest it", r.Format)
	}
}

// resolve writes what became of a row, with the text that was stored in its place.
func (g *Ingester) resolve(ctx context.Context, actor, why, state string, r Rejected, raw string) error {
	body := ""
	if state == StateReplaced {
		text, err := json.Marshal(map[string]string{"raw": raw})
		if err != nil {
			return fmt.Errorf("%s: %w", r.ID, err)
		}
		body = string(text)
	}
	err := g.journal.Append(ctx, journal.Event{
		Stream: quarantineStream, Subject: r.ID.String(), Version: 1, Kind: state,
		TenantID: r.TenantID, Actor: actor, Reason: why, Body: body,
	})
	if conflict, ok := errors.AsType[*journal.ConflictError](err); ok {
		return fmt.Errorf("%s: %w: %s by %s", r.ID, ErrResolved, conflict.Winner.Kind, conflict.Winner.Actor)
	}
	return err
}
