package access

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/store/journal"
	"fairdial/store/storetest"
)

const issuer = "https://provider.example"

func terms(grants ...Grant) Terms { return Terms{Issuer: issuer, Grants: grants} }

func vouch(subject, name string, groups ...string) Vouched {
	return Vouched{issuer, subject, name, groups}
}

// Whom the provider calls by a name may change there; who has it here does not.
func TestANameIsBoundToItsSubject(t *testing.T) {
	b, c, j := open(t)
	ctx := t.Context()
	require.NoError(t, b.SetUp(ctx, b.SetUpToken(), "root", right, "a"))
	b.Under(terms(Grant{Group: "fraud", Role: Reviewer}))
	in := func(v Vouched) (Identity, error) {
		token, err := b.OpenSession(ctx, v, "a", "browser")
		if err != nil {
			return Identity{}, err
		}
		who, known := b.Identify(token)
		require.True(t, known)
		return who, nil
	}
	ann, err := in(vouch("s1", "ann@b.example", "fraud"))
	require.NoError(t, err)
	require.Equal(t, "ann@b.example", ann.Name)
	require.Equal(t, []string{issuer, "s1"}, []string{ann.Issuer, ann.Subject})
	history, err := j.Heads(ctx, Stream, journal.Filter{Subject: "session/" + ann.Session})
	require.NoError(t, err)
	require.Contains(t, history[0].Reason, "subject s1 of "+issuer, "the log says who it was")

	for _, taken := range []string{"ann@b.example", "Ann@B.example", "root", "ROOT"} {
		_, err = in(vouch("s2", taken, "fraud"))
		require.ErrorIs(t, err, ErrRefused, taken)
		require.ErrorContains(t, err, "is the name of", taken)
	}
	renamed, err := in(vouch("s1", "ann.smith@b.example", "fraud"))
	require.NoError(t, err)
	require.Equal(t, "ann@b.example", renamed.Name, "she is who she was")
	require.True(t, journal.SamePerson("console:"+ann.Name, "api:"+renamed.Name))
	require.Equal(t, ann.Holder, renamed.Holder)
	require.Len(t, b.Sessions(ann.Holder), 2)
	bob, err := in(vouch("s3", "ann.smith@b.example", "fraud"))
	require.NoError(t, err, "nobody is bound to what she is called now")
	require.ErrorIs(t, b.EndSession(ctx, ann.Session, bob.Holder, "x"), ErrNobody)

	require.ErrorIs(t, b.AddUser(ctx, User{Name: "ANN@b.example", Role: Viewer}, right, "root"), ErrRefused, "nor does a local user take it")
	other := Vouched{"https://other.example", "s1", "ann@b.example", []string{"fraud"}}
	_, err = in(other)
	require.ErrorIs(t, err, ErrRefused, "a subject is its issuer's")

	again, err := Open(ctx, j, c.now)
	require.NoError(t, err)
	again.Under(terms(Grant{Group: "fraud", Role: Reviewer}))
	_, err = again.OpenSession(ctx, vouch("s2", "ann@b.example", "fraud"), "a", "")
	require.ErrorIs(t, err, ErrRefused, "after a restart too")

	// Who left is signed out for good, and another may have the name.
	c.at = c.at.Add(time.Second)
	require.NoError(t, b.ReleaseName(ctx, "ann@b.example", "root", "left"))
	require.ErrorIs(t, b.ReleaseName(ctx, "ann@b.example", "root", ""), ErrNobody)
	require.Empty(t, b.Sessions(ann.Holder))
	_, err = in(vouch("s2", "ann@b.example", "fraud"))
	require.NoError(t, err)
	_, err = in(vouch("s1", "ann.new@b.example", "fraud"))
	require.ErrorIs(t, err, ErrRefused, "and she comes under no other name")
}

// Two processes that let two people in at once give a name to one of them.
func TestOfTwoAtOnceOneHasTheName(t *testing.T) {
	b, c, j := open(t)
	ctx := t.Context()
	other, err := Open(ctx, j, c.now)
	require.NoError(t, err)
	b.Under(terms(Grant{Group: "g", Role: Viewer}))
	require.NoError(t, other.AddUser(ctx, User{Name: "Ann", Role: Viewer}, right, "cli:root"))
	_, err = b.OpenSession(ctx, vouch("s1", "ann", "g"), "a", "")
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorIs(t, b.AddUser(ctx, User{Name: "ann", Role: Viewer}, right, "cli:root"), ErrRefused)
}

