package buttons

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"fairdial/alerting"
)

// maxBody bounds what Slack may send, in bytes: a message and the press.
const maxBody = 256 << 10

// Endpoint takes presses over HTTP, signed by Slack with a secret. It checks the signature
// over the body as it came, takes none older than five minutes, and answers before the work
// is done: Slack waits three seconds.
func (d *Desk) Endpoint(signingSecret string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "the request is too long", http.StatusRequestEntityTooLarge)
			return
		}
		if err = verify(r.Header, body, signingSecret); err != nil {
			// Nothing of an unsigned request is worth a line but that there was one.
			d.opts.Logger.LogAttrs(r.Context(), slog.LevelWarn, "a request that Slack did not sign", slog.Any("error", err))
			http.Error(w, "the signature does not fit", http.StatusUnauthorized)
			return
		}
		form, err := url.ParseQuery(string(body))
		if err != nil || form.Get("payload") == "" {
			http.Error(w, "no payload", http.StatusBadRequest)
			return
		}
		p, ok, err := pressOf([]byte(form.Get("payload")))
		if err != nil {
			http.Error(w, "the payload cannot be read", http.StatusBadRequest)
			return
		}
		if ok {
			if err = d.Take(p); err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
		}
		w.WriteHeader(http.StatusOK)
	})
}

func verify(h http.Header, body []byte, secret string) error {
	v, err := slack.NewSecretsVerifier(h, secret) // five minutes; compared in constant time
	if err != nil {
		return err
	}
	if _, err = v.Write(body); err != nil {
		return err
	}
	return v.Ensure()
}

// pressOf reads an interaction; false for those that are no press of a button.
func pressOf(payload []byte) (Press, bool, error) {
	var call slack.InteractionCallback
	if err := json.Unmarshal(payload, &call); err != nil {
		return Press{}, false, errors.New("the interaction cannot be read")
	}
	p, ok := fromCallback(call)
	return p, ok, nil
}

func fromCallback(call slack.InteractionCallback) (Press, bool) {
	if call.Type != slack.InteractionTypeBlockActions || len(call.ActionCallback.BlockActions) == 0 {
		return Press{}, false
	}
	action := call.ActionCallback.BlockActions[0]
	p := Press{UserID: call.User.ID, Button: alerting.ButtonID(action.ActionID), Value: action.Value, ResponseURL: call.ResponseURL}
	if p.Button == alerting.ButtonDismiss { // what the message showed is the name of its block
		p.Value, p.Choice = action.BlockID, action.SelectedOption.Value
	}
	return p, true
}

// Answers whispers through the address that comes with a press.
type Answers struct {
	client *http.Client
	host   string // of a test server or proxy, beside Slack itself
}

// NewAnswers makes the Responder. apiURL is slack.api_url: answers go to Slack, or to that
// host, and nowhere else, whatever a press says.
func NewAnswers(apiURL string) Answers {
	host := ""
	if u, err := url.Parse(apiURL); err == nil {
		host = u.Host
	}
	return Answers{host: host, client: &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Whisper implements [Responder].
func (a Answers) Whisper(ctx context.Context, responseURL, text string) error {
	u, err := url.Parse(responseURL)
	if err != nil || u.Host == "" {
		return errors.New("the press came without an address to answer to")
	}
	ours := a.host != "" && u.Host == a.host
	if !ours && (u.Scheme != "https" || u.Hostname() != "slack.com" && !strings.HasSuffix(u.Hostname(), ".slack.com")) {
		return fmt.Errorf("the press wants its answer sent to %s, which is not Slack", u.Hostname())
	}
	body, err := json.Marshal(map[string]any{"response_type": "ephemeral", "replace_original": false, "text": text})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, responseURL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address to answer to cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err // the address itself lets anybody post: it is in no message
		}
		return fmt.Errorf("answer a press: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answer a press: Slack said %s", response.Status)
	}
	return nil
}
