package rating

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"fairdial/rules/plan"
)

// reconciled remembers how months compared with what the source said. That depends on a run, which
// does not change, on the usage of the month and on the terms: while they are the same, so is the
// answer, and a month of a million calls is not compared again for each page.
type reconciled struct {
	mu    sync.Mutex
	lines map[string][]ReconciledBuckets
}

// mostReconciled is how many tenant-months are remembered.
const mostReconciled = 500

func (m *reconciled) get(key string) ([]ReconciledBuckets, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lines, there := m.lines[key]
	return slices.Clone(lines), there
}

func (m *reconciled) put(key string, lines []ReconciledBuckets) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.lines) >= mostReconciled || m.lines == nil {
		m.lines = map[string][]ReconciledBuckets{}
	}
	m.lines[key] = slices.Clone(lines)
}

// compareCounts is how the records of a tenant-month compare, added up.
func (r *Rater) compareCounts(ctx context.Context, req ReconcileRequest, c shownRun, terms plan.Terms) ([]ReconciledBuckets, error) {
	// Before the records are compared: what lands meanwhile makes the next key another one.
	key, err := r.comparedFrom(ctx, req, c, terms)
	if err != nil {
		return nil, err
	}
	if lines, there := r.reconciled.get(key); there {
		return lines, nil
	}
	rows, err := r.compare(ctx, "reconcile_counts", req, c, terms)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	lines := []ReconciledBuckets{}
	for rows.Next() {
		var l ReconciledBuckets
		if err := rows.ScanStruct(&l); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	r.reconciled.put(key, lines)
	return lines, nil
}

// comparedFrom names everything that a comparison is made from.
func (r *Rater) comparedFrom(ctx context.Context, req ReconcileRequest, c shownRun, terms plan.Terms) (string, error) {
	from, to := r.span(req.Month)
	var found []struct {
		State string `ch:"state"`
	}
	err := r.conn.Select(ctx, &found, statement("month_usage"), named("tenant", req.TenantID), named("month_from", instant(from)), named("month_to", instant(to)))
	if err != nil {
		return "", err
	}
	frozen := c.shown != nil && c.shown.Frozen
	return fmt.Sprintf("%q %s %s %t %s %q %s", req.TenantID, req.Month, c.RunID, frozen, tolerance(req, terms), fmt.Sprintf("%+v", terms.Reconciliation.Capabilities), found[0].State), nil
}
