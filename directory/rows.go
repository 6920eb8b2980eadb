package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

type organizerRow struct {
	SnapshotID    uuid.UUID `ch:"snapshot_id"`
	TenantID      string    `ch:"tenant_id"`
	OrganizerID   string    `ch:"organizer_id"`
	UPN           string    `ch:"upn"`
	Name          string    `ch:"name"`
	UsageLocation string    `ch:"usage_location"`
	Enabled       bool      `ch:"enabled"`
	SnapshotAt    time.Time `ch:"snapshot_at"`
}

func newOrganizerRow(s snapshotRow, u user) organizerRow {
	return organizerRow{
		SnapshotID: s.SnapshotID, TenantID: s.TenantID, OrganizerID: strings.ToLower(u.ID), UPN: u.UserPrincipalName,
		Name: u.DisplayName, UsageLocation: u.UsageLocation, Enabled: u.AccountEnabled == nil || *u.AccountEnabled,
		SnapshotAt: s.SnapshotAt,
	}
}

type skuRow struct {
	SnapshotID       uuid.UUID `ch:"snapshot_id"`
	TenantID         string    `ch:"tenant_id"`
	SKUID            string    `ch:"sku_id"`
	SKUPartNumber    string    `ch:"sku_part_number"`
	CapabilityStatus string    `ch:"capability_status"`
	Enabled          int64     `ch:"enabled"`
	Warning          int64     `ch:"warning"`
	Suspended        int64     `ch:"suspended"`
	LockedOut        int64     `ch:"locked_out"`
	Consumed         int64     `ch:"consumed"`
	ServicePlanIDs   []string  `ch:"service_plan_ids"`
	SnapshotAt       time.Time `ch:"snapshot_at"`
}

func newSKURow(row snapshotRow, s sku) skuRow {
	plans := make([]string, len(s.ServicePlans))
	for i, p := range s.ServicePlans {
		plans[i] = strings.ToLower(p.ServicePlanID)
	}
	return skuRow{
		SnapshotID: row.SnapshotID, TenantID: row.TenantID, SKUID: strings.ToLower(s.SKUID), SKUPartNumber: s.SKUPartNumber,
		CapabilityStatus: s.CapabilityStatus, Enabled: s.PrepaidUnits.Enabled, Warning: s.PrepaidUnits.Warning,
		Suspended: s.PrepaidUnits.Suspended, LockedOut: s.PrepaidUnits.LockedOut, Consumed: s.ConsumedUnits,
		ServicePlanIDs: plans, SnapshotAt: row.SnapshotAt,
	}
}

type planRow struct {
	SnapshotID       uuid.UUID `ch:"snapshot_id"`
	TenantID         string    `ch:"tenant_id"`
	OrganizerID      string    `ch:"organizer_id"`
	ServicePlanID    string    `ch:"service_plan_id"`
	CapabilityStatus string    `ch:"capability_status"`
	AssignedAt       time.Time `ch:"assigned_at"`
	SKUIDs           []string  `ch:"sku_ids"`
	SnapshotAt       time.Time `ch:"snapshot_at"`
}

// disabled marks a plan that every licence which carries it has switched off.
const disabled = "DisabledByLicence"

// newPlanRows says which service plans a user has. assignedPlans is what counts; a plan
// that all of the user's licences with it list under disabledPlans is not held, whatever
// assignedPlans still says. A user without assignedPlans at all (some exports leave them
// out) holds the plans of its licences from the moment of the snapshot.
func newPlanRows(row snapshotRow, u user, plansOf map[string][]string) []planRow {
	var out []planRow
	add := func(plan, status string, assignedAt time.Time) {
		plan = strings.ToLower(plan)
		on, off := licencesWith(plan, u.AssignedLicenses, plansOf)
		if len(on) == 0 && off > 0 {
			status = disabled
		}
		out = append(out, planRow{
			SnapshotID: row.SnapshotID, TenantID: row.TenantID, OrganizerID: strings.ToLower(u.ID), ServicePlanID: plan,
			CapabilityStatus: status, AssignedAt: assignedAt.UTC(), SKUIDs: on, SnapshotAt: row.SnapshotAt,
		})
	}
	if u.AssignedPlans != nil {
		for _, p := range *u.AssignedPlans {
			add(p.ServicePlanID, p.CapabilityStatus, p.AssignedDateTime)
		}
		return out
	}
	given := map[string]bool{}
	for _, l := range u.AssignedLicenses {
		for _, plan := range plansOf[strings.ToLower(l.SKUID)] {
			if !given[plan] {
				given[plan] = true
				add(plan, "Enabled", row.SnapshotAt)
			}
		}
	}
	return out
}

// licencesWith gives the user's licences that carry a plan and leave it on, and counts
// those that switch it off.
func licencesWith(plan string, licences []assignedLicence, plansOf map[string][]string) (on []string, off int) {
	on = []string{}
	for _, l := range licences {
		id := strings.ToLower(l.SKUID)
		switch {
		case slices.ContainsFunc(l.DisabledPlans, func(p string) bool { return strings.EqualFold(p, plan) }):
			off++
		case slices.Contains(plansOf[id], plan):
			on = append(on, id)
		}
	}
	return on, off
}

// plansOfSKUs is the service plans of each SKU: from the pages given, else from the
// newest snapshot not after at.
func (d *Directory) plansOfSKUs(ctx context.Context, tenantID string, at time.Time, p *pages) (map[string][]string, error) {
	out := map[string][]string{}
	for id, raw := range p.skus {
		var s sku
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, fmt.Errorf("subscribedSku %s: %w", id, err)
		}
		r := newSKURow(snapshotRow{}, s)
		out[r.SKUID] = r.ServicePlanIDs
	}
	if len(out) > 0 {
		return out, nil
	}
	skus, err := d.SKUs(ctx, tenantID, at)
	if err != nil {
		return nil, err
	}
	for _, s := range skus {
		out[s.ID] = s.ServicePlanIDs
	}
	return out, nil
}

// SKU is a product a tenant has bought.
type SKU struct {
	ID               string   `json:"sku_id" ch:"sku_id"`
	PartNumber       string   `json:"sku_part_number" ch:"sku_part_number"`
	CapabilityStatus string   `json:"capability_status" ch:"capability_status"`
	Enabled          int64    `json:"enabled" ch:"enabled"`
	Warning          int64    `json:"warning" ch:"warning"`
	Consumed         int64    `json:"consumed" ch:"consumed"`
	ServicePlanIDs   []string `json:"service_plan_ids" ch:"service_plan_ids"`
}

// SKUs is what a tenant had bought at a moment, by the newest snapshot not after it.
func (d *Directory) SKUs(ctx context.Context, tenantID string, at time.Time) ([]SKU, error) {
	var out []SKU
	err := d.conn.Select(ctx, &out, query("skus"),
		clickhouse.Named("tenant_id", tenantID), clickhouse.DateNamed("at", at.UTC(), clickhouse.MilliSeconds))
	if err != nil {
		return nil, fmt.Errorf("list SKUs of tenant %s: %w", tenantID, err)
	}
	return out, nil
}
