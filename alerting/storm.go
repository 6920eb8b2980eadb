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

// Storm says when new cases are told in one message instead of one each. The zero value
// never does.
type Storm struct {
	// Over is how many new cases of a channel may be told one by one within Window.
	Over int
	// Window is how long a digest takes further cases in; it is changed in place meanwhile.
	Window time.Duration
}

// digestStream is the journal's stream of digests, one subject a channel; the body of an
// event is the [Digest] after it.
const digestStream = "digest"

// Digest is one message about many new cases, as far as it has been told.
type Digest struct {
	ID        string         `json:"digest_id"`
	Channel   string         `json:"channel"`
	Version   int            `json:"version"`
	ChannelID string         `json:"channel_id,omitempty"`
	TS        string         `json:"ts,omitempty"`
	Began     time.Time      `json:"began"`   // UTC
	Updated   time.Time      `json:"updated"` // UTC; when cases last came in
	Cases     int            `json:"cases"`
	Severity  map[string]int `json:"severity"` // cases by severity, tenant and rule
	Tenants   map[string]int `json:"tenants"`
	Rules     map[string]int `json:"rules"`
	Gravest   []Gravest      `json:"gravest"`
	// Adding are the cases that the announced message tells of and whose own logs do not say
	// so yet.
	Adding  []Added  `json:"adding,omitempty"`
	Attempt *Attempt `json:"attempt,omitempty"`
	// RetryAt is until when Slack asked to wait, UTC; Failure what was wrong at the latest try.
	RetryAt time.Time `json:"retry_at,omitzero"`
	Failure *Failure  `json:"failure,omitempty"`
	// Worse is how many of the cases had been told before and got worse, or were not taken in time.
	Worse int `json:"worse,omitempty"`
	// Late is how many of the cases nobody took in time.
	Late int `json:"late,omitempty"`
}

// Gravest is one of the cases that the message names.
type Gravest struct {
	CaseID string `json:"case_id"`
	Who    string `json:"who"`
	Score  int    `json:"score"`
}

// Added is a case that a digest tells.
type Added struct {
	CaseID      string `json:"case_id"`
	TenantID    string `json:"tenant_id"`
	OrganizerID string `json:"organizer_id"`
	Told        Told   `json:"told"`
}

// How many of each the message names.
const (
	digestGravest = 8
	digestCounts  = 8
)

// tellStorms tells the new cases of each channel with too many of them in one message, and
// gives the tasks that are left. First it finishes what a run that died has begun.
func (a *Alerter) tellStorms(ctx context.Context, tasks []task, b book, report *Report) ([]task, error) {
	if a.storm.Over <= 0 {
		return tasks, nil
	}
	for _, channel := range a.channels() {
		d := b.digests[channel]
		if a.now().Before(d.RetryAt) {
			tasks = a.leave(tasks, channel, report)
			continue
		}
		if d.Attempt != nil && d.Attempt.Run != a.run && a.now().Before(d.Attempt.At.Add(a.lease)) {
			tasks = a.leave(tasks, channel, report) // another run is at it
			continue
		}
		var fresh []task
		fresh, tasks = newOnes(tasks, channel, a.quietIn(channel), a.now())
		told, failed, err := a.tellStorm(ctx, d, fresh, b, report)
		if err != nil {
			return nil, err
		}
		if failed != nil {
			report.Failed++
			report.Problem = failed.Error()
			report.Deferred += len(fresh)
			a.log.LogAttrs(ctx, slog.LevelError, "digest not delivered", slog.String("channel", channel), slog.String("error", failed.Error()))
			if failed.class == later || failed.class == refusedAll && !failed.ofChannel() {
				report.Deferred += len(tasks)
				return nil, nil
			}
			continue
		}
		if !told {
			tasks = append(fresh, tasks...)
		}
	}
	return tasks, nil
}

// fresh says whether a case is to have a message for the first time: it is new, or was told
// with many others and nobody took it in time.
func (t task) fresh() bool {
	return t.reason == ReasonNewCase || t.reason == ReasonOverdue && t.delivery.TS == ""
}

// newOnes parts the cases that are to be told for the first time in a channel from the others.
func newOnes(tasks []task, channel string, quiet Quiet, now time.Time) (fresh, others []task) {
	for _, t := range tasks {
		if t.delivery.Channel == channel && t.fresh() && t.delivery.Attempt == nil &&
			muted(t.subject.event, t.delivery, t.reason, quiet, now) == nil {
			fresh = append(fresh, t)
		} else {
			others = append(others, t)
		}
	}
	return fresh, others
}

