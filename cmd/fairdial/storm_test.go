package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
	"fairdial/cases"
	"fairdial/store"
	"fairdial/store/journal"
)

// A thousand cases open within a minute while the daemon is killed every ten seconds and Slack
// refuses half of the calls and is slow with the others: one digest tells them all, and no case
// is lost or told twice.
func TestTheDaemonIsKilledInAStorm(t *testing.T) {
	t.Parallel()
	slack := slackfake.Start(slackfake.Options{})
	t.Cleanup(slack.Close)
	faults := make([]slackfake.Fault, 400)
	for i := range faults {
		faults[i] = slackfake.Slow(300 * time.Millisecond) // so that kills meet calls under way
		if i%2 == 0 {
			faults[i] = slackfake.RateLimited(time.Second)
		}
	}
	for _, method := range []string{"chat.postMessage", "chat.update", "conversations.history"} {
		slack.Fail(method, faults...)
	}
	address := freeAddress(t)
	p := newProgram(t, fmt.Sprintf(`
slack: {token: xoxb-fake, api_url: %q}
http: {listen: %q}
enforcement: {auto_flag_score: 0}
jobs: {inbox: "", rate: "", detect: "", enforce: "", carry: "", sweep: "", daily: "", weekly: "", alert: "@every 1s"}
`, slack.URL, address))
	var log output
	daemon := func() (kill func()) {
		cmd := p.command(t.Context(), "serve")
		cmd.Stdout, cmd.Stderr = &log, &log
		require.NoError(t, cmd.Start())
		return func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	}
	const all, each, rounds = 1000, 25, 6
	opened := 0
	began := time.Now()
	for round := range rounds {
		started := time.Now()
		// Ten seconds, a little more or less, so that each kill meets the job elsewhere in its work.
		end := started.Add(10*time.Second + rand.N(time.Second) - 500*time.Millisecond)
		kill := daemon()
		eventually(t, func() bool { return answers(address) })
		// Cases come in beside the daemon, as fast as makes a thousand a minute.
		for time.Now().Before(end) {
			due := min(int(time.Since(began)/time.Millisecond)*all/60_000, all)
			if round == rounds-1 {
				due = all
			}
			if opened+each > due {
				time.Sleep(50 * time.Millisecond)
				continue
			}
			p.open(func(ctx context.Context, l *cases.Log) {
				require.NoError(t, record(ctx, l, opened, due/each*each-opened))
			})
			opened = due / each * each
		}
		kill()
	}
	require.Equal(t, all, opened)
	t.Logf("%d cases in %s, the daemon killed %d times, %d calls to Slack", opened, time.Since(began).Round(time.Second), rounds, len(slack.Calls("")))
	kill := daemon()
	defer func() { kill() }()
	// What a killed run had announced is left to it for a minute.
	told := map[string]int{}
	for end := time.Now().Add(4 * time.Minute); len(told) < all && time.Now().Before(end); time.Sleep(3 * time.Second) {
		var entries []struct {
			CaseID string `json:"case_id"`
			Kind   string `json:"kind"`
		}
		require.NoError(t, json.Unmarshal([]byte(p.ok("-o", "json", "alert", "list")), &entries))
		clear(told)
		for _, e := range entries {
			if e.CaseID != "" {
				told[e.CaseID]++
			}
		}
	}
	require.Len(t, told, all, log.String())
	for id, times := range told {
		require.Equal(t, 1, times, id)
	}
	messages := slack.Messages("C0FAIRUSE")
	require.Len(t, messages, 1, "one digest and nothing else")
	eventually(t, func() bool { return bytes.Contains(slack.Messages("C0FAIRUSE")[0].Blocks, []byte("1,000 new cases")) })
	require.NotRegexp(t, `1425555\d{4}`, log.String()+fmt.Sprint(slack.Calls("")), "no full phone number anywhere")
	require.NotContains(t, log.String(), "xoxb-fake")
}

// answers says whether a daemon serves.
func answers(address string) bool {
	response, err := http.Get("http://" + address + "/healthz")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// open opens the program's store in this process; beside a daemon, through the daemon.
func (p *program) open(do func(context.Context, *cases.Log)) {
	p.t.Helper()
	st, err := store.Open(p.t.Context(), store.Options{Path: p.data})
	require.NoError(p.t, err)
	do(p.t.Context(), cases.NewLog(journal.New(st, time.Now, uuid.New)))
	require.NoError(p.t, st.Close())
}

// record opens cases of so many organizers.
func record(ctx context.Context, l *cases.Log, first, n int) error {
	now := time.Now().UTC()
	var events []cases.Event
	for i := first; i < first+n; i++ {
		c := cases.Case{
			ID: fmt.Sprintf("case-%04d", i), TenantID: "t1", OrganizerID: fmt.Sprintf("organizer-%04d", i),
			OrganizerName: fmt.Sprintf("Organizer %04d +1425555%04d", i, i), Status: cases.StatusOpen,
			Score: 60 + i%40, OpenedAt: now, UpdatedAt: now,
		}
		events = append(events, cases.Event{CaseID: c.ID, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", At: now, State: c})
	}
	_, err := l.Record(ctx, events)
	return err
}
