package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"fairdial/config"
	"fairdial/console"
	"fairdial/ingest"
	"fairdial/source"
)

// pushesAtOnce is how many bodies may be on their way to the store; each is in memory.
const pushesAtOnce = 8

// push takes what senders bring to the sources of that kind; nil if there are none.
func (f *feeds) push(m *metrics) (*console.Push, error) {
	keys, sources, readers := map[string][]console.Key{}, map[string]config.Source{}, map[string]*ingest.Ingester{}
	for _, c := range f.app.cfg.Sources {
		if c.Kind != config.SourcePush {
			continue
		}
		read, err := readKeys(c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", c.Name, err)
		}
		mapping, err := readMapping(c.Mapping)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", c.Name, err)
		}
		keys[c.Name], sources[c.Name], readers[c.Name] = read, c, f.s.ingester.With(mapping)
	}
	if len(sources) == 0 {
		return nil, nil
	}
	return console.NewPush(keys, pushesAtOnce, func(ctx context.Context, name, receipt string, body []byte) (console.Pushed, error) {
		var rows []console.PushedRow
		report, err := readers[name].Receive(ctx, ingest.Received{
			TenantID: sources[name].Tenant, Source: config.SourcePush, Name: "push " + name + " " + receipt, Actor: source.Actor(name),
			At: f.app.now(), Body: body,
			Verdict: func(v ingest.RowVerdict) {
				rows = append(rows, console.PushedRow{Row: v.Row, UsageID: v.UsageID, Outcome: v.Outcome, Reason: string(v.Reason), Detail: v.Detail})
			},
		})
		if err != nil {
			return console.Pushed{}, fmt.Errorf("push of source %s: %w", name, err)
		}
		m.received(name, report.Counts)
		if report.Error != "" {
			return console.Pushed{}, fmt.Errorf("%w: %s", console.ErrNoUsage, report.Error)
		}
		slices.SortFunc(rows, func(a, b console.PushedRow) int { return cmp.Compare(a.Row, b.Row) })
		return console.Pushed{
			Read: report.Read, Accepted: report.Accepted, Duplicate: report.Duplicate, Ignored: report.Ignored, Rejected: report.Rejected, Rows: rows,
		}, nil
	}), nil
}