// What the configuration grants holds for sessions that are open.
func TestAGrantEndsAtOnce(t *testing.T) {
	b, c, j := open(t)
	ctx := t.Context()
	b.Under(terms(Grant{Group: "boss", Role: Admin}, Grant{Group: "fraud", Role: Reviewer, Tenants: []string{"t"}}))
	_, err := b.OpenSession(ctx, vouch("s0", "zed", "none"), "a", "")
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "http.openid.grants")
	token, err := b.OpenSession(ctx, vouch("s1", "ann", "boss", "fraud"), "a", "")
	require.NoError(t, err)
	role := func(b *Book) Role {
		who, _ := b.Identify(token)
		return who.Role
	}
	require.Equal(t, Admin, role(b))
	restarted := func(terms Terms) *Book {
		again, err := Open(ctx, j, c.now)
		require.NoError(t, err)
		again.Under(terms)
		return again
	}
	narrowed := restarted(terms(Grant{Group: "fraud", Role: Reviewer, Tenants: []string{"t"}}))
	require.Equal(t, Reviewer, role(narrowed))
	who, _ := narrowed.Identify(token)
	require.Equal(t, []string{"t"}, who.Tenants)
	require.Empty(t, role(restarted(terms(Grant{Group: "others", Role: Admin}))))
	require.Empty(t, role(restarted(Terms{})), "without a provider nobody is vouched for")
	require.Empty(t, role(restarted(Terms{Issuer: "https://other.example", Grants: []Grant{{Group: "boss", Role: Admin}}})))
}

// A session from before subjects were kept says not whose it is.
func TestASessionWithoutASubjectIsNobodys(t *testing.T) {
	c := &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	j := journal.New(storetest.Open(t), c.now, uuid.New)
	require.NoError(t, j.Append(t.Context(), journal.Event{
		Stream: Stream, Subject: "session/" + hashOf("old"), Version: 1, Kind: kindOpened, Actor: "ann", At: c.at,
		Body: `{"name":"ann","address":"a","agent":"","opened":"2026-03-01T12:00:00Z","openid":{"Name":"ann","Role":"admin"}}`,
	}))
	b, err := Open(t.Context(), j, c.now)
	require.NoError(t, err)
	b.Under(terms(Grant{Group: "boss", Role: Admin}))
	require.NoError(t, b.SetUp(t.Context(), b.SetUpToken(), "ann", right, "a"))
	_, known := b.Identify("old")
	require.False(t, known)
}

func TestNamesAreOneWhateverTheirLetterCase(t *testing.T) {
	b, c, j := open(t)
	ctx := t.Context()
	require.NoError(t, b.SetUp(ctx, b.SetUpToken(), "Ann", right, "a"))
	require.ErrorIs(t, b.AddUser(ctx, User{Name: "Ann", Role: Viewer}, right, "Ann"), ErrRefused)
	require.ErrorIs(t, b.AddUser(ctx, User{Name: "ann", Role: Viewer}, right, "Ann"), ErrRefused)
	require.ErrorIs(t, b.AddUser(ctx, User{Name: "ANN", Role: Viewer}, right, "Ann"), ErrRefused)
	token, err := b.SignIn(ctx, "aNN", right, "a", "")
	require.NoError(t, err)
	who, _ := b.Identify(token)
	require.Equal(t, "Ann", who.Name)
	for i := range lockAfter {
		_, err = b.SignIn(ctx, []string{"Ann", "ann", "ANN"}[i%3], "wrong password", "b", "")
		require.ErrorIs(t, err, ErrPassword)
	}
	_, err = b.SignIn(ctx, "Ann", right, "c", "")
	require.ErrorIs(t, err, ErrLocked, "and share their tries")

	// Two that there are from before keep working.
	c.at = c.at.Add(lockFor)
	hash, err := hashPassword("another correct horse")
	require.NoError(t, err)
	require.NoError(t, j.Append(ctx, journal.Event{
		Stream: Stream, Subject: "user/ann", Version: 1, Kind: kindAdded, Actor: "Ann", At: c.at, Body: `{"name":"ann","role":"viewer","hash":"` + hash + `"}`,
	}))
	require.NoError(t, b.Refresh(ctx))
	token, err = b.SignIn(ctx, "ann", "another correct horse", "d", "")
	require.NoError(t, err)
	who, _ = b.Identify(token)
	require.Equal(t, Viewer, who.Role)
	_, err = b.SignIn(ctx, "Ann", right, "d", "")
	require.NoError(t, err)
}
