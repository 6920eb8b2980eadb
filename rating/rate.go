package rating

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"fairdial/rules/plan"
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
	rated, unsettled := make([][]Rated, len(all)), make([][]Unsettled, len(all))
	// Preparing a statement, and writing what it finds, take one processor each: beside
	// another statement they leave none idle.
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(statementsAtOnce)
	var mu sync.Mutex
	for i, b := range all {
		group.Go(func() (err error) {
			if rated[i], unsettled[i], err = r.rateBatch(ctx, req, b); err != nil {
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

// statementsAtOnce is how many batches are rated side by side.
const statementsAtOnce = 2

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
			len(months)*len(tenants) > 2*(len(out[last])+1) || len(tenants) > tenantsInStatement {
			out, size = append(out, nil), 0
			months, tenants = map[usage.Month]bool{s.key.month: true}, map[string]bool{s.key.tenant: true}
			last++
		}
		out[last] = append(out[last], s)
		size += s.records
	}
	return out
}

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
	if err := r.conn.Exec(ctx, statement("rate"), r.parameters(id, batch)...); err != nil {
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

// attempt is a row of rating_attempts.
type attempt struct {
	RunID             uuid.UUID   `ch:"run_id"`
	BatchID           uuid.UUID   `ch:"batch_id"`
	TenantID          string      `ch:"tenant_id"`
	Month             time.Time   `ch:"month"`
	Sequence          uint32      `ch:"sequence"`
	UsageFingerprint  uint64      `ch:"usage_fingerprint"`
	InputsHash        uint64      `ch:"inputs_hash"`
	LicencesVersion   uint64      `ch:"licences_version"`
	LicencesHash      uint64      `ch:"licences_hash"`
	PlanVersion       string      `ch:"plan_version"`
	TenantCountry     string      `ch:"tenant_country"`
	CreditsFunded     bool        `ch:"credits_funded"`
	CreditsCurrency   string      `ch:"credits_currency"`
	PoolLicences      int64       `ch:"pool_licences"`
	PoolSeconds       int64       `ch:"pool_seconds"`
	SelectLicences    int64       `ch:"select_licences"`
	SelectPoolSeconds int64       `ch:"select_pool_seconds"`
	SKUsAt            time.Time   `ch:"skus_at"`
	RateLists         []uuid.UUID `ch:"rate_lists"`
	RateListsFrom     []time.Time `ch:"rate_lists_from"`
	StartedAt         time.Time   `ch:"started_at"`
	Actor             string      `ch:"actor"`
}

func (r *Rater) attemptOf(s survey, batch uuid.UUID, actor string) attempt {
	in := s.inputs
	return attempt{
		RunID: r.newID(), BatchID: batch, TenantID: s.key.tenant, Month: s.key.month.Start(time.UTC),
		Sequence: s.current.Sequence + 1, UsageFingerprint: s.fingerprint, InputsHash: in.hash(),
		LicencesVersion: in.tenant.LicencesVersion, LicencesHash: in.licencesHash, PlanVersion: in.terms.ID,
		TenantCountry: in.tenant.Country, CreditsFunded: in.tenant.CreditsFunded, CreditsCurrency: in.tenant.CreditsCurrency,
		PoolLicences: in.licences.Pool, PoolSeconds: in.pool, SelectLicences: in.licences.Select, SelectPoolSeconds: in.free,
		SKUsAt: in.licences.SKUsAt, RateLists: in.rateLists(), RateListsFrom: in.rateListsFrom(), StartedAt: r.now().UTC(), Actor: actor,
	}
}

// The bits of what an organizer holds, as rate.sql has them.
func heldBits(all []plan.Conferencing) (bits uint8) {
	for _, c := range all {
		switch usage.Entitlement(c) {
		case usage.EntitlementConferencing:
			bits |= 1
		case usage.EntitlementPayPerMinute:
			bits |= 2
		case usage.EntitlementSelect:
			bits |= 4
		}
	}
	return bits
}

// parameters of rate.sql. The months are all from the batch's first to its last: a call's
// month is the one whose start was the last before the call.
func (r *Rater) parameters(id uuid.UUID, batch []survey) []any {
	first, last, t := batch[0].key.month, batch[len(batch)-1].key.month, batch[0].inputs.terms
	months, starts := []string{}, []string{}
	for m := first; ; m = m.Next() {
		from, _ := r.span(m)
		months, starts = append(months, firstDay(m)), append(starts, instant(from))
		if m == last {
			break
		}
	}
	from, _ := r.span(first)
	_, to := r.span(last)
	return []any{
		named("batch", id.String()), named("months", months), named("starts", starts), named("from", instant(from)), named("to", instant(to)),
		named("conferencing_plans", words(t.Identities.Conferencing.ServicePlans)),
		named("pay_per_minute_plans", words(t.Identities.PayPerMinute.ServicePlans)),
		named("select_plans", words(t.Identities.Select.ServicePlans)),
		named("addon_plans", words(t.Identities.Addon.ServicePlans)),
		named("credits_plans", words(t.Identities.Credits.ServicePlans)),
		named("toll_free_counts_as_us", t.TollFreeCountsAsUS),
		named("addon_requires", heldBits(t.Addon.Requires)),
		named("addon_countries", words(t.Addon.Countries)), named("addon_never", words(t.Addon.Never)),
		named("pool_countries", words(t.Pool.Countries)), named("pool_never", words(t.Pool.Never)),
		named("pool_increment", t.Pool.IncrementSeconds),
		named("select_countries", words(t.SelectPool.Countries)), named("select_never", words(t.SelectPool.Never)),
		named("select_increment", t.SelectPool.IncrementSeconds),
		named("billing_tenths", t.Credits.IncrementTenths),
		named("connection_charge_on_crossing", t.Credits.ConnectionChargeOnCrossing),
	}
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
