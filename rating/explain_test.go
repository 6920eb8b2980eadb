package rating_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/rules/plan"
	"fairdial/usage"
)

func TestEveryCallOfTheMonthWorkedByHandIsExplained(t *testing.T) {
	w := golden(t, "golden-month")
	r := w.rater()
	w.rate(r, rating.Request{})
	explain := func(id string) rating.Explanation {
		e, err := r.Explain(context.Background(), "", id)
		require.NoError(t, err)
		return e
	}

	for name, c := range map[string]struct {
		addon, pool, credits, unfunded uint32
		why                            map[usage.Bucket]string
	}{
		"c01": {addon: 3600, why: map[usage.Bucket]string{"addon": "US (geographic) is covered; the add-on was held since 2025-06-01 00:00:00 UTC, and conferencing held since", "pool": "takes nothing from a pool", "credits": "nothing was left"}},
		"c02": {pool: 600, why: map[usage.Bucket]string{"addon": "covers US, CA, not PR", "pool": "had 414000 s left and 413400 s after"}},
		"c03": {credits: 125, why: map[usage.Bucket]string{"addon": "not JM", "pool": "JM (geographic) is not in Zone A", "credits": "for 21 tenths"}},
		"c07": {pool: 1800, why: map[usage.Bucket]string{"addon": "its licence began at 2026-02-10 12:00:00 UTC, after the call's start"}},
		"c08": {addon: 1800, why: map[usage.Bucket]string{"addon": "held since 2026-02-10 12:00:00 UTC"}},
		"c09": {credits: 90, why: map[usage.Bucket]string{"addon": "no licence for it at any time", "pool": "pay-per-minute, which adds to no pool"}},
		"c10": {pool: 1200, why: map[usage.Bucket]string{"pool": "an exception to look at"}},
		"c14": {pool: 300, why: map[usage.Bucket]string{"addon": "its licence ended at 2026-02-20 00:00:00 UTC, before or at"}},
		"c15": {pool: 9_500, credits: 10_500, why: map[usage.Bucket]string{"pool": "had 9500 s left, and ended within the call"}},
		"c16": {unfunded: 60, why: map[usage.Bucket]string{"pool": "of 414000 s was used up before the call began", "credits": "neither pay-per-minute nor holding their licence", "unfunded": "none of the entitlements"}},
		"c18": {credits: 61, why: map[usage.Bucket]string{"addon": "never covers numbers of class premium", "pool": "no pool covers"}},
		"c19": {why: map[usage.Bucket]string{"pool": "no seconds, so nothing is drawn"}},
		"c20": {credits: 30, why: map[usage.Bucket]string{"pool": "satellite", "credits": "no rate is known"}},
		"c23": {credits: 7, why: map[usage.Bucket]string{"addon": "did not hold the add-on"}},
		"k02": {pool: 4000, unfunded: 1000, why: map[usage.Bucket]string{"credits": "had not funded"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := explain(name)
			require.True(t, e.Rated)
			require.Empty(t, e.Notes)
			require.Equal(t, uint32(1), e.Run.Sequence)
			require.Len(t, e.Steps, 4)
			paid := map[usage.Bucket]uint32{}
			for _, s := range e.Steps {
				paid[s.Bucket] = s.Seconds
				require.NotEmpty(t, s.Why)
				require.Contains(t, s.Why, c.why[s.Bucket])
			}
			require.Equal(t, map[usage.Bucket]uint32{"addon": c.addon, "pool": c.pool, "credits": c.credits, "unfunded": c.unfunded}, paid)
		})
	}

	crossing := explain("c15")
	require.Len(t, crossing.Parts, 2)
	require.Equal(t, int64(9_500), *crossing.Parts[0].PoolBefore)
	require.Equal(t, int64(0), *crossing.Parts[0].PoolAfter)
	charge := crossing.Parts[1].Charge
	require.Equal(t, uint32(1750), charge.BilledTenths)
	require.Equal(t, 1, charge.IncrementTenths)
	require.Equal(t, "49", charge.Rate.Prefix)
	require.NotZero(t, charge.Rate.Row)
	require.True(t, charge.PerMinute.Shift(-1).Mul(decimal.NewFromInt(1750)).Add(charge.ConnectionCharge).Equal(*charge.Amount), "the amount can be worked out from what is told")

	toll := explain("c23")
	require.Equal(t, rating.ExplainedDestination{Number: "+1800555****", Country: "US", Class: "toll_free", NPANXX: "800555", CountedAs: "US", Zone: "A"}, toll.Destination)
	require.Equal(t, "other", explain("c03").Destination.Zone)
	require.Equal(t, "4917", explain("c17").Parts[0].Charge.Rate.Prefix)
	require.Equal(t, "Premium", explain("c18").Parts[0].Charge.Rate.NumberType)

	in := explain("c21")
	require.False(t, in.Rated)
	require.Contains(t, in.WhyNot, `of type "conf_in"`)
	require.Nil(t, in.Run)
}

