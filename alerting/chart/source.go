package chart

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed sql/daily_minutes.sql
var dailyMinutesSQL string

// Conn is what the chart needs of the store.
type Conn interface {
	Select(ctx context.Context, dest any, query string, args ...any) error
}

// Minutes are an organizer's dial-out minutes of each of the 28 days (UTC) up to a moment.
func Minutes(ctx context.Context, conn Conn, tenantID, organizerID string, until time.Time) ([]float64, error) {
	var rows []struct {
		Day     time.Time `ch:"day"`
		Seconds uint64    `ch:"seconds"`
	}
	last := until.UTC().Truncate(24 * time.Hour)
	first := last.AddDate(0, 0, 1-Days)
	err := conn.Select(ctx, &rows, dailyMinutesSQL, clickhouse.Named("tenant_id", tenantID), clickhouse.Named("organizer_id", organizerID),
		clickhouse.DateNamed("from", first, clickhouse.MilliSeconds), clickhouse.DateNamed("to", last.AddDate(0, 0, 1), clickhouse.MilliSeconds))
	if err != nil {
		return nil, fmt.Errorf("minutes by day of organizer %s: %w", organizerID, err)
	}
	out := make([]float64, Days)
	for _, r := range rows {
		if i := int(r.Day.Sub(first) / (24 * time.Hour)); i >= 0 && i < Days {
			out[i] = float64(r.Seconds) / 60
		}
	}
	return out, nil
}
