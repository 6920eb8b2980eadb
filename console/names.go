package console

import (
	"context"
	"slices"
	"strings"
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

// mostCalled is how many ids a name is looked up for.
const mostCalled = 500

// idsNamed are the ids of tenants and organizers whose names have a text in them.
func (v views) idsNamed(ctx context.Context, text string) ([]string, error) {
	if strings.TrimSpace(text) == "" {
		return []string{}, nil
	}
	var found []struct {
		ID string `ch:"id"`
	}
	err := v.read(ctx, &found, "names_like", named("text", text), named("limit", uint64(mostCalled)))
	out := make([]string, len(found))
	for i, f := range found {
		out[i] = f.ID
	}
	return out, err
}
