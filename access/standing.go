package access

import (
	"slices"
	"strings"

	"fairdial/store/journal"
)

// within is the widest role that may do no more than either of two.
func within(a, b Role) Role {
	all := []Permission{Decide, See, Review, Approve, Account, Audit, Administer}
	covers := func(x, y Role) bool {
		return !slices.ContainsFunc(all, func(p Permission) bool { return y.May(p) && !x.May(p) })
	}
	switch {
	case covers(a, b):
		return b
	case covers(b, a):
		return a
	}
	return Viewer // roles of people, of which each may read
}

// common are the tenants that both see, of whom one with none sees all; false for nothing.
func common(a, b []string) ([]string, bool) {
	switch {
	case len(a) == 0:
		return b, true
	case len(b) == 0:
		return a, true
	}
	both := slices.DeleteFunc(slices.Clone(a), func(t string) bool { return !slices.Contains(b, t) })
	return both, len(both) > 0
}

// present is what the holder of a name may do now.
func (b *Book) present(holder string) (Identity, bool) {
	kind, id, _ := strings.Cut(holder, "/")
	switch kind {
	case "user":
		u, there := b.users[id]
		return Identity{Name: u.Name, Role: u.Role, Tenants: u.Tenants, Holder: holder}, there && !u.Disabled
	case "openid":
		p, there := b.people[id]
		g, granted := b.granted(p.Issuer, p.Groups)
		return Identity{Name: p.Name, Role: g.Role, Tenants: g.Tenants, Holder: holder, Issuer: p.Issuer, Subject: p.Subject}, there && !p.Released && granted
	}
	return Identity{}, false
}

// Standing is what the person of a name may do at present. Of a name that no user and nobody
// of the identity provider has nothing is known; who is disabled, or in no group with a role,
// is known and may do nothing.
func (b *Book) Standing(name string) (who Identity, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	holder := b.holderOf(name)
	if holder == "" {
		return Identity{}, false
	}
	who, may := b.present(holder)
	if !may {
		return Identity{Name: name}, true
	}
	return who, true
}

// bearer is who acts with a key at present, and with how much of what the key was made for:
// no more than whoever made it has now.
func (b *Book) bearer(k Key) (Identity, bool) {
	maker := k.Maker
	if maker == "" {
		maker = b.holderOf(journal.Name(k.By))
	}
	who, there := b.present(maker)
	if maker == "" && slices.ContainsFunc(b.terms.Trusted, func(name string) bool { return journal.SamePerson("api:"+name, k.By) }) {
		who, there = Identity{Role: Admin}, true
	}
	if !there {
		return Identity{}, false
	}
	tenants, some := common(k.Tenants, who.Tenants)
	return Identity{Name: k.holder(), Role: within(k.Role, who.Role), Tenants: tenants}, some
}
