package alerting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Sender carries messages to a channel. Its errors are *[SendError].
type Sender interface {
	// Post sends a message, into the thread of another one where thread is not empty. The
	// id can be found again by Find.
	Post(ctx context.Context, channel, thread, id string, m Message) (Posted, error)
	// Update changes a message in place.
	Update(ctx context.Context, channelID, ts, id string, m Message) error
	// Find gives the time stamps by id of our messages in a channel, or in a thread of it,
	// that were posted since. complete is false where there were more than it reads.
	Find(ctx context.Context, channelID, thread string, since time.Time) (found map[string]string, complete bool, err error)
	// Resolve gives the id of a channel's name.
	Resolve(ctx context.Context, channel string) (id string, err error)
	// Check asks who we are and what we may do.
	Check(ctx context.Context) (Workspace, error)
}

// Posted is where Slack put a message.
type Posted struct {
	ChannelID string
	TS        string
}

// Workspace is who the token belongs to.
type Workspace struct {
	Team   string   `json:"team"`
	User   string   `json:"user"`
	Scopes []string `json:"scopes"` // empty where Slack does not say
}

// Slack is the Sender that speaks to Slack.
type Slack struct{ api *slack.Client }

// SlackOptions say how to reach Slack.
type SlackOptions struct {
	Token Token
	// APIURL is for a proxy or a test server; "" is Slack itself. Plain HTTP is taken for
	// this machine only: the token is sent along.
	APIURL string
	// Timeout of a call; 0 is 10 seconds.
	Timeout time.Duration
}

// callTimeout is how long Slack may take to answer.
const callTimeout = 10 * time.Second

// NewSlack makes the Sender for a token.
func NewSlack(opts SlackOptions) (*Slack, error) {
	if opts.Token.IsZero() {
		return nil, errors.New("slack: no token: set slack.token_file")
	}
	if opts.Timeout == 0 {
		opts.Timeout = callTimeout
	}
	options := []slack.Option{slack.OptionHTTPClient(&http.Client{
		Timeout: opts.Timeout,
		// A redirect would carry the token to whoever it names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})}
	if opts.APIURL != "" {
		address, err := apiURL(opts.APIURL)
		if err != nil {
			return nil, err
		}
		options = append(options, slack.OptionAPIURL(address))
	}
	return &Slack{api: slack.New(opts.Token.secret, options...)}, nil
}

func apiURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("slack.api_url %q is no address: write it as https://host/api/", text)
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "", fmt.Errorf("slack.api_url %q: only https is safe for the token, except on this machine", text)
	}
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}

const metadataType = "fairdial_delivery"

func options(id string, m Message) slack.MsgOption {
	return slack.MsgOptionCompose(
		slack.MsgOptionText(m.Fallback, false), // escaped already
		slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"delivery_id": id}}),
		slack.MsgOptionParse(false),
		slack.MsgOptionLinkNames(false),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
	)
}

// Post implements [Sender].
func (s *Slack) Post(ctx context.Context, channel, thread, id string, m Message) (Posted, error) {
	opts := []slack.MsgOption{options(id, m)}
	if thread != "" {
		opts = append(opts, slack.MsgOptionTS(thread))
	}
	channelID, ts, err := s.api.PostMessageContext(ctx, channel, opts...)
	return Posted{ChannelID: channelID, TS: ts}, classify("chat.postMessage", channel, err)
}

// Update implements [Sender].
func (s *Slack) Update(ctx context.Context, channelID, ts, id string, m Message) error {
	_, _, _, err := s.api.UpdateMessageContext(ctx, channelID, ts, options(id, m))
	return classify("chat.update", channelID, err)
}

// Upload shares a picture in a message's thread. It takes the scope files:write.
func (s *Slack) Upload(ctx context.Context, channelID, thread, title string, png []byte) error {
	_, err := s.api.UploadFileContext(ctx, slack.UploadFileParameters{
		Reader: bytes.NewReader(png), FileSize: len(png), Filename: "usage.png", Title: title, AltTxt: title,
		Channel: channelID, ThreadTimestamp: thread,
	})
	return classify("files.completeUploadExternal", channelID, err)
}

// How much of a channel is read to find a message: alerts stand in channels of their own.
const (
	findPage  = 200
	findPages = 10
)

// Find implements [Sender].
func (s *Slack) Find(ctx context.Context, channelID, thread string, since time.Time) (map[string]string, bool, error) {
	found := map[string]string{}
	cursor, oldest := "", strconv.FormatInt(since.Unix(), 10)
	for range findPages {
		messages, next, err := s.page(ctx, channelID, thread, oldest, cursor)
		if err != nil {
			return nil, false, err
		}
		for _, m := range messages {
			if id, ok := m.Metadata.EventPayload["delivery_id"].(string); ok && m.Metadata.EventType == metadataType {
				found[id] = m.Timestamp
			}
		}
		if next == "" {
			return found, true, nil
		}
		cursor = next
	}
	return found, false, nil
}

// page reads a part of a channel, or, since a channel's history does not hold replies, of
// a thread.
func (s *Slack) page(ctx context.Context, channelID, thread, oldest, cursor string) ([]slack.Message, string, error) {
	if thread != "" {
		messages, _, next, err := s.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channelID, Timestamp: thread, Oldest: oldest, Inclusive: true, Cursor: cursor, Limit: findPage, IncludeAllMetadata: true,
		})
		return messages, next, classify("conversations.replies", channelID, err)
	}
	answer, err := s.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: channelID, Oldest: oldest, Inclusive: true, Cursor: cursor, Limit: findPage, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, "", classify("conversations.history", channelID, err)
	}
	return answer.Messages, answer.ResponseMetaData.NextCursor, nil
}

var channelIDForm = regexp.MustCompile(`^[CGD][A-Z0-9]{6,}$`)

// Resolve implements [Sender].
func (s *Slack) Resolve(ctx context.Context, channel string) (string, error) {
	if channelIDForm.MatchString(channel) {
		return channel, nil
	}
	// Private channels need a scope of their own, so they are asked for by themselves.
	for _, kind := range []string{"public_channel", "private_channel"} {
		id, err := s.named(ctx, strings.TrimPrefix(channel, "#"), kind)
		if err != nil || id != "" {
			return id, classify("conversations.list", channel, err)
		}
	}
	return "", &SendError{Call: "conversations.list", Channel: channel, Code: "channel_not_found", class: refusedAll}
}

func (s *Slack) named(ctx context.Context, name, kind string) (string, error) {
	cursor := ""
	for {
		channels, next, err := s.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
			Cursor: cursor, Limit: findPage, ExcludeArchived: true, Types: []string{kind},
		})
		if err != nil {
			return "", err
		}
		if i := slices.IndexFunc(channels, func(c slack.Channel) bool { return c.Name == name }); i >= 0 {
			return channels[i].ID, nil
		}
		if next == "" {
			return "", nil
		}
		cursor = next
	}
}

// Check implements [Sender].
func (s *Slack) Check(ctx context.Context) (Workspace, error) {
	answer, err := s.api.AuthTestContext(ctx)
	if err != nil {
		return Workspace{}, classify("auth.test", "-", err)
	}
	w := Workspace{Team: answer.Team, User: answer.User}
	for scope := range strings.SplitSeq(answer.Header.Get("X-Oauth-Scopes"), ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			w.Scopes = append(w.Scopes, scope)
		}
	}
	return w, nil
}
