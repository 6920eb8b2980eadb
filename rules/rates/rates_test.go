package rates

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const published = "Origin,Destination,Prefix(es),Originating Number Type,Terminating Number Type," +
	"Connection charge in USD,Per Minute Rate in USD (Billed in Tenths of a Minute)\n"

func TestASheetIsReadByItsColumnsNames(t *testing.T) {
	for name, text := range map[string]string{
		"as published": published +
			"All,Jamaica,\"1876, 1658\",All Number Types,All Number Types,0.05,0.3310\n" +
			"Germany,United States,1,Wireline,Premium,0,2\n",
		"other order, one column of types, spacing and a byte order mark": "\ufeffper minute rate  in usd , Prefixes,ORIGIN,number type,Destination,Connection Charge in USD,Remark\n" +
			"0.331,+1876;1658,*,,Jamaica,0.050,x\n\n" +
			"2,1,de,premium,United States,0,\n",
	} {
		t.Run(name, func(t *testing.T) {
			sheet, err := Parse(strings.NewReader(text), "USD")
			require.NoError(t, err)
			require.Equal(t, "USD", sheet.Currency)
			require.Len(t, sheet.Rates, 3)
			from := AllNumberTypes
			if name == "as published" {
				from = Wireline
			}
			for i, want := range []Rate{
				{Origin: "", Destination: "Jamaica", Prefix: "1876", NumberType: AllNumberTypes, Originating: AllNumberTypes},
				{Origin: "", Destination: "Jamaica", Prefix: "1658", NumberType: AllNumberTypes, Originating: AllNumberTypes},
				{Origin: "DE", Destination: "United States", Prefix: "1", NumberType: Premium, Originating: from},
			} {
				got := sheet.Rates[i]
				got.Row, got.ConnectionCharge, got.PerMinute = 0, decimal.Decimal{}, decimal.Decimal{}
				require.Equal(t, want, got)
			}
			require.Equal(t, "0.331", sheet.Rates[0].PerMinute.String())
			require.Equal(t, "0.05", sheet.Rates[1].ConnectionCharge.String())
			require.Equal(t, 2, sheet.Rates[1].Row)
		})
	}
}

func TestTheCurrencyIsTheHeaders(t *testing.T) {
	text := strings.ReplaceAll(published, "USD", "EUR") + ",Jamaica,1876,,,0,0.3\n"
	sheet, err := Parse(strings.NewReader(text), "")
	require.NoError(t, err)
	require.Equal(t, "EUR", sheet.Currency)
	_, err = Parse(strings.NewReader(text), "USD")
	require.ErrorContains(t, err, `row 1: the column "connection charge in eur" is not in USD`)
	_, err = Parse(strings.NewReader(strings.Replace(text, "EUR", "CHF", 1)), "")
	require.ErrorContains(t, err, "is not in CHF")
}

func TestMistakesAreNamedByRowAllAtOnce(t *testing.T) {
	text := published +
		",Jamaica,1876,,,0,0.3310\n" + // row 2, good
		",Jamaica,18 1876,,,0,0.4\n" + // 3: 1876 again
		",,1,,,0,0.1\n" + // 4
		"Narnia,France,33,,,0,0.1\n" + // 5
		",France,336,Wireless,Mobile,0,0.1\n" + // 6
		",France,0033,,,0,0.1\n" + // 7
		",France,,,,0,0.1\n" + // 8
		",Spain,34,,,\"0,10\",0.1\n" + // 9
		",Spain,341,,,0,-0.1\n" + // 10
		",Spain,342,,,0,0.0123456\n" + // 11
		",Spain,343,,,0\n" + // 12
		",Spain,344,,,0,9999999\n" + // 13
		",Jamaica,1876,,Premium,0,5\n" + // 14, good: another type
		"GB,Jamaica,1876,,,0,5\n" // 15, good: another origin
	_, err := Parse(strings.NewReader(text), "USD")
	var e *Error
	require.ErrorAs(t, err, &e)
	got := map[int]string{}
	for _, p := range e.Problems {
		require.NotContains(t, got, p.Row, "row %d has one mistake", p.Row)
		got[p.Row] = p.Text
	}
	require.Equal(t, map[int]string{
		3:  "prefix 1876 (All Number Types) has a rate in row 2 already",
		4:  "names no destination",
		5:  `origin "Narnia": write a country's code such as US, its English name, or All`,
		6:  `number type "Mobile" is not one of All Number Types, Wireline, Wireless, Premium`,
		7:  `prefix "0033" is not 1 to 15 digits with the country code first`,
		8:  "names no prefix",
		9:  `connection charge "0,10" is no amount: write it as 0.0130, and 0 for none`,
		10: `per minute rate "-0.1" is no amount: write it as 0.0130, and 0 for none`,
		11: "per minute rate 0.0123456 has more than 6 decimals",
		12: "has 6 columns, the header has 7",
		13: "per minute rate 9999999 is more than 1000000",
	}, got)
}

