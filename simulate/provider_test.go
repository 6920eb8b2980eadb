package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPrice(t *testing.T) {
	p := &provider{fx: 10_000}
	to := &place{perMinute: 130} // 0.0130 a minute
	for secs, want := range map[int64]int64{0: 0, 1: 0, 6: 0, 60: 1, 61: 1, 600: 13, 601: 13, 2_700: 59} {
		require.Equal(t, want, p.price(to, secs), "%d seconds", secs)
	}
	dear := &place{perMinute: 62_000} // 6.20 a minute: 0.62 each begun tenth
	require.Equal(t, int64(62), p.price(dear, 1))
	require.Equal(t, int64(62), p.price(dear, 6))
	require.Equal(t, int64(124), p.price(dear, 7))
	euro := &provider{fx: exchange("EUR")}
	require.Equal(t, int64(5_704), euro.price(dear, 600))
}

// The waterfall by its published rules, one organizer at a time. The pool of one
// licence is 60 minutes.
func TestWaterfall(t *testing.T) {
	a, err := readAtlas()
	require.NoError(t, err)
	d := newDice(4)
	begin := tickOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	end := tickOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	for name, c := range map[string]struct {
		skus     []*sku
		unfunded bool
		to       number
		seconds  []int32
		want     []string
		charged  int // index of the first call with a charge; -1 for none
	}{
		"the add-on pays for the US and draws on nothing":                           {skus: []*sku{skuE5, skuAddon}, to: a.in(d, "US"), seconds: []int32{7200, 7200}, want: []string{capAddon, capAddon}, charged: -1},
		"the add-on alone gives nothing: who has no conferencing draws on the pool": {skus: []*sku{skuE3, skuAddon, skuCredits}, to: a.in(d, "US"), seconds: []int32{600}, want: []string{capPool}, charged: -1},
		"Jamaica is not the US":                                 {skus: []*sku{skuE5, skuAddon, skuCredits}, to: a.in(d, "JM"), seconds: []int32{600}, want: []string{capCredits}, charged: 0},
		"premium is nobody's":                                   {skus: []*sku{skuE5, skuAddon, skuCredits}, to: a.premium(d), seconds: []int32{600}, want: []string{capCredits}, charged: 0},
		"Puerto Rico is Zone A, not the add-on's":               {skus: []*sku{skuE5, skuAddon, skuCredits}, to: a.in(d, "PR"), seconds: []int32{600}, want: []string{capPool}, charged: -1},
		"the pool, the call that crosses its end, then credits": {skus: []*sku{skuE5, skuCredits}, to: a.in(d, "DE"), seconds: []int32{3000, 900, 600}, want: []string{capPool, capPool, capCredits}, charged: 1},
		"no credits":         {skus: []*sku{skuE5}, to: a.in(d, "LV"), seconds: []int32{600}, want: []string{""}, charged: -1},
		"credits not funded": {skus: []*sku{skuE5, skuCredits}, unfunded: true, to: a.in(d, "LV"), seconds: []int32{600}, want: []string{""}, charged: -1},
		"pay-per-minute does not draw on the pool, and needs no credits licence": {skus: []*sku{skuE3, skuPerMinute}, to: a.in(d, "GB"), seconds: []int32{600}, want: []string{capPerUse}, charged: 0},
	} {
		t.Run(name, func(t *testing.T) {
			tn := &tenant{house: house{country: "US", currency: "USD", funded: !c.unfunded}, places: a, hours: []month{{"2026-02", begin, end}}}
			o := &organizer{tenant: tn, site: &site{country: "US"}}
			for _, s := range c.skus {
				o.give(s, begin-hour, forever)
			}
			tn.organizers = []*organizer{o}
			tn.stock = stock{skuE5: 1}
			p := newProvider(tn, 1)
			for i, secs := range c.seconds {
				x := call{organizer: o, start: begin + tick(i)*hour, seconds: secs, far: c.to}
				p.enter(x.start)
				v, paid := p.entitled(&x)
				require.Equal(t, c.want[i] != "", paid)
				if paid {
					require.Equal(t, c.want[i], v.capability)
				}
				require.Equal(t, c.charged >= 0 && i >= c.charged, v.charge > 0, "charge of call %d", i)
			}
		})
	}
}

func TestKoreanPoolsAreFifteenTimesAsLarge(t *testing.T) {
	for country, minutes := range map[string]int64{"KR": 900, "RU": 900, "TW": 900, "US": 60, "DE": 60} {
		tn := &tenant{house: house{country: country}, stock: stock{skuStandard: 2, skuE5: 1, skuAddon: 9, skuE3: 9}}
		require.Equal(t, 3*minutes*60, tn.poolSeconds())
	}
}

// Whatever is asked, the pool never goes below nothing and what was drawn is what
// is gone.
func TestPoolIsConserved(t *testing.T) {
	a, err := readAtlas()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		begin := tickOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
		tn := &tenant{house: house{country: "US", currency: "USD"}, places: a, hours: []month{{"2026-02", begin, begin + 28*24*hour}}}
		o := &organizer{tenant: tn, site: &site{country: "US"}}
		o.give(skuE5, begin-hour, forever)
		tn.organizers, tn.stock = []*organizer{o}, stock{skuE5: rapid.IntRange(0, 5).Draw(t, "licences")}
		p := newProvider(tn, 1)
		var zoneA int64
		for i, secs := range rapid.SliceOfN(rapid.Int32Range(0, 8000), 0, 20).Draw(t, "seconds") {
			x := call{organizer: o, start: begin + tick(i)*hour, seconds: secs, far: number{4930123456, a.byISO["DE"]}}
			p.enter(x.start)
			p.entitled(&x)
			zoneA += int64(secs)
		}
		p.enter(begin)
		if want := min(zoneA, tn.poolSeconds()); p.used != want || p.pool != tn.poolSeconds()-want {
			t.Fatalf("used %d, left %d of %d, for %d asked", p.used, p.pool, tn.poolSeconds(), zoneA)
		}
	})
}
