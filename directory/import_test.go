package directory_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/directory"
	"fairdial/store"
	"fairdial/store/storetest"
	"fairdial/usage"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const tenants = `[{"id":"t1","name":"Contoso","country":"US","segment":"commercial","channel":"ea",
 "communicationsCredits":{"funded":true,"currency":"USD"},"unknown":1},{"id":"t2","name":"Fabrikam","country":"DE"}]`

func open(t *testing.T) (*directory.Directory, *store.Store) {
	t.Helper()
	s := storetest.Open(t)
	d := directory.New(s, time.Now, uuid.New, slog.New(slog.DiscardHandler))
	_, err := d.ImportTenants(t.Context(), strings.NewReader(tenants))
	require.NoError(t, err)
	return d, s
}

// write puts texts into files of their own and gives the folder.
func write(t *testing.T, texts ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, text := range texts {
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.json", i)), []byte(text), 0o600))
	}
	return dir
}

func page(objects ...string) string { return `{"value":[` + strings.Join(objects, ",") + `]}` }

func person(id, plans string) string {
	return fmt.Sprintf(`{"id":%q,"userPrincipalName":"%s@contoso.example","displayName":"Åsa, %s","usageLocation":"US",
		"accountEnabled":true,"assignedLicenses":[{"skuId":"S1","disabledPlans":[]}],"assignedPlans":[%s]}`, id, id, id, plans)
}

func plan(id, status, at string) string {
	return fmt.Sprintf(`{"servicePlanId":%q,"capabilityStatus":%q,"assignedDateTime":%q,"service":"x"}`, id, status, at)
}

const skus = `{"value":[{"skuId":"S1","skuPartNumber":"E5","capabilityStatus":"Enabled","consumedUnits":3,
 "prepaidUnits":{"enabled":5,"warning":1,"suspended":2,"lockedOut":4},"servicePlans":[{"servicePlanId":"P1"},{"servicePlanId":"P2"}]}]}`

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err)
	}
	return t
}

func lines(t *testing.T, d *directory.Directory) (out []string) {
	t.Helper()
	list, err := d.Licences(t.Context(), "t1")
	require.NoError(t, err)
	for _, l := range list {
		to := "…"
		if !l.To.IsZero() {
			to = l.To.Format("2006-01-02")
		}
		out = append(out, fmt.Sprintf("%s %s %s to %s", l.OrganizerID, l.ServicePlanID, l.From.Format("2006-01-02"), to))
	}
	return out
}

func TestTenantsAreRevised(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	report, err := d.ImportTenants(t.Context(), strings.NewReader(tenants))
	require.NoError(t, err)
	require.Equal(t, directory.TenantReport{Read: 2, Unchanged: 2}, report)

	report, err = d.ImportTenants(t.Context(), strings.NewReader(`[{"id":"t2","name":"Fabrikam AG","country":"DE"},{"id":"t3","name":"X","country":"KR"}]`))
	require.NoError(t, err)
	require.Equal(t, directory.TenantReport{Read: 2, Added: 1, Changed: 1}, report)
	list, err := d.Tenants(t.Context())
	require.NoError(t, err)
	require.Equal(t, []usage.Tenant{
		{ID: "t1", Name: "Contoso", Country: "US", Segment: "commercial", Channel: "ea", Credits: usage.Credits{Funded: true, Currency: "USD"}},
		{ID: "t2", Name: "Fabrikam AG", Country: "DE"},
		{ID: "t3", Name: "X", Country: "KR"},
	}, list)
}

func TestEveryMistakeInTenantsIsNamedAndNothingStored(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	_, err := d.ImportTenants(t.Context(), strings.NewReader(
		`[{"id":"","country":"US"},{"id":"a","country":"usa"},{"id":"a","country":"US","communicationsCredits":{"funded":true}}]`))
	for _, want := range []string{"tenant [0]: id", "tenant [1]: country", "tenant [2]: id", "tenant [2]: communicationsCredits.currency"} {
		require.ErrorContains(t, err, want)
	}
	_, err = d.ImportTenants(t.Context(), strings.NewReader(`{"id":3}`))
	require.ErrorContains(t, err, "no list of tenants")
	list, err := d.Tenants(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 2)
}

func TestASnapshotGivesOrganizersSKUsAndLicences(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	dir := write(t, skus,
		`{"@odata.nextLink":"…","value":[`+person("A", plan("P1", "Enabled", "2025-10-01T00:00:00Z"))+`]}`,
		"\ufeff"+page(person("b", plan("P2", "Warning", "2026-01-02T00:00:00Z")+","+plan("P1", "Suspended", "2026-01-03T00:00:00Z"))))
	report, err := d.Import(t.Context(), "t1", at("2026-01-10"), []string{dir})
	require.NoError(t, err)
	require.Equal(t, directory.Report{Users: directory.Count{Read: 2}, SKUs: directory.Count{Read: 1}, Licences: 2}, report)
	require.Equal(t, []string{"a p1 2025-10-01 to …", "b p2 2026-01-02 to …"}, lines(t, d))

	people, err := d.Organizers(t.Context(), "t1")
	require.NoError(t, err)
	require.Equal(t, usage.Organizer{TenantID: "t1", ID: "a", UPN: "A@contoso.example", Name: "Åsa, A", UsageLocation: "US", Enabled: true}, people[0])
	bought, err := d.SKUs(t.Context(), "t1", at("2026-02-01"))
	require.NoError(t, err)
	require.Equal(t, []directory.SKU{{ID: "s1", PartNumber: "E5", CapabilityStatus: "Enabled", Enabled: 5, Warning: 1, Consumed: 3, ServicePlanIDs: []string{"p1", "p2"}}}, bought)
	before, err := d.SKUs(t.Context(), "t1", at("2026-01-01"))
	require.NoError(t, err)
	require.Empty(t, before)
}

