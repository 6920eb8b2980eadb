package rating

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"fairdial/usage"
)

// Request says what to rate. Empty lists mean all of them.
type Request struct {
	Months  []usage.Month
	Tenants []string
	// Force rates tenant-months that are not stale as well.
	Force bool
	// WithoutAddon rates months again without the add-on that were rated with one; without
	// it they are refused with ErrAddonLost.
	WithoutAddon bool
	// Actor is who asked, for the record.
	Actor string
	// Progress is told how many tenant-months are done, of how many that are to be
	// rated. May be nil.
	Progress func(done, total int)
}

// Report is what came of a request.
type Report struct {
	// Checked tenant-months have usage, or were rated before.
	Checked int `json:"checked"`
	// Rated ones were stale, or forced, and have a new run.
	Rated []Rated `json:"rated"`
	// Unsettled ones were corrected again and again while they were being rated. They
	// keep the run they had, and are stale.
	Unsettled []Unsettled `json:"unsettled,omitempty"`
}

// Rated is a tenant-month that has a new run.
type Rated struct {
	TenantID string `json:"tenant_id"`
	Month    string `json:"month"`
	Sequence uint32 `json:"sequence"` // counts the runs of the tenant-month, from 1
}

// Unsettled is a tenant-month that could not be rated.
type Unsettled struct {
	TenantID string `json:"tenant_id"`
	Month    string `json:"month"`
}

// run is a row of rating_runs.
type run struct {
	RunID             uuid.UUID `ch:"run_id"`
	TenantID          string    `ch:"tenant_id"`
	Month             time.Time `ch:"month"`
	Sequence          uint32    `ch:"sequence"`
	UsageFingerprint  uint64    `ch:"usage_fingerprint"`
	InputsHash        uint64    `ch:"inputs_hash"`
	LicencesVersion   uint64    `ch:"licences_version"`
	LicencesHash      uint64    `ch:"licences_hash"`
	PlanVersion       string    `ch:"plan_version"`
	CreditsCurrency   string    `ch:"credits_currency"`
	PoolLicences      int64     `ch:"pool_licences"`
	PoolSeconds       int64     `ch:"pool_seconds"`
	SelectLicences    int64     `ch:"select_licences"`
	SelectPoolSeconds int64     `ch:"select_pool_seconds"`
	SKUsAt            time.Time `ch:"skus_at"`
	Records           uint64    `ch:"records"`
	Seconds           uint64    `ch:"seconds"`
	StartedAt         time.Time `ch:"started_at"`
	FinishedAt        time.Time `ch:"finished_at"`
	Actor             string    `ch:"actor"`
}

