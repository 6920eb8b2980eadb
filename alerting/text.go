package alerting

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
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
	s = truncate(mask(strings.Join(strings.Fields(s), " ")), limit)
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

var (
	// kept are runs of digits that are no phone numbers: times and ids.
	kept = regexp.MustCompile(`\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?` +
		`|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}`)
	// candidate is what could be a phone number: digits of any script, hidden ones too ("*"
	// in the source's files, "·" in the rules' sentences), with the separators that people
	// put between groups.
	candidate = regexp.MustCompile(`(?:\+ ?)?\(?\p{Nd}(?:[ .()/\-]{0,2}[\p{Nd}*·])*`)
	digits    = regexp.MustCompile(`[\p{Nd}*·]+`)
	hidden    = regexp.MustCompile(`[*·]{4,}$`)
	amount    = regexp.MustCompile(`^\d{1,8}\.\d{1,2}$`)
)

// mask leaves the last four digits of every phone number in a text. One that has its last
// four hidden already, and no more than a block before them, stays as it is.
func mask(s string) string {
	if len(strings.Map(digitOrStar, s)) < fewest {
		return s // most texts: no need to look closer
	}
	var b strings.Builder
	from := 0
	for _, span := range kept.FindAllStringIndex(s, -1) {
		b.WriteString(maskAll(s[from:span[0]]))
		b.WriteString(s[span[0]:span[1]])
		from = span[1]
	}
	b.WriteString(maskAll(s[from:]))
	return b.String()
}

// fewest digits of what can be dialled from abroad.
const fewest = 7

// block is how many digits name a block of numbers in North America: 1 and NPA-NXX.
const block = 7

func digitOrStar(r rune) rune {
	if r == '*' || r == '·' || unicode.Is(unicode.Nd, r) {
		return '0'
	}
	return -1
}

func maskAll(s string) string {
	return candidate.ReplaceAllStringFunc(s, func(found string) string {
		if !phone(found) {
			return found
		}
		number := []rune(strings.Join(digits.FindAllString(found, -1), ""))
		if end := hidden.FindString(string(number)); len(number)-utf8.RuneCountInString(end) <= block && end != "" {
			return found // no subscriber is named: this much is a block of 10,000 numbers
		}
		return "•••" + string(number[len(number)-4:])
	})
}

// phone tells numbers to dial from counts and amounts. With a plus, seven digits make one.
// Without, it takes seven in a row, or at least three groups of up to four.
func phone(s string) bool {
	groups := digits.FindAllString(s, -1)
	total, longest := 0, 0
	for _, g := range groups {
		n := utf8.RuneCountInString(g)
		total, longest = total+n, max(longest, n)
	}
	switch {
	case total < fewest || amount.MatchString(s):
		return false
	case strings.HasPrefix(s, "+"), longest >= fewest:
		return true
	default:
		return len(groups) >= 3 && longest <= 4
	}
}
