package console

import (
	"context"
	"slices"
	"sync"
	"time"
)

// peerDay is what the other organizers of a tenant used on a day.
type peerDay struct {
	Day        time.Time `ch:"day" json:"day"`
	Organizers int64     `ch:"organizers" json:"organizers"`
	Usual      int64     `ch:"usual" json:"usual_seconds"` // the median
	High       int64     `ch:"high" json:"high_seconds"`   // that the heaviest twentieth use at least
}

// dayOfAll is what each organizer of a tenant used on a day, in seconds, the least first.
type dayOfAll struct {
	Day  time.Time `ch:"day"`
	Used []int64   `ch:"used"`
}

// everybody is a tenant's use by day.
type everybody []dayOfAll

// others are everybody but one, whose days are given.
func (e everybody) others(own []dayUse) (out []peerDay) {
	of := map[time.Time]int64{}
	for _, d := range own {
		of[d.Day.UTC()] = d.Seconds
	}
	for _, d := range e {
		n, without := len(d.Used), len(d.Used)
		if used, called := of[d.Day.UTC()]; called {
			if i, there := slices.BinarySearch(d.Used, used); there {
				n, without = n-1, i
			}
		}
		at := func(i int) int64 {
			if i >= without {
				i++
			}
			return d.Used[i]
		}
		if n > 0 {
			out = append(out, peerDay{d.Day, int64(n), at(n / 2), at(n * 95 / 100)})
		}
	}
	return out
}

// mostKept is how many days of organizers are kept for the next page: 32 MB of them.
const mostKept = 4_000_000

// peerMemo keeps tenants' use by day while their usage has the fingerprint it was read at: to add
// it up takes longer than all else on a page, and cases are looked at tenant by tenant.
type peerMemo struct {
	mu   sync.Mutex
	size int
	of   map[memoKey]memoized
}

type memoKey struct {
	tenant   string
	from, to time.Time
}

type memoized struct {
	fingerprint string
	all         everybody
}

func (m *peerMemo) get(k memoKey, fingerprint string) (everybody, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.of[k]
	return found.all, ok && found.fingerprint == fingerprint
}

func (m *peerMemo) put(k memoKey, fingerprint string, all everybody) {
	m.mu.Lock()
	defer m.mu.Unlock()
	size := func(e everybody) (n int) {
		for _, d := range e {
			n += len(d.Used)
		}
		return n
	}
	m.size -= size(m.of[k].all)
	delete(m.of, k)
	if m.size+size(all) > mostKept { // everything is found again where it is wanted again
		m.of, m.size = nil, 0
	}
	if m.of == nil {
		m.of = map[memoKey]memoized{}
	}
	m.of[k] = memoized{fingerprint, all}
	m.size += size(all)
}

// everybody is what the organizers of a tenant used by day. The fingerprint is read first: what
// is kept under it is of that usage, or of newer.
func (v views) everybody(ctx context.Context, s span) (all everybody, err error) {
	is, err := v.fingerprints(ctx, []string{s.tenant})
	if err != nil {
		return nil, err
	}
	k, fingerprint := memoKey{s.tenant, s.from.UTC(), s.to.UTC()}, is[s.tenant]
	if all, ok := v.peers.get(k, fingerprint); ok {
		return all, nil
	}
	if err := v.read(ctx, &all, "peers", s.args()...); err != nil {
		return nil, err
	}
	v.peers.put(k, fingerprint, all)
	return all, nil
}
