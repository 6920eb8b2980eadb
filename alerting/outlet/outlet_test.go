package outlet

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/alerting"
	"fairdial/cases"
)

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func news() alerting.News {
	return alerting.News{
		ID: "0b8a6c55-3a8e-4f0e-9f6a-5d1f2e1c9b77", Reason: alerting.ReasonNewCase, CaseID: "c-1", CaseVersion: 2, TenantID: "t1",
		OrganizerID: "o1", Score: 88, Severity: cases.SeverityCritical, Verdict: cases.VerdictFraud, Status: cases.StatusOpen, OpenedAt: at,
		At: at.Add(time.Hour), Headline: "Critical · fraud · Dana Reyès", Sentence: "Much.", Text: "Critical\nMuch.\n", Link: "https://fairdial.example/#c-1",
	}
}

// receiver answers with the statuses given, then 200, and keeps what came.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	statuses []int
	bodies   []string
	headers  []http.Header
}

func newReceiver(t *testing.T, statuses ...int) *receiver {
	r := &receiver{statuses: statuses}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies, r.headers = append(r.bodies, string(body)), append(r.headers, q.Header)
		if len(r.statuses) > 0 {
			if r.statuses[0] == http.StatusFound {
				w.Header().Set("Location", "http://127.0.0.1:1/")
			}
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(r.statuses[0])
			r.statuses = r.statuses[1:]
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func TestAWebhookIsSigned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statuses []int
		calls    int
		fails    string
	}{
		"taken":                {nil, 1, ""},
		"in trouble, then not": {[]int{503, 500}, 3, ""},
		"asked to wait":        {[]int{429}, 2, ""},
		"in trouble for good":  {[]int{500, 500, 500, 500}, 3, "500"},
		"refused":              {[]int{400}, 1, "400"},
		"sent elsewhere":       {[]int{http.StatusFound}, 1, "302"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, c.statuses...)
			w, err := NewWebhook("hook", r.URL+"/x?key=hush", "signing-hush", func() time.Time { return at })
			require.NoError(t, err)
			err = w.Send(t.Context(), news())
			if c.fails == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.fails)
				require.NotContains(t, err.Error(), "hush")
			}
			require.Len(t, r.bodies, c.calls)
			for i, h := range r.headers {
				require.Equal(t, news().ID, h.Get("Idempotency-Key"))
				require.Equal(t, Sign([]byte("signing-hush"), fmt.Sprint(at.Unix()), []byte(r.bodies[i])), h.Get("X-Fairdial-Signature"))
			}
			var got alerting.News
			require.NoError(t, json.Unmarshal([]byte(r.bodies[0]), &got))
			require.Equal(t, news(), got)
		})
	}
	w, err := NewWebhook("hook", "http://127.0.0.1:1/?key=hush", "s", time.Now)
	require.NoError(t, err)
	err = w.Send(t.Context(), news())
	require.ErrorContains(t, err, "no answer")
	require.NotContains(t, err.Error(), "hush")
	_, err = NewWebhook("hook", "http://x/", "", time.Now)
	require.Error(t, err)
}

func TestAnAlertmanagerHasOneAlertACase(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a, err := NewAlertmanager("am", r.URL+"/")
	require.NoError(t, err)
	require.NoError(t, a.Send(t.Context(), news()))
	closed := news()
	closed.Status, closed.Score, closed.Severity, closed.At = cases.StatusClosed, 95, cases.SeverityWarning, at.Add(2*time.Hour)
	require.NoError(t, a.Send(t.Context(), closed))
	var alerts [2][]alert
	for i := range alerts {
		require.NoError(t, json.Unmarshal([]byte(r.bodies[i]), &alerts[i]))
	}
	require.Equal(t, alerts[0][0].Labels, alerts[1][0].Labels, "it is the same alert")
	require.True(t, alerts[0][0].EndsAt.After(at.Add(24*time.Hour)), "it fires until it is closed")
	require.Equal(t, closed.At, alerts[1][0].EndsAt)
	require.NoError(t, a.Send(t.Context(), alerting.News{ID: "n-1", Reason: alerting.ReasonRail, Headline: "On call", OpenedAt: at, At: at}))
	var rail []alert
	require.NoError(t, json.Unmarshal([]byte(r.bodies[2]), &rail))
	require.Equal(t, map[string]string{"alertname": "Fairdial", "reason": "guard_rail", "id": "n-1"}, rail[0].Labels, "no label is empty")
	require.Equal(t, at.Add(24*time.Hour), rail[0].EndsAt)
	_, err = NewAlertmanager("am", "nowhere")
	require.Error(t, err)
}

// mailServer is an SMTP server that takes what it is given.
func mailServer(t *testing.T, refuse bool) (address string, got func() []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	var mu sync.Mutex
	var mails []string
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				say := func(s string) { _, _ = io.WriteString(conn, s+"\r\n") }
				say("220 test")
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					switch word := strings.ToUpper(strings.Fields(line + " x")[0]); word {
					case "EHLO", "HELO":
						say("250 test")
					case "RCPT":
						if refuse {
							say("550 no such user")
						} else {
							say("250 ok")
						}
					case "DATA":
						say("354 go on")
						var text strings.Builder
						for {
							part, err := in.ReadString('\n')
							if err != nil || part == ".\r\n" {
								break
							}
							text.WriteString(part)
						}
						mu.Lock()
						mails = append(mails, text.String())
						mu.Unlock()
						say("250 taken")
					case "QUIT":
						say("221 bye")
						return
					default:
						say("250 ok")
					}
				}
			}()
		}
	}()
	return l.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), mails...)
	}
}

func TestAMail(t *testing.T) {
	t.Parallel()
	address, got := mailServer(t, false)
	m, err := NewMail(MailOptions{Name: "mail", Server: address, From: "Fairdial <fairdial@contoso.example>", To: []string{"tns@contoso.example", "fin@contoso.example"}})
	require.NoError(t, err)
	hostile := news()
	hostile.Headline = "Case\r\nBcc: evil@example.com"
	require.NoError(t, m.Send(t.Context(), news()))
	require.NoError(t, m.Send(t.Context(), hostile))
	mails := got()
	require.Len(t, mails, 2)
	for _, part := range []string{"Message-ID: <" + news().ID + "@fairdial>", "References: <c-1@fairdial>", "Auto-Submitted: auto-generated", "tns@contoso.example", "Much."} {
		require.Contains(t, mails[0], part)
	}
	head, _, _ := strings.Cut(mails[1], "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		require.False(t, strings.HasPrefix(line, "Bcc:"), "no header comes from outside")
	}

	address, _ = mailServer(t, true)
	m, err = NewMail(MailOptions{Name: "mail", Server: address, From: "a@b.example", To: []string{"x@y.example"}, Username: "u", Password: "hush"})
	require.NoError(t, err)
	err = m.Send(t.Context(), news())
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hush")
	for _, bad := range []MailOptions{
		{Server: "nowhere", From: "a@b.example", To: []string{"x@y.example"}},
		{Server: "h:x", From: "a@b.example", To: []string{"x@y.example"}},
		{Server: "h:25", From: "nobody", To: []string{"x@y.example"}},
		{Server: "h:25", From: "a@b.example"},
	} {
		_, err := NewMail(bad)
		require.Error(t, err)
	}
}