func TestASheetWithoutWhatItNeedsIsRefused(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"empty":          {"", "the file is empty"},
		"header only":    {published, "no rates below its header"},
		"no prefix":      {"Destination,Connection charge in USD,Per Minute Rate in USD\nx,0,0\n", `the column "Prefix(es)" is missing`},
		"no rate":        {"Destination,Prefix,Connection charge in USD\nx,1,0\n", "Per Minute Rate in {currency}"},
		"a column twice": {"Destination," + published, `"destination" is there twice`},
		"no CSV":         {published + "\"a\nb", "row 2: this is no CSV"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(strings.NewReader(tt.text), "USD")
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err := Parse(strings.NewReader(published+",x,1,,,0,0\n"), "dollars")
	require.ErrorContains(t, err, "no currency")
}

func TestOriginsAreCodesNamesOrAny(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "All": "", "ANY": "", "us": "US", "United States": "US", "united kingdom": "GB", "UK": "GB", "Hong Kong SAR": "HK",
		"Türkiye": "TR", "Côte d'Ivoire": "CI", "XX": "", "Korea, Republic of": "", "Virgin Islands (British)": "VG",
	} {
		got, ok := origin(text)
		require.Equal(t, want, got, text)
		require.Equal(t, text != "XX" && text != "Korea, Republic of", ok, text)
	}
}

func TestImportIsIdempotentByContent(t *testing.T) {
	s := storetest.Open(t)
	ctx := t.Context()
	body := published + ",Jamaica,1876,,,0.05,0.3310\n,Jamaica,1658,,,0.05,0.3310\n"
	reordered := published + ",Jamaica,1658;1876,All Number Types,,0.050,0.331\n"
	dearer := published + ",Jamaica,1876;1658,,,0.05,0.4\n"
	feb := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	clock := feb
	bring := func(text string, from time.Time) Stored {
		t.Helper()
		clock = clock.Add(time.Minute)
		got, err := Import(ctx, s, Source{Reader: strings.NewReader(text), File: "usd.csv", Currency: "USD", ValidFrom: from, StoredAt: clock, Replace: true, Reason: "a mistake in it"})
		require.NoError(t, err)
		return got
	}
	rows := func() (n uint64) {
		require.NoError(t, s.QueryRow(ctx, "SELECT count() FROM rate_rows").Scan(&n))
		return n
	}
	first := bring(body, feb)
	require.False(t, first.Unchanged)
	require.EqualValues(t, 2, first.Rows)
	require.EqualValues(t, 2, rows())

	again := bring(reordered, feb)
	require.True(t, again.Unchanged)
	require.Equal(t, first.ID, again.ID)
	require.EqualValues(t, 2, rows())

	// The same from another date on is another sheet.
	march := bring(body, feb.AddDate(0, 1, 0))
	require.NotEqual(t, first.ID, march.ID)
	// Another content from the same date on takes the place of the first, and can be taken back.
	second := bring(dearer, feb)
	require.NotEqual(t, first.ID, second.ID)
	require.EqualValues(t, 6, rows())
	require.Equal(t, first.ID, *second.Replaced)
	inForce := func() []Stored {
		all, err := List(ctx, s)
		require.NoError(t, err)
		return all
	}
	require.Len(t, inForce(), 2)
	require.Equal(t, second.ID, inForce()[0].ID)
	require.Equal(t, march.ID, inForce()[1].ID)
	require.Equal(t, "a mistake in it", inForce()[0].Reason)
	require.Empty(t, inForce()[1].Reason)

	back := bring(body, feb)
	require.False(t, back.Unchanged)
	require.Equal(t, first.ID, back.ID)
	require.Equal(t, first.ID, inForce()[0].ID)
	require.EqualValues(t, 6, rows(), "its rates are still there")
}

