package rating

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/store/journal"
	"fairdial/usage"
)

// What speaks against closing a month.
const (
	ObstacleEarly        = "early"         // records may still arrive
	ObstacleQuarantined  = "quarantined"   // rejected rows that may be of it
	ObstacleStale        = "stale"         // not all that is known is rated
	ObstacleEarlierStale = "earlier_stale" // the same of a closed month, whose adjustments would be missing
	ObstacleUnpriced     = "unpriced"      // calls without a rate
	ObstacleUnsigned     = "unsigned"      // nobody signed its reconciliation
)

// Obstacle speaks against closing a tenant-month.
type Obstacle struct {
	Code string `json:"code"`
	Text string `json:"text"`
	// Blocks says that the month is closed all the same only by force; of others a note is kept.
	Blocks bool   `json:"blocks"`
	Count  uint64 `json:"count,omitempty"` // of rows or calls that it is about
	Month  string `json:"month,omitempty"` // another month that it is about

	command string // that looks into it or mends it
}

// String is an obstacle for who has a command line.
func (o Obstacle) String() string {
	if o.command == "" {
		return o.Text
	}
	return o.Text + " (" + o.command + ")"
}

// Obstacles is what speaks against closing those of a month's statements that are open, by
// tenant: what blocks it first.
func (b *Books) Obstacles(ctx context.Context, month usage.Month, all []Statement) (map[string][]Obstacle, error) {
	tenants := []string{}
	for _, s := range all {
		if s.Closed == nil {
			tenants = append(tenants, s.TenantID)
		}
	}
	if len(tenants) == 0 {
		return map[string][]Obstacle{}, nil
	}
	behind := []Unsettled{} // what statements tell already is not asked again
	for _, s := range all {
		if _, is := s.Behind(); is && s.Closed == nil {
			behind = append(behind, Unsettled{s.TenantID, s.Month})
		}
	}
	var earlier []Unsettled
	var out map[string][]Obstacle
	var signed []journal.Event
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() (err error) { earlier, err = b.staleBefore(ctx, month, tenants); return err })
	work.Go(func() (err error) { out, err = b.unready(ctx, month, tenants); return err })
	work.Go(func() (err error) {
		if signed, err = b.log.Heads(ctx, ReconciliationStream, oneTenant(tenants)); err != nil {
			err = fmt.Errorf("read who signed reconciliations: %w", err)
		}
		return err
	})
	if err := work.Wait(); err != nil {
		return nil, err
	}
	addStale(out, month, append(behind, earlier...))
	subjects := map[string]bool{}
	for _, e := range signed {
		subjects[e.Subject] = true
	}
	for _, s := range all {
		if s.Closed != nil {
			continue
		}
		if n := s.Buckets[2].UnpricedCalls; n > 0 {
			out[s.TenantID] = append(out[s.TenantID], Obstacle{Code: ObstacleUnpriced, Count: n, Text: unpricedText(n)})
		}
		if s.Calls > 0 && !subjects[reconciliationSubject(s.TenantID, s.Month)] {
			out[s.TenantID] = append(out[s.TenantID], Obstacle{Code: ObstacleUnsigned, Text: unsignedText})
		}
	}
	return out, nil
}

const unsignedText = "nobody signed its reconciliation"

func unpricedText(calls uint64) string {
	return fmt.Sprintf("%s that credits pay for have no rate: what they cost is not in the amounts", plural(calls, "call"))
}

// unready is what of the records of a month blocks closing it, by tenant: some may still come, and
// of some nobody has decided.
func (b *Books) unready(ctx context.Context, month usage.Month, tenants []string) (map[string][]Obstacle, error) {
	out := map[string][]Obstacle{}
	add := func(tenantID string, o Obstacle) {
		o.Blocks = true
		out[tenantID] = append(out[tenantID], o)
	}
	from, to := b.rater.span(month)
	if ready := to.Add(b.latency); b.rater.now().Before(ready) {
		for _, tenantID := range tenants {
			add(tenantID, Obstacle{Code: ObstacleEarly, Text: fmt.Sprintf("records may arrive until %s", ready.UTC().Format("2006-01-02 15:04Z")), command: "finance.latency"})
		}
	}
	quarantined, err := query[struct {
		TenantID string `ch:"tenant_id"`
		Rows     uint64 `ch:"rows"`
	}](ctx, b.rater.conn, "quarantined", named("tenants", tenants),
		named("first", from.AddDate(0, 0, -1).Format(time.DateOnly)), named("last", to.AddDate(0, 0, 1).Format(time.DateOnly)))
	if err != nil {
		return nil, err
	}
	for _, q := range quarantined {
		add(q.TenantID, Obstacle{
			Code: ObstacleQuarantined, Count: q.Rows, Text: plural(q.Rows, "rejected row") + " waiting for a decision", command: "fairdial quarantine list --tenant " + q.TenantID,
		})
	}
	return out, nil
}

// addStale adds what of a month, and of closed months before it, is not up to date.
func addStale(out map[string][]Obstacle, month usage.Month, stale []Unsettled) {
	for _, s := range stale {
		o := Obstacle{Blocks: true, Code: ObstacleStale, Text: "usage or licences changed since it was rated", command: "fairdial rate --month " + s.Month}
		if s.Month != month.String() {
			o.Code, o.Month = ObstacleEarlierStale, s.Month
			o.Text = fmt.Sprintf("what came for %s, which is closed, is not rated yet and would not be among the adjustments", s.Month)
		}
		out[s.TenantID] = append(out[s.TenantID], o)
	}
}

// staleBefore is which of the closed months before a month are not up to date, of tenants.
func (b *Books) staleBefore(ctx context.Context, month usage.Month, tenants []string) ([]Unsettled, error) {
	all, err := b.heads(ctx, oneTenant(tenants))
	if err != nil {
		return nil, err
	}
	closed, seen := map[Unsettled]bool{}, map[usage.Month]bool{}
	var months []usage.Month
	var owners []string
	for _, tenantID := range tenants {
		before := len(closed)
		for _, f := range all[tenantID] {
			if f.State != Closed || !f.month.Start(time.UTC).Before(month.Start(time.UTC)) {
				continue
			}
			closed[Unsettled{tenantID, f.Month}] = true
			if !seen[f.month] {
				seen[f.month], months = true, append(months, f.month)
			}
		}
		if len(closed) > before {
			owners = append(owners, tenantID)
		}
	}
	if len(closed) == 0 {
		return nil, nil
	}
	found, err := b.rater.Stale(ctx, months, owners)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(s Unsettled) bool { return !closed[s] }), nil
}
