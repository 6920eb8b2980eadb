package ingest

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"fairdial/usage"
)

// rejection is a row on its way to the quarantine.
type rejection struct {
	row
	batch                           *batch
	member, header, usageID, detail string
	format                          Format
	reason                          Reason
}

// Rejected is a row in the quarantine, whole.
type Rejected struct {
	ID         uuid.UUID `json:"rejection_id" ch:"rejection_id"`
	TenantID   string    `json:"tenant_id" ch:"tenant_id"`
	BatchID    uuid.UUID `json:"batch_id" ch:"batch_id"`
	File       string    `json:"file" ch:"file"`
	Member     string    `json:"member,omitempty" ch:"member"`
	Position   uint64    `json:"position" ch:"position"`
	Format     string    `json:"format" ch:"format"`
	Header     string    `json:"-" ch:"header"`
	Reason     string    `json:"reason" ch:"reason"`
	Detail     string    `json:"detail" ch:"detail"`
	UsageID    string    `json:"usage_id" ch:"usage_id"`
	Raw        string    `json:"raw" ch:"raw"`
	RejectedAt time.Time `json:"rejected_at" ch:"rejected_at"`
	// State is open until somebody resolved it: retried, replaced or dismissed.
	State string `json:"state" ch:"state"`
}

// space is the name space of ids that are derived from what they name.
var space = uuid.MustParse("6f1a8f0e-5f0b-4c58-9d43-0f5f1d0a7c11")

// derived is the id of what parts name: always the same.
func derived(parts ...string) uuid.UUID {
	return uuid.NewSHA1(space, []byte(strings.Join(parts, "\x00")))
}

var (
	//go:embed sql/quarantine_known.sql
	quarantineKnownSQL string
	//go:embed sql/quarantine.sql
	quarantineSQL string
)

// reject counts rows and keeps those that the quarantine does not have yet.
func (g *Ingester) reject(ctx context.Context, tenantID string, bad []rejection) error {
	if len(bad) == 0 {
		return nil
	}
	rejectedAt := g.now().UTC()
	rows := make([]Rejected, len(bad))
	ids := make([]string, len(bad))
	for i := range bad {
		r, b := &bad[i], bad[i].batch
		id := b.rejectionID(r)
		ids[i] = id.String()
		rows[i] = Rejected{
			ID: id, TenantID: tenantID, BatchID: b.id, File: b.file, Member: r.member, Position: r.position,
			Format: string(r.format), Header: r.header, Reason: string(r.reason), Detail: r.detail,
			UsageID: strings.ToValidUTF8(r.usageID, "\uFFFD"), Raw: r.raw, RejectedAt: rejectedAt,
		}
	}
	known, err := g.knownRejections(ctx, tenantID, ids)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(r Rejected) bool {
		again := known[r.ID]
		known[r.ID] = true
		return again
	})
	if err := g.quarantine(ctx, rows); err != nil {
		return fmt.Errorf("quarantine of %s: %w", bad[0].batch.file, err)
	}
	for _, r := range bad {
		r.batch.counts.Read++
		r.batch.counts.Rejected++
	}
	return nil
}

func (g *Ingester) quarantine(ctx context.Context, rows []Rejected) error {
	if len(rows) == 0 {
		return nil
	}
	insert, err := g.conn.PrepareBatch(ctx, "INSERT INTO quarantine (rejection_id, tenant_id, batch_id, file, member, position, format, header, reason, detail, usage_id, raw, rejected_at)")
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := insert.Append(r.ID, r.TenantID, r.BatchID, r.File, r.Member, r.Position, r.Format, r.Header, r.Reason, r.Detail, r.UsageID, r.Raw, r.RejectedAt); err != nil {
			_ = insert.Abort()
			return err
		}
	}
	return insert.Send()
}

// maxTwins bounds how many broken rows of a file are remembered to number their twins.
const maxTwins = 1 << 20

