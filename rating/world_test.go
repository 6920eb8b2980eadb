package rating_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/rating"
	"fairdial/rules/plan"
	"fairdial/rules/rates"
	"fairdial/store"
	"fairdial/store/storetest"
	"fairdial/usage"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// Service plans, as published; the add-on's is made up.
const (
	planConferencing = "3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40"
	planPayPerMinute = "bb038288-76ab-49d6-afc1-eaa6c222c65a"
	planSelect       = "9974d6cf-cd24-4ba2-921c-e2aa687da846"
	planCredits      = "505e180f-f7e0-4b65-91d4-00d670bbd18c"
	planAddon        = "a1d0c0de-0a0b-4c0d-8e0f-00000d1a1008"
)

var addonIdentity = plan.Identities{Addon: plan.NewIdentity([]string{planAddon}, nil)}

// revision is a usage record as it is stored.
type revision struct {
	tenant, id     string
	number         uint16 // of the revision
	organizer      string
	callType       string // "" for conf_out
	start          time.Time
	seconds        uint32
	country, class string
	npanxx         string
	callee         string
	capability     string
	charge, fee    string // "" for none
	currency       string
	replaces       time.Time // zero: the start itself
}

// world writes what rating reads, as ingest and the directory do.
type world struct {
	t     testing.TB
	s     *store.Store
	mu    sync.Mutex // guards clock: batches are rated side by side
	clock time.Time
}

func newWorld(t testing.TB) *world {
	return &world{t: t, s: storetest.Open(t), clock: time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)}
}

func (w *world) tick() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(time.Second)
	return w.clock
}

func (w *world) insert(into string, rows ...[]any) {
	w.t.Helper()
	if len(rows) == 0 {
		return
	}
	batch, err := w.s.PrepareBatch(context.Background(), "INSERT INTO "+into)
	require.NoError(w.t, err)
	defer batch.Close()
	for _, row := range rows {
		require.NoError(w.t, batch.Append(row...))
	}
	require.NoError(w.t, batch.Send())
}

func (w *world) count(sql string, args ...any) (n uint64) {
	w.t.Helper()
	require.NoError(w.t, w.s.QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

func (w *world) tenant(id, country string, funded bool, currency string) {
	w.t.Helper()
	w.insert("tenant_revisions", w.tenantRow(id, country, funded, currency))
}

func (w *world) tenantRow(id, country string, funded bool, currency string) []any {
	return []any{id, "Tenant " + id, country, "commercial", "ea", funded, currency, w.tick()}
}

func money(text string) *decimal.Decimal {
	if text == "" {
		return nil
	}
	d := decimal.RequireFromString(text)
	return &d
}

// use stores revisions.
func (w *world) use(revisions ...revision) {
	w.t.Helper()
	rows := make([][]any, len(revisions))
	for i, r := range revisions {
		callType, replaces := r.callType, r.replaces
		if callType == "" {
			callType = "conf_out"
		}
		if replaces.IsZero() {
			replaces = r.start
		}
		// The hash ingest keeps is of every field; here it need only tell contents apart.
		content := uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join([]string{
			r.id, r.organizer, callType, r.start.Format(time.RFC3339Nano), time.Duration(r.seconds).String(), r.callee, r.country, r.class,
		}, "|")))
		hash := uint64(content[0])<<56 | uint64(content[1])<<48 | uint64(content[2])<<40 | uint64(content[3])<<32 | uint64(content[4])<<24 | uint64(r.number)
		rows[i] = []any{
			r.tenant, r.id, r.number, hash, callType, strings.EqualFold(callType, "conf_out"), r.organizer, r.callee, r.start,
			r.start.Add(time.Duration(r.seconds) * time.Second), r.seconds, money(r.charge), money(r.fee), r.currency, r.capability,
			r.country, r.class, r.npanxx, replaces, w.tick(),
		}
	}
	w.insert(`usage_revisions (tenant_id, usage_id, revision, content_hash, call_type, is_conf_out, organizer_id, callee_number, started_at,
		ended_at, seconds, charge, connection_charge, currency, capability, destination_country, destination_class, npa_nxx, replaces_started_at, stored_at)`, rows...)
}

var forever = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// held is a licence; a zero to is for ever.
type held struct {
	organizer, plan string
	from, to        time.Time
}

