package alerting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"fairdial/cases"
)

const (
	// tries of one call, the first included.
	tries = 3
	// patience is how long a pass waits when Slack asks it to; after a longer time the next
	// pass goes on.
	patience = 30 * time.Second
	// waits is how often one message waits because Slack asks it to.
	waits = 3
	// misses is after how many messages without an answer in a row a pass gives up: Slack is
	// down, and each one more would only cost its time-outs.
	misses = 3
	// skew is how far Slack's clock may be behind ours.
	skew = 15 * time.Minute
)

// sendAll is a pass with a token: one message after the other, since they all go to one
// channel and Slack takes one a second there. One that fails does not keep the others from
// being told, unless they would fail in the same way.
func (a *Alerter) sendAll(ctx context.Context, tasks []task, b book, states standing, report *Report) error {
	if wait := a.askedToWait(b); wait > patience {
		report.Deferred, report.Problem = len(tasks), fmt.Sprintf("Slack asked to wait for %s more", wait.Round(time.Second))
		return nil
	} else if err := a.sleep(ctx, wait); err != nil {
		return err
	}
	tasks, err := a.tellStorms(ctx, tasks, b, report)
	if err != nil {
		return err
	}
	var theirs []task
	missed := 0
	for i, t := range tasks {
		if a.inFlight(t) > 0 {
			theirs = append(theirs, t)
			continue
		}
		if a.rests(t, b, report) {
			continue
		}
		goOn, err := a.tell(ctx, t, b, report, &missed)
		if err != nil {
			return err
		}
		if !goOn {
			report.Deferred += len(tasks) - i - 1 + len(theirs)
			return nil
		}
	}
	for i, t := range theirs {
		goOn, err := a.takeOver(ctx, t, b, states, report, &missed)
		if err != nil {
			return err
		}
		if !goOn {
			report.Deferred += len(theirs) - i - 1
			return nil
		}
	}
	return nil
}

// askedToWait is how long Slack asked earlier passes to wait from now on.
func (a *Alerter) askedToWait(b book) (wait time.Duration) {
	now := a.now()
	for _, d := range b.here {
		if d.Failure != nil {
			wait = max(wait, d.Failure.RetryAt.Sub(now))
		}
	}
	return wait
}

// inFlight is how long a message must still be left to the other run that announced it.
func (a *Alerter) inFlight(t task) time.Duration {
	attempt := t.delivery.Attempt
	if attempt == nil || attempt.Run == a.run || t.delivery.kind != KindAnnounced {
		return 0
	}
	return attempt.At.Add(a.lease).Sub(a.now())
}

// takeOver waits until another run's message is either told or given up, and tells it then.
func (a *Alerter) takeOver(ctx context.Context, t task, b book, states standing, report *Report, missed *int) (bool, error) {
	if err := a.sleep(ctx, a.inFlight(t)); err != nil {
		return false, err
	}
	head, _, err := a.journal.Latest(ctx, Stream, subjectOf(t.delivery.CaseID, t.delivery.Channel))
	if err != nil {
		return false, err
	}
	d, err := deliveryOf(head)
	if err != nil {
		return false, err
	}
	b.here[head.Subject] = d
	again, err := a.consider(t.subject.event, d.Channel, b, states, a.now())
	if err != nil {
		return false, err
	}
	if a.inFlight(again) > 0 { // that run lives and is at it again
		report.Deferred++
		return true, nil
	}
	return a.tell(ctx, again, b, report, missed)
}

