package simulate

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
)

// dice is a seeded source of randomness with the distributions that calls follow.
// It can be seeded again, so that every organizer's day has a stream of its own
// and a change to one leaves all others as they were.
type dice struct {
	*rand.Rand
	pcg *rand.PCG
}

func newDice(seed uint64, stream ...uint64) *dice {
	pcg := rand.NewPCG(0, 0)
	d := &dice{rand.New(pcg), pcg}
	d.reseed(seed, stream...)
	return d
}

func (d *dice) reseed(seed uint64, stream ...uint64) {
	h := mix(seed)
	for _, s := range stream {
		h = mix(h ^ mix(s+0x9e3779b97f4a7c15))
	}
	d.pcg.Seed(h, mix(h))
}

// mix is the finalizer of SplitMix64: near-by seeds give unrelated streams.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func (d *dice) chance(p float64) bool { return d.Float64() < p }

// between is a whole number from a to b, both included.
func (d *dice) between(a, b int) int {
	if b <= a {
		return a
	}
	return a + d.IntN(b-a+1)
}

// span is a number in [a, b).
func (d *dice) span(a, b float64) float64 { return a + d.Float64()*(b-a) }

// exp is exponential with the given mean.
func (d *dice) exp(mean float64) float64 { return d.ExpFloat64() * mean }

// lognormal has the given median; call lengths follow it closely.
func (d *dice) lognormal(median, sigma float64) float64 {
	return median * math.Exp(d.NormFloat64()*sigma)
}

// poisson counts events of the given mean.
func (d *dice) poisson(mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 30 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*d.NormFloat64())))
	}
	limit, n := math.Exp(-mean), 0
	for p := d.Float64(); p > limit; p *= d.Float64() {
		n++
	}
	return n
}

// favourite is an index below n; low ones come far more often, as people call
// some contacts much more than others.
func (d *dice) favourite(n int) int {
	u := d.Float64()
	return min(n-1, int(float64(n)*u*u*u))
}

// whole rounds x up or down at random so that the mean stays x.
func (d *dice) whole(x float64) int {
	n := math.Floor(x)
	if d.chance(x - n) {
		n++
	}
	return int(n)
}

func pick[T any](d *dice, from []T) T { return from[d.IntN(len(from))] }

// guid is a random (version 4) identifier.
type guid [16]byte

func (d *dice) guid() guid {
	var g guid
	a, b := d.Uint64(), d.Uint64()
	for i := range 8 {
		g[i], g[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	g[6], g[8] = g[6]&0x0f|0x40, g[8]&0x3f|0x80
	return g
}

func (g guid) appendTo(b []byte) []byte {
	b = hex.AppendEncode(b, g[0:4])
	for _, part := range [][]byte{g[4:6], g[6:8], g[8:10], g[10:16]} {
		b = append(b, '-')
		b = hex.AppendEncode(b, part)
	}
	return b
}

func (g guid) String() string { return string(g.appendTo(make([]byte, 0, 36))) }
