package console

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// formats are how values stand on pages: times in UTC, use in whole minutes.
func formats() template.FuncMap {
	return template.FuncMap{
		"minutes":   func(seconds int64) string { return grouped(seconds / 60) },
		"minutesOf": func(seconds any) string { return grouped(asInt(seconds) / 60) },
		"percentOf": func(part, whole any) string { return percent(asInt(part), asInt(whole)) },
		"add":       func(a, b int) int { return a + b },
		"whole":     func(n *int64) int64 { return *n },
		"moment":    func(t *time.Time) time.Time { return *t },
		"number":    func(n any) string { return groupedAny(n) },
		"amount":    func(f float64) string { return figure(f) },
		"priced":    priced,
		"percent":   percent,
		"clock":     clock,
		"day":       func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
		"age":       age,
		"bucket":    bucketName,
		"figure":    figureOf,
		"mask":      maskNumber,
		"safe":      maskText,
		"words":     func(v any) string { return strings.ReplaceAll(fmt.Sprint(v), "_", " ") },
		"deref":     func(f *float64) float64 { return *f },
	}
}

// priced writes an amount to two places, and says where no rate is known for any of its
// calls.
func priced(d *decimal.Decimal) string {
	if d == nil {
		return "unpriced"
	}
	return d.StringFixed(2)
}

func percent(part, whole int64) string {
	if whole <= 0 {
		return "–"
	}
	if part > 0 && part*100 < whole {
		return "< 1 %"
	}
	return fmt.Sprintf("%d %%", part*100/whole)
}

func clock(t time.Time) string {
	if t.IsZero() || t.Unix() <= 0 {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// age is how long ago something was, in its largest unit.
func age(now, then time.Time) string {
	switch d := now.Sub(then); {
	case d < time.Minute:
		return "< 1 min"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return grouped(int64(d.Hours())/24) + " d"
	}
}

// bucketName is a bucket, or a rule of the rating, as people write it.
func bucketName(name any) string {
	return strings.ReplaceAll(fmt.Sprint(name), "addon", "add-on")
}

// figureOf is a figure of a rule that came as text.
func figureOf(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return figure(f)
}

func groupedAny(n any) string {
	v, err := strconv.ParseInt(fmt.Sprint(n), 10, 64)
	if err != nil {
		return fmt.Sprint(n)
	}
	return grouped(v)
}

// asInt is a whole number of any kind, 0 of what is none.
func asInt(n any) int64 {
	v, _ := strconv.ParseInt(fmt.Sprint(n), 10, 64)
	return v
}

// grouped writes thousands apart: 12,345.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	from := 0
	if n < 0 {
		from = 1
	}
	for at := len(text) - 3; at > from; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// figure writes a rule's figure: whole where it is, else two digits.
func figure(f float64) string {
	if f == float64(int64(f)) {
		return grouped(int64(f))
	}
	if f > 1000 || f < -1000 {
		return grouped(int64(math.Round(f)))
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

// phone is a number in a sentence, of which a source or a rule may have hidden the end.
var phone = regexp.MustCompile(`\+\d[\d().*·-]{5,}[\d*·]`)

// maskNumber leaves the last four digits of a phone number, as on every page.
func maskNumber(number string) string {
	if number == "" {
		return "–"
	}
	if len(number) <= 4 {
		return number
	}
	if strings.HasSuffix(number, "*") || strings.HasSuffix(number, "·") {
		return number // its subscriber is hidden already
	}
	return "…" + number[len(number)-4:]
}

// maskText masks the phone numbers in a sentence.
func maskText(text string) string { return phone.ReplaceAllStringFunc(text, maskNumber) }
