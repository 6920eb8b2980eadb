package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"fairdial/ingest"
	"fairdial/store/journal"
)

// MaxWindow is the longest span that getPstnCalls answers for.
const MaxWindow = 90 * 24 * time.Hour

// Receiver is the way into the store.
type Receiver interface {
	Receive(ctx context.Context, in ingest.Received) (ingest.FileReport, error)
}

// Poller reads the usage of one tenant.
type Poller struct {
	Name     string // of the source
	TenantID string
	Client   *Client
	Receiver Receiver
	Journal  *journal.Journal
	Now      func() time.Time
	// Backfill is how far back the first poll reaches.
	Backfill time.Duration
	// Overlap is how far behind the last poll's end the next begins: rows come up to two
	// days late.
	Overlap time.Duration
	Window  time.Duration // at most MaxWindow
	// Progress is told how far a poll has come; may be nil.
	Progress func(done, total time.Duration)
}

// The log of a source: what it has read. Body is a cursor.
const (
	stream   = "source"
	kindRead = "read"
)

type cursor struct {
	Until time.Time `json:"until"` // UTC; every window up to it was read to its end
	// From is where the reading without a gap begins.
	From time.Time `json:"from,omitzero"`
}

// Span is what was read of a source without a gap, and when it was last read on.
type Span struct {
	From, Until time.Time // UTC, starts of calls
	ReadAt      time.Time // UTC
}

// Read tells what has been read so far; false before the first window.
func (p *Poller) Read(ctx context.Context) (Span, bool, error) {
	at, last, there, err := p.cursor(ctx)
	return Span{From: at.From, Until: at.Until, ReadAt: last.RecordedAt}, there, err
}

func (p *Poller) cursor(ctx context.Context) (at cursor, last journal.Event, there bool, err error) {
	last, there, err = p.Journal.Latest(ctx, stream, p.Name+"/"+p.TenantID)
	if err == nil && there {
		err = json.Unmarshal([]byte(last.Body), &at)
	}
	if err != nil {
		return at, last, there, fmt.Errorf("source %s: cursor: %w", p.Name, err)
	}
	return at, last, there, nil
}

// Result is what a poll brought.
type Result struct {
	ingest.Counts
	Pages int
	Until time.Time // UTC
}

// Poll reads everything from the cursor, less the overlap, until now. The cursor moves
// when a window is stored whole: a poll that was killed reads its last window again, and
// what it had stored comes as duplicates.
func (p *Poller) Poll(ctx context.Context) (Result, error) {
	at, last, there, err := p.cursor(ctx)
	if err != nil {
		return Result{}, err
	}
	end := p.Now().UTC().Truncate(time.Second)
	from := end.Add(-p.Backfill)
	if there {
		from = at.Until.Add(-p.Overlap)
	} else {
		at.From = from
	}
	return p.span(ctx, from, end, at, last.Version)
}

// Again reads from a moment until now, whatever was read before: rows that Graph served
// later than the overlap, or a longer past than the first poll reached.
func (p *Poller) Again(ctx context.Context, from time.Time) (Result, error) {
	at, last, there, err := p.cursor(ctx)
	if err != nil {
		return Result{}, err
	}
	from = from.UTC().Truncate(time.Second)
	switch {
	case !there:
		at.From = from
	case from.After(at.Until): // no gap
		from = at.Until
	}
	return p.span(ctx, from, p.Now().UTC().Truncate(time.Second), at, last.Version)
}

// span reads from one moment to another and moves the cursor on.
func (p *Poller) span(ctx context.Context, from, end time.Time, at cursor, version uint32) (Result, error) {
	result := Result{Until: from}
	total := end.Sub(from)
	p.tell(0, total)
	for from.Before(end) {
		to := from.Add(min(p.Window, MaxWindow))
		if to.After(end) {
			to = end
		}
		version++
		if err := p.window(ctx, from, to, version, &result); err != nil {
			return result, fmt.Errorf("source %s, tenant %s, %s to %s: %w", p.Name, p.TenantID, from.Format(time.RFC3339), to.Format(time.RFC3339), err)
		}
		if to.After(at.Until) {
			at.Until = to
		}
		if begin := end.Add(-total); begin.Before(at.From) && !to.Before(at.From) {
			at.From = begin
		}
		body, err := json.Marshal(at)
		if err != nil {
			return result, err
		}
		if err := p.Journal.Append(ctx, journal.Event{
			Stream: stream, Subject: p.Name + "/" + p.TenantID, TenantID: p.TenantID, Version: version, Kind: kindRead,
			Actor: "source:" + p.Name, Reason: "window read to its end", Body: string(body),
		}); err != nil {
			return result, fmt.Errorf("source %s: move the cursor: %w", p.Name, err)
		}
		result.Until, from = to, to
		p.tell(total-end.Sub(from), total)
	}
	return result, nil
}

func (p *Poller) tell(done, total time.Duration) {
	if p.Progress != nil {
		p.Progress(done, total)
	}
}

// Probe asks for the newest hour and throws the answer away: it shows whether token,
// permission and network are as they should be.
func (p *Poller) Probe(ctx context.Context) error {
	to := p.Now().UTC().Truncate(time.Second)
	_, err := p.Client.get(ctx, p.address(to.Add(-time.Hour), to))
	return err
}

func (p *Poller) address(from, to time.Time) string {
	return fmt.Sprintf("%s/v1.0/communications/callRecords/getPstnCalls(fromDateTime=%s,toDateTime=%s)",
		p.Client.Base, url.PathEscape(from.Format(time.RFC3339)), url.PathEscape(to.Format(time.RFC3339)))
}

// window reads one window page by page.
func (p *Poller) window(ctx context.Context, from, to time.Time, version uint32, result *Result) error {
	_, err := p.Client.pages(ctx, p.address(from, to), func(page int, body []byte, value []json.RawMessage) error {
		result.Pages++
		if len(value) == 0 {
			return nil
		}
		report, err := p.Receiver.Receive(ctx, ingest.Received{
			TenantID: p.TenantID, Source: "graph", Actor: "source:" + p.Name, At: p.Now(), Body: body,
			Name: fmt.Sprintf("getPstnCalls %s poll %d page %d", p.Name, version, page),
		})
		if err != nil {
			return err
		}
		if report.Error != "" {
			return fmt.Errorf("page %d: %s", page, report.Error)
		}
		result.Read += report.Read
		result.Accepted += report.Accepted
		result.Duplicate += report.Duplicate
		result.Ignored += report.Ignored
		result.Rejected += report.Rejected
		result.Corrected += report.Corrected
		return nil
	})
	return err
}
