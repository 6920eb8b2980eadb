package main

import (
	"context"
	"fmt"

	"fairdial/config"
	"fairdial/ingest"
	"fairdial/source/kafka"
)

// consumers read the Kafka sources, each by itself.
func (f *feeds) consumers(m *metrics) (out []*kafka.Consumer, err error) {
	for _, c := range f.app.cfg.Sources {
		if c = c.Complete(); c.Kind != config.SourceKafka {
			continue
		}
		mapping, err := readMapping(c.Mapping)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", c.Name, err)
		}
		out = append(out, f.consumer(c, mapping, m))
	}
	return out, nil
}

func (f *feeds) consumer(c config.Source, mapping *ingest.Mapping, m *metrics) *kafka.Consumer {
	return &kafka.Consumer{
		Name: c.Name, TenantID: c.Tenant, Receiver: f.s.ingester.With(mapping), Lines: mapping != nil, Now: f.app.now, Sleep: sleep, Logger: f.app.logger,
		Topic: kafka.Topic{
			Brokers: c.Brokers, Topic: c.Topic, Group: c.Group, TLS: c.TLS, SASL: c.SASL, Username: c.Username, Password: c.Secret.Reveal(),
		},
		Stored: func(n ingest.Counts) { m.received(c.Name, n) },
		Note: func(ctx context.Context, failed error) {
			if err := f.log.Note(ctx, c.Name, c.Tenant, failed, false); err != nil {
				f.app.logger.Error("how a source fares is not kept", "source", c.Name, "error", err)
			}
		},
	}
}
