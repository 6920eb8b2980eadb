package alerting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fairdial/store/journal"
)

// Journal is what alerting needs of the event log.
type Journal interface {
	Append(ctx context.Context, e journal.Event) error
	AppendBatch(ctx context.Context, events []journal.Event) ([]*journal.ConflictError, error)
	Latest(ctx context.Context, stream, subject string) (journal.Event, bool, error)
	Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
	Events(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
}

// errOvertaken: another run wrote to the delivery's log first. It tells the case.
var errOvertaken = errors.New("another run tells this case")

// record writes the delivery as it is now to its log.
func (a *Alerter) record(ctx context.Context, d *Delivery, kind, reason string) error {
	e, err := d.event(kind, reason, a.now())
	if err != nil {
		return err
	}
	err = a.journal.Append(ctx, e)
	if conflict, lost := errors.AsType[*journal.ConflictError](err); lost {
		return fmt.Errorf("%w: %w", errOvertaken, conflict)
	}
	if err != nil {
		return fmt.Errorf("record the delivery of case %s: %w", d.CaseID, err)
	}
	d.Version++
	d.kind = kind
	return nil
}

// announce records what is about to be sent or changed, so that a run after this one knows
// to find out what became of it.
func (a *Alerter) announce(ctx context.Context, d *Delivery, attempt Attempt) error {
	attempt.Run, attempt.At = a.run, a.now()
	d.Attempt, d.Shown = &attempt, ""
	return a.record(ctx, d, KindAnnounced, string(attempt.Told.Reason))
}

// recordTold records that a message got through.
func (a *Alerter) recordTold(ctx context.Context, d *Delivery, told Told, kind, note string) error {
	d.Told, d.Shown, d.Attempt, d.Failure, d.Dead, d.Muted, d.Digest = &told, told.Content, nil, nil, nil, nil, ""
	if d.PostedAt.IsZero() && d.TS != "" {
		d.PostedAt = a.now()
	}
	reason := string(told.Reason)
	if note != "" {
		reason += "; " + note
	}
	return a.record(ctx, d, kind, reason)
}

// recordMuted records that news is kept quiet.
func (a *Alerter) recordMuted(ctx context.Context, d *Delivery, m Muted) error {
	if m.known(*d) && d.Attempt == nil {
		return nil
	}
	d.Muted, d.Attempt = &m, nil
	return a.record(ctx, d, KindMuted, fmt.Sprintf("%s: %s", m.Cause, m.Detail))
}

// recordFailure records why a message did not get through. What fails again before anything
// was announced, for the same reason, is not worth another entry. The attempt stays, so that
// the next run looks for the message before it sends it again.
func (a *Alerter) recordFailure(ctx context.Context, d *Delivery, failed *SendError, content string) error {
	f := Failure{Code: failed.Code, Detail: failed.Error()}
	now := a.now()
	f.Since, f.Tries = now, 1
	if before := d.Failure; before != nil {
		f.Tries = before.Tries + 1
		if !before.Since.IsZero() {
			f.Since = before.Since
		}
	}
	if now.Sub(f.Since) >= deadAfter {
		d.Failure, d.Dead, d.Attempt = &f, &Dead{At: now, Content: content}, nil
		return a.record(ctx, d, KindDead, "given up after a day: "+f.Detail)
	}
	switch failed.class {
	case later:
		f.RetryAt = now.Add(failed.RetryAfter)
	case unsure, refusedMessage:
		f.NotBefore = now.Add(pauseAfter(f.Tries))
	}
	if d.kind != KindAnnounced && d.Failure != nil && d.Failure.Code == f.Code && f.RetryAt.IsZero() {
		return nil
	}
	d.Failure = &f
	return a.record(ctx, d, KindFailed, f.Detail)
}

// readBook reads the newest state of all deliveries.
func (a *Alerter) readBook(ctx context.Context) (book, error) {
	heads, err := a.journal.Heads(ctx, Stream, journal.Filter{})
	if err != nil {
		return book{}, fmt.Errorf("read the delivery log: %w", err)
	}
	b := book{here: map[string]Delivery{}, told: map[string]map[string]int{}, channelIDs: map[string]string{}, closed: map[string]bool{}}
	ours := a.channels()
	for _, head := range heads {
		d, err := deliveryOf(head)
		if err != nil {
			return book{}, err
		}
		if slices.Contains(ours, d.Channel) {
			b.here[head.Subject] = d
			if d.ChannelID != "" {
				b.channelIDs[d.Channel] = d.ChannelID
			}
		}
		if d.Told != nil {
			if b.told[d.CaseID] == nil {
				b.told[d.CaseID] = map[string]int{}
			}
			b.told[d.CaseID][d.Channel] = d.Told.CaseVersion
		}
	}
	return b, nil
}

// Entry is one entry of the delivery log, as people read it.
type Entry struct {
	CaseID      string    `json:"case_id"`
	CaseVersion int       `json:"case_version,omitempty"`
	TenantID    string    `json:"tenant_id"`
	OrganizerID string    `json:"organizer_id"`
	Channel     string    `json:"channel"`
	Kind        string    `json:"kind"`
	Reason      string    `json:"reason"`
	Text        string    `json:"text,omitempty"` // of what was told
	TS          string    `json:"ts,omitempty"`   // Slack's
	SentAt      time.Time `json:"sent_at"`        // UTC
}

// List is the delivery log, oldest first: what was told, muted, and refused. What was only
// announced, and charts, are left out.
func (a *Alerter) List(ctx context.Context) ([]Entry, error) {
	events, err := a.journal.Events(ctx, Stream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("read the delivery log: %w", err)
	}
	entries := []Entry{}
	for _, e := range events {
		if e.Kind == KindAnnounced || e.Kind == KindPictured {
			continue
		}
		d, err := deliveryOf(e)
		if err != nil {
			return nil, err
		}
		entry := Entry{
			CaseID: d.CaseID, TenantID: d.TenantID, OrganizerID: d.OrganizerID, Channel: d.Channel,
			Kind: e.Kind, Reason: e.Reason, TS: d.TS, SentAt: e.At,
		}
		if d.Told != nil && e.Kind != KindMuted && e.Kind != KindFailed {
			entry.CaseVersion, entry.Text = d.Told.CaseVersion, d.Told.Text
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
