package ingest

import (
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// storing is a row on its way into the store.
type storing struct {
	*incoming
	*verdict
	destination usage.Destination
	numbering   string // version of the tables that classed the destination
	storedAt    time.Time
}

// column is a column of usage_revisions as it is sent. Whole columns are several times
// faster than rows of any; and texts are sent as plain strings, since the engine makes a
// dictionary of them faster than the driver.
type column struct {
	name, kind string
	values     func([]storing) any
}

func columnOf[T any](name, kind string, value func(*storing) T) column {
	return column{name, kind, func(rows []storing) any {
		out := make([]T, len(rows))
		for i := range rows {
			out[i] = value(&rows[i])
		}
		return out
	}}
}

func text(name string, value func(*storing) string) column {
	return columnOf(name, "String", value)
}

func nullable(d *decimal.NullDecimal) *decimal.Decimal {
	if !d.Valid {
		return nil
	}
	return &d.Decimal
}

// columns stand in the order of sql/insert.sql.
var columns = []column{
	text("tenant_id", func(s *storing) string { return s.record.TenantID }),
	text("usage_id", func(s *storing) string { return s.record.ID }),
	columnOf("revision", "UInt16", func(s *storing) uint16 { return s.revision }),
	columnOf("content_hash", "UInt64", func(s *storing) uint64 { return s.content }),
	columnOf("core_hash", "UInt64", func(s *storing) uint64 { return s.core }),
	text("format", func(s *storing) string { return s.format }),
	text("call_type", func(s *storing) string { return s.record.CallType }),
	columnOf("is_conf_out", "Bool", func(s *storing) bool { return s.record.IsConfOut() }),
	text("organizer_id", func(s *storing) string { return s.record.OrganizerID }),
	text("organizer_upn", func(s *storing) string { return s.record.OrganizerUPN }),
	text("organizer_name", func(s *storing) string { return s.record.OrganizerName }),
	text("call_id", func(s *storing) string { return s.record.CallID }),
	text("conference_id", func(s *storing) string { return s.record.ConferenceID }),
	text("call_direction", func(s *storing) string { return s.record.CallDirection }),
	text("caller_number", func(s *storing) string { return s.record.CallerNumber }),
	text("callee_number", func(s *storing) string { return s.record.CalleeNumber }),
	text("usage_country", func(s *storing) string { return s.record.UsageCountry }),
	text("tenant_country", func(s *storing) string { return s.record.TenantCountry }),
	text("destination_context", func(s *storing) string { return s.record.DestinationContext }),
	text("destination_name", func(s *storing) string { return s.record.DestinationName }),
	text("external_country", func(s *storing) string { return s.record.ExternalCountry }),
	columnOf("started_at", "DateTime64(7, 'UTC')", func(s *storing) time.Time { return s.record.StartedAt }),
	columnOf("ended_at", "DateTime64(7, 'UTC')", func(s *storing) time.Time { return s.record.EndedAt }),
	columnOf("seconds", "UInt32", func(s *storing) uint32 { return uint32(s.record.Seconds) }),
	columnOf("charge", "Nullable(Decimal(18, 6))", func(s *storing) *decimal.Decimal { return nullable(&s.record.Charge) }),
	columnOf("connection_charge", "Nullable(Decimal(18, 6))", func(s *storing) *decimal.Decimal { return nullable(&s.record.ConnectionCharge) }),
	text("currency", func(s *storing) string { return s.record.Currency }),
	text("capability", func(s *storing) string { return s.record.Capability }),
	text("inventory_type", func(s *storing) string { return s.record.InventoryType }),
	text("operator", func(s *storing) string { return s.record.Operator }),
	text("duration_source", func(s *storing) string { return s.record.DurationSource }),
	text("administrative_units", func(s *storing) string { return s.record.AdministrativeUnits }),
	text("destination_country", func(s *storing) string { return s.destination.Country }),
	text("destination_region", func(s *storing) string { return s.destination.Region }),
	text("destination_class", func(s *storing) string { return string(s.destination.Class) }),
	text("npa_nxx", func(s *storing) string { return s.destination.NPANXX }),
	columnOf("high_cost", "Bool", func(s *storing) bool { return s.destination.HighCost }),
	columnOf("masked", "Bool", func(s *storing) bool { return s.destination.Masked }),
	text("numbering_version", func(s *storing) string { return s.numbering }),
	text("source", func(s *storing) string { return s.batch.source }),
	columnOf("batch_id", "UUID", func(s *storing) uuid.UUID { return s.batch.id }),
	columnOf("position", "UInt64", func(s *storing) uint64 { return s.position }),
	columnOf("source_at", "DateTime64(3, 'UTC')", func(s *storing) time.Time { return s.batch.sourceAt }),
	columnOf("stored_at", "DateTime64(6, 'UTC')", func(s *storing) time.Time { return s.storedAt }),
	columnOf("replaces_started_at", "DateTime64(7, 'UTC')", func(s *storing) time.Time { return s.replaces }),
}

// columnTypes spare the driver asking the store for them at every insert.
var columnTypes = func() []clickhouse.ColumnNameAndType {
	out := make([]clickhouse.ColumnNameAndType, len(columns))
	for i, c := range columns {
		out[i] = clickhouse.ColumnNameAndType{Name: c.name, Type: c.kind}
	}
	return out
}()
