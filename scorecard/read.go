package scorecard

import (
	"context"
	"embed"
	"fmt"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

// Conn is what a scorecard needs of the store.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
}

type who struct{ tenantID, organizerID string }

// Read sets labels against what the store's detection found. calls are the abusive ones;
// without them the calls in the time that an abuser's label gives count as abusive.
func Read(ctx context.Context, conn Conn, labels []Label, calls []Call, threshold int) ([]Organizer, error) {
	out := make([]Organizer, len(labels))
	about := make(map[who]*Organizer, len(labels))
	for i, l := range labels {
		out[i] = Organizer{
			TenantID: l.TenantID, OrganizerID: l.OrganizerID, Abuse: l.Abuse, Shape: l.Shape, Archetype: l.Archetype, TenureDays: -1,
		}
		about[who{l.TenantID, l.OrganizerID}] = &out[i]
	}
	tables, err := given(labels, calls)
	if err != nil {
		return nil, err
	}
	ctx = clickhouse.Context(ctx,
		clickhouse.WithParameters(clickhouse.Parameters{"threshold": strconv.Itoa(threshold), "named": strconv.FormatBool(len(calls) > 0)}),
		clickhouse.WithSettings(clickhouse.Settings{"max_memory_usage": "1500000000", "session_timezone": "UTC", "join_use_nulls": "0"}))
	for _, part := range []func() error{
		func() error { return readCases(ctx, conn, about) },
		func() error { return readRules(ctx, conn, about) },
		func() error { return readEvidence(ctx, conn, about) },
		func() error { return readTenures(ctx, conn, about) },
		func() error {
			return readAbuse(clickhouse.Context(ctx, clickhouse.WithExternalTable(tables...)), conn, about)
		},
	} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// given is the labels as tables for the engine.
func given(labels []Label, calls []Call) ([]*ext.Table, error) {
	named, err := ext.NewTable("named_calls", ext.Column("tenant_id", "String"), ext.Column("usage_id", "String"))
	if err != nil {
		return nil, fmt.Errorf("abusive calls: %w", err)
	}
	for _, c := range calls {
		if err := named.Append(c.TenantID, c.UsageID); err != nil {
			return nil, fmt.Errorf("abusive calls: %w", err)
		}
	}
	spans, err := ext.NewTable("spans", ext.Column("tenant_id", "String"), ext.Column("organizer_id", "String"),
		ext.Column("since", "DateTime64(3, 'UTC')"), ext.Column("until", "DateTime64(3, 'UTC')"))
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	for _, l := range labels {
		if !l.Abuse {
			continue
		}
		until := l.To
		if until.IsZero() {
			until = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		if err := spans.Append(l.TenantID, l.OrganizerID, l.From.UTC(), until.UTC()); err != nil {
			return nil, fmt.Errorf("labels: %w", err)
		}
	}
	return []*ext.Table{named, spans}, nil
}

// query reads rows of the SQL file, with the labelled organizer each is about.
func query[T any](ctx context.Context, conn Conn, name string, about map[who]*Organizer, key func(T) who, take func(*Organizer, T)) error {
	text, err := sqlFiles.ReadFile("sql/" + name + ".sql")
	if err != nil {
		return fmt.Errorf("read sql/%s.sql: %w", name, err)
	}
	var rows []T
	if err := conn.Select(ctx, &rows, string(text)); err != nil {
		return fmt.Errorf("scorecard: read %s: %w", name, err)
	}
	for _, row := range rows {
		if o := about[key(row)]; o != nil {
			take(o, row)
		}
	}
	return nil
}

func readCases(ctx context.Context, conn Conn, about map[who]*Organizer) error {
	type row struct {
		TenantID    string    `ch:"tenant_id"`
		OrganizerID string    `ch:"organizer_id"`
		Score       int64     `ch:"score"`
		AlertedAt   time.Time `ch:"alerted_at"`
		Alerted     bool      `ch:"alerted"`
	}
	return query(ctx, conn, "cases", about, func(r row) who { return who{r.TenantID, r.OrganizerID} }, func(o *Organizer, r row) {
		o.Score = int(r.Score)
		if r.Alerted {
			o.AlertedAt = r.AlertedAt.UTC()
		}
	})
}

func readRules(ctx context.Context, conn Conn, about map[who]*Organizer) error {
	type row struct {
		TenantID    string   `ch:"tenant_id"`
		OrganizerID string   `ch:"organizer_id"`
		Rules       []string `ch:"rules"`
	}
	return query(ctx, conn, "rules", about, func(r row) who { return who{r.TenantID, r.OrganizerID} },
		func(o *Organizer, r row) { o.Rules = r.Rules })
}

func readEvidence(ctx context.Context, conn Conn, about map[who]*Organizer) error {
	type row struct {
		TenantID    string  `ch:"tenant_id"`
		OrganizerID string  `ch:"organizer_id"`
		Evidence    float64 `ch:"evidence"`
	}
	return query(ctx, conn, "evidence", about, func(r row) who { return who{r.TenantID, r.OrganizerID} },
		func(o *Organizer, r row) { o.Evidence = r.Evidence })
}

func readTenures(ctx context.Context, conn Conn, about map[who]*Organizer) error {
	type row struct {
		TenantID    string `ch:"tenant_id"`
		OrganizerID string `ch:"organizer_id"`
		Days        int64  `ch:"days"`
	}
	return query(ctx, conn, "tenures", about, func(r row) who { return who{r.TenantID, r.OrganizerID} },
		func(o *Organizer, r row) { o.TenureDays = int(r.Days) })
}

func readAbuse(ctx context.Context, conn Conn, about map[who]*Organizer) error {
	type row struct {
		TenantID       string    `ch:"tenant_id"`
		OrganizerID    string    `ch:"organizer_id"`
		FirstAbuse     time.Time `ch:"first_abuse"`
		AbusiveSeconds int64     `ch:"abusive_seconds"`
		SecondsToCome  int64     `ch:"seconds_to_come"`
	}
	return query(ctx, conn, "abuse", about, func(r row) who { return who{r.TenantID, r.OrganizerID} }, func(o *Organizer, r row) {
		if o.Abuse {
			o.FirstAbuse, o.AbusiveSeconds, o.SecondsToCome = r.FirstAbuse.UTC(), r.AbusiveSeconds, r.SecondsToCome
		}
	})
}
