package main

import (
	"context"

	"fairdial/rating"
)

// ratings is the rating as the console reads it.
type ratings struct{ s *services }

func (r ratings) Explain(ctx context.Context, tenantID, usageID string) (rating.Explanation, error) {
	return r.s.rater.Explain(ctx, tenantID, usageID)
}
