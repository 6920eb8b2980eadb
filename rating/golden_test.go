package rating_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/rules/rates"
	"fairdial/usage"
)

var february = usage.Month{Year: 2026, Month: 2}

func readGolden(t *testing.T, folder, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", folder, name))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	var out []map[string]string
	for _, row := range rows[1:] {
		cells := map[string]string{}
		for i, name := range rows[0] {
			cells[name] = row[i]
		}
		out = append(out, cells)
	}
	return out
}

var servicePlans = map[string]string{
	"conferencing": planConferencing, "pay_per_minute": planPayPerMinute, "addon": planAddon, "credits": planCredits,
}

// golden is a month in a folder of testdata, which can be checked by hand.
func golden(t *testing.T, folder string) *world {
	t.Helper()
	w := newWorld(t)
	instant := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		return at
	}
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		require.NoError(t, err)
		return n
	}
	for _, c := range readGolden(t, folder, "tenants.csv") {
		w.tenant(c["tenant"], c["country"], c["credits_funded"] == "true", c["currency"])
		var skus []sku
		for _, s := range readGolden(t, folder, "skus.csv") {
			if s["tenant"] == c["tenant"] {
				skus = append(skus, sku{
					s["part_number"], s["status"], number(s["enabled"]), number(s["warning"]), number(s["consumed"]),
					[]string{"57ff2da0-773e-42df-b2af-ffb7a2317929", servicePlans[s["service_plan"]]},
				})
			}
		}
		w.skus(c["tenant"], instant("2026-02-27T00:00:00Z"), skus...)
		var all []held
		for _, l := range readGolden(t, folder, "licences.csv") {
			if l["tenant"] == c["tenant"] {
				all = append(all, held{l["organizer"], servicePlans[l["service_plan"]], instant(l["from"]), instant(l["to"])})
			}
		}
		w.licences(c["tenant"], all...)
	}
	sheet, err := os.Open(filepath.Join("testdata", folder, "rates.csv"))
	require.NoError(t, err)
	defer sheet.Close()
	_, err = rates.Import(context.Background(), w.s, rates.Source{Reader: sheet, ValidFrom: instant("2026-01-01T00:00:00Z"), StoredAt: w.tick()})
	require.NoError(t, err)

	started := map[string]time.Time{}
	for _, c := range readGolden(t, folder, "calls.csv") {
		r := revision{
			tenant: c["tenant"], id: c["usage_id"], number: uint16(number(c["revision"])), callType: c["call_type"], organizer: c["organizer"],
			start: instant(c["started_at"]), seconds: uint32(number(c["seconds"])), callee: c["number"], country: c["country"], class: c["class"],
			replaces: started[c["usage_id"]],
		}
		if strings.HasPrefix(r.callee, "+1") {
			r.npanxx = r.callee[2:8]
		}
		started[r.id] = r.start
		w.use(r)
	}
	return w
}

func TestTheMonthWorkedByHand(t *testing.T) {
	w := golden(t, "golden-month")
	r := w.rater()
	report := w.rate(r, rating.Request{})
	require.Len(t, report.Rated, 3, "both tenants' February, and contoso's March with the call that was moved there")

	var got [][]string
	for _, p := range w.ratings(february) {
		amount := ""
		if p.Amount != nil {
			amount = p.Amount.String()
		}
		got = append(got, []string{p.UsageID, p.Bucket, strconv.Itoa(int(p.Seconds)), amount, p.Currency, p.Reason})
	}
	var want [][]string
	for _, c := range readGolden(t, "golden-month", "rating.csv") {
		want = append(want, []string{c["usage_id"], c["bucket"], c["seconds"], c["amount"], c["currency"], c["rule"]})
	}
	require.Equal(t, want, got)

	// The export is the same without the rule.
	var export bytes.Buffer
	require.NoError(t, r.Export(context.Background(), &export, february, nil, rating.Cell))
	lines := []string{"usage_id,bucket,seconds,amount,currency"}
	for _, c := range want {
		lines = append(lines, strings.Join(c[:5], ","))
	}
	require.Equal(t, strings.Join(lines, "\n")+"\n", export.String())

	march := w.ratings(february.Next())
	require.Len(t, march, 1)
	require.Equal(t, "c22", march[0].UsageID)
	require.Equal(t, uint16(1), march[0].Revision)
	require.Equal(t, int64(414_000), march[0].PoolBefore, "a new month has a new pool; its licences are those of the newest snapshot before its end")
}

