package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	"golang.org/x/text/language"
	textmessage "golang.org/x/text/message"
	"golang.org/x/text/number"
)

// languages are those whose numbers pages are written in; the first is for whoever asks for
// none of them. Words and dates are the same in all.
func languages() []language.Tag {
	out := []language.Tag{}
	for _, name := range []string{
		"en", "en-GB", "en-IN", "de", "de-CH", "fr", "fr-CH", "es", "es-419", "it", "nl", "pt", "pt-PT", "pl", "cs", "sk", "hu", "ro", "el", "tr", "uk",
		"sv", "nb", "da", "fi", "ja", "ko", "zh",
	} {
		out = append(out, language.MustParse(name))
	}
	return out
}

// longestLanguages bounds what is read of what a browser says about its reader, in bytes.
const longestLanguages = 256

// languageOf is which of languages a request is answered in.
func languageOf(matcher language.Matcher, r *http.Request) int {
	asks := r.Header.Get("Accept-Language")
	asked, _, err := language.ParseAcceptLanguage(asks[:min(len(asks), longestLanguages)])
	if err != nil {
		return 0
	}
	_, i, _ := matcher.Match(asked...)
	return i
}

// locale writes numbers as the readers of a language do.
type locale struct {
	printer *textmessage.Printer
	point   string // between a whole and its fraction
}

func localeOf(tag language.Tag) locale {
	l := locale{printer: textmessage.NewPrinter(tag)}
	l.point = strings.Trim(l.printer.Sprint(number.Decimal(1.5)), "15")
	return l
}

func (l locale) whole(n int64) string { return l.printer.Sprint(number.Decimal(n)) }

// minutes are the whole minutes of some seconds.
func (l locale) minutes(seconds int64) string { return l.whole(seconds / 60) }

// minutesAndSeconds are seconds as minutes and seconds: what is shown so adds up.
func (l locale) minutesAndSeconds(seconds int64) string {
	sign := ""
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return fmt.Sprintf("%s%s:%02d", sign, l.whole(seconds/60), seconds%60)
}

// any writes a whole number of any kind; another value as it is.
func (l locale) any(n any) string {
	v, err := strconv.ParseInt(toText(n), 10, 64)
	if err != nil {
		return toText(n)
	}
	return l.whole(v)
}

// figure writes a rule's figure: whole where it is or where it is large, else two digits.
func (l locale) figure(f float64) string {
	if f == float64(int64(f)) || f > 1000 || f < -1000 {
		return l.printer.Sprint(number.Decimal(f, number.MaxFractionDigits(0)))
	}
	return l.printer.Sprint(number.Decimal(f, number.Scale(2)))
}

// figureOf is a figure of a rule that came as text.
func (l locale) figureOf(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return l.figure(f)
}

// money writes an amount to some places, exactly.
func (l locale) money(d decimal.Decimal, places int32) string {
	whole, fraction, _ := strings.Cut(d.Abs().StringFixed(places), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return d.StringFixed(places)
	}
	sign := ""
	if d.Round(places).IsNegative() {
		sign = "-"
	}
	if fraction != "" {
		fraction = l.point + fraction
	}
	return sign + l.whole(n) + fraction
}

// priced writes an amount to two places, and says where no rate is known for any of its
// calls.
func (l locale) priced(d *decimal.Decimal) string {
	if d == nil {
		return "unpriced"
	}
	return l.money(*d, 2)
}

// uncut writes an amount with all its digits, so that rows add up to their total: two places at least.
func (l locale) uncut(d *decimal.Decimal) string {
	if d == nil {
		return "unpriced"
	}
	places := int32(2)
	for !d.Truncate(places).Equal(*d) {
		places++
	}
	return l.money(*d, places)
}

// percent is a part of a whole, rounded: all of it is 100 % and nothing else is.
func (l locale) percent(part, whole int64) string {
	if whole <= 0 {
		return "–"
	}
	if part > 0 && part*100 < whole {
		return "< " + l.hundredths(1)
	}
	nearest := (part*200 + whole) / (2 * whole)
	if part < whole {
		nearest = min(nearest, 99)
	}
	return l.hundredths(nearest)
}

func (l locale) hundredths(n int64) string {
	return l.printer.Sprint(number.Percent(float64(n)/100, number.MaxFractionDigits(0)))
}
