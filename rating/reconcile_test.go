package rating_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

// said is a tenant with one pool minute and funded credits, and calls with what the source
// says of them.
func said(t *testing.T) *world {
	w := newWorld(t)
	year := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	w.tenant("t", "US", true, "USD")
	w.skus("t", year, sku{part: "MCOMEETADV", enabled: 1, plans: []string{planConferencing}})
	w.licences("t", held{organizer: "a", plan: planConferencing, from: year}, held{organizer: "a", plan: planCredits, from: year},
		held{organizer: "a", plan: planAddon, from: year}, held{organizer: "u", plan: planConferencing, from: year}, held{organizer: "p", plan: planPayPerMinute, from: year})
	w.rateSheet("USD", year, "1,0,0.01", "49,0.05,0.10", "7,0,0.20")
	at := func(minute int) time.Time { return time.Date(2026, 2, 2, 9, minute, 0, 0, time.UTC) }
	one := func(id string, minute int, organizer, country string, seconds uint32, capability, charge, fee, currency string) revision {
		return revision{
			tenant: "t", id: id, organizer: organizer, start: at(minute), seconds: seconds, country: country, class: "geographic",
			callee:     map[string]string{"US": "+12125550100", "DE": "+4930555010", "RU": "+7495555010", "KE": "+25420555010"}[country],
			capability: capability, charge: charge, fee: fee, currency: currency,
		}
	}
	w.use(
		one("addon", 0, "a", "US", 60, "MCOMEETADD_DIALOUT_US", "0", "0", "USD"),
		one("addon-charged", 1, "a", "US", 60, "mcomeetadd_dialout_us", "0.60", "0", "USD"),
		one("addon-pool", 2, "a", "US", 60, "MCOMEETADD", "", "", ""),
		one("pool", 3, "a", "DE", 3500, "MCOMEETADD", "0", "0", "USD"),
		one("crossing", 4, "a", "DE", 160, "MCOMEETADD", "0.10", "0.05", "USD"), // 100 s of the pool, 60 s of credits: 0.10 + 0.05
		one("exact", 5, "a", "DE", 90, "MCOPSTNPP", "0.15", "0.05", "USD"),
		one("near", 6, "a", "DE", 90, "MCOPSTNPP", "0.16", "0.05", "USD"),
		one("rounded", 7, "a", "DE", 90, "MCOPSTNPP", "0.20", "0.05", "USD"),
		one("connection", 8, "a", "DE", 90, "MCOPSTNPP", "0.15", "0.15", "USD"),
		one("rate", 9, "a", "DE", 90, "MCOPSTNPP", "0.45", "0.05", "USD"),
		one("uncharged", 10, "a", "DE", 60, "MCOPSTNPP", "0", "0", "USD"),
		one("euro", 11, "a", "DE", 60, "MCOPSTNPP", "0.09", "0.05", "EUR"),
		one("unrated", 12, "a", "KE", 60, "MCOPSTNPP", "1.00", "0", "USD"),
		one("free", 13, "a", "RU", 60, "FREECALL", "0", "0", "USD"),
		one("new", 14, "a", "RU", 60, "MCOPSTN99", "0.20", "0", "USD"),
		one("silent", 15, "a", "RU", 60, "", "", "", ""),
		one("plan", 16, "a", "RU", 60, "MCOPSTN2", "0", "0", "USD"),
		one("there-pool", 17, "a", "KE", 60, "MCOMEETADD", "0", "0", "USD"),
		one("pool-there", 18, "a", "DE", 60, "MCOMEETADD", "0", "0", "USD"),
		one("unpaid", 19, "u", "DE", 60, "MCOMEETADD", "0", "0", "USD"),
		one("credits-there", 20, "u", "DE", 60, "MCOPSTNPP", "0.10", "0.05", "USD"),
		one("per-minute", 21, "p", "DE", 60, "MCOMEETADD", "0", "0", "USD"),
	)
	return w
}

// parts asserts that each component stands once and that they add up to all calls and totals.
func parts(t *testing.T, rec rating.Reconciliation) {
	t.Helper()
	var calls, counted uint64
	names, moved := map[string]bool{}, map[string]decimal.Decimal{}
	all := rec.Parts()
	for _, p := range all {
		require.False(t, names[p.Component], p.Component)
		require.NotEmpty(t, p.Likely)
		names[p.Component], calls = true, calls+p.Calls
		for currency, v := range p.Variance {
			moved[currency] = moved[currency].Add(v)
		}
	}
	require.Equal(t, rating.StatusMatch, all[len(all)-1].Component)
	for _, n := range rec.Calls {
		counted += n
	}
	require.Equal(t, counted, calls)
	for _, v := range rec.Totals {
		require.True(t, v.Total.Equal(moved[v.Currency]), v.Currency)
	}
}

