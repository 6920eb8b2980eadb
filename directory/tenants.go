package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"fairdial/usage"
)

// TenantReport counts what an import of tenants did.
type TenantReport struct {
	Read      int `json:"read"`
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
}

type tenantRow struct {
	TenantID        string    `ch:"tenant_id"`
	Name            string    `ch:"name"`
	Country         string    `ch:"country"`
	Segment         string    `ch:"segment"`
	Channel         string    `ch:"channel"`
	CreditsFunded   bool      `ch:"credits_funded"`
	CreditsCurrency string    `ch:"credits_currency"`
	StoredAt        time.Time `ch:"stored_at"`
}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

// ImportTenants reads [{id,name,country,segment,channel,communicationsCredits}] and adds a
// revision for each tenant that is new or changed. Keys it does not know are passed over.
// With a mistake in any tenant nothing is imported; the error names them all.
func (d *Directory) ImportTenants(ctx context.Context, r io.Reader) (TenantReport, error) {
	var list []usage.Tenant
	if err := json.NewDecoder(r).Decode(&list); err != nil {
		return TenantReport{}, fmt.Errorf("no list of tenants [{\"id\":…,\"name\":…}]: %w", err)
	}
	if err := checkTenants(list); err != nil {
		return TenantReport{}, err
	}
	return d.SaveTenants(ctx, list)
}

// SaveTenants adds a revision for each tenant that is new or changed.
func (d *Directory) SaveTenants(ctx context.Context, list []usage.Tenant) (TenantReport, error) {
	known, err := d.Tenants(ctx)
	if err != nil {
		return TenantReport{}, err
	}
	was := make(map[string]usage.Tenant, len(known))
	for _, t := range known {
		was[t.ID] = t
	}
	report := TenantReport{Read: len(list)}
	var rows []tenantRow
	storedAt := d.now().UTC()
	for _, t := range list {
		switch old, there := was[t.ID]; {
		case !there:
			report.Added++
		case old != t:
			report.Changed++
		default:
			report.Unchanged++
			continue
		}
		rows = append(rows, tenantRow{t.ID, t.Name, t.Country, t.Segment, t.Channel, t.Credits.Funded, t.Credits.Currency, storedAt})
	}
	return report, insert(ctx, d.conn, "tenant_revisions", rows)
}

func checkTenants(list []usage.Tenant) error {
	var bad []error
	add := func(i int, key, format string, args ...any) {
		bad = append(bad, fmt.Errorf("tenant [%d]: %s: %s", i, key, fmt.Sprintf(format, args...)))
	}
	first := map[string]int{}
	for i, t := range list {
		if t.ID == "" {
			add(i, "id", "must not be empty")
		} else if j, twice := first[t.ID]; twice {
			add(i, "id", "%q is also tenant [%d]", t.ID, j)
		}
		first[t.ID] = i
		if !countryCode.MatchString(t.Country) {
			add(i, "country", "%q is no ISO 3166-1 code of two capital letters, such as US", t.Country)
		}
		if t.Credits.Funded && !usage.IsCurrency(t.Credits.Currency) {
			add(i, "communicationsCredits.currency", "%q is no ISO 4217 code, such as USD", t.Credits.Currency)
		}
	}
	return errors.Join(bad...)
}

// Tenants is every tenant as it is now, by name.
func (d *Directory) Tenants(ctx context.Context) ([]usage.Tenant, error) {
	var rows []tenantRow
	if err := d.conn.Select(ctx, &rows, query("tenants")); err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	out := make([]usage.Tenant, len(rows))
	for i, r := range rows {
		out[i] = usage.Tenant{
			ID: r.TenantID, Name: r.Name, Country: r.Country, Segment: r.Segment, Channel: r.Channel,
			Credits: usage.Credits{Funded: r.CreditsFunded, Currency: r.CreditsCurrency},
		}
	}
	return out, nil
}

// insert writes rows in one block; no rows write nothing.
func insert[Row any](ctx context.Context, conn Conn, table string, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO "+table)
	if err != nil {
		return fmt.Errorf("write %s: %w", table, err)
	}
	for i := range rows {
		if err := batch.AppendStruct(&rows[i]); err != nil {
			return fmt.Errorf("write %s: %w", table, err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("write %s: %w", table, err)
	}
	return nil
}
