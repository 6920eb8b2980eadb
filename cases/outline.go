package cases

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed sql/case_mark.sql
var markSQL string

//go:embed sql/case_heads.sql
var headsSQL string

//go:embed sql/case_outlines.sql
var outlinesSQL string

// outline is a case as it stands, without its findings, and the event that left it so.
type outline struct {
	Case
	event string
	text  string // what words are looked for in, lower case
}

// outlines are the outlines of all cases, kept in memory and made current from the log.
// A set that somebody has been given does not change.
type outlines struct {
	mark caseMark
	all  map[string]*outline // by case id
	row  []*outline          // the same, by risk
}

// caseMark tells whether anybody has appended to the log of cases.
type caseMark struct {
	Events uint64    `ch:"events"`
	Newest time.Time `ch:"newest"`
}

type headRow struct {
	Subject string `ch:"subject"`
	EventID string `ch:"event_id"`
}

// outlineRow is an outline as the store gives it. Times are RFC 3339, "" for none.
type outlineRow struct {
	Subject       string   `ch:"subject"`
	EventID       string   `ch:"event_id"`
	Version       uint32   `ch:"version"`
	TenantID      string   `ch:"tenant_id"`
	OrganizerID   string   `ch:"organizer_id"`
	TenantName    string   `ch:"tenant_name"`
	OrganizerName string   `ch:"organizer_name"`
	OrganizerUPN  string   `ch:"organizer_upn"`
	Score         int64    `ch:"score"`
	Severity      string   `ch:"severity"`
	Verdict       string   `ch:"verdict"`
	Status        string   `ch:"status"`
	Outcome       string   `ch:"outcome"`
	Assignee      string   `ch:"assignee"`
	SnoozedUntil  string   `ch:"snoozed_until"`
	AppealedAt    string   `ch:"appealed_at"`
	OpenedAt      string   `ch:"opened_at"`
	Cause         string   `ch:"cause"`
	UpdatedAt     string   `ch:"updated_at"`
	Exposure      int64    `ch:"exposure_seconds"`
	Closings      []string `ch:"closings"`
	Members       []string `ch:"members"`
	RingCase      string   `ch:"ring_case"`
	DueAt         string   `ch:"due_at"`
	RespondedAt   string   `ch:"responded_at"`
}

func (r outlineRow) outline() (*outline, error) {
	c := Case{
		ID: r.Subject, Version: int(r.Version), TenantID: r.TenantID, TenantName: r.TenantName, OrganizerID: r.OrganizerID, OrganizerName: r.OrganizerName, OrganizerUPN: r.OrganizerUPN,
		Score: int(r.Score), Severity: Severity(r.Severity), Verdict: Verdict(r.Verdict), Status: Status(r.Status), Outcome: Outcome(r.Outcome), Cause: Cause(r.Cause), Assignee: r.Assignee, ExposureSeconds: r.Exposure, Members: r.Members, RingCase: r.RingCase,
	}
	if len(c.Members) == 0 {
		c.Members = nil
	}
	for _, t := range []struct {
		text string
		at   *time.Time
	}{{r.SnoozedUntil, &c.SnoozedUntil}, {r.AppealedAt, &c.AppealedAt}, {r.OpenedAt, &c.OpenedAt}, {r.UpdatedAt, &c.UpdatedAt}, {r.DueAt, &c.DueAt}, {r.RespondedAt, &c.RespondedAt}} {
		if t.text == "" {
			continue
		}
		var err error
		if *t.at, err = time.Parse(time.RFC3339Nano, t.text); err != nil {
			return nil, fmt.Errorf("case %s, version %d: %w", r.Subject, r.Version, err)
		}
	}
	for _, text := range r.Closings {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, fmt.Errorf("case %s, version %d: %w", r.Subject, r.Version, err)
		}
		c.Closings = append(c.Closings, at)
	}
	text := strings.ToLower(strings.Join([]string{c.ID, c.OrganizerID, c.OrganizerName, c.OrganizerUPN, c.TenantName}, " "))
	return &outline{Case: c, event: r.EventID, text: text}, nil
}

// mostNamed is how many changed cases are named to the store; of more, all are read.
const mostNamed = 1000

// current are the outlines of all cases as the log has them now. What has not changed since the
// last time is not read again; whether anything has costs a count.
func (p *Pages) current(ctx context.Context) (outlines, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var marks []caseMark
	if err := p.conn.Select(ctx, &marks, markSQL); err != nil {
		return outlines{}, fmt.Errorf("read whether cases have changed: %w", err)
	}
	if p.known.all != nil && marks[0] == p.known.mark { // an aggregate without GROUP BY has one row
		return p.known, nil
	}
	var heads []headRow
	if err := p.conn.Select(ctx, &heads, headsSQL); err != nil {
		return outlines{}, fmt.Errorf("read where cases stand: %w", err)
	}
	changed := []string{}
	for _, h := range heads {
		if before, there := p.known.all[h.Subject]; !there || before.event != h.EventID {
			changed = append(changed, h.Subject)
		}
	}
	all := make(map[string]*outline, len(heads))
	maps.Copy(all, p.known.all)
	if len(changed) > 0 {
		whole := len(changed) > mostNamed
		if whole {
			changed = []string{}
		}
		var rows []outlineRow
		if err := p.conn.Select(ctx, &rows, outlinesSQL, clickhouse.Named("all", whole), clickhouse.Named("subjects", changed)); err != nil {
			return outlines{}, fmt.Errorf("read outlines of cases: %w", err)
		}
		for _, r := range rows {
			o, err := r.outline()
			if err != nil {
				return outlines{}, err
			}
			all[r.Subject] = o
		}
	}
	row := make([]placed[*outline], 0, len(all))
	for _, o := range all {
		row = append(row, placed[*outline]{markOf(&o.Case, ByRisk), o})
	}
	sortPlaced(row)
	p.known = outlines{mark: marks[0], all: all, row: make([]*outline, len(row))}
	for i, x := range row {
		p.known.row[i] = x.of
	}
	return p.known, nil
}