// rejectionID derives the id of a broken row from what it says and the name of its file, so
// that a file that is read again adds nothing. Twins in one file are numbered: each is kept
// with its position. A row of which nothing is left is told apart by its place.
func (b *batch) rejectionID(r *rejection) uuid.UUID {
	parts := []string{b.tenantID, b.file, r.member, string(r.reason), r.raw}
	if r.raw == "" {
		parts = append(parts, strconv.FormatUint(r.position, 10))
	}
	if b.twins == nil {
		b.twins = map[uuid.UUID]uint32{}
	}
	id := derived(parts...)
	twin, there := b.twins[id]
	if there || len(b.twins) < maxTwins {
		b.twins[id] = twin + 1
	}
	if twin == 0 {
		return id
	}
	return uuid.NewSHA1(id, []byte(strconv.FormatUint(uint64(twin), 10)))
}

// knownRejections says which of the ids are in the quarantine.
func (g *Ingester) knownRejections(ctx context.Context, tenantID string, ids []string) (map[uuid.UUID]bool, error) {
	table, err := ext.NewTable("rejections", ext.Column("rejection_id", "UUID"))
	for i := 0; err == nil && i < len(ids); i++ {
		err = table.Append(ids[i])
	}
	var found []struct {
		ID uuid.UUID `ch:"rejection_id"`
	}
	if err == nil {
		ctx = clickhouse.Context(ctx, clickhouse.WithExternalTable(table))
		err = g.conn.Select(ctx, &found, quarantineKnownSQL, clickhouse.Named("tenant_id", tenantID))
	}
	if err != nil {
		return nil, fmt.Errorf("look into the quarantine: %w", err)
	}
	known := make(map[uuid.UUID]bool, len(found))
	for _, f := range found {
		known[f.ID] = true
	}
	return known, nil
}

// Filter narrows a list of rejected rows; empty fields do not.
type Filter struct {
	TenantID string
	ID       uuid.UUID
	// All lists resolved rows too.
	All bool
}

// ErrNotFound: no row in the quarantine has the id.
var ErrNotFound = errors.New("no such row in the quarantine; see `fairdial quarantine list`")

// Quarantine lists rejected rows, by tenant, file and position.
func (g *Ingester) Quarantine(ctx context.Context, f Filter) ([]Rejected, error) {
	id := ""
	if f.ID != uuid.Nil {
		id = f.ID.String()
	}
	out := []Rejected{}
	err := g.conn.Select(ctx, &out, quarantineSQL,
		clickhouse.Named("tenant_id", f.TenantID), clickhouse.Named("id", id), clickhouse.Named("all", f.All))
	if err != nil {
		return nil, fmt.Errorf("list the quarantine: %w", err)
	}
	return out, nil
}

// OpenRows is how many rows of a tenant wait in the quarantine for somebody to resolve them.
type OpenRows struct {
	TenantID string `json:"tenant_id"`
	// Month (UTC, "YYYY-MM") in which the call started, or ended where the start cannot be
	// read; "" where neither can: such a row may belong to any month.
	Month string `json:"month"`
	Rows  int    `json:"rows"`
}

// OpenByMonth counts the rows that wait, by tenant and month: a month is not whole while
// some of its rows are in the quarantine. An empty tenant means all.
func (g *Ingester) OpenByMonth(ctx context.Context, tenantID string) ([]OpenRows, error) {
	rows, err := g.Quarantine(ctx, Filter{TenantID: tenantID})
	if err != nil {
		return nil, err
	}
	counts := map[OpenRows]int{}
	for _, r := range rows {
		counts[OpenRows{TenantID: r.TenantID, Month: r.month()}]++
	}
	out := make([]OpenRows, 0, len(counts))
	for key, n := range counts {
		key.Rows = n
		out = append(out, key)
	}
	slices.SortFunc(out, func(a, b OpenRows) int {
		return cmp.Or(cmp.Compare(a.TenantID, b.TenantID), cmp.Compare(a.Month, b.Month))
	})
	return out, nil
}

// month is when the call of a rejected row was, as far as the row still tells.
func (r *Rejected) month() string {
	one, err := reread(*r, r.Raw)
	if err != nil {
		return ""
	}
	for _, f := range []field{fStartedAt, fEndedAt} {
		if t, err := parseTime(one.cells[f]); err == nil {
			return usage.MonthOf(t, time.UTC).String()
		}
	}
	return ""
}
