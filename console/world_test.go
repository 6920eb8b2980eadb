package console

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/store"
	"fairdial/store/journal"
)

//go:embed testdata/world_usage.sql
var worldUsageSQL string

//go:embed testdata/world_corrections.sql
var worldCorrectionsSQL string

// Sizes of the world that lists and pages are measured on.
const (
	worldRecords    = 20_000_000 // of ninety days from 1 January 2026
	worldOrganizers = 20_000     // each with a case of four events
	worldRows       = 50_000     // files read, and rows in the quarantine
)

// openWorld opens the store that lists and pages are measured on. FAIRDIAL_BENCH_WORLD names a
// folder that keeps it for the next time: it takes minutes to make and 10 GB.
func openWorld(b *testing.B) *store.Store {
	b.Helper()
	dir := os.Getenv("FAIRDIAL_BENCH_WORLD")
	if dir == "" {
		dir = b.TempDir()
	}
	s, err := store.Open(b.Context(), store.Options{Path: dir})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	var made []struct {
		Batches uint64 `ch:"batches"`
	}
	require.NoError(b, s.Select(b.Context(), &made, "SELECT count() AS batches FROM ingest_ledger"))
	if made[0].Batches == 0 {
		began := time.Now()
		makeWorld(b, s)
		b.Logf("made %d records in %s", worldRecords, time.Since(began).Round(time.Second))
	}
	return s
}

func makeWorld(b *testing.B, s *store.Store) {
	b.Helper()
	ctx := b.Context()
	do := func(query string, args ...any) {
		b.Helper()
		require.NoError(b, s.Exec(ctx, query, args...))
	}
	do("TRUNCATE TABLE usage_revisions") // of a world that was not finished
	do("TRUNCATE TABLE journal")
	for at := range 30 {
		do(worldUsageSQL, clickhouse.Named("day", uint64(at*3)), clickhouse.Named("from", uint64(at*worldRecords/30)), clickhouse.Named("rows", uint64(worldRecords/30))) //nolint:gosec // small
	}
	do(worldCorrectionsSQL)
	snapshot := uuid.NewString()
	do(`INSERT INTO tenant_revisions (tenant_id, name, country, segment, channel, credits_funded, credits_currency, stored_at)
		SELECT concat('t', toString(number)), concat('Tenant ', toString(number)), 'US', 'commercial', 'ea', true, 'USD', '2026-01-01' FROM numbers(8)`)
	do(fmt.Sprintf(`INSERT INTO snapshot_organizers (snapshot_id, tenant_id, organizer_id, upn, name, enabled, snapshot_at)
		SELECT '%s', concat('t', toString(number %% 8)), concat('o', toString(number)), concat('o', toString(number), '@t.example'), concat('Organizer ', toString(number)), true, '2026-02-01' FROM numbers(%d)`, snapshot, worldOrganizers))
	do("INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind) VALUES ('" + snapshot + "', 't0', 'users')")
	do(fmt.Sprintf(`INSERT INTO quarantine (rejection_id, tenant_id, file, reason, raw, rejected_at)
		SELECT generateUUIDv4(), concat('t', toString(number %% 8)), 'a.csv', 'bad_quoting', repeat('raw,', 40), toDateTime64('2026-02-01 00:00:00', 6, 'UTC') + number FROM numbers(%d)`, worldRows))
	log := cases.NewLog(journal.New(s, nowThen, uuid.New))
	lost, err := log.Record(ctx, worldCases())
	require.NoError(b, err)
	require.Empty(b, lost)
	do(fmt.Sprintf(`INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, read, at)
		SELECT generateUUIDv4(), concat('t', toString(number %% 8)), 'a.csv', 'finished', 2, toDateTime64('2026-02-01 00:00:00', 6, 'UTC') + number FROM numbers(%d)`, worldRows))
}

// worldCases are the events of a case of each organizer, with three findings of ten calls.
func worldCases() (events []cases.Event) {
	for i := range worldOrganizers {
		tenant, organizer := fmt.Sprintf("t%d", i%8), fmt.Sprintf("o%d", i)
		c := cases.Case{
			ID: cases.ID(tenant, organizer), TenantID: tenant, TenantName: "Tenant", OrganizerID: organizer, OrganizerName: "Organizer", Score: i * 7919 % 101, Severity: cases.SeverityWarning,
			Status: cases.StatusOpen, OpenedAt: now, UpdatedAt: now, ExposureSeconds: int64(i),
		}
		for f := range 3 {
			found := cases.Finding{ID: uuid.NewSHA1(uuid.Nil, []byte{byte(f)}).String(), RuleID: "surge", RuleTitle: "Much more than usual", At: now, WindowStart: now, WindowEnd: now, Unit: "minutes", Sentence: "Organizer called for 900 minutes in a day, where 100 are usual."}
			for u := range 10 {
				found.UsageIDs = append(found.UsageIDs, uuid.NewSHA1(uuid.Nil, []byte{byte(f), byte(u)}).String())
			}
			c.Findings = append(c.Findings, found)
		}
		for v := range 4 {
			events = append(events, cases.Event{CaseID: c.ID, Version: v + 1, Kind: cases.KindUpdated, Actor: "system:detector", At: now, State: c})
		}
	}
	return events
}

// settled waits until the store has merged what it means to merge: what is measured is a store
// some minutes after an import.
func settled(ctx context.Context, b *testing.B, s *store.Store) {
	b.Helper()
	for range 600 {
		var running []struct {
			Merges uint64 `ch:"merges"`
		}
		require.NoError(b, s.Select(ctx, &running, "SELECT (SELECT count() FROM system.merges) + (SELECT count() FROM system.mutations WHERE NOT is_done) AS merges"))
		if running[0].Merges == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	b.Fatal("merges do not end")
}
