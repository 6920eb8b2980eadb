package rating

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// Shown says from which run of a closed tenant-month an answer is: the one that was frozen,
// so that the answer is the same next year, or one that came since.
type Shown struct {
	TenantID string    `json:"tenant_id"`
	Month    string    `json:"month"`
	RunID    uuid.UUID `json:"run_id"`   // shown
	Sequence uint32    `json:"sequence"` // and its place among the runs of the tenant-month
	// Frozen says whether that is the run that the month was closed with.
	Frozen         bool      `json:"frozen"`
	FrozenRunID    uuid.UUID `json:"frozen_run_id"`
	FrozenSequence uint32    `json:"frozen_sequence"`
	// NewestSequence is of the run that would count were the month open: another one than
	// the frozen one where the month was rated again since.
	NewestSequence uint32    `json:"newest_sequence"`
	NewestRunID    uuid.UUID `json:"newest_run_id"`
	CloseID        uuid.UUID `json:"close_id"`
	ClosedBy       string    `json:"closed_by"`
	ClosedAt       time.Time `json:"closed_at"` // UTC
	Text           string    `json:"text"`      // all of it in words
}

// AsClosed is a rater whose answers about closed months are of the runs they were closed
// with. It is of this moment: a month that is closed or opened later is not. Who asks of one
// tenant alone names it, and nothing is read of what others closed; none is all.
func (b *Books) AsClosed(ctx context.Context, tenants []string) (*Rater, error) {
	return b.reader(ctx, tenants, false)
}

// AsRated is a rater whose answers about closed months, too, are of the newest runs, and
// say so.
func (b *Books) AsRated(ctx context.Context, tenants []string) (*Rater, error) {
	return b.reader(ctx, tenants, true)
}

func (b *Books) reader(ctx context.Context, tenants []string, rated bool) (*Rater, error) {
	heads, err := b.heads(ctx, oneTenant(tenants))
	if err != nil {
		return nil, err
	}
	r := *b.rater
	r.frozen, r.asRated = map[tenantMonth]Closing{}, rated
	for tenantID, own := range heads {
		for _, f := range own {
			if f.State == Closed {
				r.frozen[tenantMonth{tenantID, f.month}] = f.Closing
			}
		}
	}
	return &r, nil
}

// shownRun is a run that answers are of, and what a reader should know of it; nil for a
// month that is open.
type shownRun struct {
	run
	shown *Shown
}

// runs are the runs that answers of tenants and months are of: the newest, and of closed
// months the frozen ones where this rater answers so. Where the frozen one is not there (a
// month that was closed when nothing of it was rated) it is the newest, and says so. No
// tenants are all, no months all.
func (r *Rater) runs(ctx context.Context, tenants []string, months []usage.Month) ([]shownRun, error) {
	newest, err := query[run](ctx, r.conn, "current_runs", named("tenants", words(tenants)), named("months", firstDays(months)))
	if err != nil {
		return nil, err
	}
	var wanted []string // runs that are not the newest
	if !r.asRated {
		for _, c := range newest {
			if at, closed := r.frozen[tenantMonth{c.TenantID, monthOf(c.Month)}]; closed && at.RunID != c.RunID {
				wanted = append(wanted, at.RunID.String())
			}
		}
	}
	byID := map[uuid.UUID]run{}
	for chunk := range slices.Chunk(wanted, tenantsInStatement) {
		rows, err := query[run](ctx, r.conn, "frozen_runs", named("runs", chunk))
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			byID[c.RunID] = c
		}
	}
	out := []shownRun{}
	for _, c := range newest {
		at, closed := r.frozen[tenantMonth{c.TenantID, monthOf(c.Month)}]
		if !closed {
			out = append(out, shownRun{run: c})
			continue
		}
		s := shownRun{run: c}
		frozen, there := byID[at.RunID]
		if there {
			s.run = frozen
		}
		s.shown = shownOf(at, s.run, c)
		out = append(out, s)
	}
	return out, nil
}

