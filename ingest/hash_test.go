package ingest

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/usage"
)

func euros(text string) decimal.NullDecimal {
	return decimal.NewNullDecimal(decimal.RequireFromString(text))
}

func TestWhatIsACorrection(t *testing.T) {
	t.Parallel()
	started := time.Date(2026, 2, 1, 5, 0, 0, 0, time.UTC)
	full := usage.Record{
		TenantID: "t", ID: "u", CallID: "c", ConferenceID: "7", OrganizerID: "o", OrganizerUPN: "o@x", OrganizerName: "O",
		CallType: "conf_out", CallDirection: "Outbound", CallerNumber: "+1", CalleeNumber: "+2", UsageCountry: "US", TenantCountry: "US",
		DestinationContext: "Domestic", DestinationName: "United States", ExternalCountry: "US", StartedAt: started,
		EndedAt: started.Add(time.Hour), Seconds: 3600, Charge: euros("0.1234"), ConnectionCharge: euros("0"), Currency: "USD",
		Capability: "MCOMEETADD", InventoryType: "Service", Operator: "Microsoft", DurationSource: "Microsoft", AdministrativeUnits: "a",
	}
	for _, c := range []struct {
		name        string
		change      func(*usage.Record)
		sameFormat  bool // no correction within one format
		otherFormat bool // no correction across formats
	}{
		{"nothing", func(*usage.Record) {}, true, true},
		{"seconds", func(r *usage.Record) { r.Seconds++ }, false, false},
		{"100 ns of the start", func(r *usage.Record) { r.StartedAt = r.StartedAt.Add(100) }, false, false},
		{"end", func(r *usage.Record) { r.EndedAt = r.EndedAt.Add(time.Second) }, false, false},
		{"organizer", func(r *usage.Record) { r.OrganizerID = "p" }, false, false},
		{"dialled number", func(r *usage.Record) { r.CalleeNumber = "" }, false, false},
		{"call type", func(r *usage.Record) { r.CallType = "user_out" }, false, false},
		{"case of the call type", func(r *usage.Record) { r.CallType = "Conf_Out" }, true, true},
		{"charge", func(r *usage.Record) { r.Charge = euros("0.2") }, false, false},
		{"charge at two decimals", func(r *usage.Record) { r.Charge = euros("0.12") }, false, true},
		{"charge at two other decimals", func(r *usage.Record) { r.Charge = euros("0.13") }, false, false},
		{"charge in its third decimal", func(r *usage.Record) { r.Charge = euros("0.1238") }, false, false},
		{"no charge", func(r *usage.Record) { r.Charge = decimal.NullDecimal{} }, true, true},
		{"more zeros", func(r *usage.Record) { r.Charge = euros("0.123400") }, true, true},
		{"capability", func(r *usage.Record) { r.Capability = "FREECALL" }, false, false},
		{"no capability", func(r *usage.Record) { r.Capability = "" }, true, true},
		{"currency", func(r *usage.Record) { r.Currency = "EUR" }, false, false},
		{"name", func(r *usage.Record) { r.OrganizerName = "P" }, false, false},
		{"a format without five columns", func(r *usage.Record) {
			r.CallDirection, r.ExternalCountry, r.Operator, r.DurationSource, r.AdministrativeUnits = "", "", "", "", ""
		}, true, true},
		{"a format without the tenant's country", func(r *usage.Record) { r.TenantCountry = "" }, true, true},
		{"case of a word", func(r *usage.Record) { r.DurationSource = "microsoft" }, false, true},
		{"administrative units", func(r *usage.Record) { r.AdministrativeUnits = `[{"id":"a"}]` }, false, true},
	} {
		for _, f := range []struct {
			format string
			want   bool
		}{{"csv", c.sameFormat}, {"graph_json", c.otherFormat}} {
			t.Run(c.name+" as "+f.format, func(t *testing.T) {
				t.Parallel()
				in := incoming{record: full, format: f.format}
				c.change(&in.record)
				in.content, in.core = contentHashes(&in.record)
				old := stored{Format: "csv", record: &full}
				old.ContentHash, old.CoreHash = contentHashes(&full)
				require.Equal(t, f.want, in.same(&old))
			})
		}
	}
}

