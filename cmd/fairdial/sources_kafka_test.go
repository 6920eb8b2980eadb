package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The daemon reads a topic; a broker that is away is told by the doctor.
func TestTheDaemonReadsATopic(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "usage"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	producer, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DefaultProduceTopic("usage"))
	require.NoError(t, err)
	defer producer.Close()
	for i := range 5 {
		require.NoError(t, producer.ProduceSync(t.Context(), kgo.StringRecord(pushRow(fmt.Sprint(i), 60))).FirstErr())
	}
	p := newProgram(t, fmt.Sprintf(`
http: {listen: %q}
sources:
  - {name: bus, kind: kafka, tenant: t1, topic: usage, brokers: [%s]}
  - {name: away, kind: kafka, tenant: t1, topic: usage, brokers: ["127.0.0.1:1"]}
`, freeAddress(t), strings.Join(cluster.ListenAddrs(), ",")))
	daemon := p.command(t.Context(), "serve")
	require.NoError(t, daemon.Start())
	t.Cleanup(func() { _ = daemon.Process.Kill(); _ = daemon.Wait() })
	var all []status
	eventually(t, func() bool {
		require.NoError(t, json.Unmarshal([]byte(p.ok("-o", "json", "sources", "status")), &all))
		return all[0].Accepted == 5 && all[0].State == "fresh" && all[1].State == "retrying"
	})
	stdout, _, _ := p.run("doctor")
	require.Contains(t, stdout, "ok   source bus")
	require.Contains(t, stdout, "BAD  source away")
}
