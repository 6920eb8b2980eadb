package buttons

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// SocketOptions say how to reach Slack's Socket Mode.
type SocketOptions struct {
	// AppToken (xapp-…) has the scope connections:write.
	AppToken string
	// APIURL is for a test server; "" is Slack itself.
	APIURL string
}

// Listen takes presses over a WebSocket that this program opens, for places that Slack
// cannot reach, until ctx ends. It connects again whenever the connection is lost.
func (d *Desk) Listen(ctx context.Context, opts SocketOptions) error {
	if opts.AppToken == "" {
		return errors.New("socket mode needs an app-level token: set slack.app_token_file")
	}
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = 5 * time.Minute
	for {
		began := d.opts.Now()
		err := d.listenOnce(ctx, opts)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end is no failure
		}
		if d.opts.Now().Sub(began) > time.Minute {
			pause.Reset()
		}
		wait := pause.NextBackOff()
		d.opts.Logger.LogAttrs(ctx, slog.LevelError, "slack buttons: no connection",
			slog.Any("error", err), slog.Duration("again_in", wait))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

func (d *Desk) listenOnce(ctx context.Context, opts SocketOptions) error {
	quiet := log.New(io.Discard, "", 0) // the library logs what we must not
	options := []slack.Option{slack.OptionAppLevelToken(opts.AppToken), slack.OptionLog(quiet)}
	if opts.APIURL != "" {
		options = append(options, slack.OptionAPIURL(opts.APIURL))
	}
	client := socketmode.New(slack.New("", options...), socketmode.OptionLog(quiet))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ran error
	ended := make(chan struct{})
	go func() {
		ran = client.RunContext(ctx)
		close(ended)
	}()
	for {
		select {
		case <-ended:
			return ran
		case e := <-client.Events:
			if err := d.event(ctx, client, e); err != nil {
				cancel()
				<-drained(client, ended)
				return err
			}
		}
	}
}

// drained reads events until the client has ended: it must not hang on one.
func drained(client *socketmode.Client, ended <-chan struct{}) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		for {
			select {
			case <-ended:
				close(out)
				return
			case <-client.Events:
			}
		}
	}()
	return out
}

func (d *Desk) event(ctx context.Context, client *socketmode.Client, e socketmode.Event) error {
	switch e.Type {
	case socketmode.EventTypeInvalidAuth:
		return errors.New("slack.app_token is not taken: it must be an app-level token (xapp-…) with connections:write")
	case socketmode.EventTypeConnectionError:
		if failed, ok := e.Data.(*slack.ConnectionErrorEvent); ok {
			d.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "slack buttons: connecting failed", slog.Duration("again_in", failed.Backoff))
		}
	case socketmode.EventTypeConnected:
		d.opts.Logger.LogAttrs(ctx, slog.LevelInfo, "slack buttons: connected")
	}
	if e.Request == nil {
		return nil
	}
	if call, ok := e.Data.(slack.InteractionCallback); ok {
		if p, ok := fromCallback(call); ok {
			if err := d.Take(p); err != nil {
				return nil //nolint:nilerr // without an acknowledgement Slack tells the person that it failed
			}
		}
	}
	if err := client.AckCtx(ctx, e.Request.EnvelopeID, nil); err != nil {
		return fmt.Errorf("acknowledge a press: %w", err)
	}
	return nil
}
