package buttons

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/alerting"
	"fairdial/alerting/slackfake"
	"fairdial/cases"
)

func TestOnlyWhatSlackSignedIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, m := w.opened()
	payload, err := w.slack.Payload("URAVI", m, string(alerting.ButtonAcknowledge))
	require.NoError(t, err)
	body := "payload=" + string(payload)
	body = strings.NewReplacer("{", "%7B", "}", "%7D", `"`, "%22", " ", "%20", "&", "%26").Replace(body)
	for name, c := range map[string]struct {
		header http.Header
		body   string
		status int
	}{
		"signed":                {slackfake.Sign(secret, time.Now(), []byte(body)), body, http.StatusOK},
		"with another secret":   {slackfake.Sign("other", time.Now(), []byte(body)), body, http.StatusUnauthorized},
		"another body":          {slackfake.Sign(secret, time.Now(), []byte(body)), body + " ", http.StatusUnauthorized},
		"old":                   {slackfake.Sign(secret, time.Now().Add(-6*time.Minute), []byte(body)), body, http.StatusUnauthorized},
		"nearly old":            {slackfake.Sign(secret, time.Now().Add(-4*time.Minute), []byte(body)), body, http.StatusOK},
		"from the future":       {slackfake.Sign(secret, time.Now().Add(7*time.Minute), []byte(body)), body, http.StatusUnauthorized},
		"not signed":            {http.Header{}, body, http.StatusUnauthorized},
		"signed, not a payload": {slackfake.Sign(secret, time.Now(), []byte("x=1")), "x=1", http.StatusBadRequest},
		"signed, not JSON":      {slackfake.Sign(secret, time.Now(), []byte("payload=x")), "payload=x", http.StatusBadRequest},
		"endless":               {slackfake.Sign(secret, time.Now(), nil), strings.Repeat("x", maxBody+1), http.StatusRequestEntityTooLarge},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.endpoint, strings.NewReader(c.body))
		require.NoError(t, err)
		request.Header = c.header
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err, name)
		said, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, c.status, response.StatusCode, "%s: %s", name, said)
	}
	require.NotContains(t, w.log.String(), secret)
	require.Len(t, w.desk.queue, 2, "nobody has worked anything off yet: the answer did not wait for it")
	for range waiting - 2 {
		require.NoError(t, w.desk.Take(Press{}))
	}
	status, _, err := w.slack.PressHTTP(t.Context(), w.endpoint, secret, "URAVI", m, string(alerting.ButtonAcknowledge))
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, status)
}

func TestAnswersGoToSlackAlone(t *testing.T) {
	t.Parallel()
	a := NewAnswers("")
	for _, address := range []string{"http://hooks.slack.com/x", "https://evil.example/x", "https://slack.com.evil.example/x", "https://evilslack.com/", "", "file:///etc/passwd", "http://127.0.0.1:1/"} {
		require.Error(t, a.Whisper(t.Context(), address, "x"), address)
	}
	err := NewAnswers("http://127.0.0.1:1/api/").Whisper(t.Context(), "http://127.0.0.1:1/response/hush", "x")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hush")
}

func TestSocketMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.works()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.desk.Listen(ctx, SocketOptions{AppToken: "xapp-fake", APIURL: w.slack.URL}) }()
	opened, m := w.opened()
	w.eventually("connected", func() bool { return w.slack.Sockets() == 1 })
	took, err := w.slack.PressSocket("URAVI", m, string(alerting.ButtonAcknowledge))
	require.NoError(t, err)
	require.Less(t, took, 3*time.Second)
	w.eventually("done", func() bool { return strings.Contains(string(w.message().Blocks), "acknowledged by slack:ravi") })
	_, err = w.slack.PressSocket("URAVI", w.message(), string(alerting.ButtonDismiss), "rule_too_strict")
	require.NoError(t, err)
	w.eventually("dismissed, with its cause", func() bool {
		c, err := w.cases.Get(t.Context(), opened.ID)
		return err == nil && c.Cause == cases.CauseRule
	})

	w.slack.Disconnect()
	w.eventually("connected again", func() bool {
		_, err := w.slack.PressSocket("USTRANGER", m, string(alerting.ButtonExpected))
		return err == nil && w.whispered("USTRANGER") != ""
	})
	require.Len(t, w.kinds(opened.ID), 3)
	stop()
	require.NoError(t, <-ended)
	require.NotContains(t, w.log.String(), "xapp-fake")
	require.ErrorContains(t, w.desk.Listen(t.Context(), SocketOptions{}), "slack.app_token_file")
}

// While Slack has a message wait, the next press is decided.
func TestAPressDoesNotWaitForAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hold := make(chan struct{})
	w.desk.opts.Tell = func(ctx context.Context, _ string) error {
		select {
		case <-hold:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	w.works()
	opened, m := w.opened()
	w.press("URAVI", m, alerting.ButtonAcknowledge)
	w.eventually("acknowledged", func() bool { return len(w.kinds(opened.ID)) > 1 })
	w.press("UDANA", m, alerting.ButtonThrottle)
	w.eventually("throttled", func() bool {
		s, err := w.enforcer.State(t.Context(), "t1", organizer)
		return err == nil && s.Version > 0
	})
	close(hold)
}
