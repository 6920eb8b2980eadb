package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"fairdial/store/journal"
)

// Stream is the stream of the journal that users, sessions and keys are in. A subject is
// "user/" and a name, "openid/" and the hash of an identity provider's subject, "name/" and a
// name that one of them has, "session/" and the hash of its token, or "key/" and the hash of
// the key. Bodies hold hashes of passwords and are shown nowhere.
const Stream = "access"

// Journal is what access needs of the log.
type Journal interface {
	Append(ctx context.Context, e journal.Event) error
	Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
	Mark(ctx context.Context, stream string) (journal.Mark, error)
}

// Why access is refused. ErrRefused is in the chain of what may be told to people.
var (
	ErrRefused  = errors.New("refused")
	ErrPassword = fmt.Errorf("%w: name or password are not right", ErrRefused)
	ErrLocked   = fmt.Errorf("%w: too many tries; wait a quarter of an hour", ErrRefused)
	ErrPace     = fmt.Errorf("%w: too many tries at once; wait a minute", ErrRefused)
	ErrToken    = fmt.Errorf("%w: this is not the set-up token, or it has been used; a restart of the daemon prints a new one while there is no user", ErrRefused)
	ErrNobody   = fmt.Errorf("%w: there is no such user, session or key", ErrRefused)
	ErrLast     = fmt.Errorf("%w: somebody must stay who can administer", ErrRefused)
)

// Book is who may use the console. What it holds is read from the log, and again when the
// log has grown.
type Book struct {
	log Journal
	now func() time.Time

	mu       sync.Mutex
	mark     journal.Mark
	heads    map[string]journal.Event
	terms    Terms
	users    map[string]User
	people   map[string]Person                              // by hash of issuer and subject
	names    map[string]string                              // holder by name, as people read it
	sessions map[string]Session                             // by hash of token
	keys     map[string]Key                                 // by hash of key
	bearers  atomic.Pointer[map[[sha256.Size]byte]Identity] // who keys are of; never changed, replaced whole
	seen     map[string]time.Time
	failed   map[string]failures      // by name, as people read it
	pace     map[string]*rate.Limiter // of sign-ins, by address
	hashing  chan struct{}            // bounds the memory that sign-ins take
	setup    string
}

type failures struct {
	n     int
	until time.Time
}

// Open reads the book.
func Open(ctx context.Context, log Journal, now func() time.Time) (*Book, error) {
	b := &Book{
		log: log, now: now, seen: map[string]time.Time{}, failed: map[string]failures{}, pace: map[string]*rate.Limiter{},
		hashing: make(chan struct{}, 2), setup: rand.Text(),
	}
	return b, b.Refresh(ctx)
}

// fresh is how long the book relies on what it read: what another process changes, such as
// a user that is taken out, holds here after it.
const fresh = 2 * time.Second

// Follow reads the log again whenever it has grown, and notes in it which sessions are in use,
// until ctx ends. Requests never wait for
// the store: the decision API must answer while it does not.
func (b *Book) Follow(ctx context.Context, failed func(error)) error {
	tick := time.NewTicker(fresh)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			err := b.Refresh(ctx)
			if err == nil {
				err = b.note(ctx)
			}
			if err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}
}

