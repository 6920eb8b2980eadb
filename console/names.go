package console

import (
	"context"
	"slices"
)

// names are what the directory calls organizers and, under no organizer, tenants.
type names map[who]string

func (n names) tenant(id string) string { return or(n[who{tenant: id}], id) }

func (n names) organizer(tenant, id string) string { return or(n[who{tenant, id}], id) }

// namesOf reads the names of some organizers and of their tenants.
func (v views) namesOf(ctx context.Context, some []who) (names, error) {
	var tenants, organizers []string
	for _, w := range some {
		if w.tenant == "" {
			continue
		}
		tenants = append(tenants, w.tenant)
		if w.organizer != "" {
			organizers = append(organizers, w.organizer)
		}
	}
	if len(tenants) == 0 {
		return nil, nil
	}
	each := func(all []string) []string { slices.Sort(all); return append([]string{}, slices.Compact(all)...) }
	var found []struct {
		TenantID    string `ch:"tenant_id"`
		OrganizerID string `ch:"organizer_id"`
		Name        string `ch:"name"`
	}
	err := v.read(ctx, &found, "names", named("ids", each(tenants)), named("organizers", each(organizers)))
	out := names{}
	for _, f := range found {
		out[who{f.TenantID, f.OrganizerID}] = f.Name
	}
	return out, err
}

// tenantName is what a tenant is called, its id where no name is known.
func (v views) tenantName(ctx context.Context, tenantID string) (string, error) {
	known, err := v.namesOf(ctx, []who{{tenant: tenantID}})
	return known.tenant(tenantID), err
}
