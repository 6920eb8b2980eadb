package main

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/cases"
	"fairdial/rating"
	"fairdial/rules/rates"
	"fairdial/store"
	"fairdial/usage"
)

//go:embed testdata/world_usage.sql
var worldUsageSQL string

//go:embed testdata/world_corrections.sql
var worldCorrectionsSQL string

//go:embed testdata/world_more.sql
var worldMoreSQL string

// Sizes of the world that pages are measured on.
const (
	worldRecords    = 20_000_000 // of ninety days from 1 January 2026, and 10,000 corrections
	worldOrganizers = 20_000     // of eight tenants, each with a case of four events
	worldRows       = 50_000     // files read, and rows in the quarantine
)

const worldConfig = `
licences: {addon: {service_plans: [a1d0c0de-0a0b-4c0d-8e0f-00000d1a1008]}}
enforcement: {throttle_people: 2}
`

// worldNow is when the world is looked at: its newest month is nearly over.
var worldNow = time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC)

// openWorld gives the program on the world that pages are measured on. FAIRDIAL_BENCH_WORLD
// names a folder that keeps it for the next time: it takes many minutes to make and 12 GB. With
// FAIRDIAL_BENCH_FORGETFUL the store keeps no answers: each page is as after a change of all tables.
func openWorld(b *testing.B) (*app, *services) {
	b.Helper()
	dir := os.Getenv("FAIRDIAL_BENCH_WORLD")
	if dir == "" {
		dir = b.TempDir()
	}
	p := newProgram(b, worldConfig)
	a := newApp()
	a.configFile, a.dataDir, a.logLevel, a.actor = p.config, dir, "warn", "cli:bench"
	a.now = func() time.Time { return worldNow }
	require.NoError(b, a.load())
	o := store.Options{Path: dir, Logger: a.logger}
	if os.Getenv("FAIRDIAL_BENCH_FORGETFUL") != "" {
		o.Memory = -1
	}
	st, err := store.Open(b.Context(), o)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, st.Close()) })
	s, err := a.services(b.Context(), st)
	require.NoError(b, err)
	for _, step := range []struct {
		made string // a table that has rows once the step is done
		make func(*testing.B, *app, *services)
	}{
		{"ingest_ledger", makeUsage}, {"finding_rows", makeMore}, {"rate_sheets", makeRates}, {"closed_rows", makeMonths},
	} {
		if howMany(b, s, "SELECT count() FROM "+step.made) == 0 {
			began := time.Now()
			step.make(b, a, s)
			b.Logf("made %s in %s", step.made, time.Since(began).Round(time.Second))
		}
	}
	settled(b, s)
	return a, s
}

func howMany(b *testing.B, s *services, query string) (n uint64) {
	b.Helper()
	require.NoError(b, s.store.QueryRow(b.Context(), query).Scan(&n))
	return n
}

func makeUsage(b *testing.B, _ *app, s *services) {
	ctx := b.Context()
	do := func(query string, args ...any) {
		b.Helper()
		require.NoError(b, s.store.Exec(ctx, query, args...))
	}
	do("TRUNCATE TABLE usage_revisions") // of a world that was not finished
	do("TRUNCATE TABLE journal")
	for at := range 30 {
		do(worldUsageSQL, clickhouse.Named("day", uint64(at*3)), clickhouse.Named("from", uint64(at*worldRecords/30)), clickhouse.Named("rows", uint64(worldRecords/30))) //nolint:gosec // small
	}
	do(worldCorrectionsSQL)
	do("INSERT INTO kept_replaced SELECT * FROM unkept_replaced") // as ingest does with each portion
	snapshot := uuid.NewString()
	do(`INSERT INTO tenant_revisions (tenant_id, name, country, segment, channel, credits_funded, credits_currency, stored_at)
		SELECT concat('t', toString(number)), concat('Tenant ', toString(number)), 'US', 'commercial', 'ea', true, 'USD', '2026-01-01' FROM numbers(8)`)
	do(fmt.Sprintf(`INSERT INTO snapshot_organizers (snapshot_id, tenant_id, organizer_id, upn, name, enabled, snapshot_at)
		SELECT '%s', concat('t', toString(number %% 8)), concat('o', toString(number)), concat('o', toString(number), '@t.example'), concat('Organizer ', toString(number)), true, '2026-02-01' FROM numbers(%d)`, snapshot, worldOrganizers))
	do("INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind) VALUES ('" + snapshot + "', 't0', 'users')")
	do(fmt.Sprintf(`INSERT INTO quarantine (rejection_id, tenant_id, file, reason, raw, rejected_at)
		SELECT generateUUIDv4(), concat('t', toString(number %% 8)), 'a.csv', 'bad_quoting', repeat('raw,', 40), toDateTime64('2026-02-01 00:00:00', 6, 'UTC') + number FROM numbers(%d)`, worldRows))
	lost, err := s.cases.Record(ctx, worldCases(someCalls(b, s)))
	require.NoError(b, err)
	require.Empty(b, lost)
	do(fmt.Sprintf(`INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, read, at)
		SELECT generateUUIDv4(), concat('t', toString(number %% 8)), 'a.csv', 'finished', 2, toDateTime64('2026-02-01 00:00:00', 6, 'UTC') + number FROM numbers(%d)`, worldRows))
}

