package alerting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
)

// announceElsewhere tells something about no single case by an outlet, once; after a crash the
// same news goes out again under the same id. It says whether this call told it. What does not
// get through is told in a later call.
func (a *Alerter) announceElsewhere(ctx context.Context, outlet Outlet, one keyed, reason Reason) (bool, error) {
	a.one.Lock()
	defer a.one.Unlock()
	where := "outlet:" + outlet.Name()
	b := bulletin{Channel: where, key: one.key, subject: one.key + "/" + where}
	head, found, err := a.journal.Latest(ctx, bulletinStream, b.subject)
	if err != nil {
		return false, err
	}
	if found {
		if b, err = bulletinOf(head); err != nil {
			return false, err
		}
	}
	now := a.now()
	if !b.due(a.run, now, a.lease) {
		return false, nil
	}
	one.digest, one.caseID = true, one.key
	b.Text = one.plain()
	news := News{
		ID:     uuid.NewSHA1(space, []byte(b.subject)).String(),
		Reason: reason, OpenedAt: now, At: now, Headline: one.headline, Sentence: one.sentence, Text: b.Text, Link: one.link,
	}
	b.Attempt = &Attempt{ID: news.ID, Run: a.run, At: now}
	if err = a.recordBulletin(ctx, &b, KindAnnounced); err != nil {
		return false, quietly(err)
	}
	bounded, cancel := a.bounded(ctx)
	err = outlet.Send(bounded, news)
	cancel()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		a.log.LogAttrs(ctx, slog.LevelError, "alert not delivered", slog.String("outlet", outlet.Name()), slog.String("key", one.key), slog.String("error", err.Error()))
		failed := &SendError{Call: "outlet", Channel: outlet.Name(), Code: codeNoAnswer, class: unsure, err: err}
		return false, errors.Join(fmt.Errorf("%s: %w", outlet.Name(), err), quietly(a.bulletinFailed(ctx, &b, failed)))
	}
	b.Attempt, b.Failure, b.Done = nil, nil, true
	return true, quietly(a.recordBulletin(ctx, &b, KindPosted))
}
