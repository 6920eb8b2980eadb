package rating

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// unfinished is how old the attempt of a run without an end must be for its rows to be
// removed: longer than any statement takes.
const unfinished = 6 * time.Hour

// Swept says what Sweep removed.
type Swept struct {
	Runs int `json:"runs"`
}

// Sweep removes the rows of runs that do not count and will not: superseded ones, except
// for the newest of them and those that a closed month was made of, and those that were
// killed; the rows of closings that were; and what was worked out ahead and has changed since. It may be killed as well: what is
// left of a run is found by its attempt, which goes last.
func (r *Rater) Sweep(ctx context.Context) (Swept, error) {
	var swept Swept
	before := named("before", r.now().UTC().Add(-unfinished).Format("2006-01-02 15:04:05.000000"))
	for _, x := range []struct {
		find   string
		remove []string
	}{
		{"unclosed", []string{"sweep_closed"}},
		{"sweepable", []string{"sweep_rows", "sweep_runs", "sweep_attempts"}},
	} {
		n, err := r.remove(ctx, x.find, x.remove, before)
		swept.Runs += n
		if err != nil {
			return swept, err
		}
	}
	_, err := r.remove(ctx, "outworn", []string{"sweep_compared", "sweep_leak"}, before)
	return swept, err
}

// remove removes what a statement finds, a list of runs or closings at a time.
func (r *Rater) remove(ctx context.Context, find string, statements []string, before any) (removed int, err error) {
	found, err := query[struct {
		TenantID string    `ch:"tenant_id"`
		Month    time.Time `ch:"month"`
		RunID    uuid.UUID `ch:"run_id"`
	}](ctx, r.conn, find, before)
	if err != nil {
		return 0, fmt.Errorf("look for what to remove: %w", err)
	}
	for chunk := range slices.Chunk(found, tenantsInStatement) {
		var tenants, months, runs []string
		for _, k := range chunk {
			tenants = append(tenants, k.TenantID)
			months = append(months, k.Month.Format(time.DateOnly))
			runs = append(runs, k.RunID.String())
		}
		slices.Sort(tenants)
		slices.Sort(months)
		args := []any{named("tenants", slices.Compact(tenants)), named("months", slices.Compact(months)), named("runs", runs)}
		for _, name := range statements {
			if err := r.conn.Exec(ctx, statement(name), args...); err != nil {
				return removed, fmt.Errorf("%s: %w", name, err)
			}
		}
		removed += len(chunk)
	}
	return removed, nil
}
