package rating

import "time"

// Forecast is when a pool is expected to be used up.
type Forecast struct {
	// EmptyOn is the day, YYYY-MM-DD in the plan's time zone; "" where the pool is
	// expected to last, is used up already, or nothing can be said.
	EmptyOn string `json:"empty_on,omitempty"`
	// LeftAtEnd is what is expected to be left at the month's end, in seconds; nil where
	// nothing can be said.
	LeftAtEnd *int64 `json:"left_at_end,omitempty"`
	// Days are how many whole days the run rate was taken from.
	Days   int    `json:"days"`
	Method string `json:"method"`
}

// The methods of a forecast.
const (
	ForecastWeekday = "weekday run rate: the mean asked of the pool on each day of the week"
	ForecastFlat    = "flat run rate: the mean asked of the pool a day, since less than a week is known"
	ForecastUsedUp  = "none: the pool is used up"
	ForecastNoSize  = "none: no licence adds to the pool"
	ForecastOver    = "none: the month is over"
	ForecastUnknown = "none: no whole day of calls is known"
)

// forecastDays is how far back the run rate looks: eight weeks, so that each day of the
// week is there eight times.
const forecastDays = 56

// forecast goes on from the day of the newest call that is known, day by day: what calls
// asked of the pool on each day of the week over the last eight weeks, on average, is
// taken to be asked again. Demand counts, not what the pool gave: days on which it was
// empty are not quiet ones. Days before the first call and the last, begun, day are not
// counted as observed. All is done in whole seconds.
func (r *Rater) forecast(s PoolStanding, d poolDemand, known span, at, end time.Time) Forecast {
	switch {
	case s.Seconds == 0:
		return Forecast{Method: ForecastNoSize}
	case s.Left == 0:
		return Forecast{Method: ForecastUsedUp}
	case !at.Before(end):
		return Forecast{Method: ForecastOver}
	case known.last.IsZero():
		return Forecast{Method: ForecastUnknown}
	}
	loc := r.plan.Location()
	today := dayOf(known.last, loc)
	rate := newRunRate(d.days, dayOf(known.first, loc), today)
	f := Forecast{Days: rate.total.days, Method: ForecastWeekday}
	switch {
	case rate.total.days == 0:
		return Forecast{Method: ForecastUnknown}
	case rate.total.days < 7:
		f.Method = ForecastFlat
	}
	left := s.Left
	for day := today; day.Before(dayOf(end, loc)); day = day.AddDate(0, 0, 1) {
		asked := rate.on(day.Weekday())
		if day.Equal(today) {
			asked = max(asked-d.days[day], 0) // the rest of a day that has begun
		}
		left -= asked
		if left <= 0 {
			f.EmptyOn, left = day.Format(time.DateOnly), 0
			break
		}
	}
	left = max(left, 0)
	f.LeftAtEnd = &left
	return f
}

// dayOf is the day of a moment in loc, as its midnight in UTC.
func dayOf(t time.Time, loc *time.Location) time.Time {
	y, m, d := t.In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// runRate is what is asked of a pool a day.
type runRate struct {
	byWeekday [7]daily
	total     daily
}

type daily struct {
	seconds int64
	days    int
}

func (d daily) mean() int64 {
	if d.days == 0 {
		return 0
	}
	return (d.seconds + int64(d.days)/2) / int64(d.days)
}

func newRunRate(asked map[time.Time]int64, first, today time.Time) runRate {
	var r runRate
	// The first day known may have begun before what was imported: it is taken as whole.
	from := today.AddDate(0, 0, -forecastDays)
	if from.Before(first) {
		from = first
	}
	for day := from; day.Before(today); day = day.AddDate(0, 0, 1) {
		for _, d := range []*daily{&r.byWeekday[day.Weekday()], &r.total} {
			d.seconds += asked[day]
			d.days++
		}
	}
	return r
}

func (r runRate) on(w time.Weekday) int64 {
	if r.total.days < 7 {
		return r.total.mean()
	}
	return r.byWeekday[w].mean()
}
