package ingest

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/numbering"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func open(t testing.TB) (*Ingester, *store.Store) {
	t.Helper()
	s := storetest.Open(t)
	return onStore(t, s), s
}

func onStore(t testing.TB, conn Conn) *Ingester {
	t.Helper()
	plan, err := numbering.New()
	require.NoError(t, err)
	return New(Options{
		Conn: conn, Journal: journal.New(conn, time.Now, uuid.New), Classifier: plan,
		Now: time.Now, NewID: uuid.New, Logger: slog.New(slog.DiscardHandler), Stdin: strings.NewReader(""), TempDir: t.TempDir(),
	})
}

// write puts a text into a file of a new folder.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func ingestOne(t testing.TB, g *Ingester, path string) FileReport {
	t.Helper()
	r, err := g.Ingest(t.Context(), "t1", "ann", []string{path}, nil)
	require.NoError(t, err)
	require.Len(t, r.Files, 1)
	require.Equal(t, r.Files[0].Counts, r.Total)
	require.NoError(t, r.Total.check())
	return r.Files[0]
}

func sum(t testing.TB, s *store.Store) (records, seconds uint64) {
	t.Helper()
	require.NoError(t, s.QueryRow(t.Context(), "SELECT count(), sum(seconds) FROM usage").Scan(&records, &seconds))
	return records, seconds
}

const header25 = "UsageId,Call ID,Conference ID,User Location,Microsoft Entra ObjectId,UPN,User Display Name,Caller ID,Call Type,Call Direction,Number Type,Domestic/International,Destination Dialed,Destination Number,External Country,Start Time,End Time,Duration Seconds,Connection Fee,Charge,Currency,Capability,Operator,Source of Call Duration,Administrative Units"

// id is a usage id.
func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// csvRow is a good row of the 25-column export.
func csvRow(n, seconds int) string {
	return fmt.Sprintf(`%s,1_2@10.0.0.1,610971116,US,AAAAAAAA-0000-4000-8000-000000000001,ann@contoso.example,"Ström, Ann ""A""",+17043819293,conf_out,Outbound,Service,Domestic,United States,+14846760534,US,2026-02-01T05:05:46.8607135+00:00,2026-02-01T06:05:46.8607135+00:00,%d,0.00,0.12,USD,MCOMEETADD_DIALOUT_US,Microsoft,Microsoft,`,
		id(n), seconds)
}

