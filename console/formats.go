package console

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"fairdial/rating"
	"fairdial/usage"
)

// formats are how values stand on pages: numbers as the reader's language has them, times in
// UTC, use in whole minutes.
func formats(l locale) template.FuncMap {
	return template.FuncMap{
		"minutes":    l.minutes,
		"minutesOf":  func(seconds any) string { return l.minutes(asInt(seconds)) },
		"exactly":    func(seconds any) string { return l.minutesAndSeconds(asInt(seconds)) },
		"percent":    l.percent,
		"percentOf":  func(part, whole any) string { return l.percent(asInt(part), asInt(whole)) },
		"share":      func(f *float64) string { return l.hundredths(int64(*f * 100)) },
		"add":        func(a, b int) int { return a + b },
		"whole":      func(n *int64) int64 { return *n },
		"moment":     func(t *time.Time) time.Time { return *t },
		"number":     l.any,
		"amount":     l.figure,
		"figure":     l.figureOf,
		"priced":     l.priced,
		"uncut":      l.uncut,
		"money":      func(d decimal.Decimal) string { return l.money(d, 2) },
		"exact":      func(d decimal.Decimal) string { return l.money(d, 4) },
		"places":     func(places int32, d decimal.Decimal) string { return l.money(d, places) },
		"clock":      timeTag,
		"when":       func(now, at time.Time) template.HTML { return when(l, now, at) },
		"day":        func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
		"age":        func(now, then time.Time) string { return age(l, now, then) },
		"bucket":     bucketName,
		"paidThere":  paidThere,
		"plain":      withoutCommand,
		"mask":       maskNumber,
		"safe":       maskText,
		"words":      words,
		"lower":      strings.ToLower,
		"lasted":     lasted,
		"deref":      func(f *float64) float64 { return *f },
		"paidBar":    paidBar,
		"dayChart":   func(c dayPlot) template.HTML { return dayChart(l, c) },
		"burnChart":  func(s rating.PoolStanding) template.HTML { return burnChart(l, s) },
		"spentChart": func(m *spentMonth) template.HTML { return spentChart(l, m) },
		"hourChart":  func(hours []hourUse) template.HTML { return hourChart(l, hours) },
	}
}

// lasted is a length in seconds as people say it.
func lasted(seconds uint32) string {
	d := time.Duration(seconds) * time.Second
	if d < time.Minute {
		return fmt.Sprintf("%d s", seconds)
	}
	if d < time.Hour {
		return fmt.Sprintf("%d min %d s", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d h %d min %d s", seconds/3600, seconds/60%60, seconds%60)
}

// words are a term of the field as people write it.
func words(v any) string { return strings.ReplaceAll(toText(v), "_", " ") }

func toText(v any) string { return fmt.Sprint(v) }

// timeTag is a time for people and for programs; the script says its age where one points.
func timeTag(t time.Time) template.HTML {
	if t.IsZero() || t.Unix() <= 0 {
		return "–"
	}
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + clock(t) + `</time>`) //nolint:gosec // digits and fixed words
}

// when is a time and how long ago it was, or in how long it will be.
func when(l locale, now, t time.Time) template.HTML {
	if t.IsZero() || t.Unix() <= 0 {
		return "–"
	}
	text := age(l, now, t) + " ago"
	if t.After(now) {
		text = "in " + age(l, t, now)
	}
	return timeTag(t) + template.HTML(` <small class="quiet nowrap">`+template.HTMLEscapeString(text)+`</small>`) //nolint:gosec // escaped
}

func clock(t time.Time) string {
	if t.IsZero() || t.Unix() <= 0 {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// age is how long ago something was, in its largest unit.
func age(l locale, now, then time.Time) string {
	switch d := now.Sub(then); {
	case d < time.Minute:
		return "< 1 min"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return l.whole(int64(d.Hours())/24) + " d"
	}
}

// bucketName is a bucket, or a rule of the rating, as people write it.
func bucketName(name any) string {
	return strings.ReplaceAll(toText(name), "addon", "add-on")
}

// asInt is a whole number of any kind, 0 of what is none.
func asInt(n any) int64 {
	v, _ := strconv.ParseInt(fmt.Sprint(n), 10, 64)
	return v
}

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

// maskText masks the phone numbers in a sentence, however they are spelled.
func maskText(text string) string { return usage.MaskNumbersAs(text, "…") }
