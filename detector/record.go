package detector

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"

	"fairdial/cases"
)

// Record is how a rule has done so far, over all its versions.
type Record struct {
	Findings   int       `json:"findings"` // a rule, an organizer and a month each
	Organizers int       `json:"organizers"`
	Newest     time.Time `json:"newest_at"` // UTC; the step of its newest finding
	// Reviewed is what people decided on the cases of its organizers. Of a shadow rule too:
	// cases that other rules opened say whether it found the right ones.
	Reviewed Reviewed `json:"reviewed"`
}

// Records says of each rule that has ever found something how it has done, by rule id. Nobody
// changes what it gives.
func (d *Detector) Records(ctx context.Context) (map[string]Record, error) {
	list, err := d.o.Cases.List(ctx, cases.Filter{})
	if err != nil {
		return nil, err
	}
	if d.o.Known == nil {
		return d.records(ctx, list)
	}
	state, err := d.recordState(ctx, list)
	if err != nil {
		return nil, err
	}
	if known, there := d.o.Known.get(state); there {
		return known, nil
	}
	records, err := d.records(ctx, list)
	if err == nil {
		d.o.Known.put(state, records)
	}
	return records, err
}

func (d *Detector) records(ctx context.Context, list []cases.Case) (map[string]Record, error) {
	decided, err := d.decisions(ctx, list)
	if err != nil {
		return nil, err
	}
	table, err := ext.NewTable("cases", ext.Column("tenant_id", "String"), ext.Column("organizer_id", "String"), ext.Column("outcome", "String"))
	for i := 0; err == nil && i < len(list); i++ {
		o := who{list[i].TenantID, list[i].OrganizerID}
		err = table.Append(o.tenantID, o.organizerID, string(decided[o]))
	}
	var rows []struct {
		RuleID     string    `ch:"rule_id"`
		Outcome    string    `ch:"outcome"`
		There      bool      `ch:"there"`
		Findings   uint64    `ch:"findings"`
		Organizers uint64    `ch:"organizers"`
		Newest     time.Time `ch:"newest"`
	}
	if err == nil {
		ctx = clickhouse.Context(params{}.on(ctx, nil), clickhouse.WithExternalTable(table))
		err = d.o.Conn.Select(ctx, &rows, sqlText("firings"))
	}
	if err != nil {
		return nil, fmt.Errorf("count the findings of rules: %w", err)
	}
	out := map[string]Record{}
	for _, x := range rows {
		r := out[x.RuleID]
		r.Findings += int(x.Findings)
		r.Organizers += int(x.Organizers)
		if x.Newest.After(r.Newest) {
			r.Newest = x.Newest.UTC()
		}
		for range x.Organizers {
			r.Reviewed.add(cases.Outcome(x.Outcome), x.There)
		}
		out[x.RuleID] = r
	}
	return out, nil
}

// decisions is what people decided on cases the last time, also where a case was reopened
// since.
func (d *Detector) decisions(ctx context.Context, list []cases.Case) (map[who]cases.Outcome, error) {
	out := map[who]cases.Outcome{}
	for _, c := range list {
		o := who{c.TenantID, c.OrganizerID}
		switch {
		case c.Outcome != "":
			out[o] = c.Outcome
		case len(c.Closings) > 0: // and reopened since
			history, err := d.o.Cases.History(ctx, c.ID)
			if err != nil {
				return nil, err
			}
			for _, e := range history {
				if e.State.Outcome != "" {
					out[o] = e.State.Outcome
				}
			}
		}
	}
	return out, nil
}
