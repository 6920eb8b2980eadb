package alerting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"fairdial/cases"
	"fairdial/store/journal"
)

// Gathering is an outlet that people read: in a storm it tells the new cases in one message,
// and the next at the earliest when the storm's window is over.
type Gathering interface {
	Outlet
	Gathers()
}

// ReasonStorm is why many cases are told in one message.
const ReasonStorm Reason = "storm"

// tellTogether tells the new cases of an outlet in one message where there are too many of
// them, and gives the events that are left to be told one by one. First it finishes what a
// run that died has begun.
func (a *Alerter) tellTogether(ctx context.Context, outlet Outlet, events []cases.Event, told map[string]outletTold, report *Report) ([]cases.Event, error) {
	d, err := a.readDigest(ctx, outletChannel(outlet))
	if err != nil {
		return nil, err
	}
	now := a.now()
	var fresh, rest []cases.Event
	for _, e := range events {
		o := told[subjectOf(e.CaseID, outlet.Name())]
		reason := compare(e.State, Delivery{Told: o.Told}, 0, a.minScore, "", now)
		isNew := o.version == 0 && reason == ReasonNewCase && now.Sub(e.State.OpenedAt) <= tooOld && muted(e, Delivery{}, reason, Quiet{}, now) == nil
		if isNew {
			fresh = append(fresh, e)
		} else {
			rest = append(rest, e)
		}
	}
	busy := d.Attempt != nil && d.Failure == nil && d.Attempt.Run != a.run && now.Before(d.Attempt.At.Add(a.lease)) || now.Before(d.RetryAt)
	switch {
	case busy, d.Attempt == nil && d.ID != "" && len(fresh) > 0 && now.Sub(d.Updated) < a.storm.Window:
		report.Deferred += len(fresh)
		return rest, nil
	case d.Attempt == nil && len(fresh) <= a.storm.Over:
		return events, nil
	case d.Attempt == nil:
		d = Digest{
			ID:      uuid.NewSHA1(space, fmt.Appendf(nil, "%s\ndigest %s", d.Channel, now.Format(time.RFC3339Nano))).String(),
			Channel: d.Channel, Version: d.Version, Began: now, Severity: map[string]int{}, Tenants: map[string]int{}, Rules: map[string]int{},
		}
		for _, e := range fresh {
			as := toldOf(e.State, Message{}).withLate(e.State, nil, now)
			as.Reason = ReasonStorm
			d.add(task{subject: subject{event: e}, told: as})
		}
	default:
		report.Deferred += max(len(fresh)-len(d.Adding), 0) // what was announced comes first
	}
	return rest, a.sendTogether(ctx, outlet, d, told, report)
}

// sendTogether sends a digest, announced before and recorded after.
func (a *Alerter) sendTogether(ctx context.Context, outlet Outlet, d Digest, told map[string]outletTold, report *Report) error {
	now := a.now()
	n := d.notice(a.baseURL)
	m, err := message(n)
	if err != nil {
		return err
	}
	d.Attempt, d.Updated = &Attempt{ID: d.ID, Run: a.run, At: now}, now
	if err = a.recordDigest(ctx, &d, KindAnnounced); errors.Is(err, errOvertaken) {
		report.Deferred += len(d.Adding)
		return nil
	} else if err != nil {
		return err
	}
	news := News{
		ID: d.ID, Reason: ReasonStorm, OpenedAt: d.Began, At: now, Status: cases.StatusOpen,
		Headline: n.headline, Sentence: n.sentence, Text: m.Plain, Link: n.link,
	}
	for _, added := range d.Adding {
		news.Score = max(news.Score, added.Told.Score)
		if rank(added.Told.Severity) > rank(news.Severity) {
			news.Severity = added.Told.Severity
		}
	}
	bounded, cancel := a.bounded(ctx)
	sendErr := outlet.Send(bounded, news)
	cancel()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx = context.WithoutCancel(ctx)
	if sendErr != nil {
		failure := failureOf(&SendError{Code: codeNoAnswer, err: sendErr}, d.Failure, now)
		failure.Detail = sendErr.Error()
		d.Failure, d.RetryAt = &failure, failure.NotBefore
		report.Failed++
		report.Problem = outlet.Name() + ": " + sendErr.Error()
		a.log.LogAttrs(ctx, slog.LevelError, "digest not delivered", slog.String("outlet", outlet.Name()), slog.String("error", sendErr.Error()))
		return quietly(a.recordDigest(ctx, &d, KindFailed))
	}
	if err = a.markTogether(ctx, outlet, d, told); err != nil {
		return err
	}
	report.Elsewhere++
	report.Digested += len(d.Adding)
	d.Attempt, d.Adding, d.Failure, d.RetryAt = nil, nil, nil, time.Time{}
	return quietly(a.recordDigest(ctx, &d, KindPosted))
}

// markTogether writes into the outlet's log of each case that the digest told it. Those that
// a run marked before it died are left as they are.
func (a *Alerter) markTogether(ctx context.Context, outlet Outlet, d Digest, told map[string]outletTold) error {
	var batch []journal.Event
	for _, added := range d.Adding {
		subject := subjectOf(added.CaseID, outlet.Name())
		if o := told[subject]; o.version > 0 {
			continue
		}
		body, err := json.Marshal(outletTold{Told: &added.Told})
		if err != nil {
			return fmt.Errorf("outlet %s, case %s: %w", outlet.Name(), added.CaseID, err)
		}
		batch = append(batch, journal.Event{
			Stream: outletStream, Subject: subject, Version: 1, Kind: KindDigested, TenantID: added.TenantID, OrganizerID: added.OrganizerID,
			Actor: Actor, At: a.now(), Reason: string(ReasonStorm), Body: string(body),
		})
	}
	if _, err := a.journal.AppendBatch(ctx, batch); err != nil {
		return fmt.Errorf("record %d cases as told in a digest: %w", len(batch), err)
	}
	return nil
}

func outletChannel(o Outlet) string { return "outlet " + o.Name() }

// gathering are the channels of digests that outlets tell.
func (a *Alerter) gathering() (out []string) {
	for _, o := range a.outlets {
		if _, gathers := o.(Gathering); gathers {
			out = append(out, outletChannel(o))
		}
	}
	return out
}
