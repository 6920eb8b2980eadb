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
}

// The log of a source: what it has read. Body is a cursor.
const (
	stream   = "source"
	kindRead = "read"
)

type cursor struct {
	Until time.Time `json:"until"` // UTC; every window up to it was read to its end
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
	subject := p.Name + "/" + p.TenantID
	last, there, err := p.Journal.Latest(ctx, stream, subject)
	if err != nil {
		return Result{}, fmt.Errorf("source %s: cursor: %w", p.Name, err)
	}
	end := p.Now().UTC().Truncate(time.Second)
	from := end.Add(-p.Backfill)
	if there {
		var at cursor
		if err := json.Unmarshal([]byte(last.Body), &at); err != nil {
			return Result{}, fmt.Errorf("source %s: cursor: %w", p.Name, err)
		}
		from = at.Until.Add(-p.Overlap)
	}
	result := Result{Until: from}
	version := last.Version
	for from.Before(end) {
		to := from.Add(min(p.Window, MaxWindow))
		if to.After(end) {
			to = end
		}
		version++
		if err := p.window(ctx, from, to, version, &result); err != nil {
			return result, fmt.Errorf("source %s, tenant %s, %s to %s: %w", p.Name, p.TenantID, from.Format(time.RFC3339), to.Format(time.RFC3339), err)
		}
		body, err := json.Marshal(cursor{to})
		if err != nil {
			return result, err
		}
		if err := p.Journal.Append(ctx, journal.Event{
			Stream: stream, Subject: subject, TenantID: p.TenantID, Version: version, Kind: kindRead,
			Actor: "source:" + p.Name, Reason: "window read to its end", Body: string(body),
		}); err != nil {
			return result, fmt.Errorf("source %s: move the cursor: %w", p.Name, err)
		}
		result.Until, from = to, to
	}
	return result, nil
}

// window reads one window page by page.
func (p *Poller) window(ctx context.Context, from, to time.Time, version uint32, result *Result) error {
	address := fmt.Sprintf("%s/v1.0/communications/callRecords/getPstnCalls(fromDateTime=%s,toDateTime=%s)",
		p.Client.Base, url.PathEscape(from.Format(time.RFC3339)), url.PathEscape(to.Format(time.RFC3339)))
	seen := map[string]bool{}
	for page := 1; address != ""; page++ {
		if seen[address] {
			return fmt.Errorf("page %d links back to one that was read", page-1)
		}
		seen[address] = true
		body, err := p.Client.get(ctx, address)
		if err != nil {
			return err
		}
		var answer struct {
			Value    *[]json.RawMessage `json:"value"`
			NextLink string             `json:"@odata.nextLink"`
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return fmt.Errorf("page %d is no page of usage records: %w", page, err)
		}
		if answer.Value == nil {
			return fmt.Errorf("page %d is no page of usage records: it has no value", page)
		}
		if answer.NextLink != "" {
			if err := p.Client.sameHost(answer.NextLink); err != nil {
				return err
			}
		}
		if len(*answer.Value) > 0 {
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
		}
		result.Pages++
		address = answer.NextLink
	}
	return nil
}
