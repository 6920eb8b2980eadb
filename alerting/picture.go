package alerting

import (
	"context"
	"errors"
	"log/slog"

	"fairdial/cases"
)

// Picture is a PNG and what it shows in words: its title, and the text for those who cannot see
// it.
type Picture struct {
	PNG  []byte
	Says string
}

// Uploader is a Sender that takes pictures.
type Uploader interface {
	Upload(ctx context.Context, channelID, thread, title string, png []byte) error
}

// draws says whether messages get charts.
func (a *Alerter) draws() bool {
	_, able := a.sender.(Uploader)
	return able && a.chart != nil
}

// illustrateRest draws the charts of messages whose runs died before they came to it.
func (a *Alerter) illustrateRest(ctx context.Context, events []cases.Event, b book) {
	if !a.draws() {
		return
	}
	for _, e := range events {
		for _, channel := range a.places(e.State, b) {
			if d := b.here[subjectOf(e.CaseID, channel)]; d.ChartDue && d.TS != "" && d.Attempt == nil {
				a.illustrate(ctx, &d, e.State)
			}
		}
	}
}

// illustrate puts a chart into the thread of a message. It is an ornament: it comes after the
// message is recorded, waits its turn as messages do, and is given up when Slack does not say
// whether it got there. That it is on its way is recorded before, so that none is there twice.
func (a *Alerter) illustrate(ctx context.Context, d *Delivery, c cases.Case) {
	if !d.ChartDue || !a.draws() {
		return
	}
	picture, err := a.chart(ctx, c)
	if err == nil {
		d.ChartDue = false
		if err = a.record(ctx, d, KindPictured, picture.Says); errors.Is(err, errOvertaken) {
			return // another run does it, or tells what is new first
		}
	}
	if err == nil && len(picture.PNG) > 0 {
		err = a.upload(ctx, d, picture)
	}
	if err != nil {
		a.log.LogAttrs(ctx, slog.LevelWarn, "no chart", slog.String("case_id", d.CaseID), slog.Any("error", err))
	}
}

func (a *Alerter) upload(ctx context.Context, d *Delivery, picture Picture) error {
	to := a.sender.(Uploader) //nolint:forcetypeassert // draws has seen to it
	bounded, cancel := a.bounded(ctx)
	defer cancel()
	var unsaid error
	err := a.patiently(bounded, func() error {
		if err := a.turn(bounded); err != nil {
			return err
		}
		err := to.Upload(bounded, d.ChannelID, d.TS, picture.Says, picture.PNG)
		if f, ok := errors.AsType[*SendError](err); ok && f.class == unsure {
			unsaid = err
			return nil
		}
		return err
	})
	if f, ok := errors.AsType[*SendError](err); ok && f.class == later {
		d.ChartDue = true // the next pass asks again
		return errors.Join(err, quietly(a.record(context.WithoutCancel(ctx), d, KindPictured, "Slack asked to wait")))
	}
	return errors.Join(err, unsaid)
}