// tell tells one case and says whether the pass should go on.
func (a *Alerter) tell(ctx context.Context, t task, b book, report *Report, missed *int) (bool, error) {
	err := a.deliver(ctx, &t, b, report)
	failed, isSend := errors.AsType[*SendError](err)
	if !isSend && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		// The delivery's own time was over.
		failed, isSend = &SendError{Call: "delivery", Channel: t.delivery.Channel, Code: codeNoAnswer, class: unsure, err: err}, true
	}
	switch {
	case err == nil:
		*missed = 0
		return true, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, errOvertaken):
		report.Deferred++
		return true, nil
	case !isSend:
		return false, err
	}
	report.Failed++
	report.Problem = failed.Error()
	a.log.LogAttrs(ctx, slog.LevelError, "alert not delivered",
		slog.String("case_id", t.delivery.CaseID), slog.String("code", failed.Code), slog.String("error", failed.Error()))
	if err = a.recordFailure(ctx, &t.delivery, failed, t.told.Content); err != nil && !errors.Is(err, errOvertaken) {
		return false, err
	}
	if t.delivery.Dead != nil {
		report.Dead++
	}
	if failed.ofChannel() && len(a.channels()) > 1 {
		b.closed[t.delivery.Channel] = true // the other channels may well be open
		return true, nil
	}
	switch failed.class {
	case later, refusedAll:
		return false, nil
	case unsure:
		*missed++
		return *missed < misses, nil
	default:
		*missed = 0
		return true, nil
	}
}

// deliver brings the channel up to date with one case.
func (a *Alerter) deliver(ctx context.Context, t *task, b book, report *Report) error {
	d := &t.delivery
	note := ""
	if d.Attempt != nil && d.Attempt.ID != "" {
		var err error
		if note, err = a.settle(ctx, t, b, report); err != nil {
			return err
		}
	}
	if m := muted(t.subject.event, *d, t.reason, a.quietIn(d.Channel), a.now()); m != nil {
		report.Muted++
		return a.recordMuted(ctx, d, *m)
	}
	if !t.reason.tells() {
		if d.Attempt == nil {
			return nil
		}
		// What was announced is not in the channel, and is no news any more.
		return a.recordMuted(ctx, d, Muted{Cause: MuteOutdated, Reason: d.Attempt.Told.Reason, Score: t.told.Score, Detail: "not news any more"})
	}
	if d.TS != "" {
		err := a.update(ctx, t, note, report)
		if failed, ok := errors.AsType[*SendError](err); !ok || failed.class != gone {
			return err
		}
		// Somebody deleted the message: the case gets a new one.
		d.TS, d.ChannelID, note = "", "", "the former message was deleted"
	}
	return a.post(ctx, t, note, report)
}