func shownOf(at Closing, c, newest run) *Shown {
	s := &Shown{
		TenantID: at.TenantID, Month: at.Month, RunID: c.RunID, Sequence: c.Sequence, Frozen: c.RunID == at.RunID, FrozenRunID: at.RunID,
		FrozenSequence: at.Sequence, NewestSequence: newest.Sequence, NewestRunID: newest.RunID, CloseID: at.CloseID, ClosedBy: at.Actor, ClosedAt: at.At.UTC(),
	}
	closed := fmt.Sprintf("closed by %s at %s", s.ClosedBy, s.ClosedAt.Format("2006-01-02 15:04Z"))
	switch {
	case s.Frozen && at.RunID == uuid.Nil:
		s.Text = fmt.Sprintf("%s, when nothing of it was rated; it was rated since (newest: run %d), and that is an adjustment of a later month", closed, s.NewestSequence)
	case s.Frozen && newest.RunID == at.RunID:
		s.Text = fmt.Sprintf("%s: this is run %d, which it was closed with; it has not been rated again since", closed, s.Sequence)
	case s.Frozen:
		s.Text = fmt.Sprintf("%s: this is run %d, which it was closed with; it was rated again since (newest: run %d), "+
			"and what differs is an adjustment of a later month", closed, s.Sequence, s.NewestSequence)
	case at.RunID == uuid.Nil:
		s.Text = fmt.Sprintf("%s, when nothing of it was rated: this is run %d, rated since", closed, s.Sequence)
	default:
		s.Text = fmt.Sprintf("%s with run %d: this is run %d, rated since, and not what was closed", closed, s.FrozenSequence, s.Sequence)
	}
	return s
}

// Shown says of which runs the answers of closed tenant-months are, by tenant; nothing of
// open ones.
func (r *Rater) Shown(ctx context.Context, month usage.Month, tenants []string) ([]Shown, error) {
	out := []Shown{}
	if !slices.ContainsFunc(r.closedMonths(), func(m usage.Month) bool { return m == month }) {
		return out, nil
	}
	runs, err := r.runs(ctx, tenants, []usage.Month{month})
	if err != nil {
		return nil, fmt.Errorf("which runs of %s are shown: %w", month, err)
	}
	for _, c := range runs {
		if c.shown != nil {
			out = append(out, *c.shown)
		}
	}
	slices.SortFunc(out, func(a, b Shown) int { return strings.Compare(a.TenantID, b.TenantID) })
	return out, nil
}

func (r *Rater) closedMonths() []usage.Month {
	out := []usage.Month{}
	for k := range r.frozen {
		out = append(out, k.month)
	}
	return out
}

// elsewhere are the frozen runs of tenants and months that are not the newest, for
// statements that otherwise read those that count.
func (r *Rater) elsewhere(ctx context.Context, tenants []string, months []usage.Month) ([]string, error) {
	ids := []string{}
	if r.asRated || !slices.ContainsFunc(months, func(m usage.Month) bool { return slices.Contains(r.closedMonths(), m) }) {
		return ids, nil
	}
	runs, err := r.runs(ctx, tenants, months)
	if err != nil {
		return nil, err
	}
	for _, c := range runs {
		if c.shown != nil && c.shown.Frozen && c.RunID != c.shown.NewestRunID {
			ids = append(ids, c.RunID.String())
		}
	}
	return ids, nil
}

// currentRun is the run of a tenant-month that answers are of.
func (r *Rater) currentRun(ctx context.Context, month usage.Month, tenantID string) (shownRun, error) {
	runs, err := r.runs(ctx, []string{tenantID}, []usage.Month{month})
	if err != nil {
		return shownRun{}, err
	}
	if len(runs) == 0 {
		return shownRun{}, fmt.Errorf("%w; run fairdial rate --month %s", ErrNotRated, month)
	}
	return runs[0], nil
}

// termsAsRated are the terms that a closed month's run was made under, and those in force
// for an open one.
func (r *Rater) termsAsRated(ctx context.Context, month usage.Month, c shownRun) (plan.Terms, error) {
	if c.shown != nil && c.shown.Frozen {
		terms, known, err := r.termsOf(ctx, c.PlanVersion)
		if err != nil || known {
			return terms, err
		}
	}
	return r.plan.InForce(month), nil
}
