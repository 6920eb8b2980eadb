package simulate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStrangeWorldsDifferFromEachOther(t *testing.T) {
	a, err := readAtlas()
	require.NoError(t, err)
	make := func(seed uint64, odd bool) ([]*tenant, map[string]int, map[string]int) {
		o := Options{Seed: seed, Organizers: 2000, AbuserShare: 0.1, Strange: odd}.withDefaults()
		all, err := world(o, a)
		require.NoError(t, err)
		people, abuse := map[string]int{}, map[string]int{}
		for _, t := range all {
			for _, p := range t.organizers {
				people[p.profile.archetype]++
				if p.plot != nil {
					abuse[p.plot.scenario.name]++
				}
			}
		}
		return all, people, abuse
	}
	ordinary, people, abuse := make(11, false)
	require.Len(t, abuse, len(scenarios()))
	require.Len(t, people, len(profiles()))
	for _, x := range ordinary {
		require.Equal(t, 1.0, x.volume)
		require.Equal(t, masked(x.country), x.mask)
	}

	one, people, abuse := make(11, true)
	two, others, _ := make(12, true)
	require.Less(t, len(abuse), len(scenarios()), "some abuse does not happen")
	require.NotEqual(t, people, others)
	for _, h := range heavies() {
		require.Positive(t, people[h.archetype], h.archetype)
	}
	for i := range one {
		require.InDelta(t, 1.65, one[i].volume, 1.35, "from a third to three times")
		require.NotEqual(t, one[i].volume, two[i].volume)
	}
	again, _, _ := make(11, true)
	require.Equal(t, one[3].volume, again[3].volume)
}

func TestScaleIsAsOftenBelowOneAsAbove(t *testing.T) {
	d, below := newDice(7), 0
	for range 2000 {
		x := d.scale(3)
		require.True(t, x >= 1.0/3 && x <= 3, "%g", x)
		if x < 1 {
			below++
		}
	}
	require.InDelta(t, 1000, below, 100)
}
