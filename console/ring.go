package console

import (
	"context"
	"net/http"
	"slices"

	"fairdial/cases"
)

// tied is a case whose organizer called the same numbers.
type tied struct {
	cases.Case
	Numbers int64 // how many of them
	Seconds int64 // of the other's calls to them
}

// ringAmong is among how many cases, those of the highest risk, others are looked for who called
// the same numbers.
const ringAmong = 100

// ring are the cases, of all tenants that the reader sees, whose organizers called the same
// numbers as this one: two or more, since one may be anybody's.
func ring(ctx context.Context, opts Options, v views, c cases.Case, s span) (out []tied, err error) {
	all, err := opts.Cases.Outlines(ctx, cases.PageRequest{Limit: ringAmong})
	if err != nil {
		return nil, err
	}
	byWho := map[who]cases.Case{}
	others := []who{}
	for _, other := range all {
		if other.ID == c.ID {
			continue
		}
		w := who{other.TenantID, other.OrganizerID}
		byWho[w] = other
		others = append(others, w)
	}
	if len(others) == 0 {
		return nil, nil
	}
	found, err := v.ties(ctx, s, others)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		out = append(out, tied{byWho[f.who], int64(f.numbers), f.seconds})
	}
	return out, nil
}

// Mergeable are the cases beside this one that can become part of it as a ring's: of its tenant,
// and neither part of a ring's case nor one themselves.
func (b caseBody) Mergeable() (out []cases.Case) {
	if b.Case.RingCase != "" || b.Case.Status == cases.StatusClosed {
		return nil
	}
	all := slices.Clone(b.Related)
	for _, t := range b.Ring {
		all = append(all, t.Case)
	}
	for _, c := range all {
		known := slices.ContainsFunc(out, func(o cases.Case) bool { return o.ID == c.ID })
		if !known && c.TenantID == b.Case.TenantID && c.RingCase == "" && len(c.Members) < 2 {
			out = append(out, c)
		}
	}
	return out
}

// relatedCase is a tied case as the API shows it.
type relatedCase struct {
	ID          string       `json:"case_id"`
	TenantID    string       `json:"tenant_id"`
	OrganizerID string       `json:"organizer_id"`
	Score       int          `json:"score"`
	Status      cases.Status `json:"status"`
	Numbers     int64        `json:"numbers"`
	Seconds     int64        `json:"seconds"`
}

func (a *api) relatedCases(w http.ResponseWriter, r *http.Request) {
	c, err := a.opts.Cases.Get(r.Context(), r.PathValue("id"))
	var found []tied
	if err == nil {
		found, err = ring(r.Context(), a.opts, a.views, c, spanOf(c))
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	out := make([]relatedCase, len(found))
	for i, f := range found {
		out[i] = relatedCase{f.ID, f.TenantID, f.OrganizerID, f.Score, f.Status, f.Numbers, f.Seconds}
	}
	writeJSON(w, http.StatusOK, map[string]any{"related": out})
}
