package rating

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"fairdial/rules/plan"
	"fairdial/usage"
)

// What somebody should look at in a statement.
const (
	ExceptionAddonChannelUnknown      = "addon_channel_unknown"
	ExceptionAddonChannelNotOffered   = "addon_channel_not_offered"
	ExceptionAddonSegmentUnknown      = "addon_segment_unknown"
	ExceptionAddonSegmentNotOffered   = "addon_segment_not_offered"
	ExceptionAddonWithoutPrerequisite = "addon_without_prerequisite" // an organizer's
	ExceptionAddonUnknown             = "addon_licence_unknown"
	ExceptionPoolWithoutLicence       = "pool_without_licence" // an organizer's
	ExceptionPoolLicencesUnknown      = "pool_licences_unknown"
	ExceptionNoRate                   = "no_rate"
	ExceptionUnfunded                 = "unfunded"
	ExceptionNotRated                 = "not_rated"
	ExceptionRatedBefore              = "rated_before_a_change"
)

// Exception is something in a statement that should not be taken for granted. The rating
// stands as it is; whether it should is for a person to say.
type Exception struct {
	Code        string `json:"code"`
	OrganizerID string `json:"organizer_id,omitempty"` // empty for the tenant as a whole
	// OrganizerUPN is as the directory has it now; it may be empty.
	OrganizerUPN string `json:"organizer_upn,omitempty"`
	Calls        uint64 `json:"calls"` // that it is about
	Seconds      uint64 `json:"seconds"`
	Text         string `json:"text"`
}

// exceptions fills in the exceptions of statements of one month as they are rated now.
func (r *Rater) exceptions(ctx context.Context, month usage.Month, all []Statement) error {
	if len(all) == 0 {
		return nil
	}
	resolved, err := r.terms(ctx, []tenantMonth{{month: month}})
	if err != nil {
		return err
	}
	terms := resolved[month]
	at := map[string]*Statement{}
	for i := range all {
		at[all[i].TenantID] = &all[i]
		all[i].Exceptions = []Exception{}
	}
	var behind map[string][]Exception
	var found []organizerException
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() (err error) { behind, err = r.behind(ctx, month, all); return err })
	work.Go(func() error {
		for chunk := range slices.Chunk(all, tenantsInStatement) {
			rows, err := r.organizerExceptions(ctx, month, terms, chunk)
			if err != nil {
				return err
			}
			found = append(found, rows...)
		}
		return nil
	})
	if err := work.Wait(); err != nil {
		return err
	}
	holders := map[string]bool{}
	for _, x := range found {
		holders[x.TenantID] = holders[x.TenantID] || x.Code == ExceptionAddonWithoutPrerequisite
		s := at[x.TenantID]
		s.Exceptions = append(s.Exceptions, Exception{x.Code, x.OrganizerID, x.OrganizerUPN, x.Calls, x.Seconds, organizerTexts[x.Code]})
	}
	for i := range all {
		own := append(behind[all[i].TenantID], tenantExceptions(&all[i], terms, holders[all[i].TenantID])...)
		all[i].Exceptions = append(own, all[i].Exceptions...)
	}
	return nil
}

var organizerTexts = map[string]string{
	ExceptionAddonWithoutPrerequisite: "holds the add-on without the Audio Conferencing licence it requires; calls at that time were not rated as add-on",
	ExceptionPoolWithoutLicence:       "drew on the tenant's pool without a conferencing licence",
}

type organizerException struct {
	TenantID     string
	OrganizerID  string
	OrganizerUPN string
	Code         string
	Calls        uint64
	Seconds      uint64
	Required     bool // what the add-on requires was held at some time
	Partly       bool // the add-on was held for a part of the month
}