// licences makes a tenant's licences these and no others.
func (w *world) licences(tenant string, all ...held) {
	w.t.Helper()
	intervals, generation := w.licenceRows(tenant, all)
	w.insert("licence_intervals", intervals...)
	w.insert("licence_generations", generation)
}

func (w *world) licenceRows(tenant string, all []held) (intervals [][]any, generation []any) {
	id := uuid.New()
	for _, h := range all {
		if h.to.IsZero() {
			h.to = forever
		}
		intervals = append(intervals, []any{id, tenant, h.organizer, h.plan, h.from, h.to})
	}
	return intervals, []any{id, tenant, uint64(id.ID()), w.tick()}
}

type sku struct {
	part, status               string
	enabled, warning, consumed int64
	plans                      []string
}

// skus stores a snapshot of a tenant's SKUs.
func (w *world) skus(tenant string, at time.Time, all ...sku) {
	w.t.Helper()
	rows, snapshot := w.skuRows(tenant, at, all)
	w.insert("snapshot_skus", rows...)
	w.insert("directory_snapshots", snapshot)
}

func (w *world) skuRows(tenant string, at time.Time, all []sku) (rows [][]any, snapshot []any) {
	id := uuid.New()
	for _, s := range all {
		if s.status == "" {
			s.status = "Enabled"
		}
		rows = append(rows, []any{id, tenant, uuid.NewString(), s.part, s.status, s.enabled, s.warning, int64(0), int64(0), s.consumed, s.plans, at})
	}
	return rows, []any{id, tenant, "skus", at, strings.Repeat("h", 32), uint64(len(rows)), w.tick()}
}

func conferencing(n int64) sku {
	return sku{part: "MCOMEETADV", enabled: n, plans: []string{planConferencing}}
}

// rateSheet brings in rates: each line is prefix, connection charge, per minute.
func (w *world) rateSheet(currency string, from time.Time, lines ...string) {
	w.t.Helper()
	text := "Destination,Prefix(es),Connection charge in " + currency + ",Per Minute Rate in " + currency + "\n"
	for _, l := range lines {
		text += "somewhere," + l + "\n"
	}
	_, err := rates.Import(context.Background(), w.s, rates.Source{Reader: strings.NewReader(text), File: "rates.csv", ValidFrom: from, StoredAt: w.tick(), AllowGaps: true, Replace: true, Reason: "test"})
	require.NoError(w.t, err)
}

func (w *world) rater(change ...func(*rating.Options)) *rating.Rater {
	w.t.Helper()
	opts := rating.Options{Conn: w.s, Plan: plan.Default(), Identities: addonIdentity, Now: w.tick, Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&opts)
	}
	r, err := rating.New(opts)
	require.NoError(w.t, err)
	return r
}

func (w *world) rate(r *rating.Rater, req rating.Request) rating.Report {
	w.t.Helper()
	report, err := r.Rate(context.Background(), req)
	require.NoError(w.t, err)
	return report
}

// ratedPart is a row of the ratings.
type ratedPart struct {
	TenantID     string           `ch:"tenant_id"`
	UsageID      string           `ch:"usage_id"`
	Revision     uint16           `ch:"revision"`
	Part         uint8            `ch:"part"`
	Bucket       string           `ch:"bucket"`
	Reason       string           `ch:"reason"`
	Conferencing string           `ch:"conferencing"`
	Pool         string           `ch:"pool"`
	Seconds      uint32           `ch:"seconds"`
	PoolBefore   int64            `ch:"pool_before"`
	PoolAfter    int64            `ch:"pool_after"`
	BilledTenths uint32           `ch:"billed_tenths"`
	Amount       *decimal.Decimal `ch:"amount"`
	Currency     string           `ch:"currency"`
	RatePrefix   string           `ch:"rate_prefix"`
	Because      string           `ch:"unfunded_because"`
}

// ratings are the rows that count, in order.
func (w *world) ratings(m usage.Month) []ratedPart {
	w.t.Helper()
	var rows []ratedPart
	require.NoError(w.t, w.s.Select(context.Background(), &rows, `
		SELECT tenant_id, usage_id, revision, part, bucket, reason, conferencing, pool, seconds, pool_before, pool_after, billed_tenths, amount,
			currency, rate_prefix, unfunded_because
		FROM ratings WHERE month = ? ORDER BY tenant_id, started_at, usage_id, part`, m.Start(time.UTC).Format(time.DateOnly)))
	return rows
}
