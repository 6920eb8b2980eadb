package alerting

import (
	"time"

	"fairdial/cases"
)

// MuteCause is why something that is news is not told.
type MuteCause string

// The causes. Nothing is muted in silence: each is recorded with what would have been told.
const (
	MuteSnoozed      MuteCause = "snoozed"
	MuteClosedUntold MuteCause = "closed_untold"
	MuteOutdated     MuteCause = "outdated"
	MuteQuietHours   MuteCause = "quiet_hours" // told when they are over
)

// muted says whether what is news is to be kept quiet. The message that says that a case is
// snoozed is itself told, where a message stands.
func muted(e cases.Event, d Delivery, r Reason, quiet Quiet, now time.Time) *Muted {
	c := e.State
	switch {
	case r == ReasonClosedUntold:
		return &Muted{Cause: MuteClosedUntold, Reason: ReasonNewCase, Score: c.Score, Detail: "closed before it was told"}
	case (r == ReasonNewCase || r == ReasonWorsened || r == ReasonOverdue) && c.Status != cases.StatusClosed && c.Severity != cases.SeverityCritical && quiet.now(now):
		_, until := quiet.holds(now)
		return &Muted{Cause: MuteQuietHours, Reason: r, Score: c.Score, Detail: "quiet hours until " + moment(until)}
	case !r.tells() || c.Status == cases.StatusClosed || !now.Before(c.SnoozedUntil):
		return nil
	case d.Told != nil && !d.Told.SnoozedUntil.Equal(c.SnoozedUntil):
		return nil
	default:
		return &Muted{Cause: MuteSnoozed, Reason: r, Score: c.Score, Detail: "snoozed until " + moment(c.SnoozedUntil)}
	}
}

// known says whether the log says the same already. Newer numbers of a case that stays
// muted are not worth an entry; what would have been told is.
func (m Muted) known(d Delivery) bool {
	return d.Muted != nil && *d.Muted == m || m.Reason == ReasonChanged
}
