package rating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"fairdial/store/journal"
	"fairdial/usage"
)

// PoolStream is the stream of the journal that pool notices are in; a subject is the pool
// of one tenant-month.
const PoolStream = "pool"

// PoolNoticed is the kind of its events.
const PoolNoticed = "noticed"

// Journal is what notices need of the log.
type Journal interface {
	Append(ctx context.Context, e journal.Event) error
	Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
	Events(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
}

// PoolNotice says that a pool was used up to a threshold.
type PoolNotice struct {
	TenantID  string    `json:"tenant_id"`
	Month     string    `json:"month"`
	Pool      string    `json:"pool"`      // standard, select
	Threshold int       `json:"threshold"` // percent of its size
	Licences  int64     `json:"licences"`
	Seconds   int64     `json:"seconds"`    // its size then
	Used      int64     `json:"used"`       // seconds, when the notice was given
	CrossedAt time.Time `json:"crossed_at"` // start of the call that crossed the threshold, UTC
	UsageID   string    `json:"usage_id"`
	RunID     uuid.UUID `json:"run_id"`
	// Told is up to how many seconds of use a reader has been told by this notice. The
	// next one is about a threshold above it.
	Told int64 `json:"told"`
	// NoticedAt is when the notice was given; of the event, not of its body.
	NoticedAt time.Time `json:"noticed_at,omitzero"`
}

// crossing is a row of pool_crossings.sql.
type crossing struct {
	TenantID  string    `ch:"tenant_id"`
	Month     time.Time `ch:"month"`
	Pool      string    `ch:"pool"`
	RunID     uuid.UUID `ch:"run_id"`
	Size      int64     `ch:"size"`
	Licences  int64     `ch:"licences"`
	Used      int64     `ch:"used"`
	Threshold uint32    `ch:"threshold"`
	CrossedAt time.Time `ch:"crossed_at"`
	UsageID   string    `ch:"usage_id"`
}

func (c crossing) subject() string {
	return strings.Join([]string{c.TenantID, monthOf(c.Month).String(), c.Pool}, "/")
}

// NoticePools writes a notice into the journal for every threshold (percent) that a pool
// has reached and nobody was told of, and gives those it wrote. It looks at every pool of
// every rated month, so what a crash kept back is noticed the next time.
//
// Once is once for a month and a size: a correction that lowers the use and another that
// raises it again, or a threshold moved to where the use was already told, says nothing
// new. A pool of another size is told of anew.
func (r *Rater) NoticePools(ctx context.Context, j Journal, thresholds []int, actor string) ([]PoolNotice, error) {
	if len(thresholds) == 0 {
		return nil, nil
	}
	limits := make([]uint32, 0, len(thresholds))
	for _, t := range thresholds {
		if t < 1 || t > 100 {
			return nil, fmt.Errorf("notice pools: a threshold of %d %% is not between 1 and 100", t)
		}
		limits = append(limits, uint32(t))
	}
	slices.Sort(limits)
	limits = slices.Compact(limits)
	// What was told is read first: what another process tells meanwhile is a conflict.
	heads, err := j.Heads(ctx, PoolStream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("notice pools: %w", err)
	}
	last := map[string]journal.Event{}
	for _, e := range heads {
		last[e.Subject] = e
	}
	rows, err := query[crossing](ctx, r.conn, "pool_crossings", named("thresholds", limits), named("lowest", limits[0]))
	if err != nil {
		return nil, fmt.Errorf("notice pools: %w", err)
	}
	var out []PoolNotice
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].subject() == rows[0].subject() {
			n++
		}
		told, err := r.noticePool(ctx, j, rows[:n], last[rows[0].subject()], actor)
		out = append(out, told...)
		if err != nil {
			return out, fmt.Errorf("notice pools: %w", err)
		}
		rows = rows[n:]
	}
	return out, nil
}

// noticePool tells of the thresholds that one pool has crossed, the lowest first.
func (r *Rater) noticePool(ctx context.Context, j Journal, crossed []crossing, last journal.Event, actor string) ([]PoolNotice, error) {
	told := int64(0)
	if last.Version > 0 {
		var before PoolNotice
		if err := json.Unmarshal([]byte(last.Body), &before); err != nil {
			return nil, fmt.Errorf("read notice %d of %s: %w", last.Version, last.Subject, err)
		}
		if before.Seconds == crossed[0].Size {
			told = before.Told
		}
	}
	crossed = slices.DeleteFunc(slices.Clone(crossed), func(c crossing) bool { return told*100 >= c.Size*int64(c.Threshold) })
	var out []PoolNotice
	for i, c := range crossed {
		n := PoolNotice{
			TenantID: c.TenantID, Month: monthOf(c.Month).String(), Pool: c.Pool, Threshold: int(c.Threshold), Licences: c.Licences, Seconds: c.Size,
			Used: c.Used, CrossedAt: c.CrossedAt.UTC(), UsageID: c.UsageID, RunID: c.RunID,
			// Of several thresholds the higher ones are still to be told.
			Told: (c.Size*int64(c.Threshold) + 99) / 100,
		}
		if i == len(crossed)-1 {
			n.Told = max(n.Told, c.Used)
		}
		body, err := json.Marshal(n)
		if err != nil {
			return out, fmt.Errorf("write notice of %s: %w", c.subject(), err)
		}
		e := journal.Event{
			Stream: PoolStream, Subject: c.subject(), Version: last.Version + uint32(i) + 1, Kind: PoolNoticed, TenantID: c.TenantID, Actor: actor,
			At: r.now(), Reason: fmt.Sprintf("%d %% of the %s pool of %s is used", c.Threshold, c.Pool, n.Month), Body: string(body),
		}
		err = j.Append(ctx, e)
		if _, ok := errors.AsType[*journal.ConflictError](err); ok {
			return out, nil // another process is telling of this pool
		}
		if err != nil {
			return out, err
		}
		n.NoticedAt = e.At.UTC()
		out = append(out, n)
	}
	return out, nil
}

// PoolNotices are the notices given, in the order in which they were. A zero month means
// all months, no tenant all tenants.
func (r *Rater) PoolNotices(ctx context.Context, j Journal, month usage.Month, tenantID string) ([]PoolNotice, error) {
	events, err := j.Events(ctx, PoolStream, journal.Filter{TenantID: tenantID})
	if err != nil {
		return nil, fmt.Errorf("list pool notices: %w", err)
	}
	out := []PoolNotice{}
	for _, e := range events {
		var n PoolNotice
		if err := json.Unmarshal([]byte(e.Body), &n); err != nil {
			return nil, fmt.Errorf("read notice %d of %s: %w", e.Version, e.Subject, err)
		}
		if n.NoticedAt = e.At.UTC(); month == (usage.Month{}) || n.Month == month.String() {
			out = append(out, n)
		}
	}
	return out, nil
}