func TestEveryRecordIsReconciled(t *testing.T) {
	w := said(t)
	r := w.rater()
	w.rate(r, rating.Request{})
	w.use(revision{tenant: "t", id: "late", organizer: "a", start: time.Date(2026, 2, 9, 0, 0, 0, 0, time.UTC), seconds: 60, country: "US", class: "geographic", capability: "MCOMEETADD"})
	request := rating.ReconcileRequest{Month: february, TenantID: "t"}
	got := map[string]string{}
	require.NoError(t, r.Differences(context.Background(), request, rating.AllRecords, func(d rating.Difference) error {
		got[d.UsageID] = strings.TrimSpace(d.Status + " " + d.Cause)
		return nil
	}))
	want := map[string]string{
		"addon": "match", "pool": "match", "crossing": "match", "exact": "match", "near": "match",
		"addon-charged": "other_amount charged_though_covered",
		"addon-pool":    "other_bucket addon_licence",
		"rounded":       "other_amount rounding",
		"connection":    "other_amount connection_charge",
		"rate":          "other_amount rate",
		"uncharged":     "other_amount not_charged",
		"euro":          "other_currency currency",
		"unrated":       "no_rate rate_missing",
		"free":          "free_call source_did_not_price",
		"new":           "unknown_capability new_capability",
		"silent":        "missing_there source_silent",
		"plan":          "other_bucket other_service",
		"there-pool":    "other_bucket destination",
		"pool-there":    "other_bucket pool_size",
		"unpaid":        "other_bucket unpaid",
		"credits-there": "other_bucket credits_unknown",
		"per-minute":    "other_bucket conferencing_licence",
		"late":          "not_rated rate_again",
	}
	require.Equal(t, want, got)

	all, err := r.Reconcile(context.Background(), request)
	require.NoError(t, err)
	counted := uint64(0)
	for _, status := range rating.Statuses() {
		counted += all.Calls[status]
	}
	require.Equal(t, uint64(len(want)), counted, "every record has one status")
	require.Equal(t, uint64(5), all.Calls[rating.StatusMatch])
	require.Equal(t, uint64(7), all.Calls[rating.StatusOtherBucket])

	// Currencies stay apart, and each variance adds up over statuses and over components.
	require.Equal(t, []string{"EUR", "USD"}, []string{all.Totals[0].Currency, all.Totals[1].Currency})
	require.Equal(t, "0.14", all.Totals[0].Total.String())
	require.Equal(t, "0", all.Totals[0].Rated.String())
	for _, v := range all.Totals {
		statuses, components := decimal.Zero, decimal.Zero
		for _, d := range v.Statuses {
			statuses = statuses.Add(d)
		}
		for _, d := range v.Components {
			components = components.Add(d)
		}
		require.True(t, statuses.Equal(v.Total), "%+v", v)
		require.True(t, components.Equal(v.Total), "%+v", v)
		require.True(t, v.Charged.Sub(v.Rated).Equal(v.Total))
	}
	parts(t, all)
	furthest, err := r.FirstDifferences(context.Background(), request, "", 5)
	require.NoError(t, err)
	far := []string{}
	for _, d := range furthest {
		far = append(far, d.UsageID)
	}
	require.Equal(t, []string{"unrated", "addon-charged", "rate", "free", "silent"}, far, "by how far they are apart, then by start")
	moved := furthest[0].Moves()
	require.Len(t, moved, 1)
	require.Equal(t, "USD", moved[0].Currency)
	require.Equal(t, furthest[0].SourceAmount.String(), moved[0].Amount.String())
	euro, err := r.FirstDifferences(context.Background(), request, "currency", 5)
	require.NoError(t, err)
	require.Len(t, euro, 1)
	require.Len(t, euro[0].Moves(), 2, "what two currencies move is not one difference")
	dollars := all.Totals[1]
	require.Equal(t, uint64(2), dollars.UnpricedCalls)
	require.Equal(t, "0.01", dollars.Statuses[rating.StatusMatch].String(), "what the tolerance let pass is in the total")

	// The cause that moves the most money is first, in each currency.
	for i, c := range all.Causes[1:] {
		require.NotEmpty(t, c.Likely)
		if before := all.Causes[i]; before.Currency == c.Currency {
			require.False(t, before.Variance.Abs().LessThan(c.Variance.Abs()))
		}
	}

	// The same inputs have the same fingerprint, and another tolerance has another.
	again, err := r.Reconcile(context.Background(), request)
	require.NoError(t, err)
	require.Equal(t, all.Fingerprint, again.Fingerprint)
	none := decimal.Zero
	request.Tolerance = &none
	strict, err := r.Reconcile(context.Background(), request)
	require.NoError(t, err)
	require.NotEqual(t, all.Fingerprint, strict.Fingerprint)
	require.Equal(t, uint64(4), strict.Calls[rating.StatusMatch])
	require.Equal(t, "0", strict.Tolerance.String())

	// Signing what was looked at, and nothing else.
	j := w.journal()
	require.ErrorIs(t, r.SignReconciliation(context.Background(), j, strict, all.Fingerprint, "ann", "", "month end"), rating.ErrOtherFingerprint)
	require.Error(t, r.SignReconciliation(context.Background(), j, all, all.Fingerprint, "ann", "", " "))
	require.NoError(t, r.SignReconciliation(context.Background(), j, all, all.Fingerprint, "ann", "", "month end"))
	signed, err := r.Signatures(context.Background(), j, all)
	require.NoError(t, err)
	require.Len(t, signed, 1)
	require.Equal(t, "ann", signed[0].By)
	require.True(t, signed[0].Current)
	require.True(t, signed[0].Totals[1].Total.Equal(dollars.Total))
	signed, err = r.Signatures(context.Background(), j, strict)
	require.NoError(t, err)
	require.False(t, signed[0].Current)

	// Drilling down, by status, by cause, and what is no class.
	count := func(class string) (n int, err error) {
		err = r.Differences(context.Background(), rating.ReconcileRequest{Month: february, TenantID: "t"}, class, func(rating.Difference) error { n++; return nil })
		return n, err
	}
	for class, n := range map[string]int{"": 18, rating.StatusOtherBucket: 7, "rounding": 1, rating.AllRecords: 23} {
		got, err := count(class)
		require.NoError(t, err)
		require.Equal(t, n, got, class)
	}
	_, err = count("nonsense")
	require.ErrorContains(t, err, "no class")
	_, err = r.Reconcile(context.Background(), rating.ReconcileRequest{Month: february.Next(), TenantID: "t"})
	require.ErrorIs(t, err, rating.ErrNotRated)
}

