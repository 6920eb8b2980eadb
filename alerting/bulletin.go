package alerting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/slack-go/slack"

	"fairdial/store/journal"
)

// bulletinStream is the journal's stream of messages that are about no single case: the daily
// digest, the weekly summary. A subject is the message's key in a channel.
const bulletinStream = "bulletin"

// bulletin is how far such a message has been told.
type bulletin struct {
	Channel   string   `json:"channel"`
	ChannelID string   `json:"channel_id,omitempty"`
	TS        string   `json:"ts,omitempty"`
	Text      string   `json:"text"`
	Message   *kept    `json:"message,omitempty"` // until it is told
	Attempt   *Attempt `json:"attempt,omitempty"`
	Failure   *Failure `json:"failure,omitempty"`
	Dead      *Dead    `json:"dead,omitempty"`
	Done      bool     `json:"done"`

	key, subject, kind string
	version            uint32
}

// kept is a message in the journal, so that any pass can send it.
type kept struct {
	Fallback string       `json:"fallback"`
	Blocks   slack.Blocks `json:"blocks"`
}

func bulletinOf(head journal.Event) (b bulletin, err error) {
	if err = json.Unmarshal([]byte(head.Body), &b); err != nil {
		return b, fmt.Errorf("%s cannot be read: %w", head.Subject, err)
	}
	b.key, b.subject, b.kind, b.version = head.Reason, head.Subject, head.Kind, head.Version
	return b, nil
}

// announceOnce tells something once, whatever crashes in between: key names it, such as
// "daily/2026-03-02". It says whether this call told it. What does not get through, the next
// passes try again.
func (a *Alerter) announceOnce(ctx context.Context, key, channel string, n notice) (bool, error) {
	a.one.Lock()
	defer a.one.Unlock()
	n.digest = true
	n.caseID = key
	m, err := message(n)
	if err != nil {
		return false, err
	}
	b := bulletin{Channel: channel, key: key, subject: key + "/" + channel}
	head, found, err := a.journal.Latest(ctx, bulletinStream, b.subject)
	if err != nil {
		return false, err
	}
	if found {
		if b, err = bulletinOf(head); err != nil {
			return false, err
		}
	}
	if !b.due(a.run, a.now(), a.lease) {
		return false, nil
	}
	b.Text, b.Message = m.Plain, &kept{m.Fallback, slack.Blocks{BlockSet: m.Blocks}}
	if a.sender == nil {
		b.Done, b.Message = true, nil
		if err = a.recordBulletin(ctx, &b, KindLogged); err != nil {
			return false, quietly(err)
		}
		a.log.LogAttrs(ctx, slog.LevelInfo, "alert", slog.String("reason", key), slog.String("text", m.Plain))
		return true, nil
	}
	return a.tellBulletin(ctx, b)
}

// due says whether a run may send it now.
func (b bulletin) due(run string, now time.Time, lease time.Duration) bool {
	switch {
	case b.Done, b.Dead != nil:
		return false
	case b.kind == KindAnnounced && b.Attempt.Run != run && now.Before(b.Attempt.At.Add(lease)):
		return false // another run is at it
	default:
		return b.Failure == nil || !now.Before(b.Failure.NotBefore)
	}
}

// tellBulletin sends what is kept. One that was announced before may stand in the channel.
func (a *Alerter) tellBulletin(ctx context.Context, b bulletin) (bool, error) {
	died := b.Attempt
	b.Attempt = &Attempt{ID: uuid.NewSHA1(space, []byte(b.subject)).String(), Run: a.run, At: a.now()}
	if err := a.recordBulletin(ctx, &b, KindAnnounced); err != nil {
		return false, quietly(err)
	}
	posted, err := a.postBulletin(ctx, b, died)
	if failed, ok := errors.AsType[*SendError](err); ok {
		return false, errors.Join(err, quietly(a.bulletinFailed(ctx, &b, failed)))
	}
	if err != nil {
		return false, err
	}
	b.ChannelID, b.TS = posted.ChannelID, posted.TS
	b.Attempt, b.Failure, b.Message, b.Done = nil, nil, nil, true
	return true, quietly(a.recordBulletin(ctx, &b, KindPosted))
}

