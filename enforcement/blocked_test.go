package enforcement

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

const blockedPage = `{"@odata.context":"x","value":[
 {"blockDateTime":"2026-03-01T10:00:00Z","blockReason":"High Overall Usage","remediationId":"1A11B8A3-9E8B-4D5A-A3C5-9C8B1A4E0001","userBlockMode":"Blocked","userDisplayName":"Ann","userId":"3C1F0A9E-6F54-4B6F-9A34-6D1DE1F1A001","userPrincipalName":"ann@contoso.example","userTelephoneNumber":"+14255550123"},
 {"blockDateTime":"2026-03-02T10:00:00Z","blockReason":"High Overall Usage","remediationId":"1a11b8a3-9e8b-4d5a-a3c5-9c8b1a4e0001","userBlockMode":"Unblocked","userId":"3c1f0a9e-6f54-4b6f-9a34-6d1de1f1a001"}]}`

func TestTheProvidersOwnBlocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.enforcer(policy())
	const ann = "3c1f0a9e-6f54-4b6f-9a34-6d1de1f1a001"
	mine, ring, old := caseOf("t1", ann, 80), caseOf("t1", "", 90), caseOf("t1", ann, 70)
	ring.ID, ring.Members, old.ID = "ring", []string{strings.ToUpper(ann), "o2"}, "old"
	old.Status, old.OpenedAt = cases.StatusClosed, start.Add(-200*24*time.Hour)
	w.clock.at = start.Add(-120 * 24 * time.Hour)
	w.put(old)
	w.clock.at = start
	w.put(mine, ring, caseOf("t2", ann, 99), caseOf("t1", "o2", 99))
	for _, want := range []Imported{{Read: 2, New: 2}, {Read: 2, Duplicate: 2}} {
		blocks, err := ReadBlocks(strings.NewReader(blockedPage))
		require.NoError(t, err)
		got, err := e.ImportBlocks(t.Context(), "t1", "cli:ann", blocks)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	all, err := e.ProviderBlocks(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, b := range all {
		require.Equal(t, "3c1f0a9e-6f54-4b6f-9a34-6d1de1f1a001", b.OrganizerID)
		require.NotContains(t, b.Body, "4255550123", "the telephone number is not kept")
	}
	// The cases about her say so, each thing once.
	for id, notes := range map[string]int{mine.ID: 2, "ring": 2, "old": 0, "case-t2-" + ann: 0, "case-t1-o2": 0} {
		history, err := w.cases.History(t.Context(), id)
		require.NoError(t, err)
		require.Len(t, history, 1+notes, id)
		if notes > 0 {
			require.Equal(t, "the provider blocked this organizer at 2026-03-01 10:00 UTC: High Overall Usage (1a11b8a3-9e8b-4d5a-a3c5-9c8b1a4e0001)", history[1].Reason)
			require.Equal(t, ProviderActor, history[1].Actor)
			require.Contains(t, history[2].Reason, "the provider unblocked")
			require.Equal(t, cases.StatusOpen, history[2].State.Status)
		}
	}
	// A case that opens later, or an import that died before it noted anything: the next one notes it.
	late := caseOf("t1", ann, 60)
	late.ID = "late"
	w.put(late)
	again, err := ReadBlocks(strings.NewReader(blockedPage))
	require.NoError(t, err)
	_, err = e.ImportBlocks(t.Context(), "t1", "cli:ann", again)
	require.NoError(t, err)
	history, err := w.cases.History(t.Context(), "late")
	require.NoError(t, err)
	require.Len(t, history, 3)
	known, err := w.cases.List(t.Context(), cases.Filter{})
	require.NoError(t, err)
	require.Equal(t, "ring", CaseAbout(known, "t1", ann))
	require.Empty(t, CaseAbout(known, "t1", "nobody"))
	for _, bad := range []string{"", "{", `{"value":[{}]}`, `[{"blockDateTime":"2026-03-01T10:00:00Z","remediationId":"x","userId":"y"}]`} {
		_, err := ReadBlocks(strings.NewReader(bad))
		require.Error(t, err, bad)
	}
	later, err := ReadBlocks(strings.NewReader(`[{"blockDateTime":"2026-03-01T10:00:00Z","remediationId":"x","userId":"y","userBlockMode":"unknownFutureValue"}]`))
	require.NoError(t, err, "a mode that came later keeps no other row out")
	got, err := e.ImportBlocks(t.Context(), "t1", "cli:ann", later)
	require.NoError(t, err)
	require.Equal(t, Imported{Read: 1, New: 1}, got)
	_, err = e.ImportBlocks(t.Context(), "t1", "", nil)
	require.Error(t, err)
}
