package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// How long a session lasts: at most a working day, and no longer than two hours unused.
const (
	SessionLength = 12 * time.Hour
	sessionIdle   = 2 * time.Hour
)

// How sign-ins are slowed down: after lockAfter wrong passwords in a row a name is locked,
// and an address has tryBurst tries and then one in tryEvery.
const (
	lockAfter = 5
	lockFor   = 15 * time.Minute
	tryBurst  = 10
	tryEvery  = 6 * time.Second
)

// Session is somebody signed in.
type Session struct {
	ID      string    `json:"-"` // the hash of its token
	Name    string    `json:"name"`
	Address string    `json:"address"` // it was opened from
	Agent   string    `json:"agent"`   // the browser, as it calls itself
	Opened  time.Time `json:"opened"`  // UTC
	// OpenID holds what the provider said; nil for local users, whose role is looked up.
	OpenID *Identity `json:"openid,omitempty"`
	Used   time.Time `json:"used,omitzero"` // UTC; noted in the log now and then
	Seen   time.Time `json:"-"`             // UTC
}

// noteEvery is how far what the log says of a session's use may lag behind, so that a restart
// ends no session that is in use.
const noteEvery = 20 * time.Minute

// note keeps in the log that sessions are in use.
func (b *Book) note(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, at := range b.seen {
		s, there := b.sessions[id]
		if !there || !b.live(s) {
			delete(b.seen, id)
			continue
		}
		if at.Sub(later(s.Opened, s.Used)) < noteEvery {
			continue
		}
		s.Used = at.UTC()
		if err := b.write(ctx, "session/"+id, kindUsed, "system:access", "", s); err != nil {
			return err
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// seenAt is when a session is last known to have been used; opening it counts.
func (b *Book) seenAt(s Session) time.Time {
	return later(later(s.Opened, s.Used), b.seen[s.ID])
}

// paced takes one of an address's tries.
func (b *Book) paced(address string) bool {
	now, of := b.now(), household(address)
	if len(b.pace) > 10_000 {
		maps.DeleteFunc(b.pace, func(_ string, l *rate.Limiter) bool { return l.TokensAt(now) >= tryBurst })
	}
	if b.pace[of] == nil {
		if len(b.pace) > 100_000 {
			return false // so many try at once that somebody does it on purpose
		}
		b.pace[of] = rate.NewLimiter(rate.Every(tryEvery), tryBurst)
	}
	return b.pace[of].AllowN(now, 1)
}

// household is what shares the tries of an address: of IPv6 whoever has one address has the
// 2⁶⁴ around it.
func household(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	around, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return around.String()
}

// SignIn opens a session for a local user and gives its token.
func (b *Book) SignIn(ctx context.Context, name, password, address, agent string) (string, error) {
	b.mu.Lock()
	u, err := b.users[name], b.tried(name, address)
	b.mu.Unlock()
	if err != nil {
		return "", err
	}
	select {
	case b.hashing <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	right := samePassword(u.Hash, password)
	<-b.hashing

	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now().Before(b.failed[name].until) { // tries at once are tries
		return "", ErrLocked
	}
	if !right || u.Disabled || b.users[name].Hash != u.Hash {
		return "", b.fail(ctx, name, address)
	}
	delete(b.failed, name)
	return b.open(ctx, Session{Name: name, Address: address, Agent: agent})
}

// tried takes a try to sign in, if there is one.
func (b *Book) tried(name, address string) error {
	if !b.paced(address) {
		return ErrPace
	}
	if b.now().Before(b.failed[name].until) {
		return ErrLocked
	}
	return nil
}

// fail counts a wrong password, of names that are none as well: else a lock would tell.
func (b *Book) fail(ctx context.Context, name, address string) error {
	if len(b.failed) > 10_000 { // a lock is kept
		maps.DeleteFunc(b.failed, func(_ string, f failures) bool { return !b.now().Before(f.until) })
	}
	f := b.failed[name]
	if f.n++; f.n >= lockAfter {
		f = failures{until: b.now().Add(lockFor)}
		if u, there := b.users[name]; there {
			if err := b.write(ctx, "user/"+name, kindLocked, "system:access", "wrong passwords, the last from "+address, u); err != nil {
				return err
			}
		}
	}
	b.failed[name] = f
	return ErrPassword
}

// OpenSession opens a session for whom an identity provider vouches.
func (b *Book) OpenSession(ctx context.Context, who Identity, address, agent string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, local := b.users[who.Name]; local {
		return "", fmt.Errorf("%w: there is a local user with the name %s; sign in with their password, or let an administrator rename one", ErrRefused, who.Name)
	}
	return b.open(ctx, Session{Name: who.Name, Address: address, Agent: agent, OpenID: &who})
}

func (b *Book) open(ctx context.Context, s Session) (string, error) {
	token := rand.Text() + rand.Text()
	s.Opened = b.now()
	if len(s.Agent) > 200 {
		s.Agent = s.Agent[:200]
	}
	return token, b.write(ctx, "session/"+hashOf(token), kindOpened, s.Name, "signed in", s)
}

// Identify says whose session a token is of.
func (b *Book) Identify(token string) (Identity, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := hashOf(token)
	s, there := b.sessions[id]
	if !there || !b.live(s) {
		return Identity{}, false
	}
	b.seen[id] = b.now()
	if s.OpenID != nil {
		who := *s.OpenID
		who.Session = id
		return who, true
	}
	u := b.users[s.Name]
	return Identity{Name: u.Name, Role: u.Role, Tenants: u.Tenants, Session: id}, true
}

// live says whether a session still counts.
func (b *Book) live(s Session) bool {
	now := b.now()
	if now.Sub(s.Opened) >= SessionLength || now.Sub(b.seenAt(s)) >= sessionIdle {
		return false
	}
	u, local := b.users[s.Name]
	return s.OpenID != nil || local && !u.Disabled && !s.Opened.Before(u.Since)
}

// Sessions are those that count, the newest first; of one name, or of all with "".
func (b *Book) Sessions(name string) []Session {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Session
	for _, s := range b.sessions {
		if b.live(s) && (name == "" || s.Name == name) {
			s.Seen = b.seenAt(s)
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(x, y Session) int { return y.Opened.Compare(x.Opened) })
	return out
}

// EndSession ends a session by its id; with a name, only one of theirs.
func (b *Book) EndSession(ctx context.Context, id, name, actor string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, there := b.sessions[id]
	if !there || name != "" && s.Name != name {
		return ErrNobody
	}
	delete(b.seen, id)
	return b.write(ctx, "session/"+id, kindEnded, actor, "", struct{}{})
}
