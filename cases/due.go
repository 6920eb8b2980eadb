package cases

import "time"

// Terms are how soon somebody must look at a case, in seconds; 0 is no such promise.
type Terms struct {
	Critical int64 `json:"critical_seconds"`
	Warning  int64 `json:"warning_seconds"`
}

func (t Terms) of(s Severity) time.Duration {
	if s == SeverityCritical {
		return time.Duration(t.Critical) * time.Second
	}
	return time.Duration(t.Warning) * time.Second
}

// Wait starts the clock anew: from a time on the case waits for somebody.
func (c Case) Wait(from time.Time) Case {
	c.DueAt, c.RespondedAt = time.Time{}, time.Time{}
	return c.Hurry(from)
}

// Hurry brings forward when the case is due, as its severity asks for at a time; never back.
func (c Case) Hurry(at time.Time) Case {
	within := c.Terms.of(c.Severity)
	if due := at.Add(within).UTC(); within > 0 && c.RespondedAt.IsZero() && (c.DueAt.IsZero() || due.Before(c.DueAt)) {
		c.DueAt = due
	}
	return c
}

func (c Case) respond(at time.Time) Case {
	if c.RespondedAt.IsZero() {
		c.RespondedAt = at.UTC()
	}
	return c
}

// Due says whether the case's clock runs at a time: somebody must still look at it by DueAt.
func (c Case) Due(at time.Time) bool {
	return c.Status == StatusOpen && c.RingCase == "" && c.RespondedAt.IsZero() && !c.DueAt.IsZero() && !at.Before(c.SnoozedUntil)
}

// Overdue says whether the case waits for somebody at a time, and has done so for too long.
func (c Case) Overdue(at time.Time) bool { return c.Due(at) && at.After(c.DueAt) }
