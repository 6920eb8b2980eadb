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
// for the newest of them, and those that were killed. It may be killed as well: what is
// left of a run is found by its attempt, which goes last.
func (r *Rater) Sweep(ctx context.Context) (Swept, error) {
	type key struct {
		TenantID string    `ch:"tenant_id"`
		Month    time.Time `ch:"month"`
		RunID    uuid.UUID `ch:"run_id"`
	}
	found, err := query[key](ctx, r.conn, "sweepable",
		named("before", r.now().UTC().Add(-unfinished).Format("2006-01-02 15:04:05.000000")))
	if err != nil {
		return Swept{}, fmt.Errorf("look for runs to remove: %w", err)
	}
	var swept Swept
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
		for _, name := range []string{"sweep_rows", "sweep_runs", "sweep_attempts"} {
			if err := r.conn.Exec(ctx, statement(name), args...); err != nil {
				return swept, fmt.Errorf("%s: %w", name, err)
			}
		}
		swept.Runs += len(chunk)
	}
	return swept, nil
}
