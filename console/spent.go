package console

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"time"

	"fairdial/rating"
	"fairdial/usage"
)

// spentOn is a bucket that paid for some of an organizer's calls of a month.
type spentOn struct {
	Bucket  usage.Bucket
	Seconds int64 // in all
}

// spentDay is a day of an organizer's month: what each bucket that is shown paid for, and had
// paid for since the month began.
type spentDay struct {
	Day  time.Time
	Used []spentSoFar
}

type spentSoFar struct{ Seconds, SoFar int64 }

// spentMonth is how an organizer used up a month, as the page shows it.
type spentMonth struct {
	rating.Spent
	Buckets []spentOn // those that paid for anything
	Rows    []spentDay
	until   time.Time // what is known
}

// spentIn reads what an organizer used in the newest month that is rated; nil where nothing of
// the tenant is rated in it.
func spentIn(ctx context.Context, ratings Ratings, tenantID, organizerID string) (*rating.Spent, error) {
	month, rated, err := ratings.NewestMonth(ctx)
	if err != nil || !rated {
		return nil, err
	}
	s, err := ratings.Spent(ctx, month, tenantID, organizerID)
	if errors.Is(err, rating.ErrNotRated) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// spentOver is a month as it is drawn, with what is known until a moment.
func spentOver(s rating.Spent, until time.Time) *spentMonth {
	m := &spentMonth{Spent: s, until: until}
	for _, b := range []usage.Bucket{usage.BucketAddon, usage.BucketPool, usage.BucketCredits, usage.BucketUnfunded} {
		on := spentOn{Bucket: b}
		for _, d := range s.Days {
			on.Seconds += d.Of(b)
		}
		if on.Seconds > 0 {
			m.Buckets = append(m.Buckets, on)
		}
	}
	sofar := make([]int64, len(m.Buckets))
	for _, d := range s.Days {
		day, err := time.Parse(time.DateOnly, d.Day)
		if err != nil {
			continue // the store gives days
		}
		row := spentDay{Day: day, Used: make([]spentSoFar, len(m.Buckets))}
		for i, b := range m.Buckets {
			sofar[i] += d.Of(b.Bucket)
			row.Used[i] = spentSoFar{d.Of(b.Bucket), sofar[i]}
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// Pooled says whether the pool paid for anything: then the chart has the share of one licence.
func (m *spentMonth) Pooled() bool {
	for _, b := range m.Buckets {
		if b.Bucket == usage.BucketPool {
			return m.Share > 0
		}
	}
	return false
}

// spentChart is what each bucket has paid for since the month began, as lines that rise by day,
// beside what one licence adds to the pool.
func spentChart(l locale, m *spentMonth) template.HTML {
	from, err := time.Parse("2006-01", m.Month)
	if err != nil || len(m.Rows) == 0 {
		return ""
	}
	to := from.AddDate(0, 1, 0)
	most := int64(0)
	for _, b := range m.Buckets {
		most = max(most, b.Seconds)
	}
	if m.Pooled() {
		most = max(most, m.Share)
	}
	label := fmt.Sprintf("Minutes used since %s began, by what paid for them; the table below has the figures", m.Month)
	return wideAndNarrow(func(width float64) string {
		p := framed(l, width, 0, from, to, most, label)
		if m.Pooled() {
			p.line("own", []amountAt{{from, m.Share}, {to, m.Share}})
		}
		for i, b := range m.Buckets {
			points, last := []amountAt{{from, 0}}, int64(0)
			for _, row := range m.Rows {
				points = append(points, amountAt{row.Day, last}, amountAt{row.Day.AddDate(0, 0, 1), row.Used[i].SoFar})
				last = row.Used[i].SoFar
			}
			until := m.until // nobody knows what has been used since
			if until.After(to) {
				until = to
			}
			if until.After(points[len(points)-1].At) {
				points = append(points, amountAt{until, last})
			}
			p.line("u-"+string(b.Bucket), points)
		}
		return p.end()
	})
}
