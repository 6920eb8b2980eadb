package directory

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/usage"
)

// day is midnight of a day of January 2026; 0 and below are in December.
func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

func held(assigned int) sighting    { return sighting{"o", "p", true, day(assigned)} }
func deleted(assigned int) sighting { return sighting{"o", "p", false, day(assigned)} }

func shot(at int, sightings ...sighting) snapshot {
	return snapshot{at: day(at), complete: true, sightings: sightings}
}

func short(s snapshot) snapshot { s.complete = false; return s }

// span is an interval by days; to 0 is "still held".
type span struct{ from, to int }

func TestIntervals(t *testing.T) {
	for _, c := range []struct {
		name      string
		snapshots []snapshot
		want      []span
	}{
		{"one snapshot: held since it was assigned", []snapshot{shot(5, held(-100))}, []span{{-100, 0}}},
		{"gone in the next snapshot", []snapshot{shot(5, held(1)), shot(9)}, []span{{1, 9}}},
		{"missing from a snapshot that is not whole", []snapshot{shot(5, held(1)), short(shot(9))}, []span{{1, 0}}},
		{"deleted, and the directory says when", []snapshot{shot(5, held(1)), shot(9, deleted(7))}, []span{{1, 7}}},
		{"deleted, with a time that cannot be", []snapshot{shot(5, held(1)), shot(9, deleted(2))}, []span{{1, 9}}},
		{"only ever seen deleted", []snapshot{shot(9, deleted(7))}, nil},
		{"assigned anew between two snapshots: no gap was seen", []snapshot{shot(5, held(1)), shot(9, held(7))}, []span{{1, 0}}},
		{"gone and back, assigned anew", []snapshot{shot(3, held(1)), shot(5), shot(9, held(7))}, []span{{1, 5}, {7, 0}}},
		{"gone and back with the old time", []snapshot{shot(3, held(1)), shot(5), shot(9, held(1))}, []span{{1, 5}, {9, 0}}},
		{"suspended and enabled again", []snapshot{shot(3, held(1)), shot(6, deleted(4)), shot(9, held(8))}, []span{{1, 4}, {8, 0}}},
		{"assigned later than the snapshot", []snapshot{shot(3, held(4))}, []span{{4, 0}}},
		{"assigned and removed unseen", []snapshot{shot(3), shot(9)}, nil},
		{"two licences, the earlier counts", []snapshot{shot(5, held(3), held(1))}, []span{{1, 0}}},
		{"two licences, one switched off", []snapshot{shot(5, deleted(1), held(3))}, []span{{3, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []usage.Licence
			for _, s := range c.want {
				l := usage.Licence{TenantID: "t", OrganizerID: "o", ServicePlanID: "p", From: day(s.from)}
				if s.to != 0 {
					l.To = day(s.to)
				}
				want = append(want, l)
			}
			require.Equal(t, want, intervals("t", c.snapshots))
		})
	}
}

func TestIntervalsDoNotDependOnTheOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snapshots := randomSnapshots(t)
		want := intervals("t", snapshots)
		seed := rapid.Uint64().Draw(t, "shuffle")
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(snapshots), func(i, j int) {
			snapshots[i], snapshots[j] = snapshots[j], snapshots[i]
		})
		require.Equal(t, want, intervals("t", snapshots))
	})
}

// Intervals of one plan never overlap, and a plan is held at every complete snapshot that
// shows it so and at none that does not.
func TestIntervalsAgreeWithEverySnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snapshots := randomSnapshots(t)
		got := intervals("t", snapshots)
		holds := func(o string, at time.Time) (n int) {
			for _, l := range got {
				if l.OrganizerID == o && !at.Before(l.From) && (l.To.IsZero() || at.Before(l.To)) {
					n++
				}
			}
			return n
		}
		for _, s := range snapshots {
			for _, o := range []string{"a", "b"} {
				var want, future bool
				for _, x := range s.sightings {
					if x.organizerID == o {
						want = x.held
						future = x.assignedAt.After(s.at)
					}
				}
				if future {
					continue
				}
				if want {
					require.Equal(t, 1, holds(o, s.at), "%s at %s", o, s.at)
				} else if s.complete {
					require.Zero(t, holds(o, s.at), "%s at %s", o, s.at)
				}
			}
		}
	})
}

func randomSnapshots(t *rapid.T) []snapshot {
	var out []snapshot
	for at := 1; at < 20; at += rapid.IntRange(1, 5).Draw(t, "gap") {
		s := snapshot{at: day(at), complete: rapid.IntRange(0, 4).Draw(t, "whole") > 0}
		for _, o := range []string{"a", "b"} {
			if rapid.IntRange(0, 3).Draw(t, "there") > 0 {
				s.sightings = append(s.sightings, sighting{o, "p", rapid.Bool().Draw(t, "held"), day(rapid.IntRange(-3, at).Draw(t, "assigned"))})
			}
		}
		out = append(out, s)
	}
	return out
}
