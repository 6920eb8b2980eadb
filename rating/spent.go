package rating

import (
	"context"
	"fmt"
	"time"

	"fairdial/usage"
)

// Spent is what an organizer's calls of a month took from each entitlement, day by day.
type Spent struct {
	TenantID    string `json:"tenant_id"`
	OrganizerID string `json:"organizer_id"`
	Month       string `json:"month"`
	// Share is what one licence adds to the tenant's pool, in seconds; 0 where nobody knows
	// the licences. The pool is the tenant's: whoever draws more than a share draws on others'.
	Share int64      `json:"share"`
	Days  []SpentDay `json:"days"` // on which there were calls, in their order
	// Shown says of which run of a closed month this is; nil for an open one.
	Shown *Shown `json:"shown,omitempty"`
}

// SpentDay is what paid on a day of the plan's time zone, in seconds.
type SpentDay struct {
	Day      string `json:"day"` // YYYY-MM-DD
	Addon    int64  `json:"addon"`
	Pool     int64  `json:"pool"`
	Credits  int64  `json:"credits"`
	Unfunded int64  `json:"unfunded"`
}

// Of is what a bucket paid for on the day, in seconds.
func (d SpentDay) Of(b usage.Bucket) int64 {
	switch b {
	case usage.BucketAddon:
		return d.Addon
	case usage.BucketPool:
		return d.Pool
	case usage.BucketCredits:
		return d.Credits
	default:
		return d.Unfunded
	}
}

// Spent says what an organizer's calls of a month took. A tenant-month that is not rated is
// an ErrNotRated; an organizer without calls in it has no days.
func (r *Rater) Spent(ctx context.Context, month usage.Month, tenantID, organizerID string) (Spent, error) {
	fail := func(err error) (Spent, error) {
		return Spent{}, fmt.Errorf("what %s of %s used in %s: %w", organizerID, tenantID, month, err)
	}
	c, err := r.currentRun(ctx, month, tenantID)
	if err != nil {
		return fail(err)
	}
	out := Spent{TenantID: tenantID, OrganizerID: organizerID, Month: month.String(), Days: []SpentDay{}, Shown: c.shown}
	if c.PoolLicences > 0 {
		out.Share = c.PoolSeconds / c.PoolLicences
	}
	rows, err := query[struct {
		Day      time.Time `ch:"day"`
		Addon    int64     `ch:"addon"`
		Pool     int64     `ch:"pool"`
		Credits  int64     `ch:"credits"`
		Unfunded int64     `ch:"unfunded"`
	}](ctx, r.conn, "organizer_days", named("tenant", tenantID), named("organizer", organizerID), named("month", firstDay(month)),
		named("run", c.RunID.String()), named("zone", r.plan.Location().String()))
	if err != nil {
		return fail(err)
	}
	for _, d := range rows {
		out.Days = append(out.Days, SpentDay{d.Day.UTC().Format(time.DateOnly), d.Addon, d.Pool, d.Credits, d.Unfunded})
	}
	return out, nil
}
