package alerting

import (
	"context"
	"errors"
	"log/slog"
)

// settle finds out what became of a message that was announced and not recorded since. If
// it is in the channel it is taken as told; otherwise the task goes on, with a note where
// the channel could not be read.
func (a *Alerter) settle(ctx context.Context, t *task, b book, report *Report) (string, error) {
	d := &t.delivery
	found, sure, err := a.look(ctx, d, b)
	if err != nil {
		failed, ok := errors.AsType[*SendError](err)
		if !ok || !failed.blind() {
			return "", err
		}
		if !d.mayHaveArrived() {
			return "", nil
		}
		a.log.LogAttrs(ctx, slog.LevelWarn, "a message may appear twice",
			slog.String("case_id", d.CaseID), slog.String("error", failed.Error()))
		return "sent again without looking for the first: " + failed.Code, nil
	}
	if found.TS == "" {
		if !sure {
			return "sent again: not found in the newest messages of the channel", nil
		}
		return "", nil
	}
	told := d.Attempt.Told
	if d.Attempt.Thread == "" {
		d.ChannelID, d.TS = found.ChannelID, found.TS
		d.Parents++
		d.ChartDue = a.draws()
	}
	report.Adopted++
	if err := a.recordTold(ctx, d, told, KindAdopted, ""); err != nil {
		return "", err
	}
	c := t.subject.event.State
	t.reason = inSlack(compare(c, *d, 0, a.minScore, t.told.Content, t.subject.now), c, *d)
	t.told.Reason = t.reason
	return "", nil
}

// mayHaveArrived says whether what is known leaves open if the announced message got
// through: nothing came after the announcement, or no answer.
func (d Delivery) mayHaveArrived() bool {
	return d.kind != KindFailed || d.Failure == nil || classOf(d.Failure.Code) == unsure
}

// look looks for the announced message where it would be. sure is false where not all of
// the channel could be read.
func (a *Alerter) look(ctx context.Context, d *Delivery, b book) (found Posted, sure bool, err error) {
	channelID := d.ChannelID
	if channelID == "" {
		channelID = b.channelIDs[d.Channel]
	}
	if channelID == "" {
		err = a.patiently(ctx, func() (err error) {
			channelID, err = a.sender.Resolve(ctx, d.Channel)
			return err
		})
		if err != nil {
			return Posted{}, false, err
		}
	}
	var ids map[string]string
	err = a.patiently(ctx, func() (err error) {
		ids, sure, err = a.sender.Find(ctx, channelID, d.Attempt.Thread, d.Attempt.At.Add(-skew))
		return err
	})
	if failed, ok := errors.AsType[*SendError](err); ok && failed.class == gone {
		return Posted{}, true, nil // the thread's message was deleted, and the reply with it
	}
	if ts, there := ids[d.Attempt.ID]; there {
		return Posted{ChannelID: channelID, TS: ts}, true, err
	}
	return Posted{}, sure, err
}