// with replaces one column of a good row.
func with(column int, value string) string {
	cells, _, _ := splitCells(csvRow(99, 60))
	cells[column] = value
	for i, c := range cells {
		if strings.ContainsAny(c, `",`) && i != column {
			cells[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
	}
	return strings.Join(cells, ",")
}

func TestTwentyKindsOfBrokenRowBalance(t *testing.T) {
	t.Parallel()
	g, s := open(t)
	bad := []struct {
		row    string
		reason Reason
	}{
		{with(0, ""), ReasonMissingUsageID},
		{with(0, "   "), ReasonMissingUsageID},
		{with(8, ""), ReasonMissingCallType},
		{with(15, ""), ReasonBadDate},
		{with(15, "yesterday"), ReasonBadDate},
		{with(15, "2026-02-30T25:61:00Z"), ReasonBadDate},
		{with(16, "2026-02-31T00:00:00Z"), ReasonBadDate},
		{with(15, "+14255550123"), ReasonBadDate},
		{with(16, "1700-01-01T00:00:00Z"), ReasonBadDate},
		{with(16, "2026-02-01T05:00:00Z"), ReasonEndBeforeStart},
		{with(17, "-5"), ReasonNegativeDuration},
		{with(17, "1.5"), ReasonBadDuration},
		{with(17, ""), ReasonBadDuration},
		{with(17, "long"), ReasonBadDuration},
		{with(17, "4000"), ReasonImpossibleDuration},
		{with(17, "99999999"), ReasonImpossibleDuration},
		{with(17, "99999999999999999999"), ReasonBadDuration},
		{with(18, "free"), ReasonBadCharge},
		{with(19, "1e99"), ReasonBadCharge},
		{with(6, "a\xffb"), ReasonBadText},
		{with(6, "a\x00b"), ReasonBadText},
		{csvRow(99, 60)[:60], ReasonTruncated},
		{csvRow(99, 60) + ",more", ReasonExtraColumns},
		{with(6, `"open`), ReasonBadQuoting},
		{with(6, `"shut"x`), ReasonBadQuoting},
	}
	lines := []string{header25}
	for i, b := range bad {
		lines = append(lines, csvRow(i, 60), b.row)
	}
	path := write(t, "bad.csv", strings.Join(lines, "\r\n")+"\r\n")

	report := ingestOne(t, g, path)
	n := uint64(len(bad))
	require.Equal(t, Counts{Read: 2 * n, Accepted: n, Rejected: n}, report.Counts)
	records, seconds := sum(t, s)
	require.Equal(t, n, records)
	require.Equal(t, 60*n, seconds)

	kept, err := g.Quarantine(t.Context(), Filter{TenantID: "t1"})
	require.NoError(t, err)
	require.Len(t, kept, len(bad))
	for i, r := range kept {
		require.Equal(t, string(bad[i].reason), r.Reason, "%s: %s", bad[i].row, r.Detail)
		require.EqualValues(t, 3+2*i, r.Position, "the physical line")
		require.Equal(t, bad[i].row, r.Raw, "the row is kept whole")
		require.Equal(t, "bad.csv", r.File)
		require.NotEmpty(t, r.Detail)
		require.NotContains(t, r.Detail, "4255550123", "what is said of a row has no full number; the row itself has")
	}

	again := ingestOne(t, g, path)
	require.Equal(t, Counts{Read: 2 * n, Duplicate: n, Rejected: n}, again.Counts)
	kept, err = g.Quarantine(t.Context(), Filter{})
	require.NoError(t, err)
	require.Len(t, kept, len(bad), "the same broken row is kept once")
}

func TestOddRowsPass(t *testing.T) {
	t.Parallel()
	g, s := open(t)
	rows := []string{
		header25,
		with(8, "Conf_Out"), with(8, "brand_new_type"), with(21, "NEW_CAPABILITY"), with(20, ""), with(13, "+49301234***"),
		with(17, "0"), with(4, ""), with(18, ""), with(15, "2026-02-01 05:05:46"), with(15, "2026-02-01T07:05:46+02:00"),
		with(0, "not-a-guid/7"), with(6, "\"two\nlines\""), "", "  ",
	}
	for i := 1; i <= 10; i++ {
		rows[i] = strings.Replace(rows[i], id(99), id(i), 1)
	}
	report := ingestOne(t, g, write(t, "odd.csv", "\ufeff"+strings.Join(rows, "\n")))
	require.Equal(t, Counts{Read: 12, Accepted: 11, Ignored: 1}, report.Counts)
	var masked, started uint64
	require.NoError(t, s.QueryRow(t.Context(), "SELECT countIf(masked AND destination_country = 'DE'), countIf(toHour(started_at) = 5) FROM usage").Scan(&masked, &started))
	require.EqualValues(t, 1, masked)
	require.EqualValues(t, 12, started, "times are UTC, whatever offset they come with")
}

func TestEveryFormatGivesTheSameRecord(t *testing.T) {
	t.Parallel()
	header20 := "UsageId,Call ID,Conference ID,User Location,AAD ObjectId,UPN,User Display Name,Caller ID,Call Type,Number Type,Domestic/International,Destination Dialed,Destination Number,Start Time,End Time,Duration Seconds,Connection Fee,Charge,Currency,Capability"
	cells, _, _ := splitCells(csvRow(1, 60))
	twenty := strings.Join([]string{
		cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], `"Ström, Ann ""A"""`, cells[7], cells[8], cells[10], cells[11],
		cells[12], cells[13], cells[15], cells[16], cells[17], cells[18], cells[19], cells[20], cells[21],
	}, ",")
	graph := fmt.Sprintf(`{"id":%q,"callId":"1_2@10.0.0.1","userId":"aaaaaaaa-0000-4000-8000-000000000001","userPrincipalName":"ann@contoso.example","userDisplayName":"Str\u00f6m, Ann \"A\"","startDateTime":"2026-02-01T05:05:46.8607135Z","endDateTime":"2026-02-01T06:05:46.8607135Z","duration":60,"charge":0.1234,"callType":"conf_out","currency":"USD","calleeNumber":"+14846760534","usageCountryCode":"US","tenantCountryCode":"US","connectionCharge":0.00,"callerNumber":"+17043819293","destinationContext":"Domestic","destinationName":"United States","conferenceId":"610971116","licenseCapability":"MCOMEETADD_DIALOUT_US","inventoryType":"Service","operator":"Microsoft","callDurationSource":"microsoft","new":{"x":[1]}}`, strings.ToUpper(id(1)))
	files := []struct {
		name, text string
		format     Format
	}{
		{"25.csv", header25 + "\n" + csvRow(1, 60), FormatCSV},
		{"20.csv", header20 + "\r\n" + twenty + "\r\n", FormatCSV},
		{"page.json", `{"@odata.context":"x","@odata.count":1,"value":[` + graph + `],"@odata.nextLink":"y"}`, FormatGraphJSON},
		{"array.json", "[\n" + graph + "\n]\n", FormatGraphJSON},
		{"rows.jsonl", graph + "\n\n", FormatJSONLines},
		{"two pages.json", `{"value":[` + graph + `]}{"value":[]}`, FormatGraphJSON},
	}
	for i, first := range files {
		t.Run("first "+first.name, func(t *testing.T) {
			t.Parallel()
			g, s := open(t)
			report := ingestOne(t, g, write(t, first.name, first.text))
			require.Equal(t, Counts{Read: 1, Accepted: 1}, report.Counts)
			require.Equal(t, first.format, report.Format)
			for j, other := range files {
				if i != j && (first.format != other.format || i > 1) {
					report := ingestOne(t, g, write(t, other.name, other.text))
					require.Equal(t, Counts{Read: 1, Duplicate: 1}, report.Counts, "%s after %s", other.name, first.name)
				}
			}
			records, seconds := sum(t, s)
			require.EqualValues(t, 1, records)
			require.EqualValues(t, 60, seconds)
		})
	}
}

func TestTornJSON(t *testing.T) {
	t.Parallel()
	row := func(n int) string {
		return fmt.Sprintf(`{"id":%q,"userId":"o","startDateTime":"2026-02-01T05:00:00Z","endDateTime":"2026-02-01T05:10:00Z","duration":60,"callType":"conf_out","calleeNumber":"+14846760534"}`, id(n))
	}
	for _, c := range []struct {
		name, text string
		want       Counts
	}{
		{"page cut in a row", `{"value":[` + row(1) + `,` + row(2)[:50], Counts{Read: 2, Accepted: 1, Rejected: 1}},
		{"page cut between rows", `{"value":[` + row(1) + `,`, Counts{Read: 2, Accepted: 1, Rejected: 1}},
		{"a torn row in the middle", "{\"value\":[\n" + row(1) + ",\n" + row(2)[:60] + "\n" + row(3) + "\n]}", Counts{Read: 3, Accepted: 2, Rejected: 1}},
		{"a row that is no object", `{"value":[` + row(1) + `,7,null,` + row(2) + `]}`, Counts{Read: 4, Accepted: 2, Rejected: 2}},
		{"torn line", row(1) + "\n" + row(2)[:70] + "\n" + row(3), Counts{Read: 3, Accepted: 2, Rejected: 1}},
		{"wrong types", strings.Replace(row(1), ":60,", `:"60",`, 1) + "\n" + strings.Replace(row(2), ":60,", ":{},", 1), Counts{Read: 2, Accepted: 1, Rejected: 1}},
		{"the CSV's names", fmt.Sprintf(`{"UsageId":%q,"Microsoft Entra ObjectId":"o","Start Time":"2026-02-01T05:00:00Z","End Time":"2026-02-01T05:10:00Z","Duration Seconds":60,"Call Type":"conf_out"}`, id(1)), Counts{Read: 1, Accepted: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g, _ := open(t)
			require.Equal(t, c.want, ingestOne(t, g, write(t, "x.json", c.text)).Counts)
		})
	}
}

func TestACorrectionReplacesTheOldRecordEverywhere(t *testing.T) {
	t.Parallel()
	g, s := open(t)
	first := write(t, "a.csv", header25+"\n"+csvRow(1, 60)+"\n"+csvRow(2, 100))
	second := write(t, "b.csv", header25+"\n"+csvRow(1, 90))
	back := write(t, "c.csv", header25+"\n"+csvRow(1, 60))
	for _, step := range []struct {
		path    string
		want    Counts
		seconds uint64
	}{
		{first, Counts{Read: 2, Accepted: 2}, 160},
		{second, Counts{Read: 1, Accepted: 1, Corrected: 1}, 190},
		{first, Counts{Read: 2, Duplicate: 2}, 190}, // the same file again adds nothing
		{second, Counts{Read: 1, Duplicate: 1}, 190},
		{back, Counts{Read: 1, Accepted: 1, Corrected: 1}, 160}, // another file says it was 60 after all
	} {
		require.Equal(t, step.want, ingestOne(t, g, step.path).Counts)
		records, seconds := sum(t, s)
		require.EqualValues(t, 2, records)
		require.Equal(t, step.seconds, seconds)
	}
	twice := ingestOne(t, g, write(t, "d.csv", header25+"\n"+csvRow(3, 1)+"\n"+csvRow(3, 2)+"\n"+csvRow(3, 2)))
	require.Equal(t, Counts{Read: 3, Accepted: 2, Duplicate: 1, Corrected: 1}, twice.Counts)
	_, seconds := sum(t, s)
	require.EqualValues(t, 162, seconds)

	// What was replaced is kept, each once, and nothing is left to be looked for.
	var kept []struct {
		Revisions uint64 `ch:"revisions"`
		Seconds   uint64 `ch:"seconds"`
		Unkept    uint64 `ch:"unkept"`
	}
	require.NoError(t, s.Select(t.Context(), &kept, "SELECT count() AS revisions, sum(seconds) AS seconds, (SELECT count() FROM unkept_replaced) AS unkept FROM kept_replaced"))
	require.EqualValues(t, 3, kept[0].Revisions)
	require.EqualValues(t, 60+90+1, kept[0].Seconds)
	require.Zero(t, kept[0].Unkept)
}

// An ingest that ends at any write of the store, run again, gives the totals and the
// ledger of one that nobody disturbed.
func TestCutShortAtEveryWriteAndRunAgain(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 23 {
		lines = append(lines, csvRow(i%19, 60+i/19))
		if i%5 == 0 {
			lines = append(lines, with(17, fmt.Sprint(-i-1)))
		}
	}
	path := write(t, "a.csv", header25+"\n"+strings.Join(lines, "\n"))
	calm, calmStore := open(t)
	calm.chunkRows = 4
	want := ingestOne(t, calm, path)
	wantRecords, wantSeconds := sum(t, calmStore)

	for writes := 0; ; writes++ {
		_, s := open(t)
		cut := onStore(t, &cutShort{Store: s, left: writes})
		cut.chunkRows = 4
		_, err := cut.Ingest(t.Context(), "t1", "ann", []string{path}, nil)
		ended := err == nil
		if !ended {
			require.ErrorIs(t, err, errCut)
			again := onStore(t, s)
			again.chunkRows = 4
			require.Equal(t, want.Counts, ingestOne(t, again, path).Counts, "cut after %d writes", writes)
			ledger, err := again.Ledger(t.Context(), "t1")
			require.NoError(t, err)
			require.Len(t, ledger, 1)
			require.Equal(t, stateFinished, ledger[0].State)
			require.Equal(t, want.Counts, ledger[0].Counts)
		}
		records, seconds := sum(t, s)
		require.Equal(t, wantRecords, records)
		require.Equal(t, wantSeconds, seconds)
		if ended {
			require.Greater(t, writes, 6)
			return
		}
	}
}

func TestQuarantinedRowsAreMended(t *testing.T) {
	t.Parallel()
	g, s := open(t)
	ingestOne(t, g, write(t, "a.csv", header25+"\n"+with(17, "-5")+"\n"+strings.Replace(with(17, "x"), id(99), id(98), 1)))
	rows, err := g.Quarantine(t.Context(), Filter{})
	require.NoError(t, err)
	require.Len(t, rows, 2)

	done, err := g.Retry(t.Context(), "ann", rows)
	require.NoError(t, err)
	require.Equal(t, "open", done[0].State)
	require.Equal(t, string(ReasonNegativeDuration), done[0].Reason)

	fixed, err := g.Replace(t.Context(), "ann", "asked the provider", rows[0], with(17, "5"))
	require.NoError(t, err)
	require.Equal(t, StateReplaced, fixed.State)
	require.Equal(t, Counts{Read: 1, Accepted: 1}, fixed.Counts)
	_, seconds := sum(t, s)
	require.EqualValues(t, 5, seconds)
	_, err = g.Replace(t.Context(), "ben", "no, this", rows[0], with(17, "7"))
	require.ErrorIs(t, err, ErrResolved, "a row is resolved once")
	ledger, err := g.Ledger(t.Context(), "t1")
	require.NoError(t, err)
	require.Equal(t, sourceQuarantine, ledger[1].Source)
	require.Equal(t, Counts{Read: 1, Accepted: 1}, ledger[1].Counts)
	open, err := g.OpenByMonth(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, []OpenRows{{TenantID: "t1", Month: "2026-02", Rows: 1}}, open)

	_, err = g.Dismiss(t.Context(), "ann", "", rows[1])
	require.ErrorContains(t, err, "needs a reason")
	_, err = g.Dismiss(t.Context(), "ann", "a test call", rows[1])
	require.NoError(t, err)
	_, err = g.Dismiss(t.Context(), "ben", "mine", rows[1])
	require.ErrorIs(t, err, ErrResolved)
	require.ErrorContains(t, err, "dismissed by ann")

	rows, err = g.Quarantine(t.Context(), Filter{})
	require.NoError(t, err)
	require.Empty(t, rows)
	rows, err = g.Quarantine(t.Context(), Filter{All: true})
	require.NoError(t, err)
	require.Len(t, rows, 2)
}

func TestFilesThatCannotBeReadAreToldOfAndDoNotStopTheOthers(t *testing.T) {
	t.Parallel()
	g, _ := open(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.csv": header25 + "\n" + csvRow(1, 60), "b.txt": "hello", "c.csv": "UsageId,Call Type\n1,2\n", "d.csv": "",
		"e.zip": "PK\x03\x04 torn", ".hidden": "x", "f.csv.part": "x", "g.csv": header25 + ",UPN\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	report, err := g.Ingest(t.Context(), "t1", "ann", []string{dir}, nil)
	require.NoError(t, err)
	require.Equal(t, Counts{Read: 1, Accepted: 1}, report.Total)
	require.Len(t, report.Skipped, 2)
	got := map[string]string{}
	for _, f := range report.Files {
		got[filepath.Base(f.File)] = f.Error
	}
	require.Empty(t, got["a.csv"])
	require.Contains(t, got["b.txt"], "neither an admin-center ZIP")
	require.Contains(t, got["c.csv"], "the header lacks Microsoft Entra ObjectId, Destination Number")
	require.Contains(t, got["d.csv"], "neither")
	require.Contains(t, got["e.zip"], "ZIP cannot be read")
	require.Contains(t, got["g.csv"], "two columns are the UPN")

	_, err = g.Ingest(t.Context(), "t1", "ann", []string{"nowhere.csv"}, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

var errCut = errors.New("cut short")
