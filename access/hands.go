package access

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairdial/store/journal"
)

// InHandFor is how long an account counts as in the hands of whoever made it, gave it another
// password, raised its role, widened its tenants or enabled it: they may have signed in as it.
const InHandFor = 30 * 24 * time.Hour

// Histories are what hands are read from.
type Histories interface {
	Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
	History(ctx context.Context, stream, subject string) ([]journal.Event, error)
}

// Hands tells who had whose account in hand.
type Hands struct{ log Histories }

// NewHands reads from a log each time, so that it knows what other processes did.
func NewHands(log Histories) Hands { return Hands{log} }

// Apart says whether a second person is another than the first, who asked for something at a
// moment: neither had the account of the other in hand within [InHandFor] before it or since,
// nor an account that had. The error is a *[journal.OneHandError] if one did.
func (h Hands) Apart(ctx context.Context, first, second string, asked time.Time) error {
	heads, err := h.log.Heads(ctx, Stream, journal.Filter{})
	if err != nil {
		return fmt.Errorf("read who had whose account in hand: %w", err)
	}
	accounts := map[string][]string{} // subjects by person
	for _, e := range heads {
		if name, user := strings.CutPrefix(e.Subject, "user/"); user {
			accounts[journal.Person(name)] = append(accounts[journal.Person(name)], e.Subject)
		}
	}
	for _, pair := range [][2]string{{second, first}, {first, second}} {
		because, err := h.behind(ctx, accounts, journal.Person(pair[0]), journal.Person(pair[1]), asked.Add(-InHandFor))
		if err != nil {
			return err
		}
		if because != nil {
			return &journal.OneHandError{First: first, Second: second, Because: because}
		}
	}
	return nil
}

// behind follows who had a person's account in hand, and theirs, until it comes to whoever is
// looked for; it gives the way there, nil if there is none.
func (h Hands) behind(ctx context.Context, accounts map[string][]string, person, wanted string, since time.Time) ([]string, error) {
	ways, next := map[string][]string{person: {}}, []string{person}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		for _, subject := range accounts[at] {
			touched, err := h.touched(ctx, subject, since)
			if err != nil {
				return nil, err
			}
			for _, one := range touched {
				hand := journal.Person(one.by)
				if _, known := ways[hand]; known {
					continue
				}
				ways[hand] = append([]string{one.what}, ways[at]...)
				if hand == wanted {
					return ways[hand], nil
				}
				next = append(next, hand)
			}
		}
	}
	return nil, nil
}

type touch struct{ by, what string }

// touched is who could have signed in as a user through what they did since.
func (h Hands) touched(ctx context.Context, subject string, since time.Time) (out []touch, _ error) {
	history, err := h.log.History(ctx, Stream, subject)
	if err != nil {
		return nil, fmt.Errorf("read who had whose account in hand: %w", err)
	}
	var before User
	for _, e := range history {
		var after User
		if err := json.Unmarshal([]byte(e.Body), &after); err != nil {
			return nil, fmt.Errorf("version %d of %s cannot be read, so nobody knows who had it in hand: %w", e.Version, subject, err)
		}
		did := ""
		switch {
		case before.Name == "":
			did = "made the account of"
		case after.Hash != before.Hash:
			did = "set the password of"
		case before.Disabled && !after.Disabled:
			did = "enabled"
		case within(before.Role, after.Role) != after.Role:
			did = "raised the role of"
		case wider(before.Tenants, after.Tenants):
			did = "widened the tenants of"
		}
		if did != "" && !e.RecordedAt.Before(since) {
			out = append(out, touch{e.Actor, fmt.Sprintf("%s %s %s on %s", e.Actor, did, after.Name, e.RecordedAt.UTC().Format("2006-01-02"))})
		}
		before = after
	}
	return out, nil
}

// wider says whether somebody sees a tenant that they did not see; none is all.
func wider(before, after []string) bool {
	if len(before) == 0 {
		return false
	}
	return len(after) == 0 || slices.ContainsFunc(after, func(t string) bool { return !slices.Contains(before, t) })
}
