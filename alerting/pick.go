package alerting

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"fairdial/cases"
	"fairdial/enforcement"
)

// task is one case that the channel should hear of, or whose message is under way.
type task struct {
	subject  subject
	delivery Delivery
	reason   Reason
	told     Told // the case as it will have been told
	message  Message
}

// book is what the log says of deliveries: those in our channels by subject, and the newest
// version told of each case by channel.
type book struct {
	here       map[string]Delivery
	told       map[string]map[string]int
	channelIDs map[string]string // of channels where a message was posted before
	closed     map[string]bool   // channels that refused us in this pass
	digests    map[string]Digest // by channel, read before the deliveries
}

// elsewhere is the newest version told of a case in any other channel, 0 for none.
func (b book) elsewhere(caseID, channel string) (version int) {
	for in, told := range b.told[caseID] {
		if in != channel {
			version = max(version, told)
		}
	}
	return version
}

// pick is what needs telling, derived from the case log, the delivery log and the state of
// enforcement, the gravest first. The report counts why others do not.
func (a *Alerter) pick(ctx context.Context, events []cases.Event, b book, states standing, now time.Time, report *Report) []task {
	var tasks []task
	for _, place := range a.spread(events, b) {
		e := place.event
		t, err := a.consider(e, place.channel, b, states, now)
		if err != nil { // no case may keep the others from being told
			a.log.LogAttrs(ctx, slog.LevelError, "alert not made", slog.String("case_id", e.CaseID), slog.Any("error", err))
			report.Failed++
			report.Problem = err.Error()
			continue
		}
		if !t.reason.tells() && t.reason != ReasonClosedUntold {
			if report.Quiet == nil {
				report.Quiet = map[Reason]int{}
			}
			report.Quiet[t.reason]++
		}
		if t.reason.tells() || t.reason == ReasonClosedUntold || t.delivery.Attempt != nil {
			tasks = append(tasks, t)
		}
	}
	slices.SortFunc(tasks, func(x, y task) int {
		c, d := x.subject.event.State, y.subject.event.State
		return cmp.Or(
			cmp.Compare(rank(d.Severity), rank(c.Severity)), cmp.Compare(d.Score, c.Score),
			c.OpenedAt.Compare(d.OpenedAt), cmp.Compare(c.ID, d.ID),
		)
	})
	return tasks
}

// consider compares one case with what was told of it.
func (a *Alerter) consider(e cases.Event, channel string, b book, states standing, now time.Time) (task, error) {
	c := e.State
	d, known := b.here[subjectOf(c.ID, channel)]
	if !known {
		d = Delivery{CaseID: c.ID, TenantID: c.TenantID, OrganizerID: c.OrganizerID, Channel: channel}
	}
	t := task{
		subject:  a.subject(e, states, now),
		delivery: d,
	}
	t.subject.offers = a.offers
	var err error
	if t.message, err = message(compose(t.subject)); err != nil {
		return task{}, err
	}
	t.told = toldOf(c, t.message).withLate(c, d.Told, now)
	t.told.InForce = inForce(t.subject)
	if e.Kind == cases.KindNoted { // it changes nothing in the message, and belongs into the thread
		t.told.Content = hash(t.message.Plain + "\n" + e.Reason)
	}
	t.reason = compare(c, d, b.elsewhere(c.ID, channel), a.minScore, t.told.Content, now)
	if a.sender == nil {
		t.reason = inLog(t.reason)
	} else {
		t.reason = inSlack(t.reason, c, d)
	}
	if t.reason.tells() && d.Dead != nil && d.Dead.Content == t.told.Content {
		t.reason = ReasonDead
	}
	t.told.Reason = t.reason
	return t, nil
}

// place is a case and a channel where it may have to be told.
type place struct {
	event   cases.Event
	channel string
}

func (a *Alerter) spread(events []cases.Event, b book) (out []place) {
	for _, e := range events {
		for _, channel := range a.places(e.State, b) {
			out = append(out, place{e, channel})
		}
	}
	return out
}

// subject is a case with all that there is to say about it.
func (a *Alerter) subject(e cases.Event, states standing, now time.Time) subject {
	s := subject{event: e, baseURL: a.baseURL, now: now, stopped: states.stopped, every: a.passEvery}
	s.measures(states, a.enforcement)
	return s
}

// measures finds what is in force on the organizers of a case: the strictest of it, and on
// how many.
func (s *subject) measures(states standing, e Enforcement) {
	c := s.event.State
	s.dryRun = e.DryRun()
	accused := slices.Compact(slices.Sorted(slices.Values(append([]string{c.OrganizerID}, c.Members...))))
	for _, id := range slices.DeleteFunc(accused, func(id string) bool { return id == "" }) {
		state := states.of[organizer{c.TenantID, id}]
		s.accused++
		if state.InForce(s.now) != enforcement.LevelObserve {
			s.under++
		}
		if id == c.OrganizerID {
			s.version = state.Version
			if state.Pending != nil && s.now.Before(state.Pending.Until) {
				s.pending = state.Pending
			}
			s.throttleable = state.InForce(s.now) != enforcement.LevelThrottle && state.InForce(s.now) != enforcement.LevelSuspend
		}
		if s.accused == 1 || strictness(state, s.now) > strictness(s.state, s.now) {
			s.state = state
		}
		if next := e.Next(c, id, state, s.now); s.next == "" {
			s.next = next
		}
	}
}

func strictness(s enforcement.State, now time.Time) int {
	order := []enforcement.Level{enforcement.LevelObserve, enforcement.LevelFlag, enforcement.LevelThrottle, enforcement.LevelSuspend}
	n := 4 * slices.Index(order, s.InForce(now))
	if !s.DryRun {
		n += 2
	}
	if s.Pending != nil || s.Held != nil {
		n++
	}
	return n
}

func toldOf(c cases.Case, m Message) Told {
	t := Told{
		CaseVersion: c.Version, Score: c.Score, Severity: c.Severity, Status: c.Status, SnoozedUntil: c.SnoozedUntil,
		Content: hash(m.Plain), Text: m.Plain, Findings: []string{},
	}
	for _, f := range c.Findings {
		t.Findings = append(t.Findings, f.ID)
	}
	slices.Sort(t.Findings)
	return t
}

func hash(s string) string { return fmt.Sprintf("%016x", xxhash.Sum64String(s)) }

type organizer struct{ tenant, id string }

// standing is where enforcement stands.
type standing struct {
	of      map[organizer]enforcement.State
	stopped bool // by the kill switch
}
