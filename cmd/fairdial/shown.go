package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairdial/rating"
	"fairdial/usage"
)

// ratedFlag is how a command is asked not to answer from what was frozen.
func ratedFlag(cmd *cobra.Command, rated *bool) {
	cmd.Flags().BoolVar(rated, "rated", false, "of closed months too, as they are rated now and not as they were closed")
}

// reader is the rating as the books have it: a closed month as it was closed, or as it is
// rated now where that is asked for.
func (s *services) reader(ctx context.Context, tenants []string, rated bool) (*rating.Rater, error) {
	if rated {
		return s.books.AsRated(ctx, tenants)
	}
	return s.books.AsClosed(ctx, tenants)
}

// tenantNames are what tenants are called, by id.
type tenantNames map[string]string

// of is a tenant's name, or its id where it has none.
func (n tenantNames) of(id string) string { return or(n[id], id) }

// full is a tenant's name with its id behind it, by which commands are told of it.
func (n tenantNames) full(id string) string {
	if n[id] == "" {
		return id
	}
	return n[id] + " (" + id + ")"
}

func (s *services) tenantNames(ctx context.Context) (tenantNames, error) {
	all, err := s.directory.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	names := tenantNames{}
	for _, t := range all {
		names[t.ID] = t.Name
	}
	return names, nil
}

// organizerNames are what a tenant's organizers sign in as, by id in lower case.
func (s *services) organizerNames(ctx context.Context, tenantID string) (map[string]string, error) {
	all, err := s.directory.Organizers(ctx, tenantID)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, o := range all {
		names[strings.ToLower(o.ID)] = or(o.UPN, o.Name)
	}
	return names, nil
}

// people gives what organizers sign in as, "" where that is not known; a tenant's are read
// once.
func (s *services) people() func(ctx context.Context, tenantID, organizerID string) (string, error) {
	read := map[string]map[string]string{}
	return func(ctx context.Context, tenantID, organizerID string) (string, error) {
		if read[tenantID] == nil {
			names, err := s.organizerNames(ctx, tenantID)
			if err != nil {
				return "", err
			}
			read[tenantID] = names
		}
		return read[tenantID][strings.ToLower(organizerID)], nil
	}
}

// shownOnStderr is how many closed months are told of one by one.
const shownOnStderr = 10

// tellShown says on stderr which of the tenant-months of an answer are closed, and of which
// run it is. It is for answers that have no place for it themselves.
func (a *app) tellShown(ctx context.Context, s *services, r *rating.Rater, month usage.Month, tenants []string) error {
	all, err := r.Shown(ctx, month, tenants)
	if err != nil || len(all) == 0 {
		return err
	}
	names, err := s.tenantNames(ctx)
	if err != nil {
		return err
	}
	a.tell(all, names)
	return nil
}

// tellStatements does so of statements.
func (a *app) tellStatements(all []rating.Statement) {
	var shown []rating.Shown
	names := tenantNames{}
	for _, s := range all {
		if s.Shown != nil {
			shown, names[s.TenantID] = append(shown, *s.Shown), s.TenantName
		}
	}
	a.tell(shown, names)
}

func (a *app) tell(all []rating.Shown, names tenantNames) {
	for _, c := range all[:min(len(all), shownOnStderr)] {
		fmt.Fprintf(a.stderr, "%s of %s: %s\n", c.Month, oneLine(names.of(c.TenantID)), oneLine(c.Text))
	}
	if more := len(all) - shownOnStderr; more > 0 {
		fmt.Fprintf(a.stderr, "and %s of %s that are closed: see `fairdial close list --month %s`\n", counted(more, "more tenant"), all[0].Month, all[0].Month)
	}
}

// tellBehind says on stderr which statements are of less than is known by now.
func (a *app) tellBehind(all []rating.Statement) {
	told := 0
	for _, s := range all {
		x, behind := s.Behind()
		if !behind {
			continue
		}
		if told++; told > shownOnStderr {
			continue
		}
		what := ""
		if x.Calls > 0 {
			what = counted(x.Calls, "call") + ", " + minutes(int64(x.Seconds)) + ": "
		}
		fmt.Fprintf(a.stderr, "%s of %s is not up to date: %s%s\n", s.Month, oneLine(or(s.TenantName, s.TenantID)), what, x.Text)
	}
	if more := told - shownOnStderr; more > 0 {
		fmt.Fprintf(a.stderr, "and %s\n", counted(more, "more statement"))
	}
}

// tellUnrated says on stderr which tenants have usage in a month and no statement of it.
func (a *app) tellUnrated(ctx context.Context, s *services, m usage.Month, tenants []string, all []rating.Statement) error {
	stale, err := s.rater.Stale(ctx, []usage.Month{m}, tenants)
	if err != nil {
		return err
	}
	names, err := s.tenantNames(ctx)
	if err != nil {
		return err
	}
	var missing []string
	for _, t := range stale {
		if !slices.ContainsFunc(all, func(st rating.Statement) bool { return st.TenantID == t.TenantID }) {
			missing = append(missing, oneLine(names.of(t.TenantID)))
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(a.stderr, "%s has usage that is not rated of %s: run `fairdial rate --month %s`\n", m, strings.Join(missing, ", "), m)
	}
	return nil
}

// showShown says in a text answer that its month is closed, and of which run it is.
func (a *app) showShown(s *rating.Shown) {
	if s != nil {
		a.printf("%s is %s\n", s.Month, oneLine(s.Text))
	}
}

// one is a list of a tenant, or of none where it is not said.
func one(tenant string) []string {
	if tenant == "" {
		return nil
	}
	return []string{tenant}
}