func (a *Alerter) leave(tasks []task, channel string, report *Report) []task {
	fresh, others := newOnes(tasks, channel, a.quietIn(channel), a.now())
	report.Deferred += len(fresh)
	return others
}

// tellStorm brings a channel's digest up to date where there is one or must be one; told says
// whether the fresh cases are in it.
func (a *Alerter) tellStorm(ctx context.Context, d Digest, fresh []task, b book, report *Report) (told bool, failed *SendError, err error) {
	now := a.now()
	goesOn := d.ID != "" && now.Sub(d.Updated) < a.storm.Window
	if d.Attempt == nil {
		if len(fresh) == 0 || !goesOn && len(fresh)+recent(b, d.Channel, now.Add(-a.storm.Window)) <= a.storm.Over {
			return false, nil, nil
		}
		if !goesOn {
			d = Digest{
				ID: uuid.NewSHA1(space, fmt.Appendf(nil, "%s\ndigest %s", d.Channel, now.Format(time.RFC3339Nano))).String(), Channel: d.Channel,
				Version: d.Version, Began: now, Severity: map[string]int{}, Tenants: map[string]int{}, Rules: map[string]int{},
			}
		}
		for _, t := range fresh {
			d.add(t)
		}
		d.Updated = now
	} else {
		// What was announced comes first; cases that it does not tell follow in the next pass.
		report.Deferred += max(len(fresh)-len(d.Adding), 0)
	}
	m, err := message(d.notice(a.baseURL))
	if err != nil {
		return false, nil, err
	}
	died := d.Attempt != nil
	d.Attempt = &Attempt{ID: d.ID, Run: a.run, At: now}
	if err = a.recordDigest(ctx, &d, KindAnnounced); errors.Is(err, errOvertaken) {
		report.Deferred += len(fresh) // another run tells them
		return true, nil, nil
	} else if err != nil {
		return false, nil, err
	}
	err = a.showDigest(ctx, &d, m, died, report)
	if f, ok := errors.AsType[*SendError](err); ok {
		failure := failureOf(f, d.Failure, a.now())
		d.Failure, d.RetryAt = &failure, time.Time{}
		if f.class != refusedAll { // what a person mends is tried at once
			d.RetryAt = failure.NotBefore
		}
		if err = a.recordDigest(context.WithoutCancel(ctx), &d, KindFailed); errors.Is(err, errOvertaken) {
			err = nil
		}
		return false, f, err
	}
	if err != nil {
		return false, nil, err
	}
	d.RetryAt, d.Failure = time.Time{}, nil
	ctx = context.WithoutCancel(ctx)
	n, err := a.markDigested(ctx, d, b)
	if err != nil {
		return false, nil, err
	}
	report.Digested += n
	d.Attempt, d.Adding = nil, nil
	if err = a.recordDigest(ctx, &d, KindPosted); errors.Is(err, errOvertaken) {
		err = nil
	}
	return true, nil, err
}

// showDigest posts the message, or changes it in place. One that a run that died announced
// may stand in the channel already.
func (a *Alerter) showDigest(ctx context.Context, d *Digest, m Message, died bool, report *Report) error {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	as := Delivery{CaseID: d.ID, Channel: d.Channel, ChannelID: d.ChannelID, Attempt: d.Attempt}
	if d.TS == "" && died {
		since := *d.Attempt
		since.At = d.Began
		as.Attempt = &since
		found, _, err := a.look(ctx, &as, book{})
		if f, ok := errors.AsType[*SendError](err); err != nil && (!ok || !f.blind()) {
			return err
		}
		if found.TS != "" {
			d.ChannelID, d.TS = found.ChannelID, found.TS
			report.Adopted++
		}
	}
	if d.TS == "" {
		posted, err := a.once(ctx, &as, d.Channel, m)
		if err != nil {
			return err
		}
		d.ChannelID, d.TS = posted.ChannelID, posted.TS
		report.Posted++
		return nil
	}
	report.Updated++
	return a.patiently(ctx, func() error {
		if err := a.turn(ctx); err != nil {
			return err
		}
		err := a.sender.Update(ctx, d.ChannelID, d.TS, d.ID, m)
		if f, ok := errors.AsType[*SendError](err); ok && f.class == gone {
			return nil // somebody deleted it: they have seen it
		}
		return err
	})
}