// post puts the message that stands for a case into the channel.
func (a *Alerter) post(ctx context.Context, t *task, note string, report *Report) error {
	d := &t.delivery
	if err := a.announce(ctx, d, Attempt{ID: parentID(d.CaseID, d.Channel, d.Parents), Told: t.told}); err != nil {
		return err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	posted, err := a.once(ctx, d, d.Channel, t.message)
	if err != nil {
		return err
	}
	d.ChannelID, d.TS = posted.ChannelID, posted.TS
	d.Parents++
	report.Posted++
	d.ChartDue = a.draws()
	if err = a.recordTold(context.WithoutCancel(ctx), d, t.told, KindPosted, note); err == nil {
		a.illustrate(ctx, d, t.subject.event.State)
	}
	return err
}

// rests says whether a task is left to a later pass: its message failed a little while ago,
// or its channel is closed to us.
func (a *Alerter) rests(t task, b book, report *Report) bool {
	f := t.delivery.Failure
	if b.closed[t.delivery.Channel] || f != nil && a.now().Before(f.NotBefore) {
		report.Deferred++
		return true
	}
	return false
}

// forThread is what a change is worth saying in the case's thread, nil for nothing: that it
// got worse, that nobody took it in time, what a person did, and what came into force. Newer
// numbers are not.
func (t task) forThread() *notice {
	e, before := t.subject.event, *t.delivery.Told
	overdue := fellDue(e.State, before, t.subject.now)
	var n notice
	switch {
	case t.reason == ReasonWorsened:
		n = reply(t.subject, before)
	case e.Version > before.CaseVersion && (person(e.Actor) || e.Kind == cases.KindNoted || t.reason == ReasonClosed):
		n = compose(t.subject)
		n.news = "Changed: " + strings.ReplaceAll(e.Kind, "_", " ") + " by " + by(e.Actor)
		if e.Reason != "" {
			n.news += ": " + clean(e.Reason, maxReason)
		}
	case before.InForce != "" && before.InForce != t.told.InForce:
		n = compose(t.subject)
		n.news = "In force now: " + t.told.InForce
	case overdue:
		n = compose(t.subject)
	default:
		return nil
	}
	if overdue {
		n.news = strings.TrimSuffix(overdueNews(e.State)+". "+n.news, ". ")
	}
	return &n
}

// update changes a case's message in place and says what people should know in the thread: a
// change in place notifies nobody.
func (a *Alerter) update(ctx context.Context, t *task, note string, report *Report) error {
	d := &t.delivery
	attempt, kind := Attempt{Told: t.told}, KindUpdated
	var inThread Message
	if said := t.forThread(); said != nil {
		var err error
		if inThread, err = replyMessage(*said); err != nil {
			return err
		}
		attempt.ID, attempt.Thread, kind = replyID(d.CaseID, d.Channel, t.told.CaseVersion, t.told.Content), d.TS, KindReplied
	}
	if err := a.announce(ctx, d, attempt); err != nil {
		return err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	err := a.patiently(ctx, func() error { // the same change twice is one change
		if err := a.turn(ctx); err != nil {
			return err
		}
		return a.sender.Update(ctx, d.ChannelID, d.TS, parentID(d.CaseID, d.Channel, d.Parents-1), t.message)
	})
	if err != nil {
		return err
	}
	if kind == KindReplied {
		if _, err = a.once(ctx, d, d.ChannelID, inThread); err != nil {
			return err
		}
		report.Replied++
	}
	report.Updated++
	return a.recordTold(context.WithoutCancel(ctx), d, t.told, kind, note)
}

// bounded ends a delivery before its announcement is another run's to take over.
func (a *Alerter) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.lease*3/4)
}

// once sends the announced message. After a try of which nobody knows whether it got
// through, the message is looked for before the next.
func (a *Alerter) once(ctx context.Context, d *Delivery, channel string, m Message) (posted Posted, err error) {
	var lost error // of a try that may have got through
	err = a.patiently(ctx, func() error {
		if lost != nil {
			found, _, lookErr := a.look(ctx, d, book{})
			if lookErr != nil {
				return lost // it cannot be looked for now: the next pass decides
			}
			if posted = found; posted.TS != "" {
				return nil
			}
		}
		if waitErr := a.turn(ctx); waitErr != nil {
			return waitErr
		}
		var sendErr error
		posted, sendErr = a.sender.Post(ctx, channel, d.Attempt.Thread, d.Attempt.ID, m)
		if failed, ok := errors.AsType[*SendError](sendErr); ok && failed.class == unsure {
			lost = sendErr
		}
		return sendErr
	})
	return posted, err
}

// patiently makes a call, waits as Slack asks, and tries again where no answer came.
func (a *Alerter) patiently(ctx context.Context, call func() error) error {
	pause := backoff.NewExponentialBackOff() // with jitter
	for tried, waited := 1, 0; ; {
		err := call()
		failed, ok := errors.AsType[*SendError](err)
		if !ok || ctx.Err() != nil {
			return err
		}
		wait := pause.NextBackOff()
		switch {
		case failed.class == later && failed.RetryAfter <= patience && waited < waits:
			waited++
			wait = failed.RetryAfter
		case failed.class == unsure && tried < tries:
			tried++
		default:
			return err
		}
		if end, bounded := ctx.Deadline(); bounded && time.Until(end) < wait {
			return err
		}
		if err := a.sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// turn waits until the channel takes another message.
func (a *Alerter) turn(ctx context.Context) error {
	now := a.clock()
	return a.sleep(ctx, a.pace.ReserveN(now, 1).DelayFrom(now))
}
