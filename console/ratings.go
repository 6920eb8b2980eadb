package console

import (
	"context"
	"errors"
	"net/http"

	"fairdial/rating"
)

// Ratings is what the console needs of the rating; it only reads.
type Ratings interface {
	Explain(ctx context.Context, tenantID, usageID string) (rating.Explanation, error)
}

func (a *api) explainRating(w http.ResponseWriter, r *http.Request) {
	e, err := a.opts.Ratings.Explain(r.Context(), r.URL.Query().Get("tenant_id"), r.PathValue("usage_id"))
	switch {
	case errors.Is(err, rating.ErrNoRecord):
		problem(w, http.StatusNotFound, "There is no usage record with this id.")
	case errors.Is(err, rating.ErrManyTenants):
		problem(w, http.StatusConflict, "More than one tenant has this usage id: say which with tenant_id.")
	case err != nil:
		a.fail(w, r, err)
	default:
		writeJSON(w, http.StatusOK, e)
	}
}
