package access

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func open(t *testing.T) (*Book, *clock, *journal.Journal) {
	t.Helper()
	c := &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	j := journal.New(storetest.Open(t), c.now, uuid.New)
	b, err := Open(t.Context(), j, c.now)
	require.NoError(t, err)
	return b, c, j
}

const right = "correct horse battery"

func TestFirstUserSessionsAndLockout(t *testing.T) {
	b, c, j := open(t)
	ctx := t.Context()
	token := b.SetUpToken()
	require.NotEmpty(t, token)
	require.ErrorIs(t, b.SetUp(ctx, "no", "ann", right, "a"), ErrToken)
	require.ErrorIs(t, b.SetUp(ctx, token, "ann smith", right, "a"), ErrRefused, "a name is plain")
	require.ErrorIs(t, b.SetUp(ctx, token, "ann", "short", "a"), ErrRefused)
	require.NoError(t, b.SetUp(ctx, token, "ann", right, "a"))
	require.Empty(t, b.SetUpToken(), "it counts once")
	require.ErrorIs(t, b.SetUp(ctx, token, "eve", right, "a"), ErrToken)

	secret, err := b.SignIn(ctx, "ann", right, "a", "browser")
	require.NoError(t, err)
	who, known := b.Identify(secret)
	require.True(t, known)
	require.Equal(t, Admin, who.Role)
	_, known = b.Identify(hashOf(secret))
	require.False(t, known, "what the log holds opens nothing")

	again, err := Open(ctx, j, c.now)
	require.NoError(t, err)
	_, known = again.Identify(secret)
	require.True(t, known, "a session outlives the daemon")
	require.Len(t, again.Sessions("user/ann"), 1)

	// A second process locks nobody out of what it does not know of.
	require.NoError(t, again.AddUser(ctx, User{Name: "bob", Role: Reviewer, Tenants: []string{"t1"}}, right, "ann"))
	require.NoError(t, b.Refresh(ctx))
	c.at = c.at.Add(time.Second)
	for range lockAfter {
		_, err = b.SignIn(ctx, "bob", "wrong password", "b", "")
		require.ErrorIs(t, err, ErrPassword)
	}
	_, err = b.SignIn(ctx, "bob", right, "b", "")
	require.ErrorIs(t, err, ErrLocked)
	restarted, err := Open(ctx, j, c.now)
	require.NoError(t, err)
	_, err = restarted.SignIn(ctx, "bob", right, "b", "")
	require.ErrorIs(t, err, ErrLocked, "a restart opens no lock")
	c.at = c.at.Add(lockFor)
	bob, err := b.SignIn(ctx, "bob", right, "b", "")
	require.NoError(t, err)
	history, err := j.History(ctx, Stream, "user/bob")
	require.NoError(t, err)
	require.Equal(t, kindLocked, history[len(history)-1].Kind, "a lock is in the log")

	// Whoever is changed must sign in again; the last administrator stays.
	role := Viewer
	c.at = c.at.Add(time.Second)
	require.NoError(t, b.ChangeUser(ctx, "bob", Change{Role: &role}, "ann", "moved"))
	_, known = b.Identify(bob)
	require.False(t, known)
	require.ErrorIs(t, b.ChangeUser(ctx, "ann", Change{Role: &role}, "ann", ""), ErrLast)

	id := b.Sessions("user/ann")[0].ID
	require.ErrorIs(t, b.EndSession(ctx, id, "user/bob", "bob"), ErrNobody, "one ends one's own")
	require.NoError(t, b.EndSession(ctx, id, "user/ann", "ann"))
	_, known = b.Identify(secret)
	require.False(t, known)
}

func TestSessionsEnd(t *testing.T) {
	b, c, _ := open(t)
	require.NoError(t, b.SetUp(t.Context(), b.SetUpToken(), "ann", right, "a"))
	sign := func() string {
		c.at = c.at.Add(time.Minute)
		secret, err := b.SignIn(t.Context(), "ann", right, "a", "")
		require.NoError(t, err)
		_, known := b.Identify(secret)
		require.True(t, known)
		return secret
	}
	idle := sign()
	c.at = c.at.Add(sessionIdle)
	_, known := b.Identify(idle)
	require.False(t, known, "unused for too long")
	unused, err := b.SignIn(t.Context(), "ann", right, "a", "")
	require.NoError(t, err)
	c.at = c.at.Add(sessionIdle)
	_, known = b.Identify(unused)
	require.False(t, known, "opened and never used")
	used := sign()
	for range int(SessionLength/time.Hour) - 1 {
		c.at = c.at.Add(time.Hour)
		_, known = b.Identify(used)
		require.True(t, known)
	}
	c.at = c.at.Add(time.Hour)
	_, known = b.Identify(used)
	require.False(t, known, "a working day is over")
}

