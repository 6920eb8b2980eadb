package console

import (
	"context"

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
func (p *pages) ring(ctx context.Context, c cases.Case, s span) (out []tied, err error) {
	all, err := p.opts.Cases.Outlines(ctx, cases.PageRequest{Limit: ringAmong})
	if err != nil {
		return nil, err
	}
	byWho := map[[2]string]cases.Case{}
	tenants, organizers := []string{}, []string{}
	for _, other := range all {
		if other.ID == c.ID {
			continue
		}
		byWho[[2]string{other.TenantID, other.OrganizerID}] = other
		tenants, organizers = append(tenants, other.TenantID), append(organizers, other.OrganizerID)
	}
	if len(byWho) == 0 {
		return nil, nil
	}
	var found []struct {
		TenantID    string `ch:"tenant_id"`
		OrganizerID string `ch:"organizer_id"`
		Numbers     int64  `ch:"numbers"`
		Seconds     int64  `ch:"seconds"`
	}
	if err := p.views.read(ctx, &found, "ring", s.args(named("tenants", tenants), named("organizers", organizers))...); err != nil {
		return nil, err
	}
	for _, f := range found {
		out = append(out, tied{byWho[[2]string{f.TenantID, f.OrganizerID}], f.Numbers, f.Seconds})
	}
	return out, nil
}