func makeMore(b *testing.B, _ *app, s *services) {
	for query := range strings.SplitSeq(worldMoreSQL, ";\n") {
		require.NoError(b, s.store.Exec(b.Context(), query, clickhouse.Named("organizers", uint64(worldOrganizers))))
	}
}

func makeRates(b *testing.B, a *app, s *services) {
	sheet := "Destination,Prefix(es),Connection charge in USD,Per Minute Rate in USD\nUnited States,1,0,0.013\nUnited Kingdom,44,0.01,0.02\n"
	_, err := rates.Import(b.Context(), s.store, rates.Source{Reader: strings.NewReader(sheet), File: "rates.csv", ValidFrom: worldNow.AddDate(-1, 0, 0), StoredAt: a.now(), AllowGaps: true})
	require.NoError(b, err)
}

// makeMonths rates the months, and closes January of two tenants.
func makeMonths(b *testing.B, a *app, s *services) {
	_, err := s.rater.Rate(b.Context(), rating.Request{Actor: a.actor})
	require.NoError(b, err)
	january, err := usage.ParseMonth("2026-01")
	require.NoError(b, err)
	for _, tenant := range []string{"t5", "t6"} {
		_, err = s.books.Close(b.Context(), rating.CloseRequest{Month: january, TenantID: tenant, Actor: a.actor, Reason: "the world", Force: true})
		require.NoError(b, err)
	}
}

// worldCases are the events of a case of each organizer, with three findings of ten calls.
func worldCases(calls map[string][]string) (events []cases.Event) {
	at := worldNow.AddDate(0, 0, -2)
	for i := range worldOrganizers {
		tenant, organizer := fmt.Sprintf("t%d", i%8), fmt.Sprintf("o%d", i)
		c := cases.Case{
			ID: cases.ID(tenant, organizer), TenantID: tenant, TenantName: "Tenant", OrganizerID: organizer, OrganizerName: "Organizer", Score: i * 7919 % 101, Severity: cases.SeverityWarning,
			Status: cases.StatusOpen, OpenedAt: at, UpdatedAt: at, ExposureSeconds: int64(i),
		}
		for f := range 3 {
			found := cases.Finding{ID: uuid.NewSHA1(uuid.Nil, []byte{byte(f)}).String(), RuleID: "surge", RuleTitle: "Much more than usual", At: at, WindowStart: at, WindowEnd: at, Unit: "minutes", Sentence: "Organizer called for 900 minutes in a day, where 100 are usual."}
			found.UsageIDs = calls[organizer][min(f*10, len(calls[organizer])):min(f*10+10, len(calls[organizer]))]
			c.Findings = append(c.Findings, found)
		}
		for v := range 4 {
			events = append(events, cases.Event{CaseID: c.ID, Version: v + 1, Kind: cases.KindUpdated, Actor: "system:detector", At: at, State: c})
		}
	}
	return events
}

// settled waits until the store has merged what it means to merge: what is measured is a store
// some minutes after an import.
func settled(b *testing.B, s *services) {
	b.Helper()
	for range 900 {
		if howMany(b, s, "SELECT (SELECT count() FROM system.merges) + (SELECT count() FROM system.mutations WHERE NOT is_done)") == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	b.Fatal("merges do not end")
}

// someCalls are usage ids of the world's last days, by organizer.
func someCalls(b *testing.B, s *services) map[string][]string {
	b.Helper()
	var found []struct {
		Organizer string   `ch:"organizer_id"`
		IDs       []string `ch:"ids"`
	}
	require.NoError(b, s.store.Select(b.Context(), &found, `SELECT organizer_id, arraySort(groupArray(30)(usage_id)) AS ids FROM usage_revisions
		WHERE is_conf_out AND started_at >= '2026-03-25' GROUP BY organizer_id`))
	out := map[string][]string{}
	for _, f := range found {
		out[f.Organizer] = f.IDs
	}
	return out
}
