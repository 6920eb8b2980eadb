package enforcement

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

var (
	//go:embed sql/throttled_calls.sql
	throttledCallsSQL string
	//go:embed sql/insert_call_reports.sql
	insertCallReportsSQL string
)

// lookback is how far back a call can have started and still go on.
const lookback = 24 * time.Hour

// window counts what an organizer has used of a throttle: a bucket of minutes, of which each
// minute comes back 60 minutes after it was talked, and of legs, of which each comes back when
// its call ends. A bucket that filled up steadily would let through twice
// the limit in one hour; this one never does.
type window struct {
	mu    sync.Mutex
	calls map[string]leg // by call id
}

// leg is one call.
type leg struct {
	start, end time.Time // end is zero while the call goes on
	seconds    int64     // billed; 0 where only a gateway reported the call
	reportedAt time.Time // zero for what usage has
}

// used is what counts at a moment.
func (w *window) used(now time.Time) recent {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out recent
	hour := now.Add(-time.Hour)
	for id, l := range w.calls {
		if now.Sub(l.start) > lookback {
			delete(w.calls, id)
			continue
		}
		if l.start.After(now) {
			continue
		}
		goesOn := l.end.IsZero() || l.end.After(now)
		if goesOn {
			out.Legs++
		}
		out.Seconds += l.since(hour, now)
	}
	return out
}

// since is how many seconds of a call fall after a moment. One that began after it counts as
// billed.
func (l leg) since(from, now time.Time) uint64 {
	if l.seconds > 0 && l.start.After(from) {
		return uint64(l.seconds)
	}
	if l.start.After(from) {
		from = l.start
	}
	end := now
	if !l.end.IsZero() && l.end.Before(now) {
		end = l.end
	}
	return uint64(max(end.Sub(from), 0) / time.Second)
}

func (w *window) report(r CallReport, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l, known := w.calls[r.CallID]
	if known && l.reportedAt.IsZero() {
		return // usage has it, and knows better
	}
	if !known || r.StartedAt.Before(l.start) {
		l.start = r.StartedAt
	}
	if r.EndedAt.After(l.end) {
		l.end = r.EndedAt
	}
	l.reportedAt = now
	w.calls[r.CallID] = l
}

// calls are those of some organizers in the 24 hours up to a moment: of usage, and as gateways
// reported them where usage does not have them yet.
func (e *Enforcer) calls(ctx context.Context, organizers []organizer, at time.Time) (map[organizer]map[string]leg, error) {
	found := make(map[organizer]map[string]leg, len(organizers))
	keys := make([]string, len(organizers))
	for i, o := range organizers {
		found[o], keys[i] = map[string]leg{}, o.tenant+"\n"+o.id
	}
	if len(organizers) == 0 {
		return found, nil
	}
	var rows []struct {
		TenantID    string    `ch:"tenant_id"`
		OrganizerID string    `ch:"organizer_id"`
		CallID      string    `ch:"call_id"`
		StartedAt   time.Time `ch:"started_at"`
		EndedAt     time.Time `ch:"ended_at"`
		Seconds     int64     `ch:"seconds"`
		Reported    bool      `ch:"reported"`
	}
	err := e.conn.Select(ctx, &rows, throttledCallsSQL,
		clickhouse.Named("organizers", keys), clickhouse.DateNamed("at", at.UTC(), clickhouse.MilliSeconds))
	if err != nil {
		return nil, fmt.Errorf("read the calls of %d throttled organizers: %w", len(keys), err)
	}
	for _, r := range rows {
		l := leg{start: r.StartedAt, seconds: r.Seconds}
		if r.EndedAt.Unix() > 0 {
			l.end = r.EndedAt
		}
		if r.Reported {
			l.reportedAt = at.Add(-time.Second)
		}
		found[organizer{r.TenantID, r.OrganizerID}][r.CallID] = l
	}
	return found, nil
}

