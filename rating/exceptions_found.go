package rating

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// mostNamed is how many organizers a statement names.
const mostNamed = 1000

// who is an organizer of a tenant.
type who struct{ tenant, organizer string }

// found are the exceptions of organizers. What was used, what was held and who they are is read one
// after the other and put together here: to prepare one statement that does takes longer than to run all.
func (r *Rater) found(ctx context.Context, tenants []string, args []any) ([]organizerException, error) {
	used, err := query[struct {
		TenantID     string `ch:"tenant_id"`
		OrganizerID  string `ch:"organizer_id"`
		AddonCalls   uint64 `ch:"addon_calls"`
		AddonSeconds uint64 `ch:"addon_seconds"`
		AddonAny     bool   `ch:"addon_any"`
		PoolCalls    uint64 `ch:"pool_calls"`
		PoolSeconds  uint64 `ch:"pool_seconds"`
		PoolAny      bool   `ch:"pool_any"`
	}](ctx, r.conn, "exceptions", args...)
	if err != nil {
		return nil, err
	}
	out := []organizerException{}
	missed := map[who]organizerException{} // of the add-on
	organizers := []string{}
	for _, u := range used {
		if u.AddonAny {
			missed[who{u.TenantID, u.OrganizerID}] = organizerException{Calls: u.AddonCalls, Seconds: u.AddonSeconds, Partly: true}
			organizers = append(organizers, u.OrganizerID)
		}
		if u.PoolAny {
			out = append(out, organizerException{TenantID: u.TenantID, OrganizerID: u.OrganizerID, Code: ExceptionPoolWithoutLicence, Calls: u.PoolCalls, Seconds: u.PoolSeconds})
		}
	}
	all := len(organizers) > mostNamed
	if all {
		organizers = []string{}
	}
	held, err := query[struct {
		TenantID    string `ch:"tenant_id"`
		OrganizerID string `ch:"organizer_id"`
		Required    bool   `ch:"required"`
		Whole       bool   `ch:"whole"`
	}](ctx, r.conn, "exceptions_held", append(slices.Clone(args), named("organizers", organizers), named("all", all))...)
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		x, any := missed[who{h.TenantID, h.OrganizerID}]
		if !any && h.Required {
			continue
		}
		x.TenantID, x.OrganizerID, x.Code, x.Required, x.Partly = h.TenantID, h.OrganizerID, ExceptionAddonWithoutPrerequisite, h.Required, x.Partly && !h.Whole
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b organizerException) int {
		return cmp.Or(strings.Compare(a.TenantID, b.TenantID), strings.Compare(a.Code, b.Code), strings.Compare(a.OrganizerID, b.OrganizerID))
	})
	return out, r.nameThem(ctx, tenants, out)
}

// nameThem gives organizers the names that the directory has for them.
func (r *Rater) nameThem(ctx context.Context, tenants []string, all []organizerException) error {
	for chunk := range slices.Chunk(all, mostNamed) {
		organizers := []string{}
		for _, x := range chunk {
			organizers = append(organizers, x.OrganizerID)
		}
		rows, err := query[organizerName](ctx, r.conn, "organizer_names", named("tenants", tenants), named("organizers", organizers))
		if err != nil {
			return err
		}
		names := map[who]string{}
		for _, n := range rows {
			names[who{n.TenantID, n.OrganizerID}] = n.UPN
		}
		for i := range chunk {
			chunk[i].OrganizerUPN = names[who{chunk[i].TenantID, chunk[i].OrganizerID}]
		}
	}
	return nil
}

// organizerName is what the directory calls an organizer.
type organizerName struct {
	TenantID    string `ch:"tenant_id"`
	OrganizerID string `ch:"organizer_id"`
	UPN         string `ch:"upn"`
	Name        string `ch:"name"`
}
