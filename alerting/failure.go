package alerting

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// class says what a failed call means for what comes next.
type class int

const (
	// unsure: no answer, or one that does not say whether the call was carried out. A
	// message must be looked for before it is sent again.
	unsure class = iota
	// later: refused for now; RetryAfter says until when.
	later
	// refusedMessage: this message is not taken. Others may be.
	refusedMessage
	// refusedAll: nothing gets through until a person mends it: token, scope, channel.
	refusedAll
	// gone: the message to be changed is not there any more.
	gone
)

// SendError is a call to Slack that failed.
type SendError struct {
	Call       string // such as chat.postMessage
	Channel    string
	Code       string // Slack's, or "http_503", "no_answer", "rate_limited"
	RetryAfter time.Duration
	needed     string // the scope that is missing, where Slack says so
	class      class
	err        error
}

func (e *SendError) Error() string {
	text := fmt.Sprintf("slack %s to channel %s: %s", e.Call, e.Channel, e.Code)
	if e.needed != "" {
		return fmt.Sprintf("%s: the app lacks the scope: it needs %s", text, e.needed)
	}
	if hint := hints[e.Code]; hint != "" {
		return text + ": " + hint
	}
	if e.err != nil && e.err.Error() != e.Code {
		text += ": " + e.err.Error()
	}
	return text
}

func (e *SendError) Unwrap() error { return e.err }

// hints say what to do about a code.
var hints = map[string]string{
	"invalid_auth":            "the token is wrong: put the bot token (xoxb-…) of the app into slack.token_file",
	"not_authed":              "no token was sent: set slack.token_file",
	"account_inactive":        "the token's app or user was removed: install the app again and renew the token",
	"token_revoked":           "the token was revoked: install the app again and renew the token",
	"token_expired":           "the token has expired: renew it",
	"missing_scope":           "the app lacks a scope: it needs chat:write, and channels:history (groups:history in a private channel) to look for messages after a crash, and files:write for charts",
	"channel_not_found":       "there is no such channel, or it is private and the app is no member: check slack.channel, and invite the app with /invite",
	"not_in_channel":          "the app is no member of the channel: invite it with /invite",
	"is_archived":             "the channel is archived: choose another in slack.channel",
	"restricted_action":       "a setting of the workspace forbids posting there: choose another channel in slack.channel",
	"msg_too_long":            "the message is too long for Slack",
	"msg_blocks_too_long":     "the message's blocks are too long for Slack",
	"invalid_blocks":          "Slack does not take the message's layout",
	"rate_limited":            "Slack asks to wait",
	"team_access_not_granted": "the app is not installed in the channel's workspace: install it there",
}

const codeNoAnswer = "no_answer"

// classes of Slack's codes. One that is not listed concerns the message.
var classes = map[string]class{
	"invalid_auth": refusedAll, "not_authed": refusedAll, "account_inactive": refusedAll, "token_revoked": refusedAll,
	"token_expired": refusedAll, "no_permission": refusedAll, "missing_scope": refusedAll, "org_login_required": refusedAll,
	"ekm_access_denied": refusedAll, "team_access_not_granted": refusedAll, "access_denied": refusedAll,
	"enterprise_is_restricted": refusedAll, "not_allowed_token_type": refusedAll, "two_factor_setup_required": refusedAll,
	"channel_not_found": refusedAll, "not_in_channel": refusedAll, "is_archived": refusedAll, "restricted_action": refusedAll,
	"restricted_action_read_only_channel": refusedAll, "channel_type_not_supported": refusedAll, "unknown_method": refusedAll,

	"message_not_found": gone, "cant_update_message": gone, "edit_window_closed": gone, "thread_not_found": gone,

	// Slack's documentation of fatal_error: "It's possible some aspect of the operation
	// succeeded before the error was raised."
	"internal_error": unsure, "fatal_error": unsure, "service_unavailable": unsure, "request_timeout": unsure,
	"ratelimited": later, "rate_limited": later, "message_limit_exceeded": later,
}

// classOf is the class of a code that was recorded.
func classOf(code string) class {
	switch {
	case code == codeNoAnswer, strings.HasPrefix(code, "http_5"):
		return unsure
	case strings.HasPrefix(code, "http_"):
		return refusedAll
	}
	if known, ok := classes[code]; ok {
		return known
	}
	return refusedMessage
}

// blind says whether a call that looks for a message failed because we may not look, while
// we may well be allowed to send.
func (e *SendError) blind() bool {
	switch e.Code {
	case "missing_scope", "channel_not_found", "not_in_channel", "access_denied", "unknown_method":
		return true
	default:
		return false
	}
}

// ofChannel says whether only this channel is closed to us.
func (e *SendError) ofChannel() bool {
	switch e.Code {
	case "channel_not_found", "not_in_channel", "is_archived", "restricted_action",
		"restricted_action_read_only_channel", "channel_type_not_supported", "team_access_not_granted":
		return true
	default:
		return false
	}
}

// defaultRetryAfter is waited where Slack says that there is too much but not for how long.
const defaultRetryAfter = 30 * time.Second

// classify makes a SendError of what slack-go returns.
func classify(call, channel string, err error) error {
	if err == nil {
		return nil
	}
	e := &SendError{Call: call, Channel: channel, err: err}
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		e.Code, e.class, e.RetryAfter = "rate_limited", later, limited.RetryAfter
	} else if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		e.Code = fmt.Sprintf("http_%d", status.Code)
		e.class = classOf(e.Code)
		if status.Code == http.StatusTooManyRequests {
			e.Code, e.class, e.RetryAfter = "rate_limited", later, defaultRetryAfter
		}
	} else if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		e.Code = refused.Err
		e.class = classOf(e.Code)
		if e.class == later {
			e.RetryAfter = defaultRetryAfter
		}
		e.needed = refused.Needed
	} else {
		e.Code, e.class = codeNoAnswer, unsure
	}
	return e
}
