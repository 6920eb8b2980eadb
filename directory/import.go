package directory

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
)

// Report says what an import of directory files did.
type Report struct {
	Users    Count    `json:"users"`
	SKUs     Count    `json:"skus"`
	Licences int      `json:"licences"` // intervals now known for the tenant
	Warnings []string `json:"warnings,omitempty"`
}

// Count is how many objects a snapshot holds, and whether it was new.
type Count struct {
	Read      int  `json:"read"`
	Unchanged bool `json:"unchanged,omitempty"` // the directory looked so already
}

// ErrNothing: no file with users or SKUs was given.
var ErrNothing = errors.New("no file holds users or subscribedSkus")

// ErrUnknownTenant: licences belong to a tenant that must be known first.
var ErrUnknownTenant = errors.New("no such tenant; import it with `fairdial tenants import`, or name it in the configuration")

// Import stores a snapshot of a tenant's directory from files or folders with Graph
// users and subscribedSkus pages, as it was at the moment at, and works out the licence
// intervals anew. All users pages given together are one snapshot.
func (d *Directory) Import(ctx context.Context, tenantID string, at time.Time, paths []string) (Report, error) {
	tenants, err := d.Tenants(ctx)
	if err != nil {
		return Report{}, err
	}
	known := false
	for _, t := range tenants {
		known = known || t.ID == tenantID
	}
	if !known {
		return Report{}, fmt.Errorf("tenant %s: %w", tenantID, ErrUnknownTenant)
	}
	p := &pages{users: map[string]json.RawMessage{}, skus: map[string]json.RawMessage{}}
	if err := p.readAll(paths); err != nil {
		return Report{}, err
	}
	if len(p.users)+len(p.skus) == 0 {
		return Report{}, fmt.Errorf("%s: %w", strings.Join(paths, ", "), ErrNothing)
	}
	at = at.UTC().Truncate(time.Millisecond)
	report := Report{Users: Count{Read: len(p.users)}, SKUs: Count{Read: len(p.skus)}}
	if report.SKUs.Unchanged, err = d.storeSKUs(ctx, tenantID, at, p); err != nil {
		return Report{}, err
	}
	if report.Users.Unchanged, err = d.storeUsers(ctx, tenantID, at, p); err != nil {
		return Report{}, err
	}
	if len(p.users) > 0 && !p.complete() {
		report.Warnings = append(report.Warnings,
			"every users page names a next one: the snapshot is not whole, so nobody missing from it loses a licence by it")
	}
	report.Licences, err = d.rebuild(ctx, tenantID)
	return report, err
}

func (p *pages) readAll(paths []string) error {
	var files []string
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			hidden := strings.HasPrefix(entry.Name(), ".") && name != path
			if hidden && entry.IsDir() {
				return fs.SkipDir
			}
			if !entry.IsDir() && !hidden {
				files = append(files, name)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read directory files: %w", err)
		}
	}
	slices.Sort(files)
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("read directory files: %w", err)
		}
		err = p.read(name, file)
		_ = file.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// The kinds of a stored snapshot. A snapshot with nothing new in it is only noted: it
// names the one that holds its content.
const (
	kindUsers     = "users"
	kindUsersPart = "users_part" // pages short of the whole
	kindSKUs      = "skus"
	seen          = "_seen"
)

type snapshotRow struct {
	SnapshotID  uuid.UUID `ch:"snapshot_id"`
	TenantID    string    `ch:"tenant_id"`
	Kind        string    `ch:"kind"`
	SnapshotAt  time.Time `ch:"snapshot_at"`
	ContentHash string    `ch:"content_hash"`
	Rows        uint64    `ch:"rows"`
	StoredAt    time.Time `ch:"stored_at"`
}

// begin finds out what is known of content already. It gives the row to write last, and
// whether the parts are stored (there is no need to write them) and whether even the row
// is (nothing is to be done at all).
func (d *Directory) begin(ctx context.Context, tenantID, kind string, at time.Time, objects map[string]json.RawMessage) (row snapshotRow, partsStored, rowStored bool, err error) {
	hash := sha256.New()
	for _, id := range slices.Sorted(maps.Keys(objects)) {
		var canonical any
		if err := json.Unmarshal(objects[id], &canonical); err != nil {
			return row, false, false, err
		}
		line, err := json.Marshal(canonical)
		if err != nil {
			return row, false, false, err
		}
		hash.Write(append(line, '\n'))
	}
	row = snapshotRow{
		SnapshotID: d.newID(), TenantID: tenantID, Kind: kind, SnapshotAt: at,
		ContentHash: string(hash.Sum(nil)), Rows: uint64(len(objects)), StoredAt: d.now().UTC(),
	}
	var same []snapshotRow
	err = d.conn.Select(ctx, &same, query("same_content"),
		clickhouse.Named("tenant_id", tenantID), clickhouse.Named("kind", kind),
		clickhouse.Named("content_hash", fmt.Sprintf("%X", row.ContentHash)))
	if err != nil {
		return row, false, false, fmt.Errorf("look for the same snapshot: %w", err)
	}
	for _, s := range same {
		partsStored = true
		row.SnapshotID, row.Kind = s.SnapshotID, kind+seen
		if s.SnapshotAt.Equal(at) {
			rowStored = true
		}
	}
	return row, partsStored, rowStored, nil
}

func (d *Directory) storeSKUs(ctx context.Context, tenantID string, at time.Time, p *pages) (unchanged bool, err error) {
	if len(p.skus) == 0 {
		return false, nil
	}
	row, partsStored, rowStored, err := d.begin(ctx, tenantID, kindSKUs, at, p.skus)
	if err != nil || rowStored {
		return rowStored, err
	}
	if !partsStored {
		var rows []skuRow
		for _, id := range slices.Sorted(maps.Keys(p.skus)) {
			var s sku
			if err := json.Unmarshal(p.skus[id], &s); err != nil {
				return false, fmt.Errorf("subscribedSku %s: %w", id, err)
			}
			rows = append(rows, newSKURow(row, s))
		}
		if err := insert(ctx, d.conn, "snapshot_skus", rows); err != nil {
			return false, err
		}
	}
	return partsStored, insert(ctx, d.conn, "directory_snapshots", []snapshotRow{row})
}

func (d *Directory) storeUsers(ctx context.Context, tenantID string, at time.Time, p *pages) (unchanged bool, err error) {
	if len(p.users) == 0 {
		return false, nil
	}
	kind := kindUsers
	if !p.complete() {
		kind = kindUsersPart
	}
	row, partsStored, rowStored, err := d.begin(ctx, tenantID, kind, at, p.users)
	if err != nil || rowStored {
		return rowStored, err
	}
	if !partsStored {
		plans, err := d.plansOfSKUs(ctx, tenantID, at, p)
		if err != nil {
			return false, err
		}
		var organizers []organizerRow
		var held []planRow
		for _, id := range slices.Sorted(maps.Keys(p.users)) {
			var u user
			if err := json.Unmarshal(p.users[id], &u); err != nil {
				return false, fmt.Errorf("user %s: %w", id, err)
			}
			organizers = append(organizers, newOrganizerRow(row, u))
			held = append(held, newPlanRows(row, u, plans)...)
		}
		if err := errors.Join(
			insert(ctx, d.conn, "snapshot_organizers", organizers),
			insert(ctx, d.conn, "snapshot_plans", held),
		); err != nil {
			return false, err
		}
	}
	return partsStored, insert(ctx, d.conn, "directory_snapshots", []snapshotRow{row})
}