// Refresh reads the log again if it has grown.
func (b *Book) Refresh(ctx context.Context) error {
	mark, err := b.log.Mark(ctx, Stream)
	if err != nil {
		return fmt.Errorf("read who may use the console: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.heads != nil && mark == b.mark {
		return nil
	}
	if err := b.load(ctx); err != nil {
		return err
	}
	b.mark = mark
	return nil
}

func (b *Book) load(ctx context.Context) error {
	all, err := b.log.Heads(ctx, Stream, journal.Filter{})
	if err != nil {
		return fmt.Errorf("read who may use the console: %w", err)
	}
	b.heads = make(map[string]journal.Event, len(all))
	b.users, b.sessions, b.keys = map[string]User{}, map[string]Session{}, map[string]Key{}
	b.people, b.names = map[string]Person{}, map[string]string{}
	for _, e := range all {
		b.heads[e.Subject] = e
		b.take(e)
	}
	b.publishKeys()
	return nil
}

// take brings one event in. A body that cannot be read counts as one that gives nothing.
func (b *Book) take(e journal.Event) {
	kind, name, _ := strings.Cut(e.Subject, "/")
	switch kind {
	case "user":
		var u User
		if json.Unmarshal([]byte(e.Body), &u) == nil && u.Name == name {
			u.ChangedAt, u.ChangedBy = e.RecordedAt, e.Actor
			b.users[name] = u
			b.stayLocked(e, name)
		}
	case "openid":
		var p Person
		if json.Unmarshal([]byte(e.Body), &p) == nil && p.holder() == e.Subject {
			b.people[name] = p
		}
	case "name":
		var c claimed
		if json.Unmarshal([]byte(e.Body), &c) == nil {
			b.names[name] = c.Holder
		}
	case "session":
		var s struct {
			Session
			// OpenID is in sessions from before subjects were kept: whose they are nobody knows.
			OpenID json.RawMessage `json:"openid"`
		}
		delete(b.sessions, name)
		if (e.Kind == kindOpened || e.Kind == kindUsed) && json.Unmarshal([]byte(e.Body), &s) == nil && s.OpenID == nil {
			s.ID = name
			b.sessions[name] = s.Session
		}
	case "key":
		var k Key
		delete(b.keys, name)
		if e.Kind == kindOpened && json.Unmarshal([]byte(e.Body), &k) == nil {
			k.ID, k.By = name, e.Actor
			b.keys[name] = k
		}
	}
}

// stayLocked keeps a lock beyond a restart, and lets one of another process hold here.
func (b *Book) stayLocked(e journal.Event, name string) {
	until := e.At.Add(lockFor)
	name = journal.Person(name)
	if e.Kind == kindLocked && b.now().Before(until) && b.failed[name].until.Before(until) {
		b.failed[name] = failures{until: until}
	}
}

// The kinds of events.
const (
	kindAdded    = "added"
	kindChanged  = "changed"
	kindLocked   = "locked"
	kindBound    = "bound"
	kindTaken    = "taken"
	kindReleased = "released"
	kindOpened   = "opened"
	kindUsed     = "used"
	kindEnded    = "ended"
)

// write appends an event to the log and brings it in. The caller holds the lock.
func (b *Book) write(ctx context.Context, subject, kind, actor, reason string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	e := journal.Event{
		Stream: Stream, Subject: subject, Version: b.heads[subject].Version + 1, Kind: kind, Actor: actor,
		At: b.now(), Reason: reason, Body: string(text),
	}
	if err := b.log.Append(ctx, e); err != nil {
		if _, lost := errors.AsType[*journal.ConflictError](err); lost {
			return errors.Join(fmt.Errorf("%w: somebody else changed this meanwhile; look again", ErrRefused), b.load(ctx))
		}
		return err
	}
	e.RecordedAt = b.now()
	b.heads[subject] = e
	b.take(e)
	b.publishKeys()
	return nil
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// SetUpToken is what makes the first user; "" once there is one.
func (b *Book) SetUpToken() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.users) > 0 {
		return ""
	}
	return b.setup
}

// SetUp makes the first user, who administers.
func (b *Book) SetUp(ctx context.Context, token, name, password, address string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.paced(address) {
		return ErrPace
	}
	if len(b.users) > 0 || b.setup == "" || subtle.ConstantTimeCompare([]byte(token), []byte(b.setup)) != 1 {
		return ErrToken
	}
	if err := b.add(ctx, User{Name: name, Role: Admin}, password, "set-up", "first user"); err != nil {
		return err
	}
	b.setup = ""
	return nil
}
