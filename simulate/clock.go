package simulate

import (
	"time"
	// The rules of the organizers' time zones must not depend on the machine:
	// equal options give equal files everywhere.
	_ "time/tzdata"
)

// tick is an instant in hundreds of nanoseconds since 1970 UTC: the resolution of
// the source's seven fractional digits.
type tick int64

const (
	second tick = 10_000_000
	minute      = 60 * second
	hour        = 60 * minute
)

func tickOf(t time.Time) tick {
	return tick(t.Unix())*second + tick(t.Nanosecond()/100)
}

func (t tick) time() time.Time {
	s, f := t/second, t%second
	return time.Unix(int64(s), int64(f)*100).UTC()
}

// seconds turns a length in seconds into ticks.
func seconds(s float64) tick { return tick(s * float64(second)) }

// appendTo writes the instant with seven fractional digits and the given zone
// text, "Z" in Graph and "+00:00" in exports.
func (t tick) appendTo(b []byte, zone string) []byte {
	b = t.time().AppendFormat(b, "2006-01-02T15:04:05.0000000")
	return append(b, zone...)
}

func (t tick) String() string { return string(t.appendTo(nil, "Z")) }

// today is one civil day as an organizer lives it.
type today struct {
	index    int       // days since the first of the run, which is 0
	date     time.Time // the civil date, at midnight UTC
	midnight tick      // local midnight
	work     bool      // neither weekend nor public holiday where the organizer is
	busy     float64   // season's factor on the day's meetings
}

func dayAt(index int, date time.Time, loc *time.Location, country string) today {
	return today{
		index:    index,
		date:     date,
		midnight: tickOf(time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, loc)),
		work:     workday(country, date),
		busy:     season(country, date),
	}
}

// at is the instant of a local clock time, in hours since midnight.
func (t today) at(hours float64) tick { return t.midnight + seconds(hours*3600) }