// Rate brings ratings up to date: it rates exactly those tenant-months of the request
// whose usage or inputs are not those of their current run.
//
// It may be killed at any moment and run again, and it may run beside an ingest or
// another Rate. A run counts from the moment its row is in rating_runs, and that row is
// written last; the rows of a run that never got there are seen by nobody, and Sweep
// removes them.
func (r *Rater) Rate(ctx context.Context, req Request) (Report, error) {
	surveyed, err := r.survey(ctx, req)
	if err != nil {
		return Report{}, fmt.Errorf("find out what is to be rated: %w", err)
	}
	report := Report{Checked: len(surveyed), Rated: []Rated{}}
	var due, standing []survey
	for _, s := range surveyed {
		switch {
		case s.stale() || req.Force:
			due = append(due, s)
		case s.current.LicencesVersion != s.inputs.tenant.LicencesVersion:
			standing = append(standing, s)
		}
	}
	if err := r.confirm(ctx, standing); err != nil {
		return report, fmt.Errorf("note runs that stand: %w", err)
	}
	if err := r.keepsAddon(ctx, req, due); err != nil {
		return report, err
	}
	if err := r.keepTerms(ctx, due); err != nil {
		return report, fmt.Errorf("note the terms: %w", err)
	}
	progress := func(done int) {
		if req.Progress != nil {
			req.Progress(done, len(due))
		}
	}
	progress(0)
	all, done := batches(due, r.batch), 0
	threads, err := r.threads(ctx, min(len(all), statementsAtOnce))
	if err != nil {
		return report, err
	}
	rated, unsettled := make([][]Rated, len(all)), make([][]Unsettled, len(all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(statementsAtOnce)
	room := semaphore.NewWeighted(statementsAtOnce)
	var mu sync.Mutex
	for i, b := range all {
		group.Go(func() (err error) {
			own, share := ctx, int64(statementsAtOnce)
			if recordsOf(b) <= r.batch {
				own, share = threads(ctx), 1
			}
			if err = room.Acquire(ctx, share); err != nil {
				return err
			}
			defer room.Release(share)
			if rated[i], unsettled[i], err = r.rateBatch(own, req, b); err != nil {
				return fmt.Errorf("rate %d tenant-months from %s on: %w", len(b), b[0].key.month, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done += len(b)
			progress(done)
			return nil
		})
	}
	err = group.Wait()
	report.Rated, report.Unsettled = append(report.Rated, slices.Concat(rated...)...), slices.Concat(unsettled...)
	return report, err
}

// statementsAtOnce is how many batches are rated side by side: preparing a statement takes
// one processor only, which would leave others idle. One of a tenant-month that is more than a
// batch is rated alone, with all processors: it takes its memory for two.
const statementsAtOnce = 2

func recordsOf(batch []survey) (n uint64) {
	for _, s := range batch {
		n += s.records
	}
	return n
}

// threads shares the store's processors between statements: one that has fewer threads has
// less to hand from one to another, and less to sort before it writes.
func (r *Rater) threads(ctx context.Context, statements int) (func(context.Context) context.Context, error) {
	if statements < 2 {
		return func(ctx context.Context) context.Context { return ctx }, nil
	}
	var n uint64
	if err := r.conn.QueryRow(ctx, "SELECT toUInt64(getSetting('max_threads'))").Scan(&n); err != nil {
		return nil, fmt.Errorf("ask the store for its processors: %w", err)
	}
	share := clickhouse.Settings{"max_threads": max(1, n/uint64(statements))}
	return func(ctx context.Context) context.Context {
		return clickhouse.Context(ctx, clickhouse.WithSettings(share))
	}, nil
}

// batches groups what is due, which comes by month and tenant. A statement rates under
// one set of terms; its memory grows with the records it rates; and it reads all months
// from its first to its last of all its tenants, so no more than half of those may be
// there for nothing.
func batches(due []survey, records uint64) [][]survey {
	var out [][]survey
	var size uint64
	months, tenants := map[usage.Month]bool{}, map[string]bool{}
	for i, s := range due {
		months[s.key.month], tenants[s.key.tenant] = true, true
		last := len(out) - 1
		if i == 0 || due[i-1].inputs.terms.ID != s.inputs.terms.ID || size+s.records > records ||
			due[i-1].key.month != s.key.month && due[i-1].key.month.Next() != s.key.month ||
			len(months)*len(tenants) > 2*(len(out[last])+1) || len(tenants) > tenantsInStatement || len(out[last]) == runsInStatement {
			out, size = append(out, nil), 0
			months, tenants = map[usage.Month]bool{s.key.month: true}, map[string]bool{s.key.tenant: true}
			last++
		}
		out[last] = append(out[last], s)
		size += s.records
	}
	return out
}

// runsInStatement bounds how many runs a statement makes: each is named to it, and over
// HTTP parameters are part of the URL.
const runsInStatement = 2000

// tries is how often a tenant-month is rated when corrections to it keep arriving.
const tries = 5

// rateBatch rates tenant-months under the same terms.
func (r *Rater) rateBatch(ctx context.Context, req Request, batch []survey) (rated []Rated, unsettled []Unsettled, err error) {
	for range tries {
		moved, err := r.attempt(ctx, req, batch)
		if err != nil {
			return rated, nil, err
		}
		for _, s := range batch {
			if !moved[s.key] {
				rated = append(rated, Rated{s.key.tenant, s.key.month.String(), s.current.Sequence + 1})
			}
		}
		if len(moved) == 0 {
			return rated, nil, nil
		}
		months, tenants := spread(slices.Collect(maps.Keys(moved)))
		fresh, err := r.survey(ctx, Request{Months: months, Tenants: tenants})
		if err != nil {
			return rated, nil, err
		}
		batch = slices.DeleteFunc(fresh, func(s survey) bool { return !moved[s.key] })
	}
	for _, s := range batch {
		r.log.WarnContext(ctx, "corrections keep arriving; the month keeps its rating for now", "tenant", s.key.tenant, "month", s.key.month.String())
		unsettled = append(unsettled, Unsettled{s.key.tenant, s.key.month.String()})
	}
	return rated, unsettled, nil
}

// attempt rates a batch once and publishes what came of it, except for tenant-months whose
// corrections moved meanwhile; it names those.
//
// Usage goes on arriving while the statement runs, and its two reads of the revisions
// (the records, and which of them were replaced) need not see the same rows. What saves
// it: revisions are only ever added, and the survey's fingerprint was taken before.
//
//   - A record that landed after the fingerprint was taken makes the next fingerprint
//     another one, whether the statement saw it or not: the month is stale and is rated
//     again. Until then it is right for a moment between: the records are one read.
//   - A correction that one read saw and the other did not could leave a call in twice, or
//     out. So the sum over corrections is taken again after the statement. If it is still
//     the same, no correction landed between, and both reads saw the same ones. If not,
//     the run is not published.
//
// The other inputs are either in the attempt's row (tenant, pools, rate sheets), never
// change under their id (rates), or are seen by the next survey to be another version
// than the one in the run's row (licences).
func (r *Rater) attempt(ctx context.Context, req Request, batch []survey) (moved map[tenantMonth]bool, err error) {
	id := r.newID()
	attempts := make([]attempt, len(batch))
	for i, s := range batch {
		attempts[i] = r.attemptOf(s, id, req.Actor)
	}
	if err := insert(ctx, r.conn, "insert_attempts", attempts); err != nil {
		return nil, err
	}
	if err := r.conn.Exec(ctx, statement("rate"), r.parameters(attempts, batch)...); err != nil {
		return nil, fmt.Errorf("rate: %w", err)
	}
	rows, err := query[struct {
		TenantID    string    `ch:"tenant_id"`
		Month       time.Time `ch:"month"`
		Corrections uint64    `ch:"corrections"`
	}](ctx, r.conn, "corrections", named("batch", id.String()), named("zone", r.plan.Location().String()))
	if err != nil {
		return nil, err
	}
	after := map[tenantMonth]uint64{}
	for _, row := range rows {
		after[tenantMonth{row.TenantID, monthOf(row.Month)}] = row.Corrections
	}
	moved = map[tenantMonth]bool{}
	unsettled := []string{}
	for i, s := range batch {
		if after[s.key] != s.corrections {
			moved[s.key] = true
			unsettled = append(unsettled, attempts[i].RunID.String())
		}
	}
	err = r.conn.Exec(ctx, statement("publish"), named("batch", id.String()), named("unsettled", unsettled),
		named("finished_at", r.now().UTC().Format("2006-01-02 15:04:05.000000")))
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	return moved, nil
}

// confirm notes of runs that they stand, though the tenant's licences are another
// version now: what changed was outside the month. The next survey need not look again.
func (r *Rater) confirm(ctx context.Context, standing []survey) error {
	if len(standing) == 0 {
		return nil
	}
	rows := make([]run, len(standing))
	for i, s := range standing {
		rows[i] = s.current
		rows[i].LicencesVersion = s.inputs.tenant.LicencesVersion
		rows[i].FinishedAt = r.now().UTC()
	}
	return insert(ctx, r.conn, "insert_runs", rows)
}
