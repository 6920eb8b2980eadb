package rating

import (
	"context"
	"fmt"
	"slices"

	"fairdial/usage"
)

// Behind says whether the statement is of less than is known by now, and what is missing.
func (s Statement) Behind() (Exception, bool) {
	i := slices.IndexFunc(s.Exceptions, func(x Exception) bool {
		return x.Code == ExceptionNotRated || x.Code == ExceptionRatedBefore
	})
	if i < 0 {
		return Exception{}, false
	}
	return s.Exceptions[i], true
}

// behind is the exceptions, by tenant, of statements whose run is not of all that is known.
func (r *Rater) behind(ctx context.Context, month usage.Month, all []Statement) (map[string][]Exception, error) {
	fail := func(err error) (map[string][]Exception, error) {
		return nil, fmt.Errorf("what of %s is not rated yet: %w", month, err)
	}
	at := map[string]Statement{}
	tenants := []string{}
	for _, s := range all {
		at[s.TenantID] = s
		tenants = append(tenants, s.TenantID)
	}
	stale, err := r.Stale(ctx, []usage.Month{month}, tenants)
	if err != nil {
		return fail(err)
	}
	out := map[string][]Exception{}
	from, to := r.span(month)
	for chunk := range slices.Chunk(stale, tenantsInStatement) {
		tenants, runs := []string{}, []string{}
		for _, s := range chunk {
			tenants, runs = append(tenants, s.TenantID), append(runs, at[s.TenantID].runID.String())
			out[s.TenantID] = []Exception{{Code: ExceptionRatedBefore, Text: fmt.Sprintf(
				"licences, settings or records changed after it was rated: run fairdial rate --month %s", month)}}
		}
		rows, err := query[struct {
			TenantID string `ch:"tenant_id"`
			Calls    uint64 `ch:"calls"`
			Seconds  uint64 `ch:"seconds"`
		}](ctx, r.conn, "unrated", named("tenants", tenants), named("runs", runs), named("month", firstDay(month)), named("from", instant(from)), named("to", instant(to)))
		if err != nil {
			return fail(err)
		}
		for _, u := range rows {
			out[u.TenantID] = []Exception{{Code: ExceptionNotRated, Calls: u.Calls, Seconds: u.Seconds, Text: fmt.Sprintf(
				"calls that came or were corrected after it was rated are not in these figures as they are now: run fairdial rate --month %s", month)}}
		}
	}
	return out, nil
}
