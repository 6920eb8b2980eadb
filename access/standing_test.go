package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A key may do no more than whoever made it may now.
func TestKeysEndWithTheirMaker(t *testing.T) {
	b, c, j := open(t)
	ctx := t.Context()
	require.NoError(t, b.SetUp(ctx, b.SetUpToken(), "root", right, "a"))
	require.NoError(t, b.AddUser(ctx, User{Name: "ann", Role: Admin}, right, "root"))
	b.Under(Terms{Issuer: issuer, Grants: []Grant{{Group: "boss", Role: Admin}}, Trusted: []string{"pipeline"}})
	_, err := b.OpenSession(ctx, vouch("s1", "olga", "boss"), "a", "")
	require.NoError(t, err)
	made := func(name string, role Role, actor string, tenants ...string) string {
		secret, err := b.AddKey(ctx, Key{Name: name, Role: role, Tenants: tenants}, actor)
		require.NoError(t, err)
		return secret
	}
	hers, cut, second := made("hers", Admin, "console:ann"), made("cut", Viewer, "console:ann", "t1", "t2"), made("second", Admin, "api:ann/hers")
	olgas, ours := made("olgas", Gateway, "console:olga"), made("ours", Admin, "api:pipeline")
	at := func(secret string) Identity {
		who, _ := b.IdentifyKey(secret)
		return who
	}
	change := func(ch Change) {
		c.at = c.at.Add(time.Second)
		require.NoError(t, b.ChangeUser(ctx, "ann", ch, "root", ""))
	}
	require.Equal(t, Admin, at(second).Role)
	role, tenants := Reviewer, []string{"t2", "t3"}
	change(Change{Role: &role, Tenants: &tenants})
	require.Equal(t, Identity{Name: "ann/hers", Role: Reviewer, Tenants: tenants}, at(hers))
	require.Equal(t, Identity{Name: "ann/cut", Role: Viewer, Tenants: []string{"t2"}}, at(cut))
	require.Equal(t, Reviewer, at(second).Role, "nor does a key that was made by it")
	tenants = []string{"t4"}
	change(Change{Tenants: &tenants})
	require.Empty(t, at(cut).Role, "of no tenant is not of all")
	disabled := true
	change(Change{Disabled: &disabled})
	for _, secret := range []string{hers, cut, second} {
		_, known := b.IdentifyKey(secret)
		require.False(t, known)
	}
	for _, k := range b.Keys() {
		require.Equal(t, k.Role != "" && k.By != "console:ann" && k.By != "api:ann/hers", k.Holds != "", k.Name)
	}

	require.Equal(t, Gateway, at(olgas).Role)
	require.Equal(t, Admin, at(ours).Role)
	again, err := Open(ctx, j, c.now)
	require.NoError(t, err)
	_, known := again.IdentifyKey(olgas)
	require.False(t, known, "the identity provider is gone")
	_, known = again.IdentifyKey(ours)
	require.False(t, known, "the key is no longer in the file")
	b.Under(Terms{Issuer: issuer, Trusted: []string{"pipeline"}})
	_, known = b.IdentifyKey(olgas)
	require.False(t, known, "the grant is gone")

	who, there := b.Standing("ANN")
	require.True(t, there && who.Role == "", "disabled")
	_, there = b.Standing("nobody")
	require.False(t, there)
}

func TestWhatTwoRolesHaveInCommon(t *testing.T) {
	for _, c := range []struct{ a, b, want Role }{
		{Admin, Finance, Finance}, {Approver, Reviewer, Reviewer}, {Viewer, Gateway, Gateway}, {Finance, Approver, Viewer}, {Reviewer, Finance, Viewer}, {Admin, Admin, Admin}, {Gateway, "", ""},
	} {
		require.Equal(t, c.want, within(c.a, c.b))
		require.Equal(t, c.want, within(c.b, c.a))
	}
}
