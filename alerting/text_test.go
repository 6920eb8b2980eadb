package alerting

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Dana Reyes":                        "Dana Reyes",
		" two\nlines\tand\u2028more\u00a0":  "two lines and more",
		"bell\x07 and \x1b[31mred":          "bell and [31mred",
		"user\u202Egpj.exe":                 "usergpj.exe",
		"zero\u200Bwidth\uFEFF":             "zerowidth",
		"tag\U000E0041\U000E007F":           "tag",
		"family \U0001F468\u200D\U0001F469": "family \U0001F468\u200D\U0001F469",
		"broken \xff\xfe":                   "broken \uFFFD",
		"דנה":                               "\u2068דנה\u2069",
		"+1 (605) 555-0123 called":          "•••0123 called",
		"":                                  "",
		"\u202E \n":                         "",
	} {
		require.Equal(t, want, clean(in, 60), "%q", in)
	}
	require.Equal(t, "abcd…", clean("abcdefgh", 5))
	require.Equal(t, "•••0…", clean("+16055550123", 5), "masked before it is cut")
}

func TestNumbers(t *testing.T) {
	for in, want := range map[float64]string{
		0: "0", 1: "1", 999.999: "1,000", 1234.5: "1,234.5", -1234567.891: "-1,234,567.89", 0.004: "0", -0.001: "0", 12.10: "12.1",
	} {
		require.Equal(t, want, number(in), "%v", in)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"Dana", "+1 605 555 0123", "\u202Eevil", "<!channel>", "\xff", "דנה\nx", "٠١٢٣٤٥٦٧٨٩"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		const limit = 50
		out := clean(s, limit)
		if !utf8.ValidString(out) {
			t.Fatalf("%q is not UTF-8", out)
		}
		if n := utf8.RuneCountInString(out); n > limit+2 {
			t.Fatalf("%q has %d characters", out, n)
		}
		inner := strings.TrimSuffix(strings.TrimPrefix(out, "\u2068"), "\u2069")
		run := 0
		for _, r := range inner {
			if unicode.IsControl(r) || r != '\u200c' && r != '\u200d' && unicode.Is(unicode.Cf, r) {
				t.Fatalf("%q holds %U", out, r)
			}
			if run++; !unicode.Is(unicode.Nd, r) {
				run = 0
			}
			if run > 7 {
				t.Fatalf("%q of %q shows more than a block of numbers", out, s)
			}
		}
		if again := clean(inner, limit); again != out && !strings.HasSuffix(inner, "…") {
			t.Fatalf("cleaning twice changes %q to %q", out, again)
		}
	})
}

func FuzzEscape(f *testing.F) {
	f.Add("<!channel> & <https://example.com|x>")
	f.Fuzz(func(t *testing.T, s string) {
		if out := escape(s); strings.ContainsAny(out, "<>") {
			t.Fatalf("%q is active", out)
		}
	})
}

// A token shows in no way of printing or encoding it, nor does a value that holds it.
func TestATokenIsNeverShown(t *testing.T) {
	const secret = "xoxb-1234-very-secret"
	token := NewToken(" " + secret + "\n")
	require.False(t, token.IsZero())
	require.Equal(t, "[secret]", token.String())
	require.Empty(t, NewToken(" \n").String())
	var log strings.Builder
	holder := struct {
		T Token
		P *Token
	}{token, &token}
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", token, "holder", holder, "options", SlackOptions{Token: token})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", token, "holder", holder, "options", SlackOptions{Token: token})
	shown := []string{log.String(), fmt.Errorf("bad token %v", token).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%o", "%U"} {
		shown = append(shown, fmt.Sprintf(verb, token), fmt.Sprintf(verb, &token), fmt.Sprintf(verb, holder), fmt.Sprintf(verb, SlackOptions{Token: token}))
	}
	b, err := json.Marshal(map[string]any{"a": token, "b": holder})
	require.NoError(t, err)
	shown = append(shown, string(b))
	for _, s := range shown {
		require.NotContains(t, s, secret)
		require.NotContains(t, s, fmt.Sprintf("%x", secret))
		require.NotContains(t, s, fmt.Sprintf("%X", secret))
	}
}
