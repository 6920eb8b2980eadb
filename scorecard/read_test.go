package scorecard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestReadLabels(t *testing.T) {
	got, err := ReadLabels(strings.NewReader("tenant_id,organizer_id,label,scenario,first_abusive_at\nt,a,abuse,ring,2026-03-01T00:00:00Z\nt,b,honest,,\n"))
	require.NoError(t, err)
	require.Equal(t, []Label{
		{TenantID: "t", OrganizerID: "a", Abuse: true, Shape: "ring", From: start},
		{TenantID: "t", OrganizerID: "b"},
	}, got)

	for name, text := range map[string]string{
		"the file is empty":               "",
		"there is no column label":        "tenant_id,organizer_id\n",
		`row 2: label "bad" is neither`:   "tenant_id,organizer_id,label\nt,a,bad\n",
		"row 2: first_abusive_at":         "tenant_id,organizer_id,label,first_abusive_at\nt,a,abuse,yesterday\n",
		"row 3: organizer a of tenant t":  "tenant_id,organizer_id,label\nt,a,abuse\nt,a,honest\n",
		"record on line 2: wrong number":  "tenant_id,organizer_id,label\nt,a\n",
		"the columns needed are tenant_i": "a,b\n",
	} {
		_, err := ReadLabels(strings.NewReader(text))
		require.ErrorContains(t, err, name)
	}
}

// call stores a call of an organizer, an hour long.
func call(t *testing.T, s *store.Store, organizer, id string, hours int) {
	t.Helper()
	at := start.Add(time.Duration(hours) * time.Hour)
	format := func(t time.Time) string { return t.Format("2006-01-02 15:04:05") }
	require.NoError(t, s.Exec(t.Context(), fmt.Sprintf(`INSERT INTO usage_revisions
		(tenant_id, usage_id, revision, organizer_id, is_conf_out, started_at, ended_at, seconds, callee_number)
		VALUES ('t', '%s', 0, '%s', true, '%s', '%s', 3600, '+12125550100')`, id, organizer, format(at), format(at.Add(time.Hour)))))
}

func TestRead(t *testing.T) {
	s := storetest.Open(t)
	for i := range 4 {
		call(t, s, "ann", fmt.Sprintf("ann-%d", i), i*24)
	}
	call(t, s, "ben", "ben-0", 0)
	log := cases.NewLog(journal.New(s, time.Now, uuid.New))
	// Opened on the second day below the threshold, above it on the third; a person's event
	// with a lower risk is not detection.
	for i, e := range []cases.Event{
		{Actor: "system:detector", Kind: cases.KindOpened, At: start.Add(24 * time.Hour), State: cases.Case{Score: 55}},
		{Actor: "system:detector", Kind: cases.KindWorsened, At: start.Add(48 * time.Hour), State: cases.Case{Score: 80}},
		{Actor: "cli:reviewer", Kind: cases.KindConfirmed, At: start.Add(50 * time.Hour), State: cases.Case{Score: 100}},
	} {
		e.CaseID, e.Version, e.State.TenantID, e.State.OrganizerID = "c-1", i+1, "t", "ann"
		lost, err := log.Record(t.Context(), []cases.Event{e})
		require.NoError(t, err)
		require.Empty(t, lost)
	}
	labels := []Label{{TenantID: "t", OrganizerID: "ann", Abuse: true, From: start.Add(time.Hour)}, {TenantID: "t", OrganizerID: "ben"}, {TenantID: "t", OrganizerID: "cyd"}}

	got, err := Read(t.Context(), s, labels, []Call{{"t", "ann-1"}, {"t", "ann-2"}, {"t", "nobody's"}}, 70)
	require.NoError(t, err)
	require.Equal(t, []Organizer{
		{
			TenantID: "t", OrganizerID: "ann", Abuse: true, TenureDays: 3, Score: 80, AlertedAt: start.Add(48 * time.Hour),
			FirstAbuse: start.Add(24 * time.Hour), AbusiveSeconds: 7200, SecondsToCome: 3600,
		},
		{TenantID: "t", OrganizerID: "ben", TenureDays: 3},
		{TenantID: "t", OrganizerID: "cyd", TenureDays: -1},
	}, got)

	t.Run("without names, the calls in the label's time", func(t *testing.T) {
		got, err := Read(t.Context(), s, labels, nil, 50)
		require.NoError(t, err)
		require.Equal(t, int64(3*3600), got[0].AbusiveSeconds)
		require.Equal(t, int64(3*3600), got[0].SecondsToCome, "the alert at 50 came with the first of them")
		require.Equal(t, start.Add(24*time.Hour), got[0].AlertedAt)
	})
	t.Run("nobody is alerted at a risk that no case had", func(t *testing.T) {
		got, err := Read(t.Context(), s, labels, nil, 90)
		require.NoError(t, err)
		require.True(t, got[0].AlertedAt.IsZero())
		require.Zero(t, got[0].SecondsToCome)
	})
}

// Weak signs add up within 45 days, a family once; what is older, or not live, does not count.
func TestEvidenceIsWhatFindingsAddUpTo(t *testing.T) {
	s := storetest.Open(t)
	for _, f := range []struct {
		family, status string
		weight         float64
		days           int
	}{
		{"volume", "live", 0.2, 0}, {"volume", "live", 0.4, 60}, {"volume", "live", 0.3, 61}, {"surge", "live", 0.5, 70}, {"ring", "shadow", 0.9, 70},
	} {
		require.NoError(t, s.Exec(t.Context(), fmt.Sprintf(`INSERT INTO finding_rows (finding_id, tenant_id, organizer_id, rule_status, family, weight, at, outcome)
			VALUES (generateUUIDv4(), 't', 'ann', '%s', '%s', %g, '%s', 'hit')`,
			f.status, f.family, f.weight, start.AddDate(0, 0, f.days).Format("2006-01-02 15:04:05"))))
	}
	got, err := Read(t.Context(), s, []Label{{TenantID: "t", OrganizerID: "ann"}}, nil, 50)
	require.NoError(t, err)
	require.InDelta(t, 1-(1-0.4)*(1-0.5), got[0].Evidence, 1e-9)
	require.Zero(t, got[0].Score)
}
