package alerting

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"fairdial/store/journal"
)

// logAll is a pass without a token: every message goes to the store, all in one write, and
// to the log. The store comes first and is what counts: of runs that overlap one wins there,
// and only that one writes the line.
func (a *Alerter) logAll(ctx context.Context, tasks []task, now time.Time, report *Report) error {
	var batch []journal.Event
	lines := map[string]task{}
	for _, t := range tasks {
		d := t.delivery
		if d.Attempt != nil {
			continue // a message under way in Slack: settled when there is a token again
		}
		if m := muted(t.subject.event, d, t.reason, Quiet{}, now); m != nil {
			report.Muted++
			if m.known(d) {
				continue
			}
			d.Muted = m
			e, err := d.event(KindMuted, fmt.Sprintf("%s: %s", m.Cause, m.Detail), now)
			if err != nil {
				return err
			}
			batch = append(batch, e)
			continue
		}
		if !t.reason.tells() {
			continue
		}
		told := t.told
		d.Told, d.Muted, d.Failure = &told, nil, nil
		e, err := d.event(KindLogged, string(t.reason), now)
		if err != nil {
			return err
		}
		batch = append(batch, e)
		lines[e.Subject] = t
	}
	lost, err := a.journal.AppendBatch(ctx, batch)
	if err != nil {
		return fmt.Errorf("record %d deliveries: %w", len(batch), err)
	}
	for _, conflict := range lost {
		delete(lines, conflict.Lost.Subject)
		report.Deferred++
	}
	for _, e := range batch {
		t, ok := lines[e.Subject]
		if !ok {
			continue
		}
		report.Logged++
		a.log.LogAttrs(ctx, slog.LevelWarn, "alert",
			slog.String("reason", string(t.reason)), slog.String("case_id", t.delivery.CaseID),
			slog.String("tenant_id", t.delivery.TenantID), slog.String("organizer_id", t.delivery.OrganizerID),
			slog.Int("score", t.told.Score), slog.String("text", t.told.Text))
	}
	return nil
}

// Tested is the outcome of a test message.
type Tested struct {
	Workspace Workspace `json:"workspace"`
	Posted    Posted    `json:"posted"`
	// Lacking says what the token cannot do and what follows from it.
	Lacking []string `json:"lacking,omitempty"`
}

// Test sends a test message; channel "" is the configured one.
func (a *Alerter) Test(ctx context.Context, channel string) (Tested, error) {
	if a.sender == nil {
		return Tested{}, ErrNoToken
	}
	if channel == "" {
		channel = a.channel
	}
	var tested Tested
	var err error
	if tested.Workspace, err = a.sender.Check(ctx); err != nil {
		return tested, err
	}
	tested.Lacking = lacking(tested.Workspace.Scopes)
	now := a.now()
	m, err := message(notice{
		caseID: "test", headline: "Test · Fairdial",
		sentence: "This is a test: alerts about unusual dial-out use will appear in this channel.",
		rows:     []row{{"Sent", moment(now)}, {"Next", "nothing"}},
	})
	if err != nil {
		return tested, err
	}
	tested.Posted, err = a.sender.Post(ctx, channel, "", "test-"+a.run, m)
	return tested, err
}
