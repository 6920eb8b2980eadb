package slackfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// call makes a call as a client does and gives the answer's error, "" for none.
func call(t *testing.T, s *Server, method string, form url.Values) (string, map[string]any) {
	t.Helper()
	response, err := http.PostForm(s.URL+method, form)
	require.NoError(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Sprint(response.StatusCode, " ", response.Header.Get("Retry-After")), nil
	}
	var answer map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	code, _ := answer["error"].(string)
	require.Equal(t, code == "", answer["ok"])
	return code, answer
}

func object(kind string, n int) string {
	return fmt.Sprintf(`{"type":%q,"text":%q}`, kind, strings.Repeat("x", n))
}

func section(n int) string { return `{"type":"section","text":` + object("mrkdwn", n) + `}` }

func list(n int, item string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
}

// choose is a block with a list of n options with texts and values of a length.
func choose(n, long int, more string) string {
	var options []string
	for i := range n {
		options = append(options, fmt.Sprintf(`{"text":%s,"value":%q}`, object("plain_text", long), fmt.Sprintf("%0*d", long, i)))
	}
	return `[{"type":"actions","elements":[{"type":"static_select","action_id":"a","placeholder":` + object("plain_text", 9) + `,"options":[` + strings.Join(options, ",") + `]` + more + `}]}]`
}

func question(title, body, yes int) string {
	return `,"confirm":{"title":` + object("plain_text", title) + `,"text":` + object("plain_text", body) + `,"confirm":` + object("plain_text", yes) + `,"deny":` + object("plain_text", 9) + `}`
}

