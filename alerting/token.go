package alerting

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const redacted = "[secret]"

// Token is a Slack bot token. No way of printing, logging or encoding it shows it.
type Token struct{ secret string }

// NewToken takes a token as it stands in a file or an environment variable.
func NewToken(text string) Token { return Token{strings.TrimSpace(text)} }

// IsZero says that there is no token.
func (t Token) IsZero() bool { return t.secret == "" }

// String hides the token; it still tells whether there is one.
func (t Token) String() string {
	if t.IsZero() {
		return ""
	}
	return redacted
}

// Format hides the token from every verb: fmt reads private fields where a verb does not
// ask for a text.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// GoString hides the token from %#v of a value that holds it.
func (t Token) GoString() string { return fmt.Sprintf("%q", t.String()) }

// MarshalText hides the token from encoders.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON hides the token from JSON.
func (t Token) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", t.String()), nil }

// LogValue hides the token from slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }
