package usage

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var (
	// kept are runs of digits that are no phone numbers: times, ids, hashes, amounts of money and of
	// time, and addresses of machines.
	kept = regexp.MustCompile(`\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?` +
		`|[0-3]?\d[./][0-3]?\d[./](?:19|20)\d{2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?` +
		`|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}` +
		`|\b(?:c-)?[0-9a-fA-F]{16,64}\b` +
		`|(` + // what may go on before all the same
		`[€$£¥]\s?\d{1,3}(?:(?:[ .,\x{a0}]\d{3})+|\d{0,5})(?:[.,]\d{1,4})?\b` +
		`|\d{1,3}(?:(?:[ .,\x{a0}]\d{3})+|\d{0,5})(?:[.,]\d{1,4})?[ \x{a0}](?:USD|EUR|GBP|CHF|CAD|AUD|JPY|minutes?|seconds?)\b` +
		`|\d{1,3}(?:[ .\x{a0}]\d{3})+,\d{1,2}\b` +
		`|\b(?:\d{1,3}\.){3}\d{1,3}\b)`)
	hash    = regexp.MustCompile(`^(?:c-)?[0-9a-fA-F]{16,}$`)
	address = regexp.MustCompile(`^(?:\d{1,3}\.){3}\d{1,3}$`)
	// candidate is what could be a phone number: digits of any script, hidden ones too ("*"
	// in the source's files, "·" in the rules' sentences), with the separators that people
	// put between groups: spaces and dashes of any kind too.
	candidate = regexp.MustCompile(`(?:\+ ?)?\(?\p{Nd}(?:[\p{Zs}\p{Pd}.()/_]{0,3}[\p{Nd}*·])*`)
	digits    = regexp.MustCompile(`[\p{Nd}*·]+`)
	// whole is a number without gaps: what comes after it is another, or a count.
	whole  = regexp.MustCompile(`[\p{Nd}*·]{10,}`)
	hidden = regexp.MustCompile(`[*·]{4,}$`)
	amount = regexp.MustCompile(`^\d{1,8}\.\d{1,2}$`)
	// trunk is how a number begins that is dialled with a prefix, as people write it.
	trunk    = regexp.MustCompile(`^\(?0\p{Nd}`)
	part     = regexp.MustCompile(`^0\.\d+$`) // of one
	fraction = regexp.MustCompile(`^\d+\.\d+$`)
)

// MaskNumbers leaves the last four digits of every phone number in a text. One that has its last
// four hidden already, and no more than a block before them, stays as it is.
func MaskNumbers(s string) string { return MaskNumbersAs(s, "•••") }

// MaskNumbersAs is MaskNumbers with another sign for what is left out.
func MaskNumbersAs(s, sign string) string {
	if !suspicious(s) {
		return s // most texts: no need to look closer
	}
	var b strings.Builder
	from := 0
	for _, span := range kept.FindAllStringSubmatchIndex(s, -1) {
		before := s[:span[0]]
		if goesOn(before, s[span[1]:]) || span[2] >= 0 && begun(before) || dialled(s[span[0]:span[1]]) {
			continue
		}
		b.WriteString(maskEach(s[from:span[0]], sign))
		b.WriteString(s[span[0]:span[1]])
		from = span[1]
	}
	b.WriteString(maskEach(s[from:], sign))
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

// begun says whether digits stand before, apart by what people put between groups of a number.
func begun(before string) bool {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(before, " .()/-\u00a0"))
	return unicode.Is(unicode.Nd, last)
}

// dialled says whether what looks like a hash or a machine's address is a phone number all the
// same: digits alone, or groups that no address has.
func dialled(found string) bool {
	if hash.MatchString(found) {
		return !strings.ContainsAny(strings.TrimPrefix(found, "c-"), "abcdefABCDEF")
	}
	if !address.MatchString(found) {
		return false
	}
	pairs := true // as some countries write numbers
	for group := range strings.SplitSeq(found, ".") {
		n, _ := strconv.Atoi(group)
		if n > 255 || len(group) > 1 && group[0] == '0' {
			return true
		}
		pairs = pairs && len(group) == 2
	}
	return pairs
}

// fewest digits of what can be dialled from abroad.
const fewest = 7

// block is how many digits name a block of numbers in North America: 1 and NPA-NXX.
const block = 7

// suspicious says whether a text has a stretch of digits that could be a phone number. It is quick,
// for lists are long and their texts have days and hidden numbers in them.
func suspicious(s string) bool {
	start, count := -1, 0
	for i, r := range s {
		switch {
		case isDigit(r) || r == '*' || r == '·':
			if start < 0 {
				start = i
			}
			count++
		case start < 0 || separates(r):
		default:
			if count >= fewest && !harmless(s[:start], s[start:i]) {
				return true
			}
			start, count = -1, 0
		}
	}
	return start >= 0 && count >= fewest && !harmless(s[:start], s[start:])
}

func isDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= utf8.RuneSelf && unicode.Is(unicode.Nd, r)
}

func separates(r rune) bool {
	return strings.ContainsRune(" -.()/_", r) || r >= utf8.RuneSelf && unicode.In(r, unicode.Zs, unicode.Pd)
}

// harmless says of a stretch that it is a day, or a block of numbers whose rest is hidden.
func harmless(before, stretch string) bool {
	stretch = strings.TrimRight(stretch, " .)")
	if _, err := time.Parse(time.DateOnly, stretch); err == nil {
		last, _ := utf8.DecodeLastRuneInString(before)
		return !strings.ContainsRune("+(./-", last)
	}
	shown := strings.TrimRight(stretch, "*·")
	if len(shown) > block || utf8.RuneCountInString(stretch)-len(shown) < 4 {
		return false
	}
	return !strings.ContainsFunc(shown, func(r rune) bool { return r < '0' || r > '9' })
}

func maskEach(s, sign string) string {
	return candidate.ReplaceAllStringFunc(s, func(found string) string {
		if end := whole.FindStringIndex(found); end != nil && end[1] < len(found) {
			return maskEach(found[:end[1]], sign) + maskEach(found[end[1]:], sign)
		}
		if !isPhone(found) {
			return found
		}
		number := []rune(strings.Join(digits.FindAllString(found, -1), ""))
		if end := hidden.FindString(string(number)); len(number)-utf8.RuneCountInString(end) <= block && end != "" {
			return found // no subscriber is named: this much is a block of 10,000 numbers
		}
		return sign + string(number[len(number)-4:])
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
	case total < fewest || amount.MatchString(s) || part.MatchString(s):
		return false
	case strings.HasPrefix(s, "+"), longest >= fewest:
		return true
	case trunk.MatchString(s) && !fraction.MatchString(s):
		return true
	default:
		return len(groups) >= 3 && longest <= 4
	}
}