// What the real Slack refuses, this one refuses with the same word.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := Start(Options{})
	defer s.Close()
	for blocks, want := range map[string]string{
		"[]":                   "",
		list(50, section(1)):   "",
		list(51, section(1)):   "invalid_blocks",
		list(1, section(3000)): "",
		list(1, section(3001)): "invalid_blocks",
		list(1, section(0)):    "invalid_blocks",
		list(5, section(2700)): "msg_blocks_too_long",
		`{"type":"section"}`:   "invalid_blocks_format",
		`[{"type":"section"}]`: "invalid_blocks",
		`[{"type":"nothing"}]`: "invalid_blocks",
		`[{"type":"divider"}]`: "",
		`[{"type":"header","text":` + object("plain_text", 150) + `}]`:                                             "",
		`[{"type":"header","text":` + object("plain_text", 151) + `}]`:                                             "invalid_blocks",
		`[{"type":"header","text":` + object("mrkdwn", 5) + `}]`:                                                   "invalid_blocks",
		`[{"type":"section","fields":` + list(10, object("plain_text", 9)) + `}]`:                                  "",
		`[{"type":"section","fields":` + list(11, object("plain_text", 9)) + `}]`:                                  "invalid_blocks",
		`[{"type":"section","fields":` + list(1, object("plain_text", 2001)) + `}]`:                                "invalid_blocks",
		`[{"type":"context","elements":` + list(11, object("mrkdwn", 9)) + `}]`:                                    "invalid_blocks",
		`[{"type":"context","elements":[]}]`:                                                                       "invalid_blocks",
		`[{"type":"section","block_id":"a","text":` + object("mrkdwn", 1) + `},{"type":"divider","block_id":"a"}]`: "invalid_blocks",
		choose(100, 3, ""):                   "",
		choose(101, 3, ""):                   "invalid_blocks",
		choose(0, 3, ""):                     "invalid_blocks",
		choose(6, 75, ""):                    "",
		choose(6, 76, ""):                    "invalid_blocks",
		choose(6, 9, `,"value":"x"`):         "invalid_blocks",
		choose(6, 9, question(100, 300, 30)): "",
		choose(6, 9, question(101, 300, 30)): "invalid_blocks",
		choose(6, 9, question(100, 301, 30)): "invalid_blocks",
		choose(6, 9, question(100, 300, 31)): "invalid_blocks",
		strings.Replace(choose(6, 9, ""), object("plain_text", 9), object("plain_text", 151), 1): "invalid_blocks",
		strings.Replace(choose(2, 1, ""), `"value":"1"`, `"value":"0"`, 1):                       "invalid_blocks",
		strings.Replace(choose(2, 1, ""), `"action_id":"a",`, ``, 1):                             "invalid_blocks",
		`[{"type":"section","text":{"type":"mrkdwn","text":"x","emoji":false}}]`:                 "invalid_blocks",
	} {
		code, _ := call(t, s, "chat.postMessage", url.Values{"token": {"xoxb-fake"}, "channel": {"#fair-use"}, "text": {"x"}, "blocks": {blocks}})
		require.Equal(t, want, code, "%.80s", blocks)
	}
	for name, c := range map[string]struct {
		method string
		form   url.Values
		want   string
	}{
		"no token":              {"auth.test", url.Values{}, "not_authed"},
		"another token":         {"auth.test", url.Values{"token": {"x"}}, "invalid_auth"},
		"no text":               {"chat.postMessage", url.Values{"token": {"xoxb-fake"}, "channel": {"#fair-use"}}, "no_text"},
		"long text":             {"chat.postMessage", url.Values{"token": {"xoxb-fake"}, "channel": {"#fair-use"}, "text": {strings.Repeat("x", 40001)}}, "msg_too_long"},
		"an unknown channel":    {"chat.postMessage", url.Values{"token": {"xoxb-fake"}, "channel": {"#x"}, "text": {"x"}}, "channel_not_found"},
		"update by name":        {"chat.update", url.Values{"token": {"xoxb-fake"}, "channel": {"#fair-use"}, "ts": {"1"}, "text": {"x"}}, "channel_not_found"},
		"update of nothing":     {"chat.update", url.Values{"token": {"xoxb-fake"}, "channel": {"C0FAIRUSE"}, "ts": {"1"}, "text": {"x"}}, "message_not_found"},
		"history by name":       {"conversations.history", url.Values{"token": {"xoxb-fake"}, "channel": {"#fair-use"}}, "channel_not_found"},
		"metadata without name": {"chat.postMessage", url.Values{"token": {"xoxb-fake"}, "channel": {"#fair-use"}, "text": {"x"}, "metadata": {`{}`}}, "invalid_metadata_format"},
		"an unknown method":     {"chat.dance", url.Values{"token": {"xoxb-fake"}}, "unknown_method"},
	} {
		code, _ := call(t, s, c.method, c.form)
		require.Equal(t, c.want, code, name)
	}
	s.SetScopes("chat:write")
	code, answer := call(t, s, "conversations.history", url.Values{"token": {"xoxb-fake"}, "channel": {"C0FAIRUSE"}})
	require.Equal(t, "missing_scope", code)
	require.Equal(t, "channels:history", answer["needed"])
}

func TestABurstIsRefused(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	s := Start(Options{EverySecond: true, Now: func() time.Time { return now }})
	defer s.Close()
	post := func() string {
		code, _ := call(t, s, "chat.postMessage", url.Values{"token": {"xoxb-fake"}, "channel": {"C0FAIRUSE"}, "text": {"x"}})
		return code
	}
	require.Empty(t, post())
	require.Equal(t, "429 1", post())
	now = now.Add(time.Second)
	require.Empty(t, post())
	require.Len(t, s.Messages("C0FAIRUSE"), 2)
}

func TestActive(t *testing.T) {
	t.Parallel()
	m := Message{
		Text: "a <!channel> &lt;!here&gt;",
		Blocks: json.RawMessage(`[{"type":"section","text":{"type":"plain_text","text":"<@U1>"},"fields":[{"type":"mrkdwn","text":"<@U2>"}]},` +
			`{"type":"context","elements":[{"type":"mrkdwn","text":"<https://x|y>"}]}]`),
	}
	require.Equal(t, []string{"<!channel>", "<@U2>", "<https://x|y>"}, m.Active())
}
