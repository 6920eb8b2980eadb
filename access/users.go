package access

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"fairdial/store/journal"
)

// User is a person with a password of their own here.
type User struct {
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Tenants  []string  `json:"tenants,omitempty"` // none is all
	Disabled bool      `json:"disabled,omitempty"`
	Hash     string    `json:"hash"`           // argon2id, as a PHC string
	Since    time.Time `json:"since,omitzero"` // sessions opened before it do not count

	ChangedAt time.Time `json:"-"` // UTC
	ChangedBy string    `json:"-"`
}

// userName is also an actor in the log, so that it must be plain.
var userName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$`)

// Users are all local users, by name.
func (b *Book) Users() []User {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []User
	for _, u := range b.users {
		u.Hash = ""
		out = append(out, u)
	}
	slices.SortFunc(out, func(x, y User) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// AddUser makes a user.
func (b *Book) AddUser(ctx context.Context, u User, password, actor string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.add(ctx, u, password, actor, "")
}

func (b *Book) add(ctx context.Context, u User, password, actor, reason string) (err error) {
	if !userName.MatchString(u.Name) {
		return fmt.Errorf("%w: a name has letters, digits and . _ @ + -, at most 64", ErrRefused)
	}
	switch kind, has, _ := strings.Cut(b.holderOf(u.Name), "/"); {
	case kind == "openid":
		return fmt.Errorf("%w: %s is the name of somebody who signs in by the identity provider", ErrRefused, u.Name)
	case has == u.Name && b.users[u.Name].Name == "": // its making was cut short
	case kind != "":
		return fmt.Errorf("%w: there is a user %s already", ErrRefused, has)
	}
	if u.Role, err = ParseRole(string(u.Role)); err != nil {
		return err
	}
	if u.Hash, err = hashPassword(password); err != nil {
		return err
	}
	if err := b.claim(ctx, u.Name, "user/"+u.Name, actor); err != nil {
		return err
	}
	return b.write(ctx, "user/"+u.Name, kindAdded, actor, reason, u)
}

// Change is what is to become of a user; nil leaves it.
type Change struct {
	Role     *Role
	Tenants  *[]string
	Disabled *bool
	Password *string
}

// ChangeUser changes a user and ends what they have open.
func (b *Book) ChangeUser(ctx context.Context, name string, c Change, actor, reason string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	u, there := b.users[name]
	if !there {
		return ErrNobody
	}
	var err error
	if c.Role != nil {
		if u.Role, err = ParseRole(string(*c.Role)); err != nil {
			return err
		}
	}
	if c.Tenants != nil {
		u.Tenants = *c.Tenants
	}
	if c.Disabled != nil {
		u.Disabled = *c.Disabled
	}
	if c.Password != nil {
		if u.Hash, err = hashPassword(*c.Password); err != nil {
			return err
		}
	}
	if !b.administered(u) {
		return ErrLast
	}
	u.Since = b.now()
	delete(b.failed, journal.Person(name))
	return b.write(ctx, "user/"+name, kindChanged, actor, reason, u)
}

// administered says whether somebody can administer all tenants, with u as it is to be.
func (b *Book) administered(u User) bool {
	for _, other := range b.users {
		if other.Name == u.Name {
			other = u
		}
		if other.Role == Admin && !other.Disabled && len(other.Tenants) == 0 {
			return true
		}
	}
	return false
}
