// Package kafka reads usage from a Kafka topic. README.md states the rules.
package kafka

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"fairdial/ingest"
)

// Topic is where usage is and who reads it.
type Topic struct {
	Brokers []string // host:port
	Topic   string
	Group   string // of consumers; its offsets are committed
	TLS     bool
	// SASL is plain, scram-sha-256, scram-sha-512, or "" for none.
	SASL               string
	Username, Password string
}

// reach are the options by which brokers are reached.
func (t Topic) reach() ([]kgo.Opt, error) {
	out := []kgo.Opt{kgo.SeedBrokers(t.Brokers...), kgo.ClientID("fairdial")}
	if t.TLS {
		out = append(out, kgo.DialTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12}))
	}
	switch t.SASL {
	case "":
	case "plain":
		out = append(out, kgo.SASL(plain.Auth{User: t.Username, Pass: t.Password}.AsMechanism()))
	case "scram-sha-256":
		out = append(out, kgo.SASL(scram.Auth{User: t.Username, Pass: t.Password}.AsSha256Mechanism()))
	case "scram-sha-512":
		out = append(out, kgo.SASL(scram.Auth{User: t.Username, Pass: t.Password}.AsSha512Mechanism()))
	default:
		return nil, fmt.Errorf("no such SASL mechanism: %q", t.SASL)
	}
	return out, nil
}

// read are those by which the topic is read from its start. Offsets are committed by hand,
// after the store has the rows.
func (t Topic) read() []kgo.Opt {
	return []kgo.Opt{
		kgo.ConsumerGroup(t.Group), kgo.ConsumeTopics(t.Topic), kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}
}

// Receiver is the way into the store.
type Receiver interface {
	Receive(ctx context.Context, in ingest.Received) (ingest.FileReport, error)
}

// Consumer takes a tenant's usage from a topic.
type Consumer struct {
	Name     string // of the source
	TenantID string
	Topic    Topic
	Receiver Receiver
	// Lines has messages handed over one a line, as a mapping of JSON Lines wants them.
	Lines  bool
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
	Logger *slog.Logger
	// Note is told how each attempt ended; Stored what was stored. Either may be nil.
	Note   func(ctx context.Context, err error)
	Stored func(ingest.Counts)

	unstored bool // what failed last was the store, not the broker
}

var errStore = errors.New("could not be stored")

// How many messages are stored at once, and the pauses after a failure.
const (
	atOnce     = 10_000
	firstPause = time.Second
	maxPause   = time.Minute
)

// Run reads until ctx ends. Whatever fails is tried again: messages that are not stored are
// not committed, and are read again.
func (c *Consumer) Run(ctx context.Context) error {
	pause := firstPause
	for {
		began := c.Now()
		err := c.consume(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end of ctx
		}
		c.Logger.Error("kafka: reading is begun anew", "source", c.Name, "error", err)
		c.note(ctx, err)
		c.unstored = errors.Is(err, errStore)
		if c.Now().Sub(began) > maxPause {
			pause = firstPause
		}
		if err := c.Sleep(ctx, pause); err != nil {
			return nil //nolint:nilerr // the end of ctx
		}
		pause = min(2*pause, maxPause)
	}
}

func (c *Consumer) note(ctx context.Context, err error) {
	if c.Note != nil {
		c.Note(ctx, err)
	}
}

// consume reads with one client until something fails.
func (c *Consumer) consume(ctx context.Context) error {
	opts, err := c.Topic.reach()
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(append(opts, c.Topic.read()...)...)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	defer client.CloseAllowingRebalance()
	if err := client.Ping(ctx); err != nil {
		return fmt.Errorf("kafka: no broker of %v answers: %w", c.Topic.Brokers, err)
	}
	if !c.unstored { // a quiet topic that can be reached is read
		c.note(ctx, nil)
	}
	for {
		fetches := client.PollRecords(ctx, atOnce)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("kafka: read %s: %w", c.Topic.Topic, err)
		}
		var failed error
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if failed == nil && len(p.Records) > 0 {
				failed = c.keep(ctx, client, p.Records)
			}
		})
		if failed != nil {
			return failed
		}
		c.note(ctx, nil)
		client.AllowRebalance()
	}
}

// keep stores messages of one partition and then commits them.
func (c *Consumer) keep(ctx context.Context, client *kgo.Client, records []*kgo.Record) error {
	first, last := records[0], records[len(records)-1]
	if body := c.body(records); body != nil {
		report, err := c.Receiver.Receive(ctx, ingest.Received{
			TenantID: c.TenantID, Source: "kafka", Actor: "source:" + c.Name, At: c.Now(), Body: body,
			Name: fmt.Sprintf("kafka %s %s/%d %d to %d", c.Name, first.Topic, first.Partition, first.Offset, last.Offset),
		})
		if err == nil && report.Error != "" {
			err = errors.New(report.Error)
		}
		if err != nil {
			return fmt.Errorf("kafka: %s/%d from %d on %w: %w", first.Topic, first.Partition, first.Offset, errStore, err)
		}
		if c.Stored != nil {
			c.Stored(report.Counts)
		}
	}
	if err := client.CommitRecords(ctx, last); err != nil {
		return fmt.Errorf("kafka: commit %s/%d at %d: %w", last.Topic, last.Partition, last.Offset, err)
	}
	return nil
}

// body is the messages as one JSON array, or one a line; nil where there is none. A message
// that is no JSON object becomes one that holds it, which the quarantine keeps: what
// stands in one must not spoil those beside it.
func (c *Consumer) body(records []*kgo.Record) []byte {
	var out bytes.Buffer
	separator := byte(',')
	if c.Lines {
		separator = '\n'
	}
	for _, r := range records {
		text := bytes.TrimSpace(r.Value)
		if len(text) == 0 {
			continue // a tombstone
		}
		if out.Len() > 0 {
			out.WriteByte(separator)
		}
		at := out.Len()
		if text[0] == '{' && json.Compact(&out, text) == nil {
			continue
		}
		out.Truncate(at)
		held, err := json.Marshal(map[string]string{"notJSON": string(text)})
		if err != nil {
			continue // a text always can be
		}
		out.Write(held)
	}
	if out.Len() == 0 {
		return nil
	}
	if c.Lines {
		return append(out.Bytes(), '\n')
	}
	return append(append([]byte("["), out.Bytes()...), ']')
}

// Ping says whether a broker answers.
func (c *Consumer) Ping(ctx context.Context) error {
	opts, err := c.Topic.reach()
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return fmt.Errorf("kafka: no broker of %v answers: %w", c.Topic.Brokers, err)
	}
	return nil
}