func (a *Alerter) postBulletin(ctx context.Context, b bulletin, died *Attempt) (Posted, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	as := Delivery{CaseID: b.key, Channel: b.Channel}
	if died != nil {
		as.Attempt = died
		found, _, err := a.look(ctx, &as, book{})
		if f, ok := errors.AsType[*SendError](err); err != nil && (!ok || !f.blind()) {
			return Posted{}, err
		}
		if found.TS != "" {
			return found, nil
		}
	}
	as.Attempt = b.Attempt
	return a.once(ctx, &as, b.Channel, Message{Fallback: b.Message.Fallback, Blocks: b.Message.Blocks.BlockSet, Plain: b.Text})
}

// bulletinFailed notes a failure, and gives up after a day of them.
func (a *Alerter) bulletinFailed(ctx context.Context, b *bulletin, failed *SendError) error {
	now := a.now()
	f := failureOf(failed, b.Failure, now)
	b.Failure = &f
	if now.Sub(f.Since) >= deadAfter {
		b.Dead = &Dead{At: now}
		return a.recordBulletin(ctx, b, KindDead)
	}
	return a.recordBulletin(ctx, b, KindFailed)
}

// failureOf counts a failure to those before it, and says when to try again.
func failureOf(failed *SendError, before *Failure, now time.Time) Failure {
	f := Failure{Code: failed.Code, Detail: failed.Error(), Since: now, Tries: 1}
	if before != nil {
		f.Since, f.Tries = before.Since, before.Tries+1
	}
	f.NotBefore = now.Add(max(failed.RetryAfter, pauseAfter(f.Tries)))
	return f
}

func (a *Alerter) recordBulletin(ctx context.Context, b *bulletin, kind string) error {
	body, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("%s: %w", b.subject, err)
	}
	err = a.journal.Append(context.WithoutCancel(ctx), journal.Event{
		Stream: bulletinStream, Subject: b.subject, Version: b.version + 1, Kind: kind, Actor: Actor, At: a.now(), Reason: b.key, Body: string(body),
	})
	if conflict, lost := errors.AsType[*journal.ConflictError](err); lost {
		return fmt.Errorf("%w: %w", errOvertaken, conflict)
	}
	if err == nil {
		b.version++
		b.kind = kind
	}
	return err
}

func (a *Alerter) readBulletins(ctx context.Context) ([]bulletin, error) {
	heads, err := a.journal.Heads(ctx, bulletinStream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("read what was told of no case: %w", err)
	}
	all := make([]bulletin, len(heads))
	for i, head := range heads {
		if all[i], err = bulletinOf(head); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// finishBulletins sends those that a run died over, or that did not get through.
func (a *Alerter) finishBulletins(ctx context.Context, report *Report) error {
	if a.sender == nil {
		return nil
	}
	a.one.Lock()
	defer a.one.Unlock()
	all, err := a.readBulletins(ctx)
	if err != nil {
		return err
	}
	for _, b := range all {
		if b.Message == nil || !b.due(a.run, a.now(), a.lease) {
			continue
		}
		told, err := a.tellBulletin(ctx, b)
		if failed, ok := errors.AsType[*SendError](err); ok {
			report.Failed++
			report.Problem = failed.Error()
			continue
		}
		if err != nil {
			return err
		}
		if told {
			report.Posted++
		}
	}
	return nil
}

// keyed is something to tell once.
type keyed struct {
	key string
	notice
}

// announceAll tells in a channel what was not told there yet, each once. It says how many this
// call told.
func (a *Alerter) announceAll(ctx context.Context, channel string, all []keyed) (told int, err error) {
	if len(all) == 0 {
		return 0, nil
	}
	known, err := a.readBulletins(ctx)
	if err != nil {
		return 0, err
	}
	done := map[string]bool{}
	for _, b := range known {
		done[b.subject] = b.Done
	}
	for _, one := range all {
		if done[one.key+"/"+channel] {
			continue
		}
		sent, err := a.announceOnce(ctx, one.key, channel, one.notice)
		if err != nil {
			return told, err
		}
		if sent {
			told++
		}
	}
	return told, nil
}

// quietly takes being overtaken by another run for what it is: that run tells it.
func quietly(err error) error {
	if errors.Is(err, errOvertaken) {
		return nil
	}
	return err
}

// day is a moment's date in UTC.
func day(at time.Time) string { return at.UTC().Format("2006-01-02") }
