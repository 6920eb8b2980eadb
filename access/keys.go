package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"fairdial/store/journal"
)

// Key is an API key. Only its hash is kept; the key itself is shown once.
type Key struct {
	ID      string    `json:"-"` // the hash of the key
	Name    string    `json:"name"`
	Role    Role      `json:"role"`
	Tenants []string  `json:"tenants,omitempty"` // none is all
	Made    time.Time `json:"made"`              // UTC
	Maker   string    `json:"maker,omitempty"`   // who made it, as [Identity.Holder] says
	By      string    `json:"-"`
	// Holds is the role it has at present: none once whoever made it has none, and no more
	// than they have.
	Holds Role `json:"-"`
}

// AddKey makes a key and gives it.
func (b *Book) AddKey(ctx context.Context, k Key, actor string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !userName.MatchString(k.Name) {
		return "", fmt.Errorf("%w: a key's name has letters, digits and . _ @ + -, at most 64", ErrRefused)
	}
	if !slices.Contains(KeyRoles(), k.Role) {
		return "", fmt.Errorf("%w: %q is no role of a key; it is one of %v", ErrRefused, k.Role, KeyRoles())
	}
	for _, other := range b.keys {
		if other.Name == k.Name {
			return "", fmt.Errorf("%w: there is a key %s already", ErrRefused, k.Name)
		}
	}
	secret := "fd_" + rand.Text() + rand.Text()
	k.Made, k.By = b.now(), actor
	k.Maker = b.holderOf(journal.Name(k.By))
	if who, may := b.bearer(k); !may || who.Role != k.Role {
		return "", fmt.Errorf("%w: a key may do no more than whoever makes it", ErrRefused)
	}
	return secret, b.write(ctx, "key/"+hashOf(secret), kindOpened, actor, k.Name+", "+string(k.Role), k)
}

// Keys are all keys, by name.
func (b *Book) Keys() []Key {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Key
	for _, k := range b.keys {
		who, _ := b.bearer(k)
		k.Holds = who.Role
		out = append(out, k)
	}
	slices.SortFunc(out, func(x, y Key) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// IdentifyKey says whose key it is. It is looked up by hash, so that the time it takes
// tells nothing of the key, and without the lock: that is held while the log is read, and a
// gateway must not wait for the store.
func (b *Book) IdentifyKey(secret string) (Identity, bool) {
	bearers := b.bearers.Load()
	if bearers == nil {
		return Identity{}, false
	}
	who, there := (*bearers)[sha256.Sum256([]byte(secret))]
	return who, there
}

// holder is who acts with the key: the person who made it, and by which key. So nobody
// becomes a second person by making a key ([journal.SamePerson]).
func (k Key) holder() string {
	_, by, there := strings.Cut(k.By, ":")
	if !there {
		by = k.By
	}
	return by + "/" + k.Name
}

// publishKeys shows IdentifyKey the keys there are. The caller holds the lock.
func (b *Book) publishKeys() {
	bearers := make(map[[sha256.Size]byte]Identity, len(b.keys))
	for hash, k := range b.keys {
		var sum [sha256.Size]byte
		if n, err := hex.Decode(sum[:], []byte(hash)); err != nil || n != len(sum) {
			continue
		}
		if who, there := b.bearer(k); there {
			bearers[sum] = who
		}
	}
	b.bearers.Store(&bearers)
}

// EndKey takes a key out of use, by its id.
func (b *Book) EndKey(ctx context.Context, id, actor string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, there := b.keys[id]
	if !there {
		return ErrNobody
	}
	return b.write(ctx, "key/"+id, kindEnded, actor, k.Name, struct{}{})
}
