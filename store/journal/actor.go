package journal

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// ErrHiddenName refuses a name in which somebody cannot see every character: it would look
// like another person's.
var ErrHiddenName = errors.New("a name with hidden characters is refused; write it with letters, digits, points and dashes")

// Actor gives a name without the spaces around it. The error is [ErrNoActor] or
// [ErrHiddenName].
func Actor(name string) (string, error) {
	name = strings.TrimSpace(name)
	if Person(name) == "" {
		return "", ErrNoActor
	}
	if strings.ContainsFunc(name, hidden) {
		return "", fmt.Errorf("%q: %w", name, ErrHiddenName)
	}
	return name, nil
}

// hidden are control and formatting characters and the selectors of variants.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// Name is an actor's without the door they came through and the key they used.
func Name(actor string) string {
	if _, rest, ok := strings.Cut(actor, ":"); ok {
		actor = rest
	}
	actor, _, _ = strings.Cut(actor, "/")
	return strings.TrimSpace(actor)
}

// OneHandError refuses a second person whose account the first had in hand, or the other way
// round, so that one of them may be both.
type OneHandError struct {
	First, Second string   // actors
	Because       []string // what was done, such as "ann set the password of dana on 2026-03-01"
}

func (e *OneHandError) Error() string {
	return fmt.Sprintf("%s is no second person beside %s: %s; for thirty days after that whoever did it could be both", e.Second, e.First, strings.Join(e.Because, ", "))
}

// SamePerson compares actors as people read their names: without the door they came
// through ("cli:alice" is "console:Alice") and the key they used ("console:alice/gateway"),
// capitals, spaces and the width of letters.
func SamePerson(a, b string) bool { return Person(a) == Person(b) }

// Person is what [SamePerson] compares: whoever have it in common are one person.
func Person(actor string) string {
	return strings.Join(strings.Fields(cases.Fold().String(norm.NFKC.String(Name(actor)))), " ")
}
