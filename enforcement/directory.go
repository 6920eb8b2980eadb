package enforcement

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

var (
	//go:embed sql/organizer_by_id.sql
	organizerByIDSQL string
	//go:embed sql/organizer_by_upn.sql
	organizerByUPNSQL string
	//go:embed sql/organizer_in_usage.sql
	organizerInUsageSQL string
	//go:embed sql/tenant_sizes.sql
	tenantSizesSQL string
	//go:embed sql/protected.sql
	protectedSQL string
)

// activeFor is how long after a call an organizer counts as one of the tenant's where the
// directory does not know it.
const activeFor = 35 * 24 * time.Hour

type identity struct {
	TenantID    string `ch:"tenant_id"`
	OrganizerID string `ch:"organizer_id"`
	UPN         string `ch:"upn"`
}

// find gives who a name, an id or a sign-in name, can mean: by the directory, else by
// recent usage.
func (e *Enforcer) find(ctx context.Context, name string, at time.Time) ([]identity, error) {
	query := organizerByIDSQL
	if strings.Contains(name, "@") {
		query = organizerByUPNSQL
	}
	var found []identity
	if err := e.conn.Select(ctx, &found, query, clickhouse.Named("organizer", name)); err != nil {
		return nil, fmt.Errorf("look an organizer up in the directory: %w", err)
	}
	if len(found) > 0 {
		return found, nil
	}
	err := e.conn.Select(ctx, &found, organizerInUsageSQL, clickhouse.Named("organizer", name),
		clickhouse.DateNamed("since", at.Add(-activeFor), clickhouse.MilliSeconds))
	if err != nil {
		return nil, fmt.Errorf("look an organizer up in the usage: %w", err)
	}
	return found, nil
}

func (e *Enforcer) mustKnow(ctx context.Context, tenantID, organizerID string, now time.Time) error {
	found, err := e.find(ctx, organizerID, now)
	if err != nil {
		return err
	}
	for _, p := range found {
		if p.TenantID == tenantID {
			return nil
		}
	}
	return ErrUnknownOrganizer
}

func (e *Enforcer) tenantSizes(ctx context.Context, now time.Time) (map[string]int, error) {
	var rows []struct {
		TenantID   string `ch:"tenant_id"`
		Organizers uint64 `ch:"organizers"`
	}
	since := clickhouse.DateNamed("since", now.Add(-activeFor), clickhouse.MilliSeconds)
	if err := e.conn.Select(ctx, &rows, tenantSizesSQL, since); err != nil {
		return nil, fmt.Errorf("count the organizers of each tenant: %w", err)
	}
	sizes := make(map[string]int, len(rows))
	for _, r := range rows {
		sizes[r.TenantID] = int(r.Organizers)
	}
	return sizes, nil
}

// protected are the organizers whose sign-in name is on the policy's list.
func (e *Enforcer) protected(ctx context.Context, now time.Time) (map[organizer]bool, error) {
	names := make([]string, 0, len(e.policy.Protected))
	for _, name := range e.policy.Protected {
		names = append(names, strings.ToLower(strings.TrimSpace(name)))
	}
	protected := map[organizer]bool{}
	if len(names) == 0 {
		return protected, nil
	}
	var found []identity
	since := clickhouse.DateNamed("since", now.Add(-activeFor), clickhouse.MilliSeconds)
	if err := e.conn.Select(ctx, &found, protectedSQL, clickhouse.Named("names", names), since); err != nil {
		return nil, fmt.Errorf("look the protected organizers up: %w", err)
	}
	for _, p := range found {
		protected[organizer{p.TenantID, p.OrganizerID}] = true
	}
	return protected, nil
}

// recent is what an organizer has used of a throttle.
type recent struct {
	Seconds uint64
	Legs    uint64
}
