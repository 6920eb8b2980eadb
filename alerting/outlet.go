package alerting

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"fairdial/cases"
	"fairdial/store/journal"
)

// Outlet tells news of cases somewhere else than in Slack. It must take the same news twice
// as once, by its id: after a crash nobody knows whether it got through.
type Outlet interface {
	Name() string
	Send(ctx context.Context, n News) error
}

// News is what an outlet tells of a case. Phone numbers in it are masked.
type News struct {
	ID          string         `json:"id"` // the same for the same news
	Reason      Reason         `json:"reason"`
	CaseID      string         `json:"case_id"`
	CaseVersion int            `json:"case_version"`
	TenantID    string         `json:"tenant_id"`
	OrganizerID string         `json:"organizer_id"`
	Score       int            `json:"score"`
	Severity    cases.Severity `json:"severity"`
	Verdict     cases.Verdict  `json:"verdict"`
	Status      cases.Status   `json:"status"`
	OpenedAt    time.Time      `json:"opened_at"` // UTC
	At          time.Time      `json:"at"`        // UTC; when it is told
	Headline    string         `json:"headline"`
	Sentence    string         `json:"sentence"`
	Text        string         `json:"text"` // the whole message
	Link        string         `json:"link,omitempty"`
}

// outletStream is the journal's stream of what outlets told; a subject is a case in an outlet.
const outletStream = "outlet"

// tooOld is how long ago a case can have been opened for an outlet to tell it for the first
// time: one that is configured today is not flooded with the past.
const tooOld = 24 * time.Hour

