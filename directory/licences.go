package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"

	"fairdial/usage"
)

// forever is the end of a licence that is still held. The driver counts nanoseconds from
// 1970 in 64 bits, which end in 2262.
var forever = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

type sightingRow struct {
	Kind             string    `ch:"kind"`
	SnapshotAt       time.Time `ch:"snapshot_at"`
	OrganizerID      string    `ch:"organizer_id"`
	ServicePlanID    string    `ch:"service_plan_id"`
	CapabilityStatus string    `ch:"capability_status"`
	AssignedAt       time.Time `ch:"assigned_at"`
}

type intervalRow struct {
	GenerationID  uuid.UUID `ch:"generation_id"`
	TenantID      string    `ch:"tenant_id"`
	OrganizerID   string    `ch:"organizer_id"`
	ServicePlanID string    `ch:"service_plan_id"`
	HeldFrom      time.Time `ch:"held_from"`
	HeldTo        time.Time `ch:"held_to"`
}

type generationRow struct {
	GenerationID uuid.UUID `ch:"generation_id"`
	TenantID     string    `ch:"tenant_id"`
	ContentHash  uint64    `ch:"content_hash"`
	StoredAt     time.Time `ch:"stored_at"`
}

// rebuild works the licence intervals of a tenant out of all its snapshots, and stores
// them as a new generation if they differ from the newest. It gives how many there are.
func (d *Directory) rebuild(ctx context.Context, tenantID string) (int, error) {
	var rows []sightingRow
	if err := d.conn.Select(ctx, &rows, query("sightings"), clickhouse.Named("tenant_id", tenantID)); err != nil {
		return 0, fmt.Errorf("read the snapshots of tenant %s: %w", tenantID, err)
	}
	licences := intervals(tenantID, snapshotsOf(rows))

	hash := xxhash.New()
	generation := d.newID()
	out := make([]intervalRow, len(licences))
	for i, l := range licences {
		to := l.To
		if to.IsZero() {
			to = forever
		}
		out[i] = intervalRow{generation, tenantID, l.OrganizerID, l.ServicePlanID, l.From, to}
		fmt.Fprintln(hash, l.OrganizerID, l.ServicePlanID, l.From.UnixMilli(), to.UnixMilli())
	}
	var newest []generationRow
	if err := d.conn.Select(ctx, &newest, query("newest_generation"), clickhouse.Named("tenant_id", tenantID)); err != nil {
		return 0, fmt.Errorf("newest licence intervals of tenant %s: %w", tenantID, err)
	}
	if len(newest) > 0 && newest[0].ContentHash == hash.Sum64() {
		return len(out), nil
	}
	if err := insert(ctx, d.conn, "licence_intervals", out); err != nil {
		return 0, err
	}
	return len(out), insert(ctx, d.conn, "licence_generations", []generationRow{{generation, tenantID, hash.Sum64(), d.now().UTC()}})
}

// snapshotsOf groups rows, which come by time and kind, into snapshots.
func snapshotsOf(rows []sightingRow) []snapshot {
	var out []snapshot
	var kind string
	for _, r := range rows {
		if len(out) == 0 || !out[len(out)-1].at.Equal(r.SnapshotAt) || kind != r.Kind {
			kind = r.Kind
			out = append(out, snapshot{at: r.SnapshotAt, complete: kind != kindUsersPart && kind != kindUsersPart+seen})
		}
		if r.OrganizerID == "" {
			continue // a snapshot in which nobody has a plan
		}
		p := assignedPlan{CapabilityStatus: r.CapabilityStatus}
		last := &out[len(out)-1]
		last.sightings = append(last.sightings, sighting{r.OrganizerID, r.ServicePlanID, p.held(), r.AssignedAt})
	}
	return out
}

// Licences is every interval of a tenant, by organizer, plan and time.
func (d *Directory) Licences(ctx context.Context, tenantID string) ([]usage.Licence, error) {
	var rows []intervalRow
	if err := d.conn.Select(ctx, &rows, query("licences"), clickhouse.Named("tenant_id", tenantID)); err != nil {
		return nil, fmt.Errorf("licences of tenant %s: %w", tenantID, err)
	}
	out := make([]usage.Licence, len(rows))
	for i, r := range rows {
		out[i] = usage.Licence{TenantID: tenantID, OrganizerID: r.OrganizerID, ServicePlanID: r.ServicePlanID, From: r.HeldFrom, To: r.HeldTo}
		if r.HeldTo.Equal(forever) {
			out[i].To = time.Time{}
		}
	}
	return out, nil
}

// Organizers is everybody the newest snapshots of a tenant name.
func (d *Directory) Organizers(ctx context.Context, tenantID string) ([]usage.Organizer, error) {
	var rows []organizerRow
	if err := d.conn.Select(ctx, &rows, query("organizers"), clickhouse.Named("tenant_id", tenantID)); err != nil {
		return nil, fmt.Errorf("organizers of tenant %s: %w", tenantID, err)
	}
	out := make([]usage.Organizer, len(rows))
	for i, r := range rows {
		out[i] = usage.Organizer{
			TenantID: tenantID, ID: r.OrganizerID, UPN: r.UPN, Name: r.Name, UsageLocation: r.UsageLocation, Enabled: r.Enabled,
		}
	}
	return out, nil
}
