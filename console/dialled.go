package console

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// who is an organizer of a tenant.
type who struct{ tenant, organizer string }

// dial is a call of an organizer: to which number, on which day.
type dial struct {
	number  uint64 // a hash of it
	day     uint16 // since 1970, UTC
	seconds uint32
}

// dialledBy is what an organizer called over a time, while its tenant's usage has the fingerprint.
type dialledBy struct {
	fingerprint string
	from, to    uint16 // days
	calls       []dial
}

// mostDialled is how many calls are kept to compare the numbers of the next case with: 32 MB of them.
const mostDialled = 2_000_000

// dialledAround is how far beyond what is asked for calls are read: cases that are looked at one after
// another end on other days, and are compared with the same organizers.
const dialledAround = 31 * 24 * time.Hour

// dialMemo keeps whom organizers called. A case is compared with the hundred of the highest risk,
// and so is the next one: to read their calls takes longer than all else on the page.
type dialMemo struct {
	mu   sync.Mutex
	size int
	of   map[who]dialledBy
}

func (m *dialMemo) get(w who, fingerprint string, from, to uint16) ([]dial, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, there := m.of[w]
	return found.calls, there && found.fingerprint == fingerprint && found.from <= from && to <= found.to
}

func (m *dialMemo) put(w who, d dialledBy) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.size -= len(m.of[w].calls)
	delete(m.of, w)
	if m.size+len(d.calls) > mostDialled { // everything is found again where it is wanted again
		m.of, m.size = nil, 0
	}
	if m.of == nil {
		m.of = map[who]dialledBy{}
	}
	m.of[w] = d
	m.size += len(d.calls)
}

func dayNumber(t time.Time) uint16 { return uint16(t.Unix() / 86400) } //nolint:gosec // the store holds days up to 2149

// dialledOver is whom organizers called in a span that begins and ends with a day.
func (v views) dialledOver(ctx context.Context, all []who, s span) (map[who][]dial, error) {
	tenants := []string{}
	for _, w := range all {
		tenants = append(tenants, w.tenant)
	}
	slices.Sort(tenants)
	is, err := v.fingerprints(ctx, slices.Compact(tenants))
	if err != nil {
		return nil, err
	}
	out := map[who][]dial{}
	from, to := dayNumber(s.from), dayNumber(s.to)
	var missing []who
	for _, w := range all {
		if calls, known := v.dials.get(w, is[w.tenant], from, to); known {
			out[w] = calls
		} else {
			missing = append(missing, w)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	wide := span{from: s.from.Add(-dialledAround), to: s.to.Add(dialledAround)}
	if wide.from.Before(time.Unix(0, 0)) {
		wide.from = time.Unix(0, 0)
	}
	ofTenants, organizers := make([]string, len(missing)), make([]string, len(missing))
	for i, w := range missing {
		ofTenants[i], organizers[i] = w.tenant, w.organizer
	}
	var found []struct {
		TenantID    string   `ch:"tenant_id"`
		OrganizerID string   `ch:"organizer_id"`
		Numbers     []uint64 `ch:"numbers"`
		Days        []uint16 `ch:"days"`
		Seconds     []uint32 `ch:"seconds"`
	}
	err = v.read(ctx, &found, "ring", instant("from", wide.from), instant("to", wide.to), named("tenants", ofTenants), named("organizers", organizers))
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		calls := make([]dial, len(f.Numbers))
		for i := range calls {
			calls[i] = dial{f.Numbers[i], f.Days[i], f.Seconds[i]}
		}
		out[who{f.TenantID, f.OrganizerID}] = calls
	}
	for _, w := range missing {
		v.dials.put(w, dialledBy{is[w.tenant], dayNumber(wide.from), dayNumber(wide.to), out[w]})
	}
	return out, nil
}

// fingerprints are of tenants' usage. Read first: what is kept under them is of that usage, or of newer.
func (v views) fingerprints(ctx context.Context, tenants []string) (map[string]string, error) {
	var found []struct {
		TenantID    string `ch:"tenant_id"`
		Fingerprint string `ch:"fingerprint"`
	}
	if err := v.read(ctx, &found, "fingerprints", named("tenants", tenants)); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, f := range found {
		out[f.TenantID] = f.Fingerprint
	}
	return out, nil
}

// tie is an organizer who called the same numbers as another.
type tie struct {
	who
	numbers int   // how many of them
	seconds int64 // of all calls to them
}

// tiesShown is how many a page names.
const tiesShown = 6

// ties are those among others who called at least two of the numbers that an organizer called in
// a span: one may be anybody's.
func (v views) ties(ctx context.Context, s span, others []who) (out []tie, err error) {
	self := who{s.tenant, s.organizer}
	called, err := v.dialledOver(ctx, append([]who{self}, others...), s)
	if err != nil {
		return nil, err
	}
	from, to := dayNumber(s.from), dayNumber(s.to)
	within := func(d dial) bool { return d.day >= from && d.day < to }
	own := map[uint64]bool{}
	for _, d := range called[self] {
		if within(d) {
			own[d.number] = true
		}
	}
	for _, w := range others {
		t := tie{who: w}
		shared := map[uint64]bool{}
		for _, d := range called[w] {
			if within(d) && own[d.number] {
				shared[d.number] = true
				t.seconds += int64(d.seconds)
			}
		}
		if t.numbers = len(shared); t.numbers > 1 {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b tie) int {
		return cmp.Or(cmp.Compare(b.numbers, a.numbers), cmp.Compare(b.seconds, a.seconds), cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.organizer, b.organizer))
	})
	return out[:min(len(out), tiesShown)], nil
}
