package cases

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Order is how cases are put in a row. Equals follow by exposure, the largest first, and id.
type Order string

// The orders.
const (
	ByRisk     Order = "risk"     // the highest first
	ByExposure Order = "exposure" // the largest first
	ByAge      Order = "age"      // the oldest first
	ByDue      Order = "due"      // what somebody must look at first, first; last what has no clock
)

// Mark is a place in a row of cases: that after one case. It holds though cases change.
type Mark struct {
	Rank     int64 // what the order goes by
	Exposure int64 // seconds
	ID       string
}

// MarkOf is the place after a case. That by when it is due does not change when somebody looks at it.
func MarkOf(c Case, by Order) Mark { return markOf(&c, by) }

func markOf(c *Case, by Order) Mark {
	m := Mark{Rank: int64(c.Score), Exposure: c.ExposureSeconds, ID: c.ID}
	switch by {
	case ByExposure:
		m.Rank = c.ExposureSeconds
	case ByAge:
		m.Rank = -c.OpenedAt.Unix()
	case ByDue:
		m.Rank = math.MinInt64
		if !c.DueAt.IsZero() {
			m.Rank = -c.DueAt.Unix()
		}
	case ByRisk:
	}
	return m
}

// PageRequest asks for the next cases of a row; empty fields narrow nothing.
type PageRequest struct {
	Tenants     []string
	OrganizerID string
	Status      Status
	Severity    Severity
	MinScore    int
	Assignee    string           // part of a name, or "none"
	Text        string           // part of an id or a name
	Active      time.Time        // only cases that wait for somebody then: neither closed nor put off nor part of a ring's case
	Where       func(*Case) bool // what else must hold of its outline; nil is nothing
	By          Order            // risk by default
	After       Mark             // the zero mark is the begin
	Limit       int
}

// Conn is what pages of cases are read from.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
}

// Pages reads cases page by page. What they are filtered and put in order by is kept in
// memory, what else a page shows is read for the page. Safe for concurrent use.
type Pages struct {
	conn Conn

	mu    sync.Mutex
	known outlines

	bodiesMu sync.Mutex
	bodies   map[string]body // by event; an event does not change
	size     int             // bytes of bodies
}

// NewPages makes a reader of pages.
func NewPages(conn Conn) *Pages { return &Pages{conn: conn, bodies: map[string]body{}} }

// Page is at most Limit cases after the mark.
func (p *Pages) Page(ctx context.Context, r PageRequest) ([]Case, error) {
	r.Limit = max(r.Limit, 0)
	found, err := p.matching(ctx, r, r.Limit)
	if err != nil {
		return nil, err
	}
	return p.whole(ctx, found)
}

// Outlines are the cases after the mark without their findings; a Limit of 0 is none.
func (p *Pages) Outlines(ctx context.Context, r PageRequest) ([]Case, error) {
	most := r.Limit
	if most <= 0 {
		most = math.MaxInt
	}
	found, err := p.matching(ctx, r, most)
	if err != nil {
		return nil, err
	}
	out := make([]Case, len(found))
	for i, o := range found {
		out[i] = o.Case
	}
	return out, nil
}

// Whole are the cases of some outlines with their findings, as they stand now.
func (p *Pages) Whole(ctx context.Context, some []Case) ([]Case, error) {
	known, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]*outline, 0, len(some))
	for _, c := range some {
		if o, there := known.all[c.ID]; there {
			found = append(found, o)
		}
	}
	return p.whole(ctx, found)
}

// placed is something at its place in a row.
type placed[T any] struct {
	Mark
	of T
}

// matching are the first outlines that a request lets through, in its order.
func (p *Pages) matching(ctx context.Context, r PageRequest, most int) ([]*outline, error) {
	known, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	r.Text, r.Assignee = strings.ToLower(r.Text), strings.ToLower(r.Assignee)
	var out []*outline
	inOrder := r.By == ByRisk || r.By == ""
	for _, o := range known.row {
		if inOrder && len(out) >= most {
			return out, nil
		}
		if r.takes(o) {
			out = append(out, o)
		}
	}
	if inOrder {
		return out, nil
	}
	row := make([]placed[*outline], len(out))
	for i, o := range out {
		row[i] = placed[*outline]{markOf(&o.Case, r.By), o}
	}
	sortPlaced(row)
	out = out[:min(len(out), most)]
	for i := range out {
		out[i] = row[i].of
	}
	return out, nil
}

