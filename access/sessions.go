package access

import (
	"context"
	"crypto/rand"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"fairdial/store/journal"
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
	// Issuer, Subject and Groups are what an identity provider said; empty for local users.
	// What the groups are granted is looked up.
	Issuer  string    `json:"issuer,omitempty"`
	Subject string    `json:"subject,omitempty"`
	Groups  []string  `json:"groups,omitempty"`
	Used    time.Time `json:"used,omitzero"` // UTC; noted in the log now and then
	Seen    time.Time `json:"-"`             // UTC
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
	if kind, meant, _ := strings.Cut(b.holderOf(name), "/"); kind == "user" {
		name = meant // whatever its letter case
	}
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
	if b.now().Before(b.failed[journal.Person(name)].until) { // tries at once are tries
		return "", ErrLocked
	}
	if !right || u.Disabled || b.users[name].Hash != u.Hash {
		return "", b.fail(ctx, name, address)
	}
	delete(b.failed, journal.Person(name))
	return b.open(ctx, Session{Name: name, Address: address, Agent: agent}, "signed in")
}

// tried takes a try to sign in, if there is one.
func (b *Book) tried(name, address string) error {
	if !b.paced(address) {
		return ErrPace
	}
	if b.now().Before(b.failed[journal.Person(name)].until) {
		return ErrLocked
	}
	return nil
}

// fail counts a wrong password, of names that are none as well: else a lock would tell.
func (b *Book) fail(ctx context.Context, name, address string) error {
	if len(b.failed) > 10_000 { // a lock is kept
		maps.DeleteFunc(b.failed, func(_ string, f failures) bool { return !b.now().Before(f.until) })
	}
	person := journal.Person(name)
	f := b.failed[person]
	if f.n++; f.n >= lockAfter {
		f = failures{until: b.now().Add(lockFor)}
		if u, there := b.users[name]; there {
			if err := b.write(ctx, "user/"+name, kindLocked, "system:access", "wrong passwords, the last from "+address, u); err != nil {
				return err
			}
		}
	}
	b.failed[person] = f
	return ErrPassword
}

// holder says whose a session is: the subject's, where there is one.
func (s Session) holder() string {
	if s.Subject != "" {
		return Person{Issuer: s.Issuer, Subject: s.Subject}.holder()
	}
	return "user/" + s.Name
}

func (b *Book) open(ctx context.Context, s Session, reason string) (string, error) {
	token := rand.Text() + rand.Text()
	s.Opened = b.now()
	if len(s.Agent) > 200 {
		s.Agent = s.Agent[:200]
	}
	return token, b.write(ctx, "session/"+hashOf(token), kindOpened, s.Name, reason, s)
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
	who := b.whose(s)
	who.Session = id
	return who, true
}

// whose is who a session is of and what they may do now. Groups are as the provider said when
// it was opened; what they are granted is as the configuration has it.
func (b *Book) whose(s Session) Identity {
	if s.Subject == "" {
		who, _ := b.present(s.holder())
		return who
	}
	g, _ := b.granted(s.Issuer, s.Groups)
	return Identity{Name: s.Name, Role: g.Role, Tenants: g.Tenants, Holder: s.holder(), Issuer: s.Issuer, Subject: s.Subject}
}

// live says whether a session still counts.
func (b *Book) live(s Session) bool {
	now := b.now()
	if now.Sub(s.Opened) >= SessionLength || now.Sub(b.seenAt(s)) >= sessionIdle {
		return false
	}
	if s.Subject != "" {
		p, known := b.people[personID(s.Issuer, s.Subject)]
		_, granted := b.granted(s.Issuer, s.Groups)
		return granted && known && !p.Released && !s.Opened.Before(p.Since)
	}
	u, local := b.users[s.Name]
	return local && !u.Disabled && !s.Opened.Before(u.Since)
}

// Sessions are those that count, the newest first; of one [Identity.Holder], or of all with "".
func (b *Book) Sessions(holder string) []Session {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Session
	for _, s := range b.sessions {
		if b.live(s) && (holder == "" || s.holder() == holder) {
			s.Seen = b.seenAt(s)
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(x, y Session) int { return y.Opened.Compare(x.Opened) })
	return out
}

// EndSession ends a session by its id; with an [Identity.Holder], only one of theirs.
func (b *Book) EndSession(ctx context.Context, id, holder, actor string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, there := b.sessions[id]
	if !there || holder != "" && s.holder() != holder {
		return ErrNobody
	}
	delete(b.seen, id)
	return b.write(ctx, "session/"+id, kindEnded, actor, "", struct{}{})
}
