package alerting

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"fairdial/usage"
)

// clean makes text that somebody else chose (a display name, a sentence with a name in it)
// fit to be shown: one line, no invisible characters that reorder or hide others, phone
// numbers masked, at most limit characters. What it gives is not safe from Slack's markup:
// it goes into plain_text objects, or through escape.
func clean(s string, limit int) string {
	if len(s) > maxRaw {
		// Cut between words: half a phone number would not be seen to be one.
		s = s[:max(strings.LastIndexAny(s[:maxRaw], " \t\n"), 0)] + "…"
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200c' || r == '\u200d': // joiners: some scripts and emoji need them
			return r
		case unicode.IsSpace(r) || unicode.Is(unicode.Cc, r) || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r):
			return -1 // overrides and isolates of direction, zero-width spaces, tags
		default:
			return r
		}
	}, s)
	s = truncate(usage.MaskNumbers(strings.Join(strings.Fields(s), " ")), limit)
	if strings.IndexFunc(s, rightToLeft) >= 0 {
		return "\u2068" + s + "\u2069" // isolated, so that it does not reorder what stands around it
	}
	return s
}

// maxRaw bounds what is looked at of one text, in bytes.
const maxRaw = 16 << 10

func rightToLeft(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko)
}

// truncate cuts to limit characters, the last one being "…" where something was cut.
func truncate(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return strings.TrimRight(string(runes[:limit-1]), " ") + "…"
}

// escape makes text inert in Slack's mrkdwn: no link, mention or channel can begin.
// docs.slack.dev, "Formatting message text": these three characters and no others.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
