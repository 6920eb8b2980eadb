package simulate

import (
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Labels say what the usage files say: no abusive call without a label, no label
// without a call, and every scenario at every intensity.
func TestLabelsAgreeWithTheFeed(t *testing.T) {
	dir, s := dense(t)
	abusive := map[string]bool{}
	for _, r := range readTable(t, dir, "abusive_calls.csv") {
		require.False(t, abusive[r["tenant_id"]+r["usage_id"]], "listed twice")
		abusive[r["tenant_id"]+r["usage_id"]] = true
	}
	type sum struct {
		calls, seconds int
		first, last    time.Time
		background     int
	}
	got := map[string]*sum{}
	for _, tn := range readTenants(t, dir) {
		dialled(t, dir, tn.ID, func(g given) {
			key := tn.ID + g.User
			if got[key] == nil {
				got[key] = &sum{}
			}
			m := got[key]
			if !abusive[tn.ID+g.ID] {
				m.background++
				return
			}
			delete(abusive, tn.ID+g.ID)
			if m.calls == 0 || g.start.Before(m.first) {
				m.first = g.start
			}
			if g.start.After(m.last) {
				m.last = g.start
			}
			m.calls++
			m.seconds += g.seconds
		})
	}
	require.Empty(t, abusive, "abusive calls that are in no file")
	plots := map[string]int{}
	early, background, labels := 0, 0, readTable(t, dir, "labels.csv")
	require.Len(t, labels, s.Organizers)
	for _, l := range labels {
		m := got[l["tenant_id"]+l["organizer_id"]]
		if m == nil {
			m = &sum{}
		}
		require.Equal(t, l["abusive_calls"], strconv.Itoa(m.calls))
		require.Equal(t, l["abusive_seconds"], strconv.Itoa(m.seconds))
		if l["label"] == "honest" {
			require.Zero(t, m.calls)
			require.Empty(t, l["scenario"]+l["intensity"]+l["first_abusive_at"]+l["last_abusive_at"])
			continue
		}
		require.Equal(t, "abuse", l["label"])
		require.NotZero(t, m.calls, l["scenario"])
		require.Regexp(t, sevenDigits, l["first_abusive_at"])
		require.Equal(t, l["first_abusive_at"], m.first.UTC().Format("2006-01-02T15:04:05.0000000Z"))
		require.Equal(t, l["last_abusive_at"], m.last.UTC().Format("2006-01-02T15:04:05.0000000Z"))
		if m.first.Sub(s.From) < 72*time.Hour {
			early++
		}
		if m.background > 0 {
			background++
		}
		plots[l["scenario"]+"/"+l["intensity"]]++
	}
	require.Equal(t, s.Abusers, total(plots))
	require.Len(t, plots, 3*len(scenarios()))
	require.Less(t, early, s.Abusers/5, "most abuse begins later than the data")
	require.Greater(t, background, s.Abusers*8/10, "abusers have honest traffic too")
}

func total(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

// A person who works alone never has legs in two meetings at once, however busy:
// that is what sets a shared licence apart.
func TestHonestPeopleAreInOneMeetingAtATime(t *testing.T) {
	dir, _ := dense(t)
	alone := map[string]bool{}
	for _, p := range profiles() {
		alone[p.archetype] = !p.shared
	}
	watched := map[string]string{}
	for _, l := range readTable(t, dir, "labels.csv") {
		if l["label"] == "honest" && alone[l["archetype"]] {
			watched[l["tenant_id"]+l["organizer_id"]] = l["archetype"]
		}
	}
	require.Greater(t, len(watched), 500)
	type leg struct {
		from, to   time.Time
		conference string
	}
	for _, tn := range readTenants(t, dir) {
		legs := map[string][]leg{}
		dialled(t, dir, tn.ID, func(g given) {
			if key := tn.ID + g.User; watched[key] != "" {
				legs[key] = append(legs[key], leg{g.start, g.start.Add(time.Duration(g.seconds) * time.Second), g.Conference})
			}
		})
		for key, list := range legs {
			sort.Slice(list, func(i, j int) bool { return list[i].from.Before(list[j].from) })
			for i, a := range list {
				for _, b := range list[i+1:] {
					if !b.from.Before(a.to) {
						break
					}
					if a.conference != b.conference {
						require.Fail(t, "two meetings at once", "%s %s at %s", watched[key], key, a.from)
					}
				}
			}
		}
	}
}

// What the scenarios promise, by the calls they make.
func TestScenariosKeepTheirPromises(t *testing.T) {
	dir, _ := dense(t)
	abusive := map[string]bool{}
	for _, r := range readTable(t, dir, "abusive_calls.csv") {
		abusive[r["tenant_id"]+r["usage_id"]] = true
	}
	type who struct{ scenario, intensity, country string }
	people := map[string]who{}
	country := map[string]string{}
	for _, tn := range readTenants(t, dir) {
		country[tn.ID] = tn.Country
	}
	for _, l := range readTable(t, dir, "labels.csv") {
		people[l["tenant_id"]+l["organizer_id"]] = who{l["scenario"], l["intensity"], country[l["tenant_id"]]}
	}
	a, err := readAtlas()
	require.NoError(t, err)
	high := func(callee string) bool {
		for _, b := range a.highCost {
			if strings.HasPrefix(callee, "+1"+b) {
				return true
			}
		}
		return false
	}
	limits := map[string]float64{"low": 1_500, "medium": 3_000, "high": 6_000}
	spent := map[string]float64{}
	longest := map[string]int{}
	for _, tn := range readTenants(t, dir) {
		dialled(t, dir, tn.ID, func(g given) {
			if !abusive[tn.ID+g.ID] {
				return
			}
			key := tn.ID + g.User
			p, holds := people[key], true
			switch p.scenario {
			case "pumping_fast", "pumping_slow":
				holds = high(g.Callee)
			case "toll_free_pumping":
				holds = strings.HasPrefix(g.Callee, "+18")
			case "premium_900":
				holds = strings.HasPrefix(g.Callee, "+1900")
			case "offshore_plus_one":
				holds = strings.HasPrefix(g.Callee, "+1") && g.Destination != "United States" && g.Destination != "Canada"
			case "wangiri":
				holds = g.seconds <= 3
			case "scanning":
				holds = g.seconds < 60
			case "splitting":
				spent[key+"/"+p.intensity+"/"+g.Start[:7]] += float64(g.seconds) / 60
			case "long_call":
				longest[key] = max(longest[key], g.seconds)
			}
			if !holds {
				require.Fail(t, p.scenario, g.raw)
			}
		})
	}
	require.NotEmpty(t, spent)
	for month, minutes := range spent {
		// A call of the last local evening counts to the next month in UTC.
		require.LessOrEqual(t, minutes, limits[strings.Split(month, "/")[1]]+50, month)
	}
	require.NotEmpty(t, longest)
	for _, n := range longest {
		require.Greater(t, n, 5*3600)
	}
}

// A ring's members are of different tenants and call the same few numbers.
func TestRingsSpanTenants(t *testing.T) {
	o := Options{Seed: 5}.withDefaults()
	a, err := readAtlas()
	require.NoError(t, err)
	all, err := world(o, a)
	require.NoError(t, err)
	members := map[int][]*organizer{}
	for _, tn := range all {
		for _, p := range tn.organizers {
			if p.plot != nil && p.plot.group > 0 {
				members[p.plot.group] = append(members[p.plot.group], p)
			}
		}
	}
	rings, splits := 0, 0
	for _, group := range members {
		tenants := map[*tenant]bool{}
		for _, p := range group {
			tenants[p.tenant] = true
			require.Equal(t, group[0].plot.numbers, p.plot.numbers)
			require.Equal(t, group[0].plot.level, p.plot.level)
		}
		if group[0].plot.scenario.apart {
			rings++
			require.Len(t, tenants, len(group))
		} else {
			splits++
			require.Len(t, tenants, 1)
		}
	}
	require.NotZero(t, rings)
	require.NotZero(t, splits)
}
