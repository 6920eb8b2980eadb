package detector

import (
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // an organizer's night must not depend on the machine

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// zonesText has the time zones of countries, the one that most people live in first, and
// those days of the week (Monday is 1) on which their offices rest. Of zones that keep the
// same time all year one is enough.
//
//go:embed zones.csv
var zonesText string

// zone is a time zone that comes into question in a country; of no country, all whole hours do.
type zone struct {
	country, name string
	nth, zones    uint16
	weekend       []uint8
	location      *time.Location
}

func readZones(text string) ([]zone, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("zones.csv: %w", err)
	}
	var out []zone
	count := map[string]uint16{}
	for i, row := range rows[1:] {
		at, err := time.LoadLocation(row[1])
		if err != nil {
			return nil, fmt.Errorf("zones.csv, line %d: %w", i+2, err)
		}
		var rest []uint8
		for d := range strings.FieldsSeq(row[2]) {
			if len(d) != 1 || d[0] < '1' || d[0] > '7' {
				return nil, fmt.Errorf("zones.csv, line %d: %q is no day of the week from 1 to 7", i+2, d)
			}
			rest = append(rest, d[0]-'0')
		}
		out = append(out, zone{country: row[0], name: row[1], nth: count[row[0]], weekend: rest, location: at})
		count[row[0]]++
	}
	for h := range 24 {
		ahead := (h+12)%24 - 12 // 0 first, then 1 to 11, then -12 to -1
		name := fmt.Sprintf("UTC%+03d:00", ahead)
		out = append(out, zone{name: name, nth: uint16(h), weekend: []uint8{6, 7}, location: time.FixedZone(name, ahead*3600)})
		count[""]++
	}
	for i := range out {
		out[i].zones = count[out[i].country]
	}
	return out, nil
}

// fillZones makes the working table of zones: what each was ahead of UTC from when on, as far
// as the pass looks.
func (w *workspace) fillZones(ctx context.Context, table string) error {
	all, err := readZones(zonesText)
	if err != nil {
		return err
	}
	// A month before what the pass reads, whose hours the first zone is judged by.
	from, to := w.params.milli("history_ms").AddDate(0, -1, 0), w.params.milli("to_ms")
	if err := w.conn.Exec(params{"table": table}.on(ctx, nil), sqlText("zones")); err != nil {
		return fmt.Errorf("make the table of time zones: %w", err)
	}
	w.keep("zones", table)
	return w.insert(ctx, "zones", func(b driver.Batch) error {
		for _, z := range all {
			for at := from.In(z.location); ; {
				begins, ends := at.ZoneBounds()
				if begins.Before(from) {
					begins = time.Unix(0, 0)
				}
				_, ahead := at.Zone()
				if err := b.Append(z.country, z.nth, z.zones, z.name, z.weekend, begins.UTC(), int16(ahead/60)); err != nil {
					return err
				}
				if ends.IsZero() || ends.After(to) {
					break
				}
				at = ends
			}
		}
		return nil
	})
}
