package access

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"fairdial/store/journal"
)

// Grant gives a role to the members of a group.
type Grant struct {
	Group   string
	Role    Role
	Tenants []string // none is all
}

// Terms are what the configuration says of who may come. They hold at once, for sessions
// that are open too.
type Terms struct {
	Issuer string  // the identity provider; empty for none
	Grants []Grant // the first whose group somebody is in counts
	// Trusted are names that need no user: those of http.api_key_file, and the demo's.
	Trusted []string
}

// Under sets the terms; a book without any knows no identity provider.
func (b *Book) Under(t Terms) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.terms = t
	b.publishKeys()
}

// Person is somebody whom an identity provider vouches for. They keep the name under which
// they first signed in, whatever the provider calls them later.
type Person struct {
	Name     string    `json:"name"`
	Issuer   string    `json:"issuer"`
	Subject  string    `json:"subject"`
	Groups   []string  `json:"groups"`             // as of the newest sign-in
	Released bool      `json:"released,omitempty"` // somebody else may have the name
	Since    time.Time `json:"since,omitzero"`     // sessions opened before it do not count
}

func personID(issuer, subject string) string { return hashOf(issuer + "\x00" + subject) }

func (p Person) holder() string { return "openid/" + personID(p.Issuer, p.Subject) }

// People are those of identity providers who have a name here, by name.
func (b *Book) People() []Person {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := slices.DeleteFunc(slices.Collect(maps.Values(b.people)), func(p Person) bool { return p.Released })
	slices.SortFunc(out, func(x, y Person) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// granted is what somebody of these groups may do, by the terms of now.
func (b *Book) granted(issuer string, groups []string) (Grant, bool) {
	if issuer == "" || issuer != b.terms.Issuer {
		return Grant{}, false
	}
	i := slices.IndexFunc(b.terms.Grants, func(g Grant) bool { return slices.Contains(groups, g.Group) })
	if i < 0 {
		return Grant{}, false
	}
	return b.terms.Grants[i], true
}

// OpenSession opens a session for whom an identity provider vouches.
func (b *Book) OpenSession(ctx context.Context, v Vouched, address, agent string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, there := b.granted(v.Issuer, v.Groups); !there {
		return "", fmt.Errorf("%w: none of your groups is granted a role here; whoever runs Fairdial grants them under http.openid.grants", ErrRefused)
	}
	p, err := b.bound(ctx, v)
	if err != nil {
		return "", err
	}
	return b.open(ctx, Session{
		Name: p.Name, Issuer: p.Issuer, Subject: p.Subject, Groups: v.Groups, Address: address, Agent: agent,
	}, fmt.Sprintf("signed in as %s, subject %s of %s", v.Name, v.Subject, v.Issuer))
}

// bound is who is vouched for, under the name that is theirs. At the first sign-in that is
// the one they come with, if nobody has it; whoever was released may have theirs again.
func (b *Book) bound(ctx context.Context, v Vouched) (Person, error) {
	p, known := b.people[personID(v.Issuer, v.Subject)]
	kind := kindChanged
	if !known {
		p, kind = Person{Name: v.Name, Issuer: v.Issuer, Subject: v.Subject}, kindBound
	}
	if !known || p.Released {
		if err := b.claim(ctx, p.Name, p.holder(), p.Name); err != nil {
			return p, err
		}
	}
	if known && !p.Released && slices.Equal(p.Groups, v.Groups) {
		return p, nil
	}
	p.Groups, p.Released = v.Groups, false
	return p, b.write(ctx, p.holder(), kind, p.Name, fmt.Sprintf("subject %s of %s", p.Subject, p.Issuer), p)
}

// ReleaseName lets another subject of the identity provider have the name of one who left.
// Who had it is signed out, and comes in again under that name or not at all.
func (b *Book) ReleaseName(ctx context.Context, name, actor, reason string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.people {
		if p.Name != name || p.Released {
			continue
		}
		p.Released, p.Since = true, b.now()
		return b.write(ctx, p.holder(), kindReleased, actor, reason, p)
	}
	return ErrNobody
}

// claimed says who has a name: "user/" and it, or "openid/" and the hash of a subject.
type claimed struct {
	Holder string `json:"holder"`
}

// claim takes a name for a holder. Names that people would read as one are one, so that of two
// who ask at once, in two processes, the log lets one have it.
func (b *Book) claim(ctx context.Context, name, holder, actor string) error {
	switch has := b.holderOf(name); {
	case has == holder:
		return nil
	case has == "":
		return b.write(ctx, "name/"+journal.Person(name), kindTaken, actor, "", claimed{holder})
	case strings.HasPrefix(has, "user/"):
		return fmt.Errorf("%w: %s is the name of the local user %s; sign in with their password, or take another name", ErrRefused, name, strings.TrimPrefix(has, "user/"))
	}
	return fmt.Errorf("%w: %s is the name of somebody else of the identity provider, who signed in with it first; an administrator can release it: fairdial users release", ErrRefused, name)
}

// holderOf is who has a name, "" for nobody. Users from before names were taken may be two
// under one; the one of exactly that name goes first.
func (b *Book) holderOf(name string) string {
	if _, there := b.users[name]; there {
		return "user/" + name
	}
	if has := b.names[journal.Person(name)]; has != "" && !b.people[strings.TrimPrefix(has, "openid/")].Released {
		return has
	}
	for _, other := range slices.Sorted(maps.Keys(b.users)) {
		if journal.SamePerson(other, name) {
			return "user/" + other
		}
	}
	return ""
}