// An import that was killed after its rates and before the sheet's own row is run again.
func TestAnImportThatWasCutOffIsFinished(t *testing.T) {
	s := storetest.Open(t)
	ctx := t.Context()
	body := published + ",Jamaica,1876,,,0.05,0.3310\n"
	feb := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	src := func() Source {
		return Source{Reader: strings.NewReader(body), File: "usd.csv", ValidFrom: feb, StoredAt: feb}
	}
	first, err := Import(ctx, s, src())
	require.NoError(t, err)
	require.NoError(t, s.Exec(ctx, "TRUNCATE TABLE rate_sheets"))
	all, err := List(ctx, s)
	require.NoError(t, err)
	require.Empty(t, all)

	again, err := Import(ctx, s, src())
	require.NoError(t, err)
	require.Equal(t, first, again)
	var n uint64
	require.NoError(t, s.QueryRow(ctx, "SELECT count() FROM rate_rows").Scan(&n))
	require.EqualValues(t, 1, n)
	var perMinute decimal.Decimal
	require.NoError(t, s.QueryRow(ctx, "SELECT count() FROM rate_ranges WHERE list_id = ?", again.ListID("US").String()).Scan(&n))
	require.EqualValues(t, 4, n, "where 1876 begins and where it ends, for premium numbers and others")
	require.NoError(t, s.QueryRow(ctx, "SELECT per_minute FROM rate_rows").Scan(&perMinute))
	require.Equal(t, "0.331", perMinute.String())
}

// The look-up finds what trying every prefix finds.
func TestTheLongestPrefixIsFoundWhateverTheNumber(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var all []Rate
		seen := map[rateKey]bool{}
		for range rapid.IntRange(0, 20).Draw(rt, "rates") {
			r := Rate{
				Prefix:     rapid.StringMatching(`[1-3]([0-9]|0|9){0,5}`).Draw(rt, "prefix"),
				Origin:     rapid.SampledFrom([]string{"", "", "DE", "US"}).Draw(rt, "origin"),
				NumberType: rapid.SampledFrom(numberTypes).Draw(rt, "type"), Originating: rapid.SampledFrom(numberTypes).Draw(rt, "from"),
			}
			if k := (rateKey{r.Prefix, r.Originating, r.NumberType, r.Origin}); !seen[k] {
				seen[k] = true
				all = append(all, r)
			}
		}
		number := rapid.StringMatching(`[1-4]([0-9]|0|9){0,14}`).Draw(rt, "number")
		origin, premium := rapid.SampledFrom([]string{"", "DE", "FR"}).Draw(rt, "tenant's country"), rapid.Bool().Draw(rt, "premium")

		// Longest prefix, then own country, then type, then what is called from.
		var want *Rate
		rank := func(r *Rate) [4]int {
			from := map[NumberType]int{AllNumberTypes: 1, Wireline: 2, Wireless: 3, Premium: 4}
			order := map[NumberType]int{AllNumberTypes: 1, Wireline: 2, Wireless: 3, Premium: 4}
			if premium {
				order[Premium] = 0
			}
			any := 0
			if r.Origin == "" {
				any = 1
			}
			return [4]int{-len(r.Prefix), any, order[r.NumberType], from[r.Originating]}
		}
		for i := range all {
			r := &all[i]
			if !strings.HasPrefix(number, r.Prefix) || r.Origin != "" && r.Origin != origin {
				continue
			}
			if want == nil || slices.Compare(rankOf(rank(r)), rankOf(rank(want))) < 0 {
				want = r
			}
		}
		var got *Rate
		last := uint64(0)
		for i, l := range ranges(all, origin, premium) {
			if i > 0 && l.starts <= last {
				rt.Fatalf("ranges are out of order: %x after %x", l.starts, last)
			}
			last = l.starts
			if l.starts <= placeOf(number) {
				got = l.rate
			}
		}
		if got != want {
			rt.Fatalf("%s: got %+v, want %+v", number, got, want)
		}
	})
}

func rankOf(r [4]int) []int { return r[:] }

func FuzzParse(f *testing.F) {
	f.Add(published + ",Jamaica,1876,,,0.05,0.3310\n")
	f.Add("Destination,Prefix,Connection charge in usd,Per Minute Rate in usd\n\"a,1,0")
	f.Fuzz(func(t *testing.T, text string) {
		sheet, err := Parse(strings.NewReader(text), "")
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || len(e.Problems) == 0 {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		seen := map[rateKey]bool{}
		for _, r := range sheet.Rates {
			require.Regexp(t, `^[1-9][0-9]{0,14}$`, r.Prefix)
			require.False(t, r.PerMinute.IsNegative() || r.ConnectionCharge.IsNegative())
			k := rateKey{r.Prefix, r.Originating, r.NumberType, r.Origin}
			require.False(t, seen[k])
			seen[k] = true
		}
	})
}
