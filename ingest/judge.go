package ingest

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// incoming is a row that can be trusted, before it is known whether it is new.
type incoming struct {
	batch         *batch
	record        usage.Record
	position      uint64 // unique in the file: the ZIP member stands above bit 40
	format        string
	content, core uint64
}

// stored is what is known of a revision of a record.
type stored struct {
	UsageID     string    `ch:"usage_id"`
	Revision    uint16    `ch:"revision"`
	ContentHash uint64    `ch:"content_hash"`
	CoreHash    uint64    `ch:"core_hash"`
	Format      string    `ch:"format"`
	BatchID     uuid.UUID `ch:"batch_id"`
	Position    uint64    `ch:"position"`
	StartedAt   time.Time `ch:"started_at"`
	// record is the rest, where the hashes do not settle what the revision says.
	record *usage.Record
}

// same says whether a stored revision says what an incoming row says.
func (in *incoming) same(s *stored) bool {
	return s.ContentHash == in.content || in.doubtful(s) && s.record != nil && saysNothingNew(s.record, &in.record, s.Format == in.format)
}

// doubtful: the hashes alone do not tell whether the row corrects the revision.
func (in *incoming) doubtful(s *stored) bool {
	return s.ContentHash != in.content && s.CoreHash == in.core
}

// verdict is what becomes of an incoming row.
type verdict struct {
	duplicate bool
	ignored   bool // valid, of a call type that is not rated
	corrected bool // replaces an older revision
	write     bool // not stored yet
	revision  uint16
	replaces  time.Time // start of the call in the revision that is replaced
}

func (v verdict) outcome() string {
	switch {
	case v.duplicate:
		return "duplicate"
	case v.corrected:
		return "corrected"
	case v.ignored:
		return "ignored"
	}
	return "accepted"
}

var (
	//go:embed sql/existing.sql
	existingSQL string
	//go:embed sql/details.sql
	detailsSQL string
)

// existing gives the stored revisions of a chunk's records, by usage id, oldest first.
func (g *Ingester) existing(ctx context.Context, tenantID string, chunk []incoming) (map[string][]stored, error) {
	ids := make([]string, len(chunk))
	for i := range chunk {
		ids[i] = chunk[i].record.ID
	}
	var found []stored
	if err := g.lookUp(ctx, &found, existingSQL, tenantID, ids); err != nil {
		return nil, err
	}
	out := make(map[string][]stored, len(found))
	for _, s := range found {
		out[s.UsageID] = append(out[s.UsageID], s)
	}
	for _, revisions := range out {
		slices.SortFunc(revisions, func(a, b stored) int { return cmp.Compare(a.Revision, b.Revision) })
	}
	return out, g.details(ctx, tenantID, chunk, out)
}

