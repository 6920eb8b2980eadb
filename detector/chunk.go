package detector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"fairdial/cases"
)

// chunk runs all rules over some tenants: findings first, in one write, then the events
// that follow from all findings there are. A pass killed between the two writes the
// events when it is run again.
func (p *pass) chunk(ctx context.Context, tenants []string) (err error) {
	w := p.workspace(p.params.and("tenants", texts(tenants)))
	w.pass, w.about, w.stored = p.whole, p.whole.made["about"], !p.req.DryRun
	defer func() { err = errors.Join(err, w.close(ctx)) }()
	if err := w.make(ctx, p.names); err != nil {
		return err
	}
	if err := p.leave(ctx, w); err != nil {
		return err
	}
	about, err := p.open(ctx, tenants)
	if err != nil {
		return err
	}
	rows, err := p.known(ctx, w.params)
	if err != nil {
		return err
	}
	newest := map[uuid.UUID]finding{}
	for _, f := range rows {
		newest[f.ID] = f // they come by time
	}
	found, err := p.findAll(ctx, w, p.pack, p.tick)
	if err != nil {
		return err
	}
	var added []finding
	for i, r := range p.pack {
		told, err := p.tell(r, found[i].cols, found[i].hits, newest, about, p.id, p.o.Now())
		if err != nil {
			return err
		}
		added = append(added, told...)
		report := &p.report.Rules[i]
		report.Hits += len(found[i].hits)
		report.Findings += len(told)
		report.Took += found[i].took
	}
	p.report.Findings += len(added)
	for _, f := range added {
		if f.Outcome == outcomeSnoozed {
			p.report.Snoozed++
		}
	}
	if !p.req.DryRun {
		if err := p.keep(ctx, added); err != nil {
			return err
		}
	}
	return p.conclude(ctx, tenants, append(rows, added...), about)
}

// open is the cases of some tenants.
func (p *pass) open(ctx context.Context, tenants []string) (map[who]cases.Case, error) {
	out := map[who]cases.Case{}
	for _, t := range tenants {
		list, err := p.o.Cases.List(ctx, cases.Filter{TenantID: t})
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			out[who{c.TenantID, c.OrganizerID}] = c
		}
	}
	return out, nil
}

func (p *pass) known(ctx context.Context, q params) ([]finding, error) {
	var rows []finding
	if err := p.o.Conn.Select(q.on(ctx, nil), &rows, sqlText("known")); err != nil {
		return nil, fmt.Errorf("read the findings so far: %w", err)
	}
	return rows, nil
}

