package rating

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// ErrWorkingOut: what is asked for takes seconds and is being worked out; ask again.
var ErrWorkingOut = errors.New("it is being worked out; ask again in some seconds")

// atOnce is how many records a month may have for who asks to wait until it is worked out. That
// of a million takes seconds.
const atOnce = 20_000

// Want is told of a tenant-month that somebody asked for and that is not worked out; its error is
// the answer's.
type Want func(month usage.Month, tenantID string) error

// Ahead is the same rater for who must not wait: how a large month compares with the source, and
// what the add-on absorbed of it, it answers only where that was worked out ahead. What
// is not is wanted, and the answer is ErrWorkingOut.
func (r *Rater) Ahead(want Want) *Rater {
	ahead := *r
	ahead.want = want
	return &ahead
}

// mustWait says that something of a run is to be worked out ahead: nil where the asker does it.
func (r *Rater) mustWait(c run) error {
	if r.want == nil || c.Records <= atOnce {
		return nil
	}
	if err := r.want(monthOf(c.Month), c.TenantID); err != nil {
		return err
	}
	return ErrWorkingOut
}

// WorkOut works out, and keeps, what of a tenant-month Ahead answers; what is kept already is
// left as it is. Killed, it is as if it had not begun.
func (r *Rater) WorkOut(ctx context.Context, month usage.Month, tenantID string) error {
	fail := func(err error) error { return fmt.Errorf("work out %s %s: %w", tenantID, month, err) }
	c, err := r.currentRun(ctx, month, tenantID)
	if err != nil {
		return fail(err)
	}
	if c.Records <= atOnce {
		return nil
	}
	terms, err := r.termsAsRated(ctx, month, c)
	if err != nil {
		return fail(err)
	}
	if err := r.keepCompared(ctx, ReconcileRequest{Month: month, TenantID: tenantID}, c, terms); err != nil {
		return fail(err)
	}
	_, err = r.leaks(ctx, LeakRequest{Month: month, Tenants: []string{tenantID}}, r.keepLeak)
	if err != nil {
		return fail(err)
	}
	return nil
}

// keepCompared compares the records of a tenant-month and keeps what came of it.
func (r *Rater) keepCompared(ctx context.Context, req ReconcileRequest, c shownRun, terms plan.Terms) error {
	// The key before the records are compared: what lands meanwhile makes the next key another one.
	key, err := r.comparedFrom(ctx, req, c, terms)
	if err != nil {
		return err
	}
	if kept, err := r.keptLines(ctx, req, key); err != nil || len(kept) > 0 {
		return err
	}
	return r.conn.Exec(ctx, statement("insert_compared")+statement("compared")+statement("compared_lines"), append(r.comparing(req, c, terms), r.work(key)...)...)
}

// work names a piece of work and what it is made of.
func (r *Rater) work(key string) []any {
	return []any{named("made_of", key), named("work", r.newID().String()), named("stored_at", r.now().UTC().Format("2006-01-02 15:04:05.000000"))}
}

func (r *Rater) keptLines(ctx context.Context, req ReconcileRequest, key string) ([]ReconciledBuckets, error) {
	return query[ReconciledBuckets](ctx, r.conn, "kept_lines", named("tenant", req.TenantID), named("month", firstDay(req.Month)), named("made_of", key))
}

// comparedFrom is a hash of everything that a comparison is made from.
func (r *Rater) comparedFrom(ctx context.Context, req ReconcileRequest, c shownRun, terms plan.Terms) (string, error) {
	from, to := r.span(req.Month)
	found, err := query[struct {
		State string `ch:"state"`
	}](ctx, r.conn, "month_usage", named("tenant", req.TenantID), named("month_from", instant(from)), named("month_to", instant(to)))
	if err != nil {
		return "", err
	}
	return madeOf(statement("compared")+statement("compared_lines"), found[0].State, r.comparing(req, c, terms)), nil
}

// madeOf is a hash of a statement and of what it is given.
func madeOf(all ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", all))
	return hex.EncodeToString(sum[:])
}

// compareCounts is how the records of a tenant-month compare, added up.
func (r *Rater) compareCounts(ctx context.Context, req ReconcileRequest, c shownRun, terms plan.Terms) ([]ReconciledBuckets, error) {
	if c.Records > atOnce {
		key, err := r.comparedFrom(ctx, req, c, terms)
		if err != nil {
			return nil, err
		}
		if kept, err := r.keptLines(ctx, req, key); err != nil || len(kept) > 0 {
			return kept, err
		}
		if err := r.mustWait(c.run); err != nil {
			return nil, err
		}
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
	return lines, rows.Err()
}

// mostKept is how many records of a class are kept of each line.
const mostKept = 10_001

// FirstDifferences gives the records of one class that are furthest apart, the furthest first and
// of those that are as far by start.
func (r *Rater) FirstDifferences(ctx context.Context, req ReconcileRequest, class string, limit int) ([]Difference, error) {
	fail := func(err error) ([]Difference, error) {
		return nil, fmt.Errorf("reconcile %s %s: %w", req.TenantID, req.Month, err)
	}
	c, err := r.currentRun(ctx, req.Month, req.TenantID)
	if err != nil {
		return fail(err)
	}
	if c.Records > atOnce && limit <= mostKept {
		terms, err := r.termsAsRated(ctx, req.Month, c)
		if err != nil {
			return fail(err)
		}
		key, err := r.comparedFrom(ctx, req, c, terms)
		if err != nil {
			return fail(err)
		}
		kept, err := r.keptLines(ctx, req, key)
		if err != nil {
			return fail(err)
		}
		if len(kept) > 0 {
			out, err := query[Difference](ctx, r.conn, "kept_rows", named("tenant", req.TenantID), named("month", firstDay(req.Month)), named("made_of", key),
				named("class", class), named("limit", limit))
			for i := range out {
				out[i].TenantID, out[i].StartedAt = req.TenantID, out[i].StartedAt.UTC()
			}
			if err != nil {
				return fail(err)
			}
			return out, nil
		}
		if err := r.mustWait(c.run); err != nil {
			return fail(err)
		}
	}
	out := []Difference{}
	err = r.differences(ctx, req, class, true, uint64(max(limit, 0)), func(d Difference) error { //nolint:gosec // not below 0
		out = append(out, d)
		return nil
	})
	return out, err
}