func TestTheDifferenceBetweenSnapshotsEndsLicences(t *testing.T) {
	t.Parallel()
	p1 := plan("P1", "Enabled", "2025-10-01T00:00:00Z")
	snapshots := []struct{ day, text string }{
		{"2026-01-01", page(person("a", p1), person("b", p1), person("c", p1))},
		{"2026-01-11", page(person("a", p1), person("b", ""))},
		{"2026-01-21", page(person("a", plan("P1", "Deleted", "2026-01-15T00:00:00Z")), person("b", ""), person("c", plan("P1", "Enabled", "2026-01-18T00:00:00Z")))},
		{"2026-01-25", `{"@odata.nextLink":"…","value":[` + person("b", "") + `]}`},
	}
	want := []string{
		"a p1 2025-10-01 to 2026-01-15", "b p1 2025-10-01 to 2026-01-11",
		"c p1 2025-10-01 to 2026-01-11", "c p1 2026-01-18 to …",
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			d, _ := open(t)
			for _, i := range order {
				report, err := d.Import(t.Context(), "t1", at(snapshots[i].day), []string{write(t, snapshots[i].text)})
				require.NoError(t, err)
				require.Equal(t, i == 3, len(report.Warnings) == 1, "pages short of the whole are told of")
			}
			require.Equal(t, want, lines(t, d))
		})
	}
}

func TestTheSameSnapshotAgainAddsNothing(t *testing.T) {
	t.Parallel()
	d, s := open(t)
	dir := write(t, skus, page(person("a", plan("P1", "Enabled", "2025-10-01T00:00:00Z"))))
	count := func(table string) (n uint64) {
		require.NoError(t, s.QueryRow(t.Context(), "SELECT count() FROM "+table).Scan(&n))
		return n
	}
	for _, day := range []string{"2026-01-01", "2026-01-01", "2026-01-02"} {
		_, err := d.Import(t.Context(), "t1", at(day), []string{dir})
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, count("snapshot_organizers"))
	require.EqualValues(t, 1, count("snapshot_skus"))
	require.EqualValues(t, 1, count("licence_generations"))
	require.EqualValues(t, 4, count("directory_snapshots"), "one of each kind, and that both were seen again on the second day")

	// What was seen again on the 2nd still counts when an older snapshot comes late.
	_, err := d.Import(t.Context(), "t1", at("2025-12-30"), []string{write(t, page(person("z", "")))})
	require.NoError(t, err)
	require.Equal(t, []string{"a p1 2026-01-01 to …"}, lines(t, d))
}

func TestDisabledPlansAreNotHeld(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	p1 := plan("P1", "Enabled", "2026-01-01T00:00:00Z")
	off := strings.Replace(person("off", p1), `"disabledPlans":[]`, `"disabledPlans":["P1"]`, 1)
	both := strings.Replace(person("both", p1), `"disabledPlans":[]}`, `"disabledPlans":["P1"]},{"skuId":"s1","disabledPlans":[]}`, 1)
	bare := `{"id":"bare","userPrincipalName":"x","assignedLicenses":[{"skuId":"S1","disabledPlans":["p2"]}]}`
	_, err := d.Import(t.Context(), "t1", at("2026-01-10"), []string{write(t, skus, page(off, both, bare))})
	require.NoError(t, err)
	require.Equal(t, []string{"bare p1 2026-01-10 to …", "both p1 2026-01-01 to …"}, lines(t, d))
}

func TestWhatIsNoDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	for text, want := range map[string]string{
		`{"value":[{"x":1}]}`: "0.json: value[0] is neither a user",
		"{\n\"value\":\n[{]}": "line 3",
		`{"value":[]}`:        "no file holds users",
		page(person("a", ""), skus[len(`{"value":[`):len(skus)-2]): "files of their own",
	} {
		_, err := d.Import(t.Context(), "t1", at("2026-01-10"), []string{write(t, text)})
		require.ErrorContains(t, err, want)
	}
	_, err := d.Import(t.Context(), "t1", at("2026-01-10"), []string{"nowhere"})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = d.Import(t.Context(), "t9", at("2026-01-10"), []string{write(t, skus)})
	require.ErrorIs(t, err, directory.ErrUnknownTenant)
}

// An import that ends at any write leaves what was there, and done again gives the whole.
func TestAnImportCutShortIsHarmless(t *testing.T) {
	t.Parallel()
	d, s := open(t)
	whole := write(t, skus, page(person("a", plan("P1", "Enabled", "2025-10-01T00:00:00Z"))))
	attempts := 0
	for writes := 0; ; writes++ {
		cut := &cutShort{Store: s, left: writes}
		_, err := directory.New(cut, time.Now, uuid.New, slog.New(slog.DiscardHandler)).Import(t.Context(), "t1", at("2026-01-10"), []string{whole})
		if err == nil {
			break
		}
		require.ErrorIs(t, err, errCut)
		require.Empty(t, lines(t, d))
		attempts++
	}
	require.Greater(t, attempts, 3)
	require.Equal(t, []string{"a p1 2025-10-01 to …"}, lines(t, d))
	people, err := d.Organizers(context.Background(), "t1")
	require.NoError(t, err)
	require.Len(t, people, 1)
}