// details fetches the rest of the revisions about which the hashes leave a doubt: the
// same call from another format, or with another amount.
func (g *Ingester) details(ctx context.Context, tenantID string, chunk []incoming, known map[string][]stored) error {
	var ids []string
	for i := range chunk {
		if in := &chunk[i]; slices.ContainsFunc(known[in.record.ID], func(s stored) bool { return in.doubtful(&s) }) {
			ids = append(ids, in.record.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var found []detailRow
	if err := g.lookUp(ctx, &found, detailsSQL, tenantID, ids); err != nil {
		return err
	}
	for _, f := range found {
		revisions := known[f.UsageID]
		for i := range revisions {
			if revisions[i].Revision == f.Revision {
				revisions[i].record = f.record()
			}
		}
	}
	return nil
}

// lookUp asks the store about many records at once.
func (g *Ingester) lookUp(ctx context.Context, into any, query, tenantID string, ids []string) error {
	table, err := ext.NewTable("incoming", ext.Column("usage_id", "String"))
	for i := 0; err == nil && i < len(ids); i++ {
		err = table.Append(ids[i])
	}
	if err == nil {
		ctx = clickhouse.Context(ctx, clickhouse.WithExternalTable(table))
		err = g.conn.Select(ctx, into, query, clickhouse.Named("tenant_id", tenantID))
	}
	if err != nil {
		return fmt.Errorf("look up %d records: %w", len(ids), err)
	}
	return nil
}

// detailRow is what a revision says beside its core.
type detailRow struct {
	UsageID            string           `ch:"usage_id"`
	Revision           uint16           `ch:"revision"`
	Charge             *decimal.Decimal `ch:"charge"`
	ConnectionCharge   *decimal.Decimal `ch:"connection_charge"`
	Currency           string           `ch:"currency"`
	Capability         string           `ch:"capability"`
	CallID             string           `ch:"call_id"`
	ConferenceID       string           `ch:"conference_id"`
	OrganizerUPN       string           `ch:"organizer_upn"`
	OrganizerName      string           `ch:"organizer_name"`
	CallerNumber       string           `ch:"caller_number"`
	UsageCountry       string           `ch:"usage_country"`
	DestinationContext string           `ch:"destination_context"`
	DestinationName    string           `ch:"destination_name"`
	InventoryType      string           `ch:"inventory_type"`
	TenantCountry      string           `ch:"tenant_country"`
	CallDirection      string           `ch:"call_direction"`
	ExternalCountry    string           `ch:"external_country"`
	Operator           string           `ch:"operator"`
	DurationSource     string           `ch:"duration_source"`
	AdminUnits         string           `ch:"administrative_units"`
}

func (d *detailRow) record() *usage.Record {
	amount := func(d *decimal.Decimal) decimal.NullDecimal {
		if d == nil {
			return decimal.NullDecimal{}
		}
		return decimal.NewNullDecimal(*d)
	}
	return &usage.Record{
		Charge: amount(d.Charge), ConnectionCharge: amount(d.ConnectionCharge), Currency: d.Currency, Capability: d.Capability,
		CallID: d.CallID, ConferenceID: d.ConferenceID, OrganizerUPN: d.OrganizerUPN, OrganizerName: d.OrganizerName,
		CallerNumber: d.CallerNumber, UsageCountry: d.UsageCountry, DestinationContext: d.DestinationContext,
		DestinationName: d.DestinationName, InventoryType: d.InventoryType, TenantCountry: d.TenantCountry,
		CallDirection: d.CallDirection, ExternalCountry: d.ExternalCountry, Operator: d.Operator, DurationSource: d.DurationSource,
		AdministrativeUnits: d.AdminUnits,
	}
}

// judge decides about each row of a chunk, in the order of the files. What the run stored
// from further on is not looked at.
func judge(chunk []incoming, known map[string][]stored) []verdict {
	out := make([]verdict, len(chunk))
	for n := range chunk {
		in, b := &chunk[n], chunk[n].batch
		revisions := known[in.record.ID]
		v := verdict{ignored: !in.record.IsConfOut()}
		var newest *stored
		older := false // the row says what a revision before the newest said
		again := false // this very row is stored already
		for i := range revisions {
			s := &revisions[i]
			if s.BatchID == b.id && s.Position == in.position {
				again = true
				v.revision, v.corrected = s.Revision, s.Revision > 0
				break
			}
			if b.follows(s, in.position) {
				continue
			}
			if newest != nil && in.same(newest) {
				older = true
			}
			newest = s
		}
		switch {
		case again:
		case newest == nil:
			v.write, v.replaces = true, in.record.StartedAt
		case in.same(newest), older && b.readBefore:
			v = verdict{duplicate: true}
		default:
			v.write, v.corrected, v.revision, v.replaces = true, true, newest.Revision+1, newest.StartedAt
		}
		if v.write {
			known[in.record.ID] = append(revisions, stored{
				UsageID: in.record.ID, Revision: v.revision, ContentHash: in.content, CoreHash: in.core,
				Format: in.format, BatchID: b.id, Position: in.position, StartedAt: in.record.StartedAt, record: &in.record,
			})
		}
		out[n] = v
	}
	return out
}
