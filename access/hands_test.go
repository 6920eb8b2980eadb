package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/store/journal"
)

// One administrator can be two people by an account that they had in hand.
func TestAnAccountInHandIsNoSecondPerson(t *testing.T) {
	b, c, j := open(t)
	ctx := t.Context()
	hands := NewHands(j)
	require.NoError(t, b.SetUp(ctx, b.SetUpToken(), "ann", right, "a"))
	add := func(name string, role Role, actor string, tenants ...string) {
		require.NoError(t, b.AddUser(ctx, User{Name: name, Role: role, Tenants: tenants}, right, actor))
	}
	change := func(name string, ch Change, actor string) {
		c.at = c.at.Add(time.Minute)
		require.NoError(t, b.ChangeUser(ctx, name, ch, actor, ""))
	}
	add("bob", Approver, "console:ann")
	add("dora", Approver, "cli:root")
	add("adam", Admin, "cli:root")
	add("cut", Approver, "cli:root", "t1", "t2")
	asked := c.at
	together := func(first, second, why string) {
		t.Helper()
		err := hands.Apart(ctx, first, second, asked)
		var one *journal.OneHandError
		require.ErrorAs(t, err, &one)
		require.ErrorContains(t, err, why)
		require.Error(t, hands.Apart(ctx, second, first, asked), "whoever of them asks")
	}
	together("console:ann", "console:bob", "console:ann made the account of bob on 2026-03-01")
	together("api:Ann/key", "slack:BOB", "console:ann made")
	require.NoError(t, hands.Apart(ctx, "console:ann", "console:dora", asked))
	require.NoError(t, hands.Apart(ctx, "console:bob", "console:dora", asked))
	require.NoError(t, hands.Apart(ctx, "console:ann", "console:somebody of the provider", asked))

	// Through another account too.
	add("puppet", Admin, "console:ann")
	change("dora", Change{Password: new("another correct horse")}, "api:puppet/key")
	together("console:ann", "console:dora", "console:ann made the account of puppet on 2026-03-01, api:puppet/key set the password of dora")

	c.at = c.at.Add(InHandFor + time.Hour)
	asked = c.at
	for _, second := range []string{"bob", "dora", "puppet", "cut", "adam"} {
		require.NoError(t, hands.Apart(ctx, "console:ann", "console:"+second, asked), "%s: long enough ago", second)
	}
	// What is done after it was asked for counts as well.
	for _, do := range []struct {
		name string
		ch   Change
		why  string
	}{
		{"cut", Change{Tenants: &[]string{"t1"}}, ""},
		{"cut", Change{Role: new(Reviewer)}, ""},
		{"cut", Change{Role: new(Finance)}, "raised the role of cut"},
		{"dora", Change{Tenants: &[]string{"t1"}}, ""},
		{"dora", Change{Tenants: &[]string{}}, "widened the tenants of dora"},
		{"bob", Change{Disabled: new(true)}, ""},
		{"bob", Change{Disabled: new(false)}, "enabled bob"},
		{"puppet", Change{Password: new("another correct horse")}, "set the password of puppet"},
	} {
		change(do.name, do.ch, "console:adam")
		if do.why == "" {
			require.NoError(t, hands.Apart(ctx, "console:adam", do.name, asked))
			continue
		}
		together("console:adam", do.name, do.why)
	}
	for range lockAfter {
		_, err := b.SignIn(ctx, "ann", "wrong password", "x", "")
		require.ErrorIs(t, err, ErrPassword)
	}
	require.NoError(t, hands.Apart(ctx, "system:access", "console:ann", asked), "a lock is nobody's hand")
}
