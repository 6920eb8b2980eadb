package rates

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
)

// English names of countries (Unicode CLDR), and other spellings in use.
//
//go:embed countries.csv
var countries string

var codes = sync.OnceValue(func() map[string]string {
	byName := map[string]string{}
	for line := range strings.Lines(countries) {
		if code, name, ok := strings.Cut(strings.TrimSpace(line), ","); ok && code != "code" {
			byName[letters(name)], byName[letters(code)] = code, code
		}
	}
	return byName
})

// country takes a country's name or its code.
func country(text string) (code string, ok bool) {
	code, ok = codes()[letters(text)]
	return code, ok
}

// letters leaves out what spellings differ in: case, blanks, points, apostrophes.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
