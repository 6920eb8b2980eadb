package numbering

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// mostDigits is more than any numbering plan uses (E.164: 15), with room for
	// an international prefix. A longer text is no telephone number.
	mostDigits = 24
	// longestText bounds the work a hostile field can cause, in bytes.
	longestText = 96
	// hiddenDigit stands for a digit that the source masked.
	hiddenDigit = 0xff
)

// dialled is a number as it was written: its digits in order, without whatever
// stood between them.
type dialled struct {
	digits [mostDigits]byte // 0 to 9, or hiddenDigit
	n      int
	masked bool
	// international says that a plus sign or an international prefix leads to
	// the country code. Without one the digits are only taken for an
	// international number if they make a valid one.
	international bool
}

// dissect takes a number apart. It reports false for what is no telephone number.
func dissect(text string) (d dialled, ok bool) {
	if len(text) > longestText {
		return d, false
	}
	text = strings.Trim(text, " \t\r\n")
	if len(text) >= 4 && strings.EqualFold(text[:4], "tel:") {
		text = text[4:]
	}
	// Spreadsheets keep a number from becoming a sum by a leading apostrophe.
	text = strings.TrimPrefix(text, "'")
	for i := 0; i < len(text); {
		c, size := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(text[i:])
			c = narrow(c)
		}
		rest := text[i+size:]
		switch {
		case c >= '0' && c <= '9':
			if !d.add(byte(c - '0')) {
				return d, false
			}
		case c == '+':
			if d.n > 0 || d.international {
				return d, false
			}
			d.international = true
		case c == '*':
			if !d.add(hiddenDigit) {
				return d, false
			}
		case c == 'x' || c == 'X':
			if isExtension(d.n, rest) {
				return d.finish()
			}
			if !d.add(hiddenDigit) {
				return d, false
			}
		case c == '(' && strings.HasPrefix(rest, "0)") && d.international && d.n > 0:
			// "+44 (0)20": the trunk prefix that is not dialled from abroad.
			size += len("0)")
		case c == ';' || c == ',':
			// RFC 3966 parameters; pauses before digits sent after the answer.
			return d.finish()
		case (c == 'e' || c == 'E') && len(rest) >= 2 && strings.EqualFold(rest[:2], "xt"):
			return d.finish()
		case !isSeparator(c):
			return d, false
		}
		i += size
	}
	return d.finish()
}

func (d *dialled) add(digit byte) bool {
	if d.n == mostDigits {
		return false
	}
	d.digits[d.n] = digit
	d.n++
	d.masked = d.masked || digit == hiddenDigit
	return true
}

// finish drops an international prefix: 00 (ITU-T E.123, most of the world), or
// 011 (from within +1). No country code begins with 0, so after a plus sign it
// can be nothing else.
func (d dialled) finish() (dialled, bool) {
	drop := 0
	switch {
	case d.n > 2 && d.digits[0] == 0 && d.digits[1] == 0:
		drop = 2
		d.international = true
	case d.n > 3 && d.digits[0] == 0 && d.digits[1] == 1 && d.digits[2] == 1:
		// Without a plus it could as well be a national number (011x is
		// Sheffield to Leicester), so it stays in doubt.
		drop = 3
	}
	if drop > 0 {
		d.n = copy(d.digits[:], d.digits[drop:d.n])
	}
	return d, d.n > 0 && d.digits[0] != 0 && d.digits[0] != hiddenDigit
}

// visible is how many digits there are before the first masked one.
func (d *dialled) visible() int {
	for i, c := range d.digits[:d.n] {
		if c == hiddenDigit {
			return i
		}
	}
	return d.n
}

// isExtension tells "+1 605 475 1234 x12" from a masked "+1 605 475 xxxx": one
// x after a number long enough to be whole, with digits after it.
func isExtension(digits int, rest string) bool {
	rest = strings.TrimLeft(rest, " .-")
	return digits >= 7 && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// narrow gives the ASCII form of full-width digits and signs.
func narrow(c rune) rune {
	if c >= '！' && c <= '～' {
		return c - '！' + '!'
	}
	return c
}

func isSeparator(c rune) bool {
	switch c {
	case ' ', '-', '.', '(', ')', '/', '\t':
		return true
	}
	// Other spaces and dashes, and the invisible marks that come with pasted text.
	return c >= utf8.RuneSelf && (unicode.Is(unicode.Zs, c) || unicode.Is(unicode.Pd, c) || unicode.Is(unicode.Cf, c))
}