// markDigested writes into the cases' own logs that the digest told them. Cases that were
// told meanwhile, by a run that did this before it died, are left as they are.
func (a *Alerter) markDigested(ctx context.Context, d Digest, b book) (int, error) {
	var batch []journal.Event
	for _, added := range d.Adding {
		own, known := b.here[subjectOf(added.CaseID, d.Channel)]
		if !known {
			own = Delivery{CaseID: added.CaseID, TenantID: added.TenantID, OrganizerID: added.OrganizerID, Channel: d.Channel}
		}
		if own.Told != nil && own.Told.covers(added.Told) {
			continue
		}
		told := added.Told
		own.Told, own.Digest, own.Failure, own.Muted, own.Dead = &told, d.ID, nil, nil, nil
		e, err := own.event(KindDigested, string(told.Reason), a.now())
		if err != nil {
			return 0, err
		}
		batch = append(batch, e)
	}
	lost, err := a.journal.AppendBatch(ctx, batch)
	if err != nil {
		return 0, fmt.Errorf("record %d cases as told in a digest: %w", len(batch), err)
	}
	return len(batch) - len(lost), nil
}

// covers says whether whoever was told this was told the other too.
func (t Told) covers(other Told) bool {
	if t.CaseVersion != other.CaseVersion {
		return t.CaseVersion > other.CaseVersion
	}
	return other.Late.IsZero() || t.Late.Equal(other.Late)
}

// recent is how many cases were told one by one in a channel since.
func recent(b book, channel string, since time.Time) (n int) {
	for _, d := range b.here {
		if d.Channel == channel && d.PostedAt.After(since) {
			n++
		}
	}
	return n
}

// add takes a case in. One that the digest has told already, and that got worse since, is
// told anew and counted once.
func (d *Digest) add(t task) {
	c := t.subject.event.State
	told := t.told
	told.Text = "" // the case log has what it says
	d.Adding = append(d.Adding, Added{CaseID: c.ID, TenantID: c.TenantID, OrganizerID: c.OrganizerID, Told: told})
	who := clean(cmp.Or(c.OrganizerName, c.OrganizerUPN, c.OrganizerID), maxName) + ", " + clean(cmp.Or(c.TenantName, c.TenantID), maxTenant)
	d.Gravest = slices.DeleteFunc(append(slices.Clone(d.Gravest), Gravest{c.ID, who, c.Score}), func(g Gravest) bool {
		return g.CaseID == c.ID && g.Score < c.Score
	})
	slices.SortStableFunc(d.Gravest, func(x, y Gravest) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.CaseID, y.CaseID))
	})
	d.Gravest = d.Gravest[:min(len(d.Gravest), digestGravest)]
	if t.reason == ReasonOverdue {
		d.Late++
	}
	if t.delivery.Digest == d.ID {
		return
	}
	d.Cases++
	if t.delivery.Digest != "" {
		d.Worse++
	}
	d.Severity[string(cmp.Or(c.Severity, cases.SeverityWarning))]++
	d.Tenants[cmp.Or(clean(cmp.Or(c.TenantName, c.TenantID), maxTenant), "unknown tenant")]++
	for _, f := range oneEach(c.Findings) {
		d.Rules[title(f.Finding)]++
	}
}

func digestSubject(channel string) string { return "storm/" + channel }

// readDigests are those of all channels, where storms are told in digests.
func (a *Alerter) readDigests(ctx context.Context) (map[string]Digest, error) {
	if a.sender == nil || a.storm.Over <= 0 {
		return nil, nil //nolint:nilnil // none are asked for then
	}
	out := map[string]Digest{}
	for _, channel := range a.channels() {
		d, err := a.readDigest(ctx, channel)
		if err != nil {
			return nil, err
		}
		out[channel] = d
	}
	return out, nil
}

func (a *Alerter) readDigest(ctx context.Context, channel string) (Digest, error) {
	head, found, err := a.journal.Latest(ctx, digestStream, digestSubject(channel))
	if err != nil || !found {
		return Digest{Channel: channel}, err
	}
	var d Digest
	if err := json.Unmarshal([]byte(head.Body), &d); err != nil {
		return Digest{}, fmt.Errorf("digest event %d of %s cannot be read: %w", head.Version, head.Subject, err)
	}
	d.Version = int(head.Version)
	return d, nil
}

func (a *Alerter) recordDigest(ctx context.Context, d *Digest, kind string) error {
	d.Version++
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("digest %s: %w", d.ID, err)
	}
	err = a.journal.Append(ctx, journal.Event{
		Stream: digestStream, Subject: digestSubject(d.Channel), Version: uint32(d.Version), Kind: kind,
		Actor: Actor, At: a.now(), Reason: fmt.Sprintf("%d cases", d.Cases), Body: string(body),
	})
	if conflict, lost := errors.AsType[*journal.ConflictError](err); lost {
		return fmt.Errorf("%w: %w", errOvertaken, conflict)
	}
	return err
}
