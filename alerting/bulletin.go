package alerting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

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
	Attempt   *Attempt `json:"attempt,omitempty"`
	Done      bool     `json:"done"`
}

// announceOnce tells something once, whatever crashes in between: key names it, such as
// "daily/2026-03-02". It says whether this call told it.
func (a *Alerter) announceOnce(ctx context.Context, key, channel string, n notice) (bool, error) {
	a.one.Lock()
	defer a.one.Unlock()
	n.digest = true
	n.caseID = key
	m, err := message(n)
	if err != nil {
		return false, err
	}
	subject := key + "/" + channel
	head, found, err := a.journal.Latest(ctx, bulletinStream, subject)
	if err != nil {
		return false, err
	}
	b := bulletin{Channel: channel}
	version := uint32(0)
	if found {
		if err = json.Unmarshal([]byte(head.Body), &b); err != nil {
			return false, fmt.Errorf("%s cannot be read: %w", subject, err)
		}
		version = head.Version
	}
	now := a.now()
	if b.Done || b.Attempt != nil && b.Attempt.Run != a.run && now.Before(b.Attempt.At.Add(a.lease)) {
		return false, nil
	}
	write := func(kind string) error {
		version++
		body, err := json.Marshal(b)
		if err != nil {
			return err
		}
		err = a.journal.Append(context.WithoutCancel(ctx), journal.Event{
			Stream: bulletinStream, Subject: subject, Version: version, Kind: kind, Actor: Actor, At: a.now(), Reason: key, Body: string(body),
		})
		if conflict, lost := errors.AsType[*journal.ConflictError](err); lost {
			return fmt.Errorf("%w: %w", errOvertaken, conflict)
		}
		return err
	}
	b.Text = m.Plain
	if a.sender == nil {
		b.Done = true
		if err = write(KindLogged); err != nil {
			return false, quietly(err)
		}
		a.log.LogAttrs(ctx, slog.LevelInfo, "alert", slog.String("reason", key), slog.String("text", m.Plain))
		return true, nil
	}
	as := Delivery{CaseID: key, Channel: channel}
	died := b.Attempt
	id := uuid.NewSHA1(space, []byte(subject)).String()
	b.Attempt = &Attempt{ID: id, Run: a.run, At: now}
	if err = write(KindAnnounced); err != nil {
		return false, quietly(err)
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	if died != nil {
		as.Attempt = died
		place, _, err := a.look(ctx, &as, book{})
		if f, ok := errors.AsType[*SendError](err); err != nil && (!ok || !f.blind()) {
			return false, err
		}
		b.ChannelID, b.TS = place.ChannelID, place.TS
	}
	if b.TS == "" {
		as.Attempt = b.Attempt
		posted, err := a.once(ctx, &as, channel, m)
		if err != nil {
			return false, err
		}
		b.ChannelID, b.TS = posted.ChannelID, posted.TS
	}
	b.Attempt, b.Done = nil, true
	return true, quietly(write(KindPosted))
}

// keyed is something to tell once.
type keyed struct {
	key string
	notice
}

// announceAll tells in the channel of cases what was not told yet, each once. It says how
// many this call told.
func (a *Alerter) announceAll(ctx context.Context, all []keyed) (told int, err error) {
	if len(all) == 0 {
		return 0, nil
	}
	heads, err := a.journal.Heads(ctx, bulletinStream, journal.Filter{})
	if err != nil {
		return 0, err
	}
	done := map[string]bool{}
	for _, e := range heads {
		var b bulletin
		if err := json.Unmarshal([]byte(e.Body), &b); err != nil {
			return 0, fmt.Errorf("%s cannot be read: %w", e.Subject, err)
		}
		done[e.Subject] = b.Done
	}
	for _, one := range all {
		if done[one.key+"/"+a.channel] {
			continue
		}
		sent, err := a.announceOnce(ctx, one.key, a.channel, one.notice)
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