func TestTheStatementOfTheMonthWorkedByHand(t *testing.T) {
	w := golden(t, "golden-month")
	r := w.rater()
	w.rate(r, rating.Request{})
	s, err := r.Statement(context.Background(), february, "contoso")
	require.NoError(t, err)

	require.Equal(t, "Tenant contoso", s.TenantName)
	require.Equal(t, uint64(21), s.Calls)
	total := uint64(0)
	got := map[usage.Bucket][2]uint64{}
	for _, b := range s.Buckets {
		got[b.Bucket] = [2]uint64{b.Calls, b.Seconds}
		total += b.Seconds
	}
	require.Equal(t, map[usage.Bucket][2]uint64{
		usage.BucketAddon: {3, 10_800}, usage.BucketPool: {11, 414_000}, usage.BucketCredits: {7, 10_874}, usage.BucketUnfunded: {1, 60},
	}, got)
	require.Equal(t, total, s.Seconds)

	credits := s.Buckets[2]
	require.Len(t, credits.Amounts, 1)
	require.Equal(t, "USD", credits.Amounts[0].Currency)
	require.Equal(t, "7.0961", credits.Amounts[0].Amount.String())
	require.Equal(t, uint64(1), credits.UnpricedCalls)
	require.Equal(t, uint64(30), credits.UnpricedSeconds)

	empty := time.Date(2026, 2, 25, 8, 0, 0, 0, time.UTC)
	require.Equal(t, []rating.PoolUse{{
		Pool: "standard", Licences: 115, LicencesKnown: true, Seconds: 414_000, Used: 414_000, Left: 0, EmptyAt: &empty,
	}}, s.Pools)
	require.True(t, s.Addon.Eligible)

	// Why nobody paid is in the lines.
	var unfunded []string
	for _, l := range s.Lines {
		if l.Bucket == usage.BucketUnfunded {
			unfunded = append(unfunded, l.Reason+" "+l.UnfundedBecause+" "+l.Conferencing)
		}
	}
	require.Equal(t, []string{"pool_exhausted no_credits_licence none"}, unfunded)

	balance, err := r.Balance(context.Background(), february)
	require.NoError(t, err)
	require.Len(t, balance, 2)
	require.Equal(t, uint64(10_800), balance[0].AddonSeconds)
	require.Equal(t, "hanguk", balance[1].TenantID)
	require.Equal(t, int64(54_000), balance[1].Pools[0].Seconds)
	require.Equal(t, int64(0), balance[1].Pools[0].Left)
	require.Equal(t, uint64(1_000), balance[1].UnfundedSeconds)
	require.Empty(t, balance[1].Credits)

	var text bytes.Buffer
	all, err := r.Statements(context.Background(), february, nil)
	require.NoError(t, err)
	require.NoError(t, rating.WriteStatementsCSV(&text, all))
	rows, err := csv.NewReader(&text).ReadAll()
	require.NoError(t, err)
	require.Contains(t, rows, []string{
		"2026-02", "contoso", "Tenant contoso", "credits", "premium", "subscription", "", "1", "1", "61", "11", "2.889", "USD", "0", "0", "", "",
	})
	_, err = r.Statement(context.Background(), february, "nobody")
	require.ErrorIs(t, err, rating.ErrNotRated)
}

// What finance opens in a spreadsheet must not run as a formula.
func TestATenantsNameIsNoFormula(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, rating.WriteStatementsCSV(&out, []rating.Statement{{
		TenantID: "t", TenantName: `=HYPERLINK("http://x")`, Lines: []rating.StatementLine{{Bucket: usage.BucketPool}},
	}}))
	require.Contains(t, out.String(), `"'=HYPERLINK(""http://x"")"`)
}