// What the source says paid for a call is news where it said nothing before; what
// describes the call is none.
func TestFillingABlank(t *testing.T) {
	t.Parallel()
	g, s := open(t)
	minimal := "UsageId,AAD ObjectId,Call Type,Destination Number,Start Time,End Time,Duration Seconds\n" +
		id(1) + ",aaaaaaaa-0000-4000-8000-000000000001,conf_out,+14846760534,2026-02-01T05:05:46.8607135Z,2026-02-01T06:05:46.8607135Z,60\n"
	require.Equal(t, Counts{Read: 1, Accepted: 1}, ingestOne(t, g, write(t, "a.csv", minimal)).Counts)
	full := header25 + "\n" + csvRow(1, 60) + "\n"
	require.Equal(t, Counts{Read: 1, Accepted: 1, Corrected: 1}, ingestOne(t, g, write(t, "b.csv", full)).Counts)
	again := ingestOne(t, g, write(t, "c.csv", minimal+"\n"))
	require.Equal(t, Counts{Read: 1, Duplicate: 1}, again.Counts, "what it leaves out is not taken back")
	var charge, capability string
	require.NoError(t, s.QueryRow(t.Context(), "SELECT toString(charge), capability FROM usage").Scan(&charge, &capability))
	require.Equal(t, "0.12", charge)
	require.Equal(t, "MCOMEETADD_DIALOUT_US", capability)
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0.00": "0", "12.83": "12.83", " 1 ": "1", "-0.5": "-0.5", "1e-2": "0.01", "0.1234565": "0.123456", "0.1234575": "0.123458",
		"0.12345650000001": "0.123457", "1E3": "1000",
	} {
		got, err := money(text)
		require.NoError(t, err)
		require.Equal(t, want, got.Decimal.String(), text)
		require.Equal(t, decimal.RequireFromString(want).Shift(moneyDigits).IntPart(), millionths(got.Decimal), text)
	}
	for _, text := range []string{"free", "0,12", "1.2.3", "1e99", "0x10", "NaN", "100000000001", "--1"} {
		_, err := money(text)
		require.Error(t, err, text)
	}
	none, err := money("  ")
	require.NoError(t, err)
	require.False(t, none.Valid)
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-02-01T05:05:46.8607135+00:00":  "2026-02-01T05:05:46.8607135Z",
		"2026-02-01T05:05:46Z":               "2026-02-01T05:05:46Z",
		"2026-02-01T07:05:46.5+02:00":        "2026-02-01T05:05:46.5Z",
		"2026-01-31T23:05:46-06:00":          "2026-02-01T05:05:46Z",
		"2026-02-01T05:05:46.123456789Z":     "2026-02-01T05:05:46.1234567Z",
		"2026-02-01 05:05:46.8607135":        "2026-02-01T05:05:46.8607135Z",
		"2026-02-01 05:05:46 +00:00":         "2026-02-01T05:05:46Z",
		"2026-02-01T05:05:46":                "2026-02-01T05:05:46Z",
		" 2026-02-01T05:05:46.8607135Z ":     "2026-02-01T05:05:46.8607135Z",
		"2024-02-29T23:59:59.9999999Z":       "2024-02-29T23:59:59.9999999Z",
		"2026-02-01 05:05:46.8607135 +05:30": "2026-01-31T23:35:46.8607135Z",
	} {
		got, err := parseTime(text)
		require.NoError(t, err)
		require.Equal(t, want, got.Format(time.RFC3339Nano), text)
	}
	for _, text := range []string{
		"", "yesterday", "2026-02-30T00:00:00Z", "2026-02-01T24:01:00Z", "2026-02-01", "02/01/2026 05:05", "0001-01-01T00:00:00Z",
		"1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2026-02-01T05:05:46+25:00", "1769922346",
	} {
		_, err := parseTime(text)
		require.Error(t, err, text)
	}
}
