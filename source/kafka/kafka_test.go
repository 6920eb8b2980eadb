package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"fairdial/ingest"
	"fairdial/numbering"
	"fairdial/source/kafka"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// crashing stores what it is given and then, at times, fails before it can say so.
type crashing struct {
	*ingest.Ingester
	mu     sync.Mutex
	random *rand.Rand
	fails  int
}

func (c *crashing) Receive(ctx context.Context, in ingest.Received) (ingest.FileReport, error) {
	report, err := c.Ingester.Receive(ctx, in)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.fails > 0 && c.random.IntN(2) == 0 {
		c.fails--
		err = errors.New("killed after it was stored and before it was committed")
	}
	return report, err
}

// Offsets are committed after the store has the rows: whatever fails in between, each
// message counts once and none is left out.
func TestATopicReadThroughFailuresIsStoredOnce(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "usage"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	producer, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DefaultProduceTopic("usage"))
	require.NoError(t, err)
	defer producer.Close()
	produce := func(texts ...string) {
		for _, text := range texts {
			require.NoError(t, producer.ProduceSync(t.Context(), &kgo.Record{Key: []byte(text[:min(12, len(text))]), Value: []byte(text)}).FirstErr())
		}
	}
	row := func(i int) string {
		return fmt.Sprintf("{\"id\":\"u-%d\",\n \"userId\":\"o\",\"callType\":\"conf_out\",\"startDateTime\":\"2026-02-01T05:00:00Z\",\"endDateTime\":\"2026-02-01T06:00:00Z\",\"duration\":%d}", i, 60+i)
	}
	for i := range 150 {
		produce(row(i))
	}
	produce("no JSON at all {", `["neither"]`, row(7)) // one more time

	st := storetest.Open(t)
	plan, err := numbering.New()
	require.NoError(t, err)
	in := ingest.New(ingest.Options{
		Conn: st, Journal: journal.New(st, time.Now, uuid.New), Classifier: plan, Now: time.Now, NewID: uuid.New,
		Logger: slog.New(slog.DiscardHandler), TempDir: t.TempDir(),
	})
	receiver := &crashing{Ingester: in, random: rand.New(rand.NewPCG(1, 2)), fails: 4}
	var noted []error
	consumer := &kafka.Consumer{
		Name: "bus", TenantID: "t1", Receiver: receiver, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Topic: kafka.Topic{Brokers: cluster.ListenAddrs(), Topic: "usage", Group: "fairdial"},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Note: func(_ context.Context, err error) {
			receiver.mu.Lock()
			defer receiver.mu.Unlock()
			noted = append(noted, err)
		},
	}
	require.NoError(t, consumer.Ping(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- consumer.Run(ctx) }()
	var counts struct {
		Records uint64 `ch:"records"`
		Stored  uint64 `ch:"stored"`
	}
	require.Eventually(t, func() bool {
		require.NoError(t, st.QueryRow(t.Context(), "SELECT uniqExact(usage_id) AS records, count() AS stored FROM usage_revisions WHERE tenant_id = 't1'").ScanStruct(&counts))
		receiver.mu.Lock()
		defer receiver.mu.Unlock()
		return counts.Records == 150 && len(noted) > 0 && noted[len(noted)-1] == nil && receiver.fails < 4
	}, 30*time.Second, 100*time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	require.EqualValues(t, 150, counts.Stored, "each once")
	rejected, err := in.Quarantine(t.Context(), ingest.Filter{})
	require.NoError(t, err)
	require.Len(t, rejected, 2, "what is no usage is kept")
}
