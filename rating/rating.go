// Package rating decides what pays for each call: the add-on, the tenant's pool,
// Communications Credits, or nobody. It rates whole tenant-months with SQL in the store,
// and gives the statements, exports and reconciliations that come from the result.
// README.md states the rules and their sources.
package rating

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"fairdial/rules/plan"
	"fairdial/usage"
)

//go:embed sql/*.sql
var statements embed.FS

func statement(name string) string {
	text, err := statements.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic("rating: the statement is part of the program: " + err.Error())
	}
	return string(text)
}

// Options are what a Rater works with. Conn and Plan are required.
type Options struct {
	Conn driver.Conn
	// Plan is the entitlement plan.
	Plan plan.Plan
	// Identities are the licences that the operator names; what they leave empty is
	// the plan's.
	Identities plan.Identities
	// Now is the clock; default time.Now.
	Now func() time.Time
	// NewID makes ids of runs; default random ones.
	NewID func() uuid.UUID
	// Logger gets what an operator should know. Default: nothing is logged.
	Logger *slog.Logger
	// BatchRecords bounds how many records one statement rates, unless a single
	// tenant-month has more. Default 1,000,000.
	BatchRecords uint64
}

// Rater rates usage.
type Rater struct {
	conn  driver.Conn
	plan  plan.Plan
	now   func() time.Time
	newID func() uuid.UUID
	log   *slog.Logger
	batch uint64

	// frozen are the closed months; answers are of the runs they were closed with, unless
	// asRated. None in the rater that rates.
	frozen  map[tenantMonth]Closing
	asRated bool

	want Want // nil where who asks waits
}

// New makes a Rater.
func New(opts Options) (*Rater, error) {
	if opts.Conn == nil || len(opts.Plan.Versions) == 0 {
		return nil, errors.New("rating needs a store and an entitlement plan")
	}
	r := &Rater{
		conn: opts.Conn, plan: opts.Plan.With(opts.Identities), now: opts.Now, newID: opts.NewID, log: opts.Logger,
		batch: opts.BatchRecords,
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.newID == nil {
		r.newID = uuid.New
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.batch == 0 {
		r.batch = 500_000
	}
	return r, nil
}

// tenantMonth is what is rated at a time.
type tenantMonth struct {
	tenant string
	month  usage.Month
}

func (k tenantMonth) String() string { return k.tenant + " " + k.month.String() }

// firstDay is how the store keeps a month.
func firstDay(m usage.Month) string { return m.Start(time.UTC).Format(time.DateOnly) }

func firstDays(months []usage.Month) []string {
	days := make([]string, len(months)) // never nil: NULL is no array
	for i, m := range months {
		days[i] = firstDay(m)
	}
	return days
}

func monthOf(day time.Time) usage.Month { return usage.MonthOf(day, time.UTC) }

// instant is how a moment is given to the store: to the second, where months begin.
func instant(t time.Time) string { return t.UTC().Format(time.DateTime) }

// start and end of a month, in the plan's time zone.
func (r *Rater) span(m usage.Month) (from, to time.Time) {
	loc := r.plan.Location()
	return m.Start(loc), m.End(loc)
}

// words is never nil, since the driver would make NULL of it.
func words[S ~string](values []S) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// query reads rows of T.
func query[T any](ctx context.Context, conn driver.Conn, name string, args ...any) ([]T, error) {
	var rows []T
	if err := conn.Select(ctx, &rows, statement(name), args...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rows, nil
}

// insert writes rows in one block.
func insert[T any](ctx context.Context, conn driver.Conn, name string, rows []T) error {
	batch, err := conn.PrepareBatch(ctx, statement(name))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer batch.Close()
	for i := range rows {
		if err := batch.AppendStruct(&rows[i]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func named(name string, value any) any { return clickhouse.Named(name, value) }
