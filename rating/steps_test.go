package rating_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/rating"
)

// Rated after every file, or once after all of them: the same.
func TestAnyNumberOfStepsRatesAsOneDoes(t *testing.T) {
	checks(t, "2")
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		n := drawWorld(rt, p)
		r := w.rater(func(o *rating.Options) { o.Plan = p })
		steps := n
		steps.sheets, steps.tenants = nil, nil
		for _, tn := range n.tenants {
			tn.id = strings.Replace(tn.id, "t", "s", 1)
			calls := make([]revision, len(tn.calls))
			for i, c := range tn.calls {
				c.tenant = tn.id
				calls[i] = c
			}
			tn.calls = calls
			steps.tenants = append(steps.tenants, tn)
		}
		rate := func(ids []string) {
			if _, err := r.Rate(context.Background(), rating.Request{Tenants: ids}); err != nil {
				rt.Fatal(err)
			}
		}
		w.store(n, func(calls []revision) [][]revision { return [][]revision{calls} }, func() {})
		rate(n.ids())
		w.store(steps, func(calls []revision) [][]revision { return shuffled(rt, calls) }, func() { rate(steps.ids()) })
		rate(steps.ids())

		want, got := w.outcome(rt, r, n.ids()), w.outcome(rt, r, steps.ids())
		for i, id := range steps.ids() {
			got = strings.ReplaceAll(got, id, n.ids()[i])
		}
		if want != got {
			rt.Fatal(cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
		}
		rate(n.ids())
		if again := w.outcome(rt, r, n.ids()); again != want {
			rt.Fatal("rated again, the bytes are others")
		}
	})
}

// A further record leaves every record before it as it was: what pays for it, and how
// much.
func TestAFurtherRecordChangesNoEarlierOne(t *testing.T) {
	checks(t, "2")
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		n := drawWorld(rt, p)
		r := w.rater(func(o *rating.Options) { o.Plan = p })
		w.store(n, func(calls []revision) [][]revision { return [][]revision{calls} }, func() {})
		if _, err := r.Rate(context.Background(), rating.Request{Tenants: n.ids()}); err != nil {
			rt.Fatal(err)
		}
		tn := n.tenants[0]
		further := drawCall(rt, tn.id, 9000, []string{"ann", "bob"}, n.zone)
		starts := map[string]time.Time{} // at its latest revision
		numbers := map[string]uint16{}
		for _, c := range tn.calls {
			if c.number >= numbers[c.id] {
				starts[c.id], numbers[c.id] = c.start, c.number
			}
		}
		earlier := func() (out []ratedPart) {
			for _, m := range months {
				for _, part := range w.ratingsOf(rt, tn.id, m) {
					at := starts[part.UsageID]
					before := at.Equal(further.start) && strings.ToLower(part.UsageID) < strings.ToLower(further.id)
					if part.UsageID != further.id && (at.Before(further.start) || before) {
						out = append(out, part)
					}
				}
			}
			return out
		}
		want := earlier()
		w.use(further)
		if _, err := r.Rate(context.Background(), rating.Request{Tenants: n.ids()}); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, earlier(), cmp.Comparer(sameMoney)); diff != "" {
			rt.Fatalf("a record at %s changed earlier ones:\n%s", further.start, diff)
		}
	})
}

// A month and a licence begin at their fraction of a second, not at the minute around it.
func TestNothingIsCutToTheMinute(t *testing.T) {
	w := newWorld(t)
	w.tenant("a", "US", false, "")
	w.skus("a", day(1, 1), conferencing(10))
	begin := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	held45 := begin.Add(10*time.Hour + 45*time.Second)
	w.licences("a",
		held{organizer: "ann", plan: planConferencing, from: day(1, 1)},
		held{organizer: "ann", plan: planAddon, from: held45, to: held45.Add(time.Hour)})
	at := func(id string, start time.Time) revision {
		return revision{tenant: "a", id: id, organizer: "ann", start: start, seconds: 59, country: "US", class: "geographic", callee: "+12125550100"}
	}
	w.use(
		at("last of January", begin.Add(-100)), at("first of February", begin),
		at("same minute, not held", held45.Add(-15*time.Second)), at("not held by a tick", held45.Add(-100)), at("held", held45),
		at("held to the end", held45.Add(time.Hour-100)), at("no longer held", held45.Add(time.Hour)))
	w.rate(w.rater(), rating.Request{})

	require.Equal(t, []string{"last of January pool"}, buckets(w.ratings(january)))
	require.Equal(t, []string{
		"first of February pool", "same minute, not held pool", "not held by a tick pool", "held addon", "held to the end addon", "no longer held pool",
	}, buckets(w.ratings(february)))
	rows := w.ratings(february)
	require.Equal(t, int64(4*59), rows[0].PoolBefore-rows[5].PoolAfter, "seconds leave the pool, not begun minutes")
}

func buckets(rows []ratedPart) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.UsageID+" "+r.Bucket)
	}
	return out
}

// Of calls that start at the same moment, the one with the lower id in lower-case letters
// draws on the pool first, in whatever order they arrived.
func TestTiesAreDecidedByTheId(t *testing.T) {
	for _, order := range [][]string{{"B", "a", "C"}, {"C", "B", "a"}, {"a", "C", "B"}} {
		w := newWorld(t)
		w.tenant("a", "US", false, "")
		w.skus("a", day(1, 1), conferencing(1)) // an hour
		w.licences("a", held{organizer: "ann", plan: planConferencing, from: day(1, 1)})
		for _, id := range order {
			w.use(revision{tenant: "a", id: id, organizer: "ann", start: day(2, 3), seconds: 1500, country: "US", class: "geographic", callee: "+12125550100"})
		}
		w.rate(w.rater(), rating.Request{})
		before := map[string]int64{}
		for _, r := range w.ratings(february) {
			if r.Part == 0 {
				before[r.UsageID] = r.PoolBefore
			}
		}
		require.Equal(t, map[string]int64{"a": 3600, "B": 2100, "C": 600}, before, "arrived as %v", order)
	}
}
