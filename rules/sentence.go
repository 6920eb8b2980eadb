package rules

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// How long a rule's title and what it tells may be, in bytes: they stand in one line of a
// chat message and of a table.
const (
	LongestTitle    = 80
	LongestSentence = 300
)

// Row is what a sentence is made from: the columns a rule's SQL gave, and value,
// threshold, baseline (nil where there is none), severity, calls and exposure_minutes.
type Row map[string]any

// Tell is the sentence of a row.
func (r Rule) Tell(row Row) (string, error) {
	t, err := r.template()
	if err != nil {
		return "", fmt.Errorf("rule %s: sentence: %w", r.ID, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, row); err != nil {
		return "", fmt.Errorf("rule %s: sentence: %w", r.ID, err)
	}
	return strings.Join(strings.Fields(b.String()), " "), nil
}

func (r Rule) template() (*template.Template, error) {
	return template.New(r.ID).Option("missingkey=error").Funcs(words).Parse(r.Sentence)
}

// words are the functions of sentences.
var words = template.FuncMap{
	"number":  number,
	"count":   counted,
	"minutes": func(v any) (string, error) { return duration(v, time.Minute) },
	"hours":   func(v any) (string, error) { return duration(v, time.Hour) },
	"percent": percent,
	"times":   times,
	"day":     func(t time.Time) string { return t.UTC().Format("2 January 2006") },
	"month":   func(t time.Time) string { return t.UTC().Format("January 2006") },
	"clock":   func(t time.Time) string { return t.UTC().Format("2 January 15:04 MST") },
	"phone":   phone,
	"list":    list,
}

// number is a figure with thousands apart: 12,000; small ones keep a decimal.
func number(v any) (string, error) {
	f, err := figure(v)
	if err != nil {
		return "", err
	}
	if math.Abs(f) < 10 && f != math.Trunc(f) {
		return strconv.FormatFloat(f, 'f', 1, 64), nil
	}
	digits := strconv.FormatFloat(math.Abs(math.Round(f)), 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if f < 0 && digits != "0" {
		digits = "-" + digits
	}
	return digits, nil
}

// counted is a figure and a noun: "1 call", "3 calls". The plural is the noun and "s"
// unless it is given.
func counted(v any, noun string, plural ...string) (string, error) {
	text, err := number(v)
	if err != nil {
		return "", err
	}
	switch {
	case text == "1":
		return "1 " + noun, nil
	case len(plural) > 0:
		return text + " " + plural[0], nil
	}
	return text + " " + noun + "s", nil
}

// duration is "12,000 minutes" or "7.5 hours", of seconds.
func duration(v any, unit time.Duration) (string, error) {
	f, err := figure(v)
	if err != nil {
		return "", err
	}
	noun := "minute"
	if unit == time.Hour {
		noun = "hour"
	}
	return counted(f/unit.Seconds(), noun)
}

// percent is a share from 0 to 1 as "83 %".
func percent(v any) (string, error) {
	f, err := figure(v)
	if err != nil {
		return "", err
	}
	return strconv.FormatFloat(math.Round(f*100), 'f', 0, 64) + " %", nil
}

// times is a multiple: "6.2 times".
func times(v any) (string, error) {
	text, err := number(v)
	if err != nil {
		return "", err
	}
	return text + " times", nil
}

// phone is a telephone number without its last four digits, which a sentence never
// shows: sentences go to chat and to logs.
func phone(v any) string {
	s := fmt.Sprint(v)
	if len(s) <= 6 {
		return s
	}
	return s[:len(s)-4] + "····"
}

// list is "a, b and c" of an array, the first few only.
func list(v any) string {
	var parts []string
	switch x := v.(type) {
	case []string:
		parts = x
	case []any:
		for _, e := range x {
			parts = append(parts, fmt.Sprint(e))
		}
	default:
		return fmt.Sprint(v)
	}
	const shown = 4
	if len(parts) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(parts[:shown], ", "), len(parts)-shown)
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// figure is a number of any of the types that the engine gives.
func figure(v any) (float64, error) {
	switch x := v.(type) {
	case float64:
		return x, nil
	case float32:
		return float64(x), nil
	case int:
		return float64(x), nil
	case int64:
		return float64(x), nil
	case int32:
		return float64(x), nil
	case int16:
		return float64(x), nil
	case int8:
		return float64(x), nil
	case uint64:
		return float64(x), nil
	case uint32:
		return float64(x), nil
	case uint16:
		return float64(x), nil
	case uint8:
		return float64(x), nil
	case *float64:
		if x != nil {
			return *x, nil
		}
	}
	return 0, fmt.Errorf("%v is not a number", v)
}