func TestAnExplanationIsOfTheInputsThatTheRunUsed(t *testing.T) {
	w := golden(t, "golden-month")
	r := w.rater()
	w.rate(r, rating.Request{})
	before, err := r.Explain(context.Background(), "contoso", "C01")
	require.NoError(t, err, "ids that are GUIDs are kept in small letters")

	// Everything changes, and nothing is rated again.
	w.licences("contoso", held{"bob", planConferencing, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Time{}})
	w.tenant("contoso", "KR", false, "")
	other := plan.Default()
	other.Versions[0].Addon.Countries = []plan.Country{"FR"}
	after, err := w.rater(func(o *rating.Options) { o.Plan = other }).Explain(context.Background(), "contoso", "c01")
	require.NoError(t, err)
	require.Equal(t, before, after)

	// A correction that is not rated yet is said, and what was rated is explained.
	w.use(revision{tenant: "contoso", id: "c01", number: 1, organizer: "ann", start: before.StartedAt, seconds: 60, country: "US", class: "geographic"})
	late, err := r.Explain(context.Background(), "", "c01")
	require.NoError(t, err)
	require.Equal(t, uint32(3600), late.Seconds)
	require.Len(t, late.Notes, 1)
	require.Contains(t, late.Notes[0], "revision 1 of the record has arrived since")
}

func TestWhatCannotBeExplainedSaysSo(t *testing.T) {
	w := newWorld(t)
	start := time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)
	one := revision{tenant: "a", id: "same", organizer: "ann", start: start, seconds: 10, country: "US", class: "geographic"}
	two := one
	two.tenant = "b"
	w.use(one, two)
	r := w.rater()

	_, err := r.Explain(context.Background(), "", "nothing")
	require.ErrorIs(t, err, rating.ErrNoRecord)
	_, err = r.Explain(context.Background(), "c", "same")
	require.ErrorIs(t, err, rating.ErrNoRecord)
	_, err = r.Explain(context.Background(), "", "same")
	require.ErrorIs(t, err, rating.ErrManyTenants)

	e, err := r.Explain(context.Background(), "b", "same")
	require.NoError(t, err)
	require.False(t, e.Rated)
	require.Contains(t, e.WhyNot, "has not been rated; run fairdial rate --month 2026-02")

	w.rate(r, rating.Request{})
	two.id = "late"
	w.use(two)
	e, err = r.Explain(context.Background(), "", "late")
	require.NoError(t, err)
	require.Contains(t, e.WhyNot, "arrived, or was corrected, after run 1")

	// A run from before terms were kept, under a plan that is another one now.
	require.NoError(t, w.s.Exec(context.Background(), "TRUNCATE TABLE rating_terms"))
	e, err = w.rater(func(o *rating.Options) { o.Plan.Versions[0].Pool.IncrementSeconds = 60 }).Explain(context.Background(), "b", "same")
	require.NoError(t, err)
	require.Len(t, e.Notes, 1)
	require.True(t, strings.HasPrefix(e.Notes[0], "plan version teams-audio-conferencing@"))
	require.Empty(t, e.Destination.Zone)
	require.True(t, e.Rated)
}
