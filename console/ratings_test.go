package console

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

func (w world) Explain(_ context.Context, tenantID, usageID string) (rating.Explanation, error) {
	switch usageID {
	case "nothing":
		return rating.Explanation{}, fmt.Errorf("explain: %w", rating.ErrNoRecord)
	case "twice":
		return rating.Explanation{}, fmt.Errorf("explain: %w", rating.ErrManyTenants)
	}
	return rating.Explanation{UsageID: usageID, TenantID: tenantID}, w.err
}

func TestAnExplanationIsAsked(t *testing.T) {
	h := serve(t, world{}, &bytes.Buffer{})
	got := get(h, "/api/v1/ratings/u1/explanation?tenant_id=contoso")
	require.Equal(t, http.StatusOK, got.Code)
	require.Contains(t, got.Body.String(), `"usage_id":"u1","tenant_id":"contoso"`)
	require.Equal(t, http.StatusNotFound, get(h, "/api/v1/ratings/nothing/explanation").Code)
	require.Equal(t, http.StatusConflict, get(h, "/api/v1/ratings/twice/explanation").Code)
	failed := get(serve(t, world{err: fmt.Errorf("the store's secret")}, &bytes.Buffer{}), "/api/v1/ratings/u1/explanation")
	require.Equal(t, http.StatusInternalServerError, failed.Code)
	require.NotContains(t, failed.Body.String(), "secret")
}
