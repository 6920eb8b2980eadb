package alerting

import (
	"time"

	"fairdial/cases"
)

// lateIsNews is for how long it is news that a case was not taken in time: whoever turns alerts
// on today is not told of all that waited before.
const lateIsNews = 7 * 24 * time.Hour

// lateSince is the time by which somebody should have taken a case, if nobody has and it is
// over; else zero.
func lateSince(c cases.Case, now time.Time) time.Time {
	if !c.Overdue(now) {
		return time.Time{}
	}
	return c.DueAt
}

// fellDue says whether it is news that nobody took a case in time. Each such time is told once,
// however often the case is put off after.
func fellDue(c cases.Case, told Told, now time.Time) bool {
	late := lateSince(c, now)
	return !late.IsZero() && !told.Late.Equal(late) && now.Sub(late) < lateIsNews
}

// withLate notes in what will have been told by when somebody should have taken the case, and
// keeps in mind what was told of it before.
func (t Told) withLate(c cases.Case, before *Told, now time.Time) Told {
	t.Late = lateSince(c, now)
	if before != nil && !before.Late.IsZero() && before.Late.Equal(c.DueAt) {
		t.Late = before.Late
	}
	return t
}

// overdueNews says it in the thread. It names the time, not how long ago that was, which would
// be news over and over.
func overdueNews(c cases.Case) string {
	return "Overdue: nobody acknowledged the case or decided on it by " + moment(c.DueAt)
}
