package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"fairdial/ingest"
)

// readMapping reads a mapping file; nil where there is none.
func readMapping(file string) (*ingest.Mapping, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	m, err := ingest.ReadMapping(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// previewed is how many rows a dry run shows of each file.
const previewed = 10

// previewIngest shows what files would bring. It needs no store.
func (a *app) previewIngest(ctx context.Context, mapping *ingest.Mapping, paths []string) error {
	reader := ingest.New(ingest.Options{Now: a.now, NewID: a.newID, Logger: a.logger, Stdin: a.stdin}).With(mapping)
	type shown struct {
		Row       uint64 `json:"row"`
		UsageID   string `json:"usage_id"`
		Organizer string `json:"organizer"`
		CallType  string `json:"call_type"`
		Number    string `json:"number"`
		Started   string `json:"started_at"`
		Ended     string `json:"ended_at"`
		Seconds   int64  `json:"seconds"`
		Charge    string `json:"charge"`
		Rejected  string `json:"rejected,omitempty"`
	}
	type file struct {
		File     string                   `json:"file"`
		Format   ingest.Format            `json:"format"`
		Read     uint64                   `json:"read"`
		Good     uint64                   `json:"good"`
		Rejected map[ingest.Reason]uint64 `json:"rejected"`
		Rows     []shown                  `json:"rows"`
	}
	all := []file{}
	for _, path := range paths {
		p, err := reader.Preview(ctx, path, previewed)
		if err != nil {
			return err
		}
		one := file{File: path, Format: p.Format, Read: p.Read, Good: p.Good, Rejected: p.Bad, Rows: []shown{}}
		for _, r := range p.Rows {
			s := shown{
				Row: r.Position, UsageID: r.Record.ID, Organizer: or(r.Record.OrganizerID, r.Record.OrganizerUPN), CallType: r.Record.CallType,
				Number: shortNumber(r.Record.CalleeNumber), Seconds: r.Record.Seconds, Started: moment(r.Record.StartedAt), Ended: moment(r.Record.EndedAt),
			}
			if r.Record.Charge.Valid {
				s.Charge = r.Record.Charge.Decimal.String() + " " + r.Record.Currency
			}
			if r.Reason != "" {
				s.Rejected = fmt.Sprintf("%s: %s", r.Reason, r.Detail)
			}
			one.Rows = append(one.Rows, s)
		}
		all = append(all, one)
	}
	if a.output == "json" {
		return a.json(all)
	}
	for _, one := range all {
		rows := [][]string{{">row", "usage id", "organizer", "call type", "number", "started (UTC)", "ended (UTC)", ">seconds", ">charge", "rejected"}}
		for _, s := range one.Rows {
			rows = append(rows, []string{
				number(s.Row), s.UsageID, s.Organizer, s.CallType, s.Number, s.Started, s.Ended, fmt.Sprint(s.Seconds), s.Charge, s.Rejected,
			})
		}
		if err := a.table(rows); err != nil {
			return err
		}
		a.printf("%s, %s: %s rows, %s good", oneLine(one.File), one.Format, number(one.Read), number(one.Good))
		for _, reason := range slices.Sorted(maps.Keys(one.Rejected)) {
			a.printf(", %s %s", number(one.Rejected[reason]), reason)
		}
		a.printf("; nothing is stored\n")
	}
	return nil
}

// shortNumber shows how a number is written, and not which it is.
func shortNumber(number string) string {
	if len(number) < 8 {
		return number
	}
	return number[:5] + "…" + number[len(number)-2:]
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.999Z")
}
