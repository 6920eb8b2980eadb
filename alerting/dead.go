package alerting

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// deadAfter is how long a message may fail before it is given up and an alarm raised.
const deadAfter = 24 * time.Hour

// Dead is a message that could not be delivered for a day. It is tried again when there is
// something new to tell of its case, or when somebody asks for it.
type Dead struct {
	At      time.Time `json:"at"`      // UTC; when it was given up
	Content string    `json:"content"` // hash of the message
}

// pauseAfter is how long a message that failed n times in a row waits, so that one that never
// gets through does not take the turn of others: twice as long each time, up to an hour.
func pauseAfter(n int) time.Duration {
	if n < 3 {
		return 0
	}
	pause := min(time.Minute<<min(n-3, 10), time.Hour)
	return pause + time.Duration(rand.Int64N(int64(pause/5))) //nolint:gosec // no secret: it only spreads the tries
}

// Health is how delivery fares.
type Health struct {
	Dead    int       `json:"dead"`    // given up after a day
	Failing int       `json:"failing"` // failed at the latest try, and tried again
	Oldest  time.Time `json:"oldest,omitzero"`
	Detail  string    `json:"detail,omitempty"` // why the oldest of them fails
}

// Health says what could not be delivered.
func (a *Alerter) Health(ctx context.Context) (Health, error) {
	b, err := a.readBook(ctx)
	if err != nil {
		return Health{}, err
	}
	var h Health
	for _, d := range b.here {
		switch {
		case d.Dead != nil:
			h.Dead++
		case d.Failure != nil:
			h.Failing++
		default:
			continue
		}
		if d.Failure != nil && (h.Oldest.IsZero() || d.Failure.Since.Before(h.Oldest)) {
			h.Oldest, h.Detail = d.Failure.Since, d.Failure.Detail
		}
	}
	told, err := a.readOutlets(ctx)
	if err != nil {
		return Health{}, err
	}
	for _, o := range told {
		switch {
		case o.Dead != nil:
			h.Dead++
		case o.Failure != nil:
			h.Failing++
		default:
			continue
		}
		if h.Oldest.IsZero() || o.Failure.Since.Before(h.Oldest) {
			h.Oldest, h.Detail = o.Failure.Since, o.Failure.Detail
		}
	}
	return h, a.healthOfOthers(ctx, &h)
}

// healthOfOthers is that of digests, which are tried for as long as it takes, and of messages
// about no single case.
func (a *Alerter) healthOfOthers(ctx context.Context, h *Health) error {
	bulletins, err := a.readBulletins(ctx)
	if err != nil {
		return err
	}
	for _, b := range bulletins {
		if !b.Done && b.Failure != nil {
			h.count(*b.Failure, b.Dead != nil)
		}
	}
	for _, channel := range append(a.channels(), a.gathering()...) {
		d, err := a.readDigest(ctx, channel)
		if err != nil {
			return err
		}
		if d.Failure != nil {
			h.count(*d.Failure, a.now().Sub(d.Failure.Since) >= deadAfter)
		}
	}
	return nil
}

func (h *Health) count(f Failure, dead bool) {
	if dead {
		h.Dead++
	} else {
		h.Failing++
	}
	if h.Oldest.IsZero() || f.Since.Before(h.Oldest) {
		h.Oldest, h.Detail = f.Since, f.Detail
	}
}

// Retry tries all messages again that were given up. It gives how many there are.
func (a *Alerter) Retry(ctx context.Context, actor string) (int, error) {
	a.one.Lock()
	defer a.one.Unlock()
	b, err := a.readBook(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, d := range b.here {
		if d.Dead == nil {
			continue
		}
		d.Dead, d.Failure = nil, nil
		if err := a.record(ctx, &d, KindRetried, "asked for by "+actor); err != nil {
			return n, fmt.Errorf("try again: %w", err)
		}
		n++
	}
	bulletins, err := a.readBulletins(ctx)
	if err != nil {
		return n, err
	}
	for _, b := range bulletins {
		if b.Dead == nil {
			continue
		}
		b.Dead, b.Failure = nil, nil
		if err := a.recordBulletin(ctx, &b, KindRetried); err != nil {
			return n, fmt.Errorf("try again: %w", err)
		}
		n++
	}
	more, err := a.retryOutlets(ctx, actor)
	return n + more, err
}