func (r *Rater) organizerExceptions(ctx context.Context, month usage.Month, terms plan.Terms, chunk []Statement) ([]organizerException, error) {
	tenants, runs := []string{}, []string{}
	for _, s := range chunk {
		tenants, runs = append(tenants, s.TenantID), append(runs, s.runID.String())
	}
	from, to := r.span(month)
	required := []string{}
	for _, c := range terms.Addon.Requires {
		switch usage.Entitlement(c) {
		case usage.EntitlementConferencing:
			required = append(required, words(terms.Identities.Conferencing.ServicePlans)...)
		case usage.EntitlementPayPerMinute:
			required = append(required, words(terms.Identities.PayPerMinute.ServicePlans)...)
		case usage.EntitlementSelect:
			required = append(required, words(terms.Identities.Select.ServicePlans)...)
		}
	}
	args := []any{
		named("tenants", tenants), named("runs", runs), named("month", firstDay(month)), named("from", instant(from)), named("to", instant(to)),
		named("addon_plans", words(terms.Identities.Addon.ServicePlans)), named("required_plans", required),
		named("addon_countries", words(terms.Addon.Countries)), named("addon_never", words(terms.Addon.Never)),
		named("toll_free_counts_as_us", terms.TollFreeCountsAsUS),
	}
	rows, err := r.found(ctx, tenants, args)
	if err == nil && slices.ContainsFunc(rows, func(x organizerException) bool { return x.Partly }) {
		rows, err = r.partly(ctx, rows, args)
	}
	if err != nil {
		return nil, fmt.Errorf("exceptions of %s: %w", month, err)
	}
	return rows, nil
}

// partly counts of organizers who held the add-on for a part of the month the calls in that part.
func (r *Rater) partly(ctx context.Context, rows []organizerException, args []any) ([]organizerException, error) {
	found, err := query[struct {
		TenantID    string `ch:"tenant_id"`
		OrganizerID string `ch:"organizer_id"`
		Calls       uint64 `ch:"calls"`
		Seconds     uint64 `ch:"seconds"`
	}](ctx, r.conn, "exceptions_partly", args...)
	if err != nil {
		return nil, err
	}
	type use struct{ calls, seconds uint64 }
	own := map[[2]string]use{}
	for _, f := range found {
		own[[2]string{f.TenantID, f.OrganizerID}] = use{f.Calls, f.Seconds}
	}
	for i, x := range rows {
		if u := own[[2]string{x.TenantID, x.OrganizerID}]; x.Partly {
			rows[i].Calls, rows[i].Seconds = u.calls, u.seconds
		}
	}
	return slices.DeleteFunc(rows, func(x organizerException) bool { return x.Partly && x.Calls == 0 && x.Required }), nil
}

// tenantExceptions are those of the tenant as a whole. Eligibility for the add-on matters
// where somebody uses or holds it.
func tenantExceptions(s *Statement, terms plan.Terms, held bool) []Exception {
	out := []Exception{}
	addon, credits, unfunded := s.Buckets[0], s.Buckets[2], s.Buckets[3]
	add := func(code string, b BucketTotal, format string, args ...any) {
		out = append(out, Exception{Code: code, Calls: b.Calls, Seconds: b.Seconds, Text: fmt.Sprintf(format, args...)})
	}
	if addon.Calls > 0 || held {
		for _, x := range []struct {
			noun, value      string
			allowed          []plan.Name
			unknown, refused string
		}{
			{"channel", s.channel, terms.Addon.Channels, ExceptionAddonChannelUnknown, ExceptionAddonChannelNotOffered},
			{"segment", s.segment, terms.Addon.Segments, ExceptionAddonSegmentUnknown, ExceptionAddonSegmentNotOffered},
		} {
			switch {
			case x.value == "":
				add(x.unknown, addon, "the tenant's %s is not known, so it is not known whether it can have bought the add-on", x.noun)
			case !slices.ContainsFunc(x.allowed, func(n plan.Name) bool { return strings.EqualFold(string(n), x.value) }):
				add(x.refused, addon, "the add-on is not offered in the %s %q", x.noun, x.value)
			}
		}
	}
	if len(terms.Identities.Addon.ServicePlans) == 0 {
		add(ExceptionAddonUnknown, BucketTotal{}, "no service plan of the add-on is known, so no call was rated as add-on; name it in licences.addon")
	}
	if len(s.Pools) > 0 && !s.Pools[0].LicencesKnown && s.Calls > 0 {
		add(ExceptionPoolLicencesUnknown, BucketTotal{}, "no snapshot of the tenant's SKUs was imported, so its pool is taken to be empty")
	}
	if credits.UnpricedCalls > 0 {
		add(ExceptionNoRate, BucketTotal{Calls: credits.UnpricedCalls, Seconds: credits.UnpricedSeconds}, "credits pay for the calls and no rate is known")
	}
	if unfunded.Calls > 0 {
		add(ExceptionUnfunded, unfunded, "nothing pays for the calls")
	}
	return out
}
