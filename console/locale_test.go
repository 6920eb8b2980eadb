package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
)

func TestNumbersAreWrittenAsTheReaderDoes(t *testing.T) {
	matcher := language.NewMatcher(languages())
	for asked, want := range map[string][4]string{
		"":                          {"1,234,567", "2,934.61", "8%", "0.67"},
		"de-AT,de;q=0.9,en;q=0.5":   {"1.234.567", "2.934,61", "8\u00a0%", "0,67"},
		"de-CH":                     {"1’234’567", "2’934.61", "8%", "0.67"},
		"fr":                        {"1\u00a0234\u00a0567", "2\u00a0934,61", "8\u00a0%", "0,67"},
		"en-GB,en;q=0.9":            {"1,234,567", "2,934.61", "8%", "0.67"},
		"en-AU":                     {"1,234,567", "2,934.61", "8%", "0.67"},
		"en-NZ":                     {"1,234,567", "2,934.61", "8%", "0.67"},
		"en-SG":                     {"1,234,567", "2,934.61", "8%", "0.67"},
		"en-IE":                     {"1,234,567", "2,934.61", "8%", "0.67"},
		"en-IN":                     {"12,34,567", "2,934.61", "8%", "0.67"},
		"tlh":                       {"1,234,567", "2,934.61", "8%", "0.67"},
		"\x00;;q=":                  {"1,234,567", "2,934.61", "8%", "0.67"},
		strings.Repeat("a-b,", 1e5): {"1,234,567", "2,934.61", "8%", "0.67"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", asked)
		l := localeOf(languages()[languageOf(matcher, r)])
		got := [4]string{l.any(uint64(1234567)), l.money(decimal.RequireFromString("2934.605"), 2), l.percent(79, 1000), l.figure(0.67)}
		require.Equal(t, want, got, "%.40q", asked)
	}
}

func TestAmountsAreExact(t *testing.T) {
	l := english()
	for text, want := range map[string]string{
		"0": "0.00", "-0.004": "0.00", "-0.5": "-0.50", "-1234.5": "-1,234.50", "9007199254740993.01": "9,007,199,254,740,993.01",
		"99999999999999999999.5": "99999999999999999999.50",
	} {
		require.Equal(t, want, l.money(decimal.RequireFromString(text), 2), text)
	}
	for text, want := range map[string]string{"1": "1.00", "1.5": "1.50", "1234.000001": "1,234.000001", "-0.1250": "-0.125"} {
		d := decimal.RequireFromString(text)
		require.Equal(t, want, l.uncut(&d), text)
	}
	require.Equal(t, "unpriced", l.uncut(nil))
	require.Equal(t, "100%", l.percent(100, 100))
	require.Equal(t, "99%", l.percent(9999, 10000), "only all of it is all")
	require.Equal(t, "< 1%", l.percent(1, 10000))
	require.Equal(t, "–", l.percent(0, 0))
}

// Rows of minutes and seconds add up to their total; whole minutes did not.
func TestMinutesAndSeconds(t *testing.T) {
	l := localeOf(languages()[0])
	for seconds, text := range map[int64]string{0: "0:00", 59: "0:59", 61: "1:01", 17086533: "284,775:33", -30: "-0:30", -3661: "-61:01"} {
		require.Equal(t, text, l.minutesAndSeconds(seconds))
	}
}
