package rating

import (
	"context"
	"slices"
	"strings"
	"time"

	"fairdial/usage"
)

// poolDemand is what calls asked of a pool, by day, and what it gave in the month.
type poolDemand struct {
	days    map[time.Time]int64 // midnight UTC of the day in the plan's time zone: seconds
	drawn   map[time.Time]int64
	emptyAt *time.Time
}

func (s *PoolStanding) stand(d poolDemand) {
	s.EmptyAt, s.Days = d.emptyAt, []PoolDay{}
	for day, drawn := range d.drawn {
		s.Used += drawn
		if drawn > 0 {
			s.Days = append(s.Days, PoolDay{day.Format(time.DateOnly), drawn})
		}
	}
	slices.SortFunc(s.Days, func(a, b PoolDay) int { return strings.Compare(a.Day, b.Day) })
	if s.Left = s.Seconds - s.Used; s.Seconds > 0 {
		s.UsedPermille = s.Used * 1000 / s.Seconds
	}
}

// newestCalls is when the newest call of each tenant began.
func (r *Rater) newestCalls(ctx context.Context, tenants []string) (map[string]time.Time, error) {
	rows, err := query[struct {
		TenantID string    `ch:"tenant_id"`
		Last     time.Time `ch:"last"`
	}](ctx, r.conn, "newest_call", named("tenants", words(tenants)))
	if err != nil {
		return nil, err
	}
	out := map[string]time.Time{}
	for _, row := range rows {
		out[row.TenantID] = row.Last.UTC()
	}
	return out, nil
}

func last(newest map[string]time.Time) (at time.Time) {
	for _, x := range newest {
		if x.After(at) {
			at = x
		}
	}
	return at
}

// settledAt is a moment at which all that is known is the same as at another, and which stays the
// same as time goes by: what was read of the store then need not be read again each time. Where
// calls are known that begin later it is that moment itself.
func settledAt(newest map[string]time.Time, at, end time.Time) time.Time {
	known := last(newest)
	if !known.Before(at) {
		return at
	}
	settled := known.Truncate(24 * time.Hour).Add(24 * time.Hour)
	if settled.After(end) {
		return end
	}
	return settled
}

// poolDays reads the demand of the last of some months and of those before it. Statements name the
// runs: to find them in each takes longer than what is read of them.
func (r *Rater) poolDays(ctx context.Context, runs []shownRun, months []usage.Month, at time.Time) (map[poolKey]poolDemand, error) {
	out := map[poolKey]poolDemand{}
	statements := []string{"pool_days"}
	if !at.Equal(at.Truncate(15 * time.Minute)) {
		statements = append(statements, "pool_days_begun")
	}
	for chunk := range slices.Chunk(runs, tenantsInStatement) {
		tenants, ids := ofRuns(chunk)
		for _, name := range statements {
			rows, err := query[poolDayRow](ctx, r.conn, name, named("tenants", tenants), named("runs", ids), named("months", firstDays(months)),
				named("month", firstDay(months[len(months)-1])), named("zone", r.plan.Location().String()), named("at", moment7(at)))
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				out[poolKey{row.TenantID, row.Pool}] = out[poolKey{row.TenantID, row.Pool}].add(row)
			}
		}
	}
	return out, nil
}

type poolDayRow struct {
	TenantID string    `ch:"tenant_id"`
	Pool     string    `ch:"pool"`
	Day      time.Time `ch:"day"`
	Asked    int64     `ch:"asked"`
	Drawn    int64     `ch:"drawn"`
	EmptyAt  time.Time `ch:"empty_at"`
	Emptied  uint64    `ch:"emptied"`
}

func (d poolDemand) add(row poolDayRow) poolDemand {
	if d.days == nil {
		d.days, d.drawn = map[time.Time]int64{}, map[time.Time]int64{}
	}
	d.days[row.Day.UTC()] += row.Asked
	d.drawn[row.Day.UTC()] += row.Drawn
	if at := row.EmptyAt.UTC(); row.Emptied > 0 && (d.emptyAt == nil || at.Before(*d.emptyAt)) {
		d.emptyAt = &at
	}
	return d
}

// ofRuns are the tenants of runs, each once, and the runs' ids.
func ofRuns(runs []shownRun) (tenants, ids []string) {
	tenants, ids = []string{}, []string{}
	for _, c := range runs {
		tenants, ids = append(tenants, c.TenantID), append(ids, c.RunID.String())
	}
	slices.Sort(tenants)
	slices.Sort(ids)
	return slices.Compact(tenants), ids
}

// moment7 is a moment as exactly as calls begin.
func moment7(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.0000000") }

type span struct{ first, last time.Time }

// dataUntil is the span of calls of any kind that are known of each tenant from a moment on and
// before another.
func (r *Rater) dataUntil(ctx context.Context, tenants []string, newest map[string]time.Time, from, at time.Time) (map[string]span, error) {
	type row struct {
		TenantID string    `ch:"tenant_id"`
		First    time.Time `ch:"first"`
		Last     time.Time `ch:"last"`
	}
	statement, days := "pool_data_from", 1
	if !last(newest).Before(at) {
		statement = "pool_data_until"
	}
	if !from.Equal(from.UTC().Truncate(24 * time.Hour)) {
		days = 2
	}
	args := []any{named("tenants", words(tenants)), named("from", instant(from)), named("at", moment7(at)), named("days", days)}
	rows, err := query[row](ctx, r.conn, statement, args...)
	if err != nil {
		return nil, err
	}
	out := map[string]span{}
	for _, x := range rows {
		if statement == "pool_data_from" {
			x.Last = newest[x.TenantID]
		}
		out[x.TenantID] = span{x.First.UTC(), x.Last.UTC()}
	}
	return out, nil
}

// drainers are who drew most in runs of a month, all of it or until a moment.
func (r *Rater) drainers(ctx context.Context, runs []shownRun, req PoolsRequest, at time.Time, until bool) (map[poolKey][]PoolDrainer, error) {
	type row struct {
		TenantID string `ch:"tenant_id"`
		Pool     string `ch:"pool"`
		PoolDrainer
	}
	out := map[poolKey][]PoolDrainer{}
	if req.Top <= 0 {
		return out, nil
	}
	statement := "pool_drainers"
	if until {
		statement = "pool_drainers_until"
	}
	for chunk := range slices.Chunk(runs, tenantsInStatement) {
		tenants, ids := ofRuns(chunk)
		rows, err := query[row](ctx, r.conn, statement, named("tenants", tenants), named("runs", ids), named("month", firstDay(req.Month)), named("at", moment7(at)), named("top", req.Top))
		if err != nil {
			return nil, err
		}
		organizers := []string{}
		for _, x := range rows {
			organizers = append(organizers, x.OrganizerID)
		}
		people, err := query[organizerName](ctx, r.conn, "organizer_names", named("tenants", tenants), named("organizers", organizers))
		if err != nil {
			return nil, err
		}
		byID := map[who]organizerName{}
		for _, x := range people {
			byID[who{x.TenantID, x.OrganizerID}] = x
		}
		for _, x := range rows {
			known := byID[who{x.TenantID, x.OrganizerID}]
			x.UPN, x.Name = known.UPN, known.Name
			k := poolKey{x.TenantID, x.Pool}
			out[k] = append(out[k], x.PoolDrainer)
		}
	}
	return out, nil
}
