package enforcement

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const blockedPage = `{"@odata.context":"x","value":[
 {"blockDateTime":"2026-03-01T10:00:00Z","blockReason":"High Overall Usage","remediationId":"1A11B8A3-9E8B-4D5A-A3C5-9C8B1A4E0001","userBlockMode":"Blocked","userDisplayName":"Ann","userId":"3C1F0A9E-6F54-4B6F-9A34-6D1DE1F1A001","userPrincipalName":"ann@contoso.example","userTelephoneNumber":"+14255550123"},
 {"blockDateTime":"2026-03-02T10:00:00Z","blockReason":"High Overall Usage","remediationId":"1a11b8a3-9e8b-4d5a-a3c5-9c8b1a4e0001","userBlockMode":"Unblocked","userId":"3c1f0a9e-6f54-4b6f-9a34-6d1de1f1a001"}]}`

func TestTheProvidersOwnBlocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.enforcer(policy())
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
	for _, bad := range []string{"", "{", `{"value":[{}]}`, `[{"blockDateTime":"2026-03-01T10:00:00Z","remediationId":"x","userId":"y","userBlockMode":"unknownFutureValue"}]`} {
		_, err := ReadBlocks(strings.NewReader(bad))
		require.Error(t, err, bad)
	}
	_, err = e.ImportBlocks(t.Context(), "t1", "", nil)
	require.Error(t, err)
}