func TestTheProvidersReportTellsOfCallsThatAreNotHere(t *testing.T) {
	w := said(t)
	r := w.rater()
	w.rate(r, rating.Request{})
	rows, err := rating.ParseReport(strings.NewReader("\ufeffUser Id,userPrincipalName,usageLocation,currency,totalCalls,totalCallSeconds,totalCallCharge\n" +
		"A,a@t,US,USD,15,4680,3.30\nA,a@t,US,EUR,1,60,0.14\nA,a@t,US,,3,0,0\nu,u@t,US,USD,2,120,0.15\nghost,g@t,US,USD,4,240,1.25\n"))
	require.NoError(t, err)
	all, err := r.Reconcile(context.Background(), rating.ReconcileRequest{Month: february, TenantID: "t", Report: rows})
	require.NoError(t, err)
	report := all.Report
	require.Equal(t, uint64(4), report.MissingHere)
	require.Equal(t, uint64(1), report.MissingThere)
	require.Equal(t, uint64(4), all.Calls[rating.StatusMissingHere])
	require.Equal(t, 4, report.Organizers)
	require.Equal(t, "ghost", report.Differ[0].OrganizerID)
	require.Equal(t, rating.StatusMissingHere, report.Differ[0].Status)
	byOrganizer := map[string]string{}
	for _, d := range report.Differ {
		byOrganizer[d.OrganizerID] = d.Status
	}
	require.Equal(t, map[string]string{"ghost": rating.StatusMissingHere, "p": rating.StatusMissingThere, "a": rating.OtherSeconds}, byOrganizer)
	require.Equal(t, []string{"EUR", "USD"}, []string{report.Totals[0].Currency, report.Totals[1].Currency})
	require.Equal(t, "0.14", report.Totals[0].Records.String())
	require.Equal(t, "4.7", report.Totals[1].Report.String())
	require.Equal(t, "ghost", report.Amounts[0].OrganizerID)
	require.Equal(t, "1.25", report.Amounts[0].Variance.String())
}

