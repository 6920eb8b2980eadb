package cases

import "time"

// Promise is how long a case may wait until somebody takes it.
type Promise struct{ Critical, Warning time.Duration }

// by is when somebody must have taken the case, whether or not somebody has.
func (p Promise) by(c Case) time.Time {
	since, within := c.WaitsSince, p.Warning
	if since.IsZero() { // written before that was kept
		since = c.OpenedAt
	}
	if c.Severity == SeverityCritical {
		within = p.Critical
	}
	return since.Add(within).UTC()
}

// Due is when somebody must have taken the case; the zero time where nobody need take it any
// more. One that was put off waits from then on anew.
func (p Promise) Due(c Case) time.Time {
	if c.Status != StatusOpen {
		return time.Time{}
	}
	if later := c.SnoozedUntil; later.After(c.WaitsSince) && later.After(c.OpenedAt) {
		c.WaitsSince = later
	}
	return p.by(c)
}
