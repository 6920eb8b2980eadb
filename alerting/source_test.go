package alerting

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestASourcesTroubleIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	revoked := SourceTrouble{
		Source: "contoso", Tenant: "Contoso <!here>", Kind: "failing", Since: start,
		Says: "the client secret was revoked", Mend: "make a new one",
	}
	tell := func(all ...SourceTrouble) int {
		told, err := w.alerter().Sources(t.Context(), all)
		require.NoError(t, err)
		return told
	}
	require.Equal(t, 1, tell(revoked))
	revoked.Says = "other words"
	require.Zero(t, tell(revoked), "the same trouble")
	late := revoked
	late.Kind, late.Since = "silent", start.Add(time.Hour)
	require.Equal(t, 1, tell(revoked, late))
	again := revoked
	again.Since = start.Add(48 * time.Hour)
	require.Equal(t, 1, tell(again), "mended and broken anew")
	require.Contains(t, string(w.parents()[0].Blocks), "the client secret was revoked")
	require.NotContains(t, strings.Join(w.parents()[0].Active(), " "), "here", "a tenant's name calls nobody")
}