func sortPlaced[T any](all []placed[T]) {
	slices.SortFunc(all, func(a, b placed[T]) int { return a.compare(b.Mark) })
}

// Sort puts cases in an order.
func Sort(all []Case, by Order) {
	row := make([]placed[int], len(all))
	for i := range all {
		row[i] = placed[int]{markOf(&all[i], by), i}
	}
	if slices.IsSortedFunc(row, func(a, b placed[int]) int { return a.compare(b.Mark) }) {
		return
	}
	sortPlaced(row)
	was := slices.Clone(all)
	for i, x := range row {
		all[i] = was[x.of]
	}
}

// takes says whether an outline is asked for; text and assignee are in lower case.
func (r PageRequest) takes(o *outline) bool {
	switch {
	case len(r.Tenants) > 0 && !slices.Contains(r.Tenants, o.TenantID),
		r.OrganizerID != "" && o.OrganizerID != r.OrganizerID,
		r.Status != "" && o.Status != r.Status,
		r.Severity != "" && o.Severity != r.Severity,
		o.Score < r.MinScore,
		r.Assignee == "none" && o.Assignee != "",
		r.Assignee != "" && r.Assignee != "none" && !strings.Contains(strings.ToLower(o.Assignee), r.Assignee),
		r.Text != "" && !strings.Contains(o.text, r.Text),
		!r.Active.IsZero() && (o.Status == StatusClosed || o.RingCase != "" || r.Active.Before(o.SnoozedUntil)),
		r.Where != nil && !r.Where(&o.Case),
		r.After.ID != "" && r.After.compare(markOf(&o.Case, r.By)) >= 0:
		return false
	}
	return true
}

// compare orders marks as their cases follow each other.
func (m Mark) compare(o Mark) int {
	return cmp.Or(cmp.Compare(o.Rank, m.Rank), cmp.Compare(o.Exposure, m.Exposure), cmp.Compare(m.ID, o.ID))
}

//go:embed sql/case_bodies.sql
var bodiesSQL string

// body is a case as an event left it, in JSON.
type body struct {
	EventID string `ch:"event_id"`
	Subject string `ch:"subject"`
	Version uint32 `ch:"version"`
	Body    string `ch:"body"`
}

// mostBodies is how much of cases' bodies is kept in memory, in bytes: that of the pages that are
// looked at again and again.
const mostBodies = 16 << 20

// whole reads cases with their findings, in the order of their outlines.
func (p *Pages) whole(ctx context.Context, found []*outline) ([]Case, error) {
	got := map[string]body{}
	events, subjects := []string{}, []string{}
	p.bodiesMu.Lock()
	for _, o := range found {
		if b, kept := p.bodies[o.event]; kept {
			got[o.event] = b
		} else {
			events, subjects = append(events, o.event), append(subjects, o.ID)
		}
	}
	p.bodiesMu.Unlock()
	if len(events) > 0 {
		var read []body
		if err := p.conn.Select(ctx, &read, bodiesSQL, clickhouse.Named("events", events), clickhouse.Named("subjects", subjects)); err != nil {
			return nil, fmt.Errorf("read a page of cases: %w", err)
		}
		for _, b := range read {
			got[b.EventID] = b
		}
		p.keep(read)
	}
	out := make([]Case, len(found))
	for i, o := range found {
		b, there := got[o.event]
		if !there {
			return nil, fmt.Errorf("case %s, version %d: %w", o.ID, o.Version, ErrNotFound)
		}
		if err := json.Unmarshal([]byte(b.Body), &out[i]); err != nil {
			return nil, fmt.Errorf("case %s, version %d: %w", o.ID, o.Version, err)
		}
		out[i].Version = o.Version
	}
	return out, nil
}

// keep remembers bodies, and forgets any others when they become too many.
func (p *Pages) keep(read []body) {
	p.bodiesMu.Lock()
	defer p.bodiesMu.Unlock()
	for _, b := range read {
		if _, kept := p.bodies[b.EventID]; !kept {
			p.bodies[b.EventID] = b
			p.size += len(b.Body)
		}
	}
	for id, b := range p.bodies {
		if p.size <= mostBodies {
			return
		}
		delete(p.bodies, id)
		p.size -= len(b.Body)
	}
}