// outletTold is how far an outlet has told a case.
type outletTold struct {
	Told    *Told    `json:"told,omitempty"`
	Attempt *Attempt `json:"attempt,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
	Dead    *Dead    `json:"dead,omitempty"`

	version int
}

func (a *Alerter) readOutlets(ctx context.Context) (map[string]outletTold, error) {
	heads, err := a.journal.Heads(ctx, outletStream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("read what the outlets told: %w", err)
	}
	out := map[string]outletTold{}
	for _, head := range heads {
		var o outletTold
		if err := json.Unmarshal([]byte(head.Body), &o); err != nil {
			return nil, fmt.Errorf("outlet event %d of %s cannot be read: %w", head.Version, head.Subject, err)
		}
		o.version = int(head.Version)
		out[head.Subject] = o
	}
	return out, nil
}

// tellOutlets tells each outlet what is news there. One that fails is in the report, and in
// nobody's way.
func (a *Alerter) tellOutlets(ctx context.Context, events []cases.Event, states standing, report *Report) error {
	if len(a.outlets) == 0 {
		return nil
	}
	told, err := a.readOutlets(ctx)
	if err != nil {
		return err
	}
	events = slices.SortedFunc(slices.Values(events), func(x, y cases.Event) int {
		return cmp.Or(cmp.Compare(y.State.Score, x.State.Score), cmp.Compare(x.CaseID, y.CaseID))
	})
	for _, outlet := range a.outlets {
		missed, events := 0, events
		if _, gathers := outlet.(Gathering); gathers && a.storm.Over > 0 {
			if events, err = a.tellTogether(ctx, outlet, events, told, report); err != nil {
				return err
			}
		}
		for _, e := range events {
			if missed >= misses {
				report.Deferred++ // it is down, and each one more would only cost its time-outs
				continue
			}
			failed, err := a.tellOutlet(ctx, outlet, e, told[subjectOf(e.CaseID, outlet.Name())], states, report)
			if err != nil {
				return err
			}
			if failed {
				missed++
			}
		}
	}
	return nil
}

func (a *Alerter) tellOutlet(ctx context.Context, outlet Outlet, e cases.Event, o outletTold, states standing, report *Report) (failed bool, err error) {
	now := a.now()
	n := compose(a.subject(e, states, now))
	m, err := message(n)
	if err != nil {
		return false, nil //nolint:nilerr // the pass over Slack has said so
	}
	c := e.State
	reason := compare(c, Delivery{Told: o.Told}, 0, a.minScore, "", now)
	switch {
	case reason == ReasonChanged || !reason.tells():
		return false, nil // newer numbers alone are no news here
	case o.version == 0 && now.Sub(c.OpenedAt) > tooOld:
		return false, nil
	case muted(e, Delivery{Told: o.Told}, reason, Quiet{}, now) != nil:
		return false, nil
	case o.Dead != nil && o.Dead.Content == fmt.Sprint(c.Version):
		return false, nil
	case o.Failure != nil && now.Before(o.Failure.NotBefore),
		o.Failure == nil && o.Attempt != nil && o.Attempt.Run != a.run && now.Before(o.Attempt.At.Add(a.lease)):
		report.Deferred++
		return false, nil
	}
	told := toldOf(c, m).withLate(c, o.Told, now)
	told.Reason, told.Text = reason, ""
	news := News{
		ID:     uuid.NewSHA1(space, fmt.Appendf(nil, "%s\n%s\n%d %s", e.CaseID, outlet.Name(), c.Version, reason)).String(),
		Reason: reason, CaseID: e.CaseID, CaseVersion: c.Version, TenantID: c.TenantID, OrganizerID: c.OrganizerID,
		Score: c.Score, Severity: c.Severity, Verdict: c.Verdict, Status: c.Status, OpenedAt: c.OpenedAt, At: now,
		Headline: n.headline, Sentence: n.sentence, Text: m.Plain, Link: n.link,
	}
	o.Attempt = &Attempt{ID: news.ID, Told: told, Run: a.run, At: now}
	if err = a.recordOutlet(ctx, outlet, e, &o, KindAnnounced, string(reason)); errors.Is(err, errOvertaken) {
		report.Deferred++
		return false, nil
	} else if err != nil {
		return false, err
	}
	bounded, cancel := a.bounded(ctx)
	sendErr := outlet.Send(bounded, news)
	cancel()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	kind, why := KindPosted, string(reason)
	if sendErr == nil {
		o = outletTold{Told: &told, version: o.version}
		report.Elsewhere++
	} else {
		kind, why = o.fail(sendErr, c.Version, now)
		report.Failed++
		report.Problem = outlet.Name() + ": " + sendErr.Error()
		a.log.LogAttrs(ctx, slog.LevelError, "alert not delivered", slog.String("outlet", outlet.Name()),
			slog.String("case_id", e.CaseID), slog.String("error", sendErr.Error()))
	}
	if err = a.recordOutlet(context.WithoutCancel(ctx), outlet, e, &o, kind, why); errors.Is(err, errOvertaken) {
		err = nil
	}
	return sendErr != nil, err
}

// fail notes a failure, and gives up after a day of them.
func (o *outletTold) fail(err error, caseVersion int, now time.Time) (kind, why string) {
	f := Failure{Detail: err.Error(), Since: now, Tries: 1}
	if before := o.Failure; before != nil {
		f.Since, f.Tries = before.Since, before.Tries+1
	}
	f.NotBefore = now.Add(pauseAfter(f.Tries))
	o.Failure = &f
	if now.Sub(f.Since) >= deadAfter {
		f.NotBefore = time.Time{} // news is tried at once
		o.Dead, o.Attempt = &Dead{At: now, Content: fmt.Sprint(caseVersion)}, nil
		return KindDead, "given up after a day: " + f.Detail
	}
	return KindFailed, f.Detail
}

func (a *Alerter) recordOutlet(ctx context.Context, outlet Outlet, e cases.Event, o *outletTold, kind, why string) error {
	o.version++
	body, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("outlet %s, case %s: %w", outlet.Name(), e.CaseID, err)
	}
	err = a.journal.Append(ctx, journal.Event{
		Stream: outletStream, Subject: subjectOf(e.CaseID, outlet.Name()), Version: uint32(o.version), Kind: kind,
		TenantID: e.State.TenantID, OrganizerID: e.State.OrganizerID, Actor: Actor, At: a.now(), Reason: why, Body: string(body),
	})
	if conflict, lost := errors.AsType[*journal.ConflictError](err); lost {
		return fmt.Errorf("%w: %w", errOvertaken, conflict)
	}
	return err
}

// retryOutlets tries again what the outlets gave up.
func (a *Alerter) retryOutlets(ctx context.Context, actor string) (n int, err error) {
	told, err := a.readOutlets(ctx)
	if err != nil {
		return 0, err
	}
	for _, outlet := range a.outlets {
		events, err := a.cases.Changed(ctx, time.Time{})
		if err != nil {
			return n, fmt.Errorf("read the cases: %w", err)
		}
		for _, e := range events {
			o, known := told[subjectOf(e.CaseID, outlet.Name())]
			if !known || o.Dead == nil {
				continue
			}
			o.Dead, o.Failure = nil, nil
			if err := a.recordOutlet(ctx, outlet, e, &o, KindRetried, "asked for by "+actor); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
