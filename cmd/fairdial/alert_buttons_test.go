package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/access"
	"fairdial/alerting/buttons"
	"fairdial/store/journal"
)

// people is the log of who may use the console, in memory.
type people struct{ events []journal.Event }

func (p *people) Append(_ context.Context, e journal.Event) error {
	p.events = append(p.events, e)
	return nil
}

func (p *people) Heads(context.Context, string, journal.Filter) ([]journal.Event, error) {
	return p.events, nil
}

func (p *people) Mark(context.Context, string) (journal.Mark, error) {
	return journal.Mark{Events: uint64(len(p.events))}, nil
}

// Whoever presses in Slack is no more there than at the console.
func TestAPressIsMeasuredByTheAccountOfTheConsole(t *testing.T) {
	ctx := t.Context()
	book, err := access.Open(ctx, &people{}, time.Now)
	require.NoError(t, err)
	const password = "correct horse battery"
	require.NoError(t, book.SetUp(ctx, book.SetUpToken(), "root", password, "a"))
	require.NoError(t, book.AddUser(ctx, access.User{Name: "Dana", Role: access.Reviewer, Tenants: []string{"t1"}}, password, "root"))
	may := account(book)
	require.NoError(t, may("dana", buttons.RightReview, "t1"))
	require.ErrorContains(t, may("dana", buttons.RightReview, "t2"), "does not see this tenant")
	require.ErrorContains(t, may("dana", buttons.RightApprove, "t1"), "role reviewer")
	require.NoError(t, may("root", buttons.RightApprove, "t2"))
	require.NoError(t, may("nobody here", buttons.RightApprove, "t1"), "slack.people alone says")
	require.NoError(t, book.ChangeUser(ctx, "Dana", access.Change{Disabled: new(true)}, "root", "left"))
	require.ErrorContains(t, may("dana", buttons.RightReview, "t1"), "disabled")
}
