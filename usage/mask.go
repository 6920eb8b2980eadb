package usage

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	// kept are runs of digits that are no phone numbers: times and ids.
	kept = regexp.MustCompile(`\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?` +
		`|[0-3]?\d[./][0-3]?\d[./](?:19|20)\d{2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?` +
		`|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}`)
	// candidate is what could be a phone number: digits of any script, hidden ones too ("*"
	// in the source's files, "·" in the rules' sentences), with the separators that people
	// put between groups: spaces and dashes of any kind too.
	candidate = regexp.MustCompile(`(?:\+ ?)?\(?\p{Nd}(?:[\p{Zs}\p{Pd}.()/_]{0,3}[\p{Nd}*·])*`)
	digits    = regexp.MustCompile(`[\p{Nd}*·]+`)
	hidden    = regexp.MustCompile(`[*·]{4,}$`)
	amount    = regexp.MustCompile(`^\d{1,8}\.\d{1,2}$`)
	// trunk is how a number begins that is dialled with a prefix, as people write it.
	trunk    = regexp.MustCompile(`^\(?0\p{Nd}`)
	fraction = regexp.MustCompile(`^\d+\.\d+$`)
)

// MaskNumbers leaves the last four digits of every phone number in a text. One that has its last
// four hidden already, and no more than a block before them, stays as it is.
func MaskNumbers(s string) string {
	if len(strings.Map(digitOrStar, s)) < fewest {
		return s // most texts: no need to look closer
	}
	var b strings.Builder
	from := 0
	for _, span := range kept.FindAllStringIndex(s, -1) {
		if goesOn(s[:span[0]], s[span[1]:]) {
			continue
		}
		b.WriteString(maskEach(s[from:span[0]]))
		b.WriteString(s[span[0]:span[1]])
		from = span[1]
	}
	b.WriteString(maskEach(s[from:]))
	return b.String()
}

// goesOn says whether what looks like a date is a part of more digits.
func goesOn(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, size := utf8.DecodeRuneInString(after)
	if strings.ContainsRune("./-", first) {
		first, _ = utf8.DecodeRuneInString(after[size:])
	}
	return strings.ContainsRune("+(./-", last) || unicode.Is(unicode.Nd, last) || unicode.Is(unicode.Nd, first)
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

func maskEach(s string) string {
	return candidate.ReplaceAllStringFunc(s, func(found string) string {
		if !isPhone(found) {
			return found
		}
		number := []rune(strings.Join(digits.FindAllString(found, -1), ""))
		if end := hidden.FindString(string(number)); len(number)-utf8.RuneCountInString(end) <= block && end != "" {
			return found // no subscriber is named: this much is a block of 10,000 numbers
		}
		return "•••" + string(number[len(number)-4:])
	})
}

// isPhone tells numbers to dial from counts and amounts. With a plus, seven digits make one.
// Without, it takes seven in a row, a prefix to dial first, or at least three groups of up to four.
func isPhone(s string) bool {
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
	case trunk.MatchString(s) && !fraction.MatchString(s):
		return true
	default:
		return len(groups) >= 3 && longest <= 4
	}
}
