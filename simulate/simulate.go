// Package simulate writes a labelled workload: tenants, their organizers, honest
// traffic of many kinds and every abuse scenario, as usage exports, directory
// snapshots and rate sheets in the source's own formats. The product takes them in
// as it does a customer's. The package knows nothing of how abuse is detected.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Summary says what a run wrote.
type Summary struct {
	From       time.Time `json:"from"`
	To         time.Time `json:"to"` // UTC, [From, To)
	Tenants    int       `json:"tenants"`
	Organizers int       `json:"organizers"`
	Abusers    int       `json:"abusers"`
	// Records is all rows of the usage files: ConfOut + Other + Duplicates +
	// Corrections + Malformed.
	Records     int64 `json:"records"`
	ConfOut     int64 `json:"conf_out"` // distinct rated records
	Other       int64 `json:"other"`    // distinct records of other call types
	Duplicates  int64 `json:"duplicates"`
	Corrections int64 `json:"corrections"`
	Malformed   int64 `json:"malformed"`
	// ConfOutSeconds is the connected time of the rated records as first given.
	ConfOutSeconds int64 `json:"conf_out_seconds"`
	AbusiveCalls   int64 `json:"abusive_calls"`
	AbusiveSeconds int64 `json:"abusive_seconds"`
	// Archetypes and Scenarios count organizers by name.
	Archetypes map[string]int `json:"archetypes"`
	Scenarios  map[string]int `json:"scenarios"`
	// Pools says for each tenant how much of its pools of all months was used, in
	// the order of tenants.json.
	Pools []Pool `json:"pools"`
}

// Pool is a tenant's conferencing pool over the run.
type Pool struct {
	TenantID string `json:"tenant_id"`
	Seconds  int64  `json:"seconds"` // of all months together
	Used     int64  `json:"used"`
	// Dry is the start of the call with which each month's pool ran out (UTC);
	// zero for a month that it lasted.
	Dry []time.Time `json:"dry"`
}

// Generate writes a workload into dir, which it creates where needed and which
// must not hold one already. progress, which may be nil, is told of organizer-days
// made and to make; calls to it never overlap. Equal options give equal bytes.
func Generate(ctx context.Context, dir string, options Options, progress func(done, total int64)) (Summary, error) {
	o := options.withDefaults()
	if err := o.check(); err != nil {
		return Summary{}, fmt.Errorf("simulate: %w", err)
	}
	feeds, err := generate(ctx, dir, o, progress)
	if err != nil {
		return Summary{}, fmt.Errorf("simulate into %s: %w", dir, err)
	}
	return summarize(o, feeds), nil
}

func generate(ctx context.Context, dir string, o Options, progress func(done, total int64)) ([]*feed, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	a, err := readAtlas()
	if err != nil {
		return nil, err
	}
	all, err := world(o, a)
	if err != nil {
		return nil, err
	}
	feeds := make([]*feed, len(all))
	report := counter(o, all, progress)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, t := range all {
		group.Go(func() error {
			if err := t.snapshots(filepath.Join(dir, "directory")); err != nil {
				return err
			}
			feeds[i] = newFeed(o, t)
			return feeds[i].run(ctx, filepath.Join(dir, "usage"), report)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return feeds, errors.Join(
		writeTenants(dir, all), writeRates(dir, a, all), writeLabels(dir, feeds),
		writeExpected(filepath.Join(dir, "expected"), feeds), writeReadme(dir, o),
	)
}

// prepare refuses a folder that holds a workload, as a mixture of two has no truth.
func prepare(dir string) error {
	for _, name := range []string{"usage", "directory", "expected", "labels.csv", "tenants.json"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s is already there: name an empty folder, or remove it first", name)
		} else if !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(dir, "expected"), 0o755)
}

// world makes all tenants with their organizers and gives out the abuse.
func world(o Options, a *atlas) ([]*tenant, error) {
	all, err := tenants(o, a)
	if err != nil {
		return nil, err
	}
	odd := o.strangeness()
	kinds := odd.people()
	for _, t := range all {
		odd.habits(t)
	}
	var weights []float64
	for _, k := range kinds {
		weights = append(weights, k.weight)
	}
	var deck []*profile
	for i, n := range share(o.Organizers, weights, 1) {
		for range n {
			deck = append(deck, kinds[i])
		}
	}
	d := newDice(o.Seed, streamDeck)
	d.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	deal := func() *profile {
		p := deck[0]
		deck = deck[1:]
		return p
	}
	for _, t := range all {
		t.populate(o, deal)
	}
	cast(o, a, all, odd)
	for _, t := range all {
		t.buy()
	}
	return all, nil
}

func counter(o Options, all []*tenant, progress func(done, total int64)) func(int) {
	span := all[0].hours[len(all[0].hours)-1].end - all[0].hours[0].start
	total := int64(o.Organizers) * (int64(span/(24*hour)) + 2)
	var mu sync.Mutex
	var done int64
	return func(n int) {
		mu.Lock()
		defer mu.Unlock()
		done += int64(n)
		if progress != nil {
			progress(done, total)
		}
	}
}

func summarize(o Options, feeds []*feed) Summary {
	hours := feeds[0].tenant.hours
	s := Summary{
		From: hours[0].start.time(), To: hours[len(hours)-1].end.time(), Tenants: o.Tenants, Organizers: o.Organizers,
		Archetypes: map[string]int{}, Scenarios: map[string]int{},
	}
	for _, f := range feeds {
		l := f.ledger
		s.Records += l.read
		s.ConfOut += l.confOut
		s.Other += l.ignored
		s.Duplicates += l.duplicate
		s.Corrections += l.corrected
		s.Malformed += l.rejected
		s.ConfOutSeconds += f.seconds
		pool := Pool{TenantID: f.tenant.id.String(), Seconds: f.pool * int64(len(hours)), Used: f.provider.used}
		for _, at := range f.provider.dry {
			when := time.Time{}
			if at > 0 {
				when = at.time()
			}
			pool.Dry = append(pool.Dry, when)
		}
		s.Pools = append(s.Pools, pool)
		for _, p := range f.tenant.organizers {
			s.Archetypes[p.profile.archetype]++
			if t := f.tallies[p]; t != nil {
				s.Abusers++
				s.Scenarios[p.plot.scenario.name]++
				s.AbusiveCalls += t.calls
				s.AbusiveSeconds += t.seconds
			}
		}
	}
	return s
}
