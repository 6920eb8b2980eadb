package cases

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"fairdial/store/journal"
)

// Stream is the journal's stream of cases; the subject is the case id.
const Stream = "case"

// Journal is what the log of cases is kept in.
type Journal interface {
	Append(ctx context.Context, e journal.Event) error
	AppendBatch(ctx context.Context, events []journal.Event) ([]*journal.ConflictError, error)
	Latest(ctx context.Context, stream, subject string) (journal.Event, bool, error)
	History(ctx context.Context, stream, subject string) ([]journal.Event, error)
	Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
}

// Log reads and appends the events of cases.
type Log struct{ journal Journal }

// NewLog makes a log of cases on a journal.
func NewLog(j Journal) *Log { return &Log{journal: j} }

// ErrNotFound: there is no case with the id.
var ErrNotFound = errors.New("no such case; see `fairdial cases list`")

// ID is the id of an organizer's case: there is one, which can be closed and opened
// again.
func ID(tenantID, organizerID string) string {
	sum := sha256.Sum256([]byte(tenantID + "\x00" + organizerID))
	return "c-" + hex.EncodeToString(sum[:8])
}

// eventSpace is the name space of derived event ids: a writer that does its work again
// after a crash writes the same events.
var eventSpace = uuid.MustParse("0b8a6c55-3a8e-4f0e-9f6a-5d1f2e1c9b77")

// Filter narrows a list of cases; empty fields do not.
type Filter struct {
	TenantID    string
	OrganizerID string
	Status      Status
	MinScore    int
}

// List is every case ever opened that the filter lets through, the highest risk first,
// then the largest exposure.
func (l *Log) List(ctx context.Context, f Filter) ([]Case, error) {
	heads, err := l.heads(ctx, journal.Filter{TenantID: f.TenantID, OrganizerID: f.OrganizerID})
	if err != nil {
		return nil, err
	}
	out := []Case{}
	for _, e := range heads {
		if c := e.State; (f.Status == "" || c.Status == f.Status) && c.Score >= f.MinScore {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Case) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.ExposureSeconds, a.ExposureSeconds), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Changed is the newest event of each case that has one recorded since; the zero time
// means of every case.
func (l *Log) Changed(ctx context.Context, since time.Time) ([]Event, error) {
	return l.heads(ctx, journal.Filter{Since: since})
}

func (l *Log) heads(ctx context.Context, f journal.Filter) ([]Event, error) {
	found, err := l.journal.Heads(ctx, Stream, f)
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	return decode(found)
}

// Get is one case as it stands.
func (l *Log) Get(ctx context.Context, id string) (Case, error) {
	e, there, err := l.journal.Latest(ctx, Stream, id)
	if err != nil {
		return Case{}, fmt.Errorf("read case %s: %w", id, err)
	}
	if !there {
		return Case{}, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	events, err := decode([]journal.Event{e})
	if err != nil {
		return Case{}, err
	}
	return events[0].State, nil
}

// History is all events of a case, oldest first.
func (l *Log) History(ctx context.Context, id string) ([]Event, error) {
	found, err := l.journal.History(ctx, Stream, id)
	if err != nil {
		return nil, fmt.Errorf("read case %s: %w", id, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return decode(found)
}

func decode(found []journal.Event) ([]Event, error) {
	out := make([]Event, len(found))
	for i, e := range found {
		out[i] = Event{
			CaseID: e.Subject, Version: int(e.Version), Kind: e.Kind, Actor: e.Actor, Reason: e.Reason,
			At: e.At, Recorded: e.RecordedAt,
		}
		if err := json.Unmarshal([]byte(e.Body), &out[i].State); err != nil {
			return nil, fmt.Errorf("case %s, version %d: %w", e.Subject, e.Version, err)
		}
		out[i].State.Version = int(e.Version)
	}
	return out, nil
}

// encode makes an event of a case's new state. Its id is derived from what it says.
func encode(e Event) (journal.Event, error) {
	e.State.Version = e.Version
	body, err := json.Marshal(e.State)
	if err != nil {
		return journal.Event{}, fmt.Errorf("case %s: %w", e.CaseID, err)
	}
	id := uuid.NewSHA1(eventSpace, fmt.Appendf(nil, "%s\x00%d\x00%s\x00%s\x00%s\x00%s", e.CaseID, e.Version, e.Kind, e.Actor, e.Reason, body))
	return journal.Event{
		Stream: Stream, Subject: e.CaseID, Version: uint32(e.Version), EventID: id, Kind: e.Kind,
		TenantID: e.State.TenantID, OrganizerID: e.State.OrganizerID, Actor: e.Actor, At: e.At, Reason: e.Reason, Body: string(body),
	}, nil
}

// Record appends the events of many cases, in the order of their versions, in one write.
// It gives those that lost against somebody else's; they do not count.
func (l *Log) Record(ctx context.Context, events []Event) ([]*journal.ConflictError, error) {
	out := make([]journal.Event, len(events))
	for i, e := range events {
		var err error
		if out[i], err = encode(e); err != nil {
			return nil, err
		}
	}
	lost, err := l.journal.AppendBatch(ctx, out)
	if err != nil {
		return nil, fmt.Errorf("write %d case events: %w", len(events), err)
	}
	return lost, nil
}