// The report as the provider's interface answers it says the same as CSV; its pages can stand
// one after another.
func TestAReportIsReadAsTheInterfaceAnswersIt(t *testing.T) {
	want, err := rating.ParseReport(strings.NewReader("userId,userPrincipalName,currency,totalCalls,totalCallSeconds,totalCallCharge\n" +
		"A,a@t,USD,12,723,12.83\nu,,EUR,1,60,0.123456789012\nz,,,3,0,0\n"))
	require.NoError(t, err)
	row := func(text string) string {
		return `{"userDisplayName":"x","usageLocation":"US","destinationContext":"International",` + text + `}`
	}
	first := row(`"userId":"A","userPrincipalName":"a@t","currency":"USD","totalCalls":12,"totalCallCharge":12.83,"totalCallSeconds":723`)
	rest := row(`"userId":"u","userPrincipalName":null,"currency":"EUR","totalCalls":1,"totalCallCharge":0.123456789012,"totalCallSeconds":60`) + "," +
		row(`"userId":"z","currency":null,"totalCalls":3,"totalCallCharge":0,"totalCallSeconds":0`)
	for _, text := range []string{
		`{"@odata.context":"https://graph.microsoft.com/beta/$metadata","@odata.count":3,"value":[` + first + "," + rest + `]}`,
		"\ufeff\n" + `{"value":[` + first + `],"@odata.nextLink":"https://next"}` + "\n" + `{"value":[` + rest + `]}`,
		"[" + first + "," + rest + "]",
	} {
		got, err := rating.ParseReport(strings.NewReader(text))
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for i := range want {
			require.True(t, want[i].Charge.Equal(got[i].Charge), "%s", got[i].Charge)
			want[i].Charge, got[i].Charge = decimal.Zero, decimal.Zero
			require.Equal(t, want[i], got[i])
			want[i].Charge = decimal.RequireFromString([]string{"12.83", "0.123456789012", "0"}[i])
		}
	}
}

func TestAReportWithAMistakeIsRefusedWhole(t *testing.T) {
	head := "userId,currency,totalCalls,totalCallSeconds,totalCallCharge\n"
	for text, want := range map[string]string{
		"":                                     "empty",
		"userId,currency,totalCalls\n":         "the column totalCallSeconds is missing",
		"userId,user_id," + head:               "twice",
		head + "a,USD,1,60\n":                  "row 2 has 4 columns",
		head + "a,USD,1,60,0.1\n,USD,1,60,1\n": "row 3: names no organizer",
		head + "a,USD,one,60,1\n":              `row 2: totalCalls "one" is no whole number`,
		head + "a,USD,-1,60,1\n":               "no whole number",
		head + "a,USD,1,60,1e999999999\n":      "is no amount",
		head + "a,USD,1,60,-1\n":               "is no amount",
		head + "a,dollars,1,60,1\n":            `currency "DOLLARS"`,
		head + "a,,1,60,1\n":                   "currency",
		`{"value":[{"userId":"a","currency":"USD","totalCalls":1,"totalCallSeconds":60,"totalCallCharge":0.1}],"@odata.nextLink":"https://x"}`: "not whole",
		`{"value":[{"currency":"USD","totalCalls":1.5,"totalCallSeconds":60,"totalCallCharge":0.1}]}`:                                          `row 1: totalCalls "1.5" is no whole number`,
		`[{"currency":"USD","totalCalls":1,"totalCallSeconds":60,"totalCallCharge":0.1}]`:                                                      "row 1: names no organizer",
		`{"error":{"code":"Forbidden"}}`: "is an error that the provider answered",
		`{"rows":[]}`:                    `it has no "value"`,
		`{"value":[`:                     "no JSON",
		`{"value":{}}`:                   "no dial-out report",
	} {
		_, err := rating.ParseReport(strings.NewReader(text))
		var bad *rating.ReportError
		require.ErrorAs(t, err, &bad, text)
		require.ErrorContains(t, err, want)
	}
}

func TestAReconciliationIsOfWhatIsThereNow(t *testing.T) {
	w := said(t)
	r := w.rater()
	w.rate(r, rating.Request{})
	calls := func() map[string]uint64 {
		t.Helper()
		remembered, err := r.Reconcile(t.Context(), rating.ReconcileRequest{Month: february, TenantID: "t"})
		require.NoError(t, err)
		fresh, err := w.rater().Reconcile(t.Context(), rating.ReconcileRequest{Month: february, TenantID: "t"})
		require.NoError(t, err)
		require.Equal(t, fresh, remembered)
		return remembered.Calls
	}
	before := calls()
	require.Equal(t, before, calls())
	at := time.Date(2026, 2, 9, 0, 0, 0, 0, time.UTC)
	w.use(revision{tenant: "t", id: "late", organizer: "a", start: at, seconds: 60, country: "US", class: "geographic", capability: "MCOMEETADD"})
	require.Equal(t, before["not_rated"]+1, calls()["not_rated"])
	w.use(revision{tenant: "t", id: "late", number: 1, organizer: "a", start: at.AddDate(0, 1, 0), replaces: at, seconds: 60, country: "US", class: "geographic", capability: "MCOMEETADD"})
	require.Equal(t, before["not_rated"], calls()["not_rated"], "it was moved to another month")
	w.rate(r, rating.Request{})
	require.Equal(t, before, calls())
}