// readWindows reads the calls of all who are throttled.
func (g *Gate) readWindows(ctx context.Context, states map[organizer]State, now time.Time) error {
	var names []organizer
	for o, s := range states {
		if s.InForce(now) == LevelThrottle {
			names = append(names, o)
		}
	}
	throttled, err := g.enforcer.calls(ctx, names, now)
	if err != nil {
		return err
	}
	g.windows.Range(func(o, _ any) bool {
		if _, still := throttled[o.(organizer)]; !still {
			g.windows.Delete(o)
		}
		return true
	})
	for o, calls := range throttled {
		value, _ := g.windows.LoadOrStore(o, &window{})
		w := value.(*window)
		w.mu.Lock()
		for id, l := range w.calls { // reported while we read
			if _, stored := calls[id]; !stored && !l.reportedAt.Before(now) {
				calls[id] = l
			}
		}
		w.calls = calls
		w.mu.Unlock()
	}
	return nil
}

// ReportConn stores what gateways report.
type ReportConn interface {
	PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error)
}

// CallReport is what a gateway says of one call: that it began or, with EndedAt, that it is
// over. The same report twice counts once.
type CallReport struct {
	// Organizer is an id or sign-in name; CallID the gateway's name for the call, best the id
	// that the usage feed will give it, so that it is not counted twice.
	Organizer string    `json:"organizer"`
	CallID    string    `json:"call_id"`
	StartedAt time.Time `json:"started_at"`        // UTC
	EndedAt   time.Time `json:"ended_at,omitzero"` // UTC; zero while the call goes on
}

// ErrBadReport is a report that cannot be counted.
var ErrBadReport = errors.New("this report cannot be counted")

func (r CallReport) check(now time.Time) error {
	switch {
	case strings.TrimSpace(r.Organizer) == "" || r.CallID == "" || len(r.CallID) > 200:
		return fmt.Errorf("%w: organizer and call_id (up to 200 characters) are needed", ErrBadReport)
	case r.StartedAt.IsZero():
		return fmt.Errorf("%w: started_at is missing", ErrBadReport)
	case r.StartedAt.After(now.Add(5 * time.Minute)):
		return fmt.Errorf("%w: started_at lies in the future", ErrBadReport)
	case !r.EndedAt.IsZero() && r.EndedAt.Before(r.StartedAt):
		return fmt.Errorf("%w: ended_at lies before started_at", ErrBadReport)
	default:
		return nil
	}
}

// Report stores what a gateway says of calls, and counts it from then on. It gives how many
// are of organizers who are known; others are left out. All are stored or none.
func (g *Gate) Report(ctx context.Context, reporter string, reports []CallReport) (int, error) {
	now := g.enforcer.now()
	book := g.book.Load()
	if book == nil {
		return 0, errors.New("reports are not taken yet: the organizers have not been read")
	}
	type stored struct {
		organizer
		CallReport
	}
	var rows []stored
	taken := 0
	for i, r := range reports {
		if err := r.check(now); err != nil {
			return 0, fmt.Errorf("report %d: %w", i+1, err)
		}
		r.StartedAt, r.EndedAt = r.StartedAt.UTC().Truncate(time.Millisecond), r.EndedAt.UTC().Truncate(time.Millisecond)
		found := book.find(normal(r.Organizer))
		if len(found) > 0 {
			taken++
		}
		for _, o := range found {
			rows = append(rows, stored{o, r})
		}
	}
	if len(rows) == 0 {
		return 0, nil
	}
	batch, err := g.opts.Conn.PrepareBatch(ctx, insertCallReportsSQL)
	if err != nil {
		return 0, fmt.Errorf("store %d call reports: %w", len(rows), err)
	}
	for _, r := range rows {
		end := r.EndedAt
		if end.IsZero() {
			end = time.Unix(0, 0).UTC()
		}
		if err := batch.Append(r.tenant, r.id, r.CallID, r.StartedAt, end, now, reporter); err != nil {
			return 0, fmt.Errorf("store call report %s: %w", r.CallID, err)
		}
	}
	if err := batch.Send(); err != nil {
		return 0, fmt.Errorf("store %d call reports: %w", len(rows), err)
	}
	for _, r := range rows {
		if w, ok := g.windows.Load(r.organizer); ok {
			w.(*window).report(r.CallReport, g.enforcer.now())
		}
	}
	return taken, nil
}