// keep writes findings in one block: they are there all together or not at all.
func (p *pass) keep(ctx context.Context, rows []finding) error {
	if len(rows) == 0 {
		return nil
	}
	batch, err := p.o.Conn.PrepareBatch(ctx, strings.TrimSpace(sqlText("insert")))
	if err != nil {
		return fmt.Errorf("keep findings: %w", err)
	}
	for i := range rows {
		if err := batch.AppendStruct(&rows[i]); err != nil {
			return fmt.Errorf("keep findings: %w", err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("keep findings: %w", err)
	}
	return nil
}

// tries is how often the events of a case are made anew when somebody else wrote to it
// in the meantime.
const tries = 5

// conclude writes the events that follow from findings. The first event of each case is
// written before its second: an event that builds on one that lost against somebody
// else's must not count.
func (p *pass) conclude(ctx context.Context, tenants []string, rows []finding, about map[who]cases.Case) error {
	byWho := map[who][]finding{}
	for _, f := range rows {
		byWho[f.who()] = append(byWho[f.who()], f)
	}
	for range tries {
		pending := map[who][]cases.Event{}
		for o, found := range byWho {
			if events := p.scorer.fold(about[o], found); len(events) > 0 {
				pending[o] = events
			}
		}
		if len(pending) == 0 {
			return nil
		}
		if err := p.introduce(ctx, tenants, pending); err != nil {
			return err
		}
		if p.req.DryRun {
			p.count(pending)
			return nil
		}
		lost, err := p.write(ctx, pending)
		if err != nil {
			return err
		}
		p.count(pending)
		if len(lost) == 0 {
			return nil
		}
		if about, err = p.open(ctx, tenants); err != nil {
			return err
		}
		maps.DeleteFunc(byWho, func(o who, _ []finding) bool { return !lost[o] })
	}
	return fmt.Errorf("the cases of %d organizers are being changed all the time; run detect again", len(byWho))
}

// write writes events, one of each case at a time. It says whose lost, and leaves in
// pending what was written.
func (p *pass) write(ctx context.Context, pending map[who][]cases.Event) (lost map[who]bool, err error) {
	lost = map[who]bool{}
	order := slices.SortedFunc(maps.Keys(pending), byName)
	for round := 0; ; round++ {
		var batch []cases.Event
		for _, o := range order {
			if round < len(pending[o]) {
				batch = append(batch, pending[o][round])
			}
		}
		if len(batch) == 0 {
			return lost, nil
		}
		conflicts, err := p.o.Cases.Record(ctx, batch)
		if err != nil {
			return nil, err
		}
		for _, c := range conflicts {
			o := who{c.Lost.TenantID, c.Lost.OrganizerID}
			lost[o] = true
			pending[o] = pending[o][:round]
		}
	}
}

func byName(a, b who) int {
	if c := strings.Compare(a.tenantID, b.tenantID); c != 0 {
		return c
	}
	return strings.Compare(a.organizerID, b.organizerID)
}

// count puts events into the report.
func (p *pass) count(pending map[who][]cases.Event) {
	for _, o := range slices.SortedFunc(maps.Keys(pending), byName) {
		events := pending[o]
		for _, e := range events {
			p.report.Events[e.Kind]++
		}
		if len(events) > 0 {
			p.report.Cases = append(p.report.Cases, events[len(events)-1].State)
		}
	}
}

// introduce says who the organizers are, and what paid for their calls.
func (p *pass) introduce(ctx context.Context, tenants []string, pending map[who][]cases.Event) error {
	var organizers []string
	for o := range pending {
		organizers = append(organizers, o.organizerID)
	}
	slices.Sort(organizers)
	q := params{"tenants": texts(tenants), "organizers": texts(slices.Compact(organizers))}
	var people []struct {
		TenantID    string `ch:"tenant_id"`
		OrganizerID string `ch:"organizer_id"`
		TenantName  string `ch:"tenant_name"`
		Name        string `ch:"name"`
		UPN         string `ch:"upn"`
	}
	text := sqlText("people")
	if p.scope.fresh {
		text = strings.Replace(text, "FROM usage_revisions", "FROM mergeTreeProjection(currentDatabase(), 'usage_revisions', 'by_organizer')", 1)
	}
	if err := p.o.Conn.Select(q.on(ctx, nil), &people, text); err != nil {
		return fmt.Errorf("read who the organizers are: %w", err)
	}
	for _, x := range people {
		for i := range pending[who{x.TenantID, x.OrganizerID}] {
			c := &pending[who{x.TenantID, x.OrganizerID}][i].State
			c.TenantName, c.OrganizerName, c.OrganizerUPN = x.TenantName, x.Name, x.UPN
		}
	}
	var paid []struct {
		TenantID    string `ch:"tenant_id"`
		OrganizerID string `ch:"organizer_id"`
		Month       string `ch:"month"`
		Bucket      string `ch:"bucket"`
		Seconds     int64  `ch:"paid_seconds"`
	}
	fresh := map[*cases.Case]bool{} // whose seconds are those of an earlier event no more
	if err := p.o.Conn.Select(q.on(ctx, nil), &paid, sqlText("buckets")); err != nil {
		return fmt.Errorf("read what paid for the organizers' calls: %w", err)
	}
	for _, x := range paid {
		events := pending[who{x.TenantID, x.OrganizerID}]
		for i := range events {
			c := &events[i].State
			from, to := events[i].At, events[i].At
			for _, f := range c.Findings {
				if f.WindowStart.Before(from) {
					from = f.WindowStart
				}
			}
			const first = "2006-01-01"
			if x.Month < from.UTC().Format(first) || x.Month > to.UTC().Format(first) {
				continue
			}
			if c.SecondsByBucket == nil || !fresh[c] {
				c.SecondsByBucket, fresh[c] = map[string]int64{}, true
			}
			c.SecondsByBucket[x.Bucket] += x.Seconds
		}
	}
	return nil
}