// A restart neither ends a session that is in use nor lengthens one that is not.
func TestARestartKeepsTheIdleLimit(t *testing.T) {
	b, c, j := open(t)
	ctx := t.Context()
	require.NoError(t, b.SetUp(ctx, b.SetUpToken(), "ann", right, "a"))
	used, err := b.SignIn(ctx, "ann", right, "a", "")
	require.NoError(t, err)
	left, err := b.SignIn(ctx, "ann", right, "a", "")
	require.NoError(t, err)
	for range 3 {
		c.at = c.at.Add(50 * time.Minute)
		_, known := b.Identify(used)
		require.True(t, known)
		require.NoError(t, b.note(ctx))
		require.NoError(t, b.note(ctx), "once is enough")
	}
	history, err := j.History(ctx, Stream, "session/"+hashOf(used))
	require.NoError(t, err)
	require.Len(t, history, 4)
	restarted, err := Open(ctx, j, c.now)
	require.NoError(t, err)
	_, known := restarted.Identify(left)
	require.False(t, known)
	require.Equal(t, c.at, restarted.Sessions("user/ann")[0].Seen.UTC())
	_, known = restarted.Identify(used)
	require.True(t, known)
	c.at = c.at.Add(sessionIdle)
	_, known = restarted.Identify(used)
	require.False(t, known)
}

func TestSignInsAreSlowedDown(t *testing.T) {
	b, c, _ := open(t)
	require.NoError(t, b.SetUp(t.Context(), b.SetUpToken(), "ann", right, "elsewhere"))
	for i := range tryBurst {
		_, err := b.SignIn(t.Context(), strings.Repeat("x", i+1), right, "a", "")
		require.ErrorIs(t, err, ErrPassword)
	}
	_, err := b.SignIn(t.Context(), "ann", right, "a", "")
	require.ErrorIs(t, err, ErrPace)
	_, err = b.SignIn(t.Context(), "ann", right, "another", "")
	require.NoError(t, err, "others are not slowed down")
	c.at = c.at.Add(tryEvery)
	_, err = b.SignIn(t.Context(), "ann", right, "a", "")
	require.NoError(t, err)
}

func TestAHouseholdSharesItsTries(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "::ffff:203.0.113.9": "::ffff:203.0.113.9", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "a": "a",
	} {
		require.Equal(t, want, household(address), address)
	}
	b, _, _ := open(t)
	for i := range tryBurst {
		_, err := b.SignIn(t.Context(), fmt.Sprintf("nobody%d", i), right, fmt.Sprintf("2001:db8:1:2::%x", i), "")
		require.ErrorIs(t, err, ErrPassword)
	}
	_, err := b.SignIn(t.Context(), "nobody", right, "2001:db8:1:2:ffff::1", "")
	require.ErrorIs(t, err, ErrPace)
	_, err = b.SignIn(t.Context(), "nobody", right, "2001:db8:1:3::1", "")
	require.ErrorIs(t, err, ErrPassword)
}

func TestKeys(t *testing.T) {
	b, _, j := open(t)
	ctx := t.Context()
	require.NoError(t, b.SetUp(ctx, b.SetUpToken(), "ann", right, "a"))
	_, err := b.AddKey(ctx, Key{Name: "gateway", Role: Gateway}, "console:nobody")
	require.ErrorIs(t, err, ErrRefused, "whoever makes a key is somebody")
	secret, err := b.AddKey(ctx, Key{Name: "gateway", Role: Gateway}, "ann")
	require.NoError(t, err)
	_, err = b.AddKey(ctx, Key{Name: "gateway", Role: Gateway}, "ann")
	require.ErrorIs(t, err, ErrRefused)
	_, err = b.AddKey(ctx, Key{Name: "other", Role: "king"}, "ann")
	require.ErrorIs(t, err, ErrRefused)
	who, known := b.IdentifyKey(secret)
	require.True(t, known)
	require.Equal(t, Identity{Name: "ann/gateway", Role: Gateway}, who, "a key acts for whoever made it")
	all, err := j.Events(ctx, Stream, journal.Filter{})
	require.NoError(t, err)
	for _, e := range all {
		require.NotContains(t, e.Body+e.Subject+e.Reason, secret)
	}
	require.NoError(t, b.EndKey(ctx, b.Keys()[0].ID, "ann"))
	_, known = b.IdentifyKey(secret)
	require.False(t, known)
}

// A gateway's key is known while the log is being read, however long the store takes.
func TestKeysAreKnownWhileTheStoreIsSlow(t *testing.T) {
	b, _, _ := open(t)
	require.NoError(t, b.SetUp(t.Context(), b.SetUpToken(), "ann", right, "a"))
	secret, err := b.AddKey(t.Context(), Key{Name: "gateway", Role: KeyRoles()[0]}, "ann")
	require.NoError(t, err)
	b.mu.Lock() // as during a read of the log
	defer b.mu.Unlock()
	known := make(chan bool, 1)
	go func() {
		who, there := b.IdentifyKey(secret)
		known <- there && who.Name == "ann/gateway"
	}()
	select {
	case there := <-known:
		require.True(t, there)
	case <-time.After(5 * time.Second):
		t.Fatal("it waits for the store")
	}
}

func TestPasswords(t *testing.T) {
	one, err := hashPassword(right)
	require.NoError(t, err)
	two, err := hashPassword(right)
	require.NoError(t, err)
	require.NotEqual(t, one, two, "each has a salt of its own")
	require.True(t, samePassword(one, right))
	require.False(t, samePassword(one, right+"."))
	for _, hash := range []string{"", "$argon2id$", "plain", strings.Replace(one, "m=19456", "m=99999999", 1), one[:len(one)-4]} {
		require.False(t, samePassword(hash, right), hash)
	}
}
